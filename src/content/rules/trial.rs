//! Tries the examples of a set: each against the whole of it whenever it is loaded, so that a rule can be changed without fear.

use super::examples::Example;
use super::file::Action;
use super::set::{Problem, RuleSet};
use crate::content::letter::Letter;
use crate::content::words::Symbols;

impl RuleSet {
    /// The letters of the examples: the only text that every set has.
    pub(super) fn example_letters(&self) -> Vec<Letter> {
        let examples = self.examples.iter();
        examples
            .map(|example| Letter::read(example.source.clone()))
            .collect()
    }

    /// How often each symbol stands in letters.
    pub(super) fn seen_in(&self, letters: &[Letter]) -> Vec<u32> {
        let mut seen = vec![0; self.words.symbols()];
        let mut symbols = Symbols::default();
        for letter in letters {
            for sentence in &letter.sentences {
                let tokens = letter.tokens.of(sentence.tokens.clone());
                self.words.read(tokens, &letter.tokens, &mut symbols);
                for (_, symbol) in symbols.placed() {
                    if let Some(count) = seen.get_mut(*symbol as usize) {
                        *count += 1;
                    }
                }
            }
        }
        seen
    }
}

/// Everything that did not come out as it was said.
pub(super) fn run(set: &RuleSet) -> Vec<Problem> {
    let faults = set.examples.iter().filter_map(|example| {
        let why = fault(example, set)?;
        let side = if example.hits { "hit" } else { "miss" };
        Some(Problem {
            file: example.file.clone(),
            rule: example.rule.clone(),
            message: format!("the {side} {:?} does not come out: {why}", example.text),
        })
    });
    faults.collect()
}

/// What came out otherwise.
fn fault(example: &Example, set: &RuleSet) -> Option<String> {
    let letter = Letter::read(example.source.clone());
    let findings = set.evaluate(&letter, &example.facts, &|_| false);
    let id = |rule: usize| {
        set.rules
            .get(rule)
            .map(|rule| rule.id.as_str())
            .unwrap_or_default()
    };
    let strictest = findings.strictest(set, |_| Action::Block);
    let named = set.rules.iter().find(|rule| rule.id == example.rule)?;
    if named.safe {
        let holds = findings.safe.iter().any(|rule| id(*rule) == example.rule);
        let why = if holds {
            "the rule holds"
        } else {
            "the rule does not hold"
        };
        return (example.hits != holds).then(|| why.to_owned());
    }
    match (example.hits, strictest) {
        (true, None) => Some("no rule holds".to_owned()),
        (false, Some((hit, _))) => {
            let sentence = hit.sentence.and_then(|number| letter.sentences.get(number));
            let sentence = sentence
                .map(|sentence| format!(" in {:?}", sentence.text))
                .unwrap_or_default();
            Some(format!("{} holds{sentence}", id(hit.rule)))
        }
        (true, Some((hit, action))) => {
            let own = findings
                .hits
                .iter()
                .any(|hit| id(hit.rule) == example.rule && !hit.cleared);
            let other = id(hit.rule);
            (!own || action < named.action)
                .then(|| format!("{other} holds, and this rule does not"))
        }
        (false, None) => None,
    }
}

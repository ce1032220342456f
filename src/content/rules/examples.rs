//! Examples: each is tried against the whole set whenever it is loaded, so that a rule can be changed without fear.

use super::file::{Action, RawExample, RawRule};
use super::set::{Problem, RuleSet};
use crate::content::facts::{Fact, Facts};
use crate::content::letter::{Attachment, Letter, Source};
use crate::content::words::Symbols;

/// A message and what must come of it.
#[derive(Debug, Clone)]
pub(super) struct Example {
    file: String,
    rule: String,
    text: String,
    hits: bool,
    facts: Facts,
    source: Source,
}

impl Example {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(file: &str, rule: &RawRule, raw: &RawExample) -> Result<Self, String> {
        let (text, hits) = match (&raw.hit, &raw.miss) {
            (Some(text), None) => (text, true),
            (None, Some(text)) => (text, false),
            _ => return Err("an example has either `hit` or `miss`".to_owned()),
        };
        let mut facts = Facts {
            direction: raw
                .direction
                .or_else(|| rule.direction.first().copied())
                .unwrap_or_default(),
            ..Facts::default()
        };
        let attachments = raw.attachments.iter().map(|name| Attachment {
            name: name.clone(),
            kind: "application/pdf".to_owned(),
        });
        let mut attachments: Vec<Attachment> = attachments.collect();
        for fact in &raw.facts {
            match fact {
                Fact::Automatic => facts.automatic = true,
                Fact::Asked => facts.asked = true,
                Fact::AskedDocument => (facts.asked, facts.asked_document) = (true, true),
                Fact::ByHand | Fact::Question => {}
                Fact::Attachment | Fact::Pdf | Fact::DocumentFile => attachments.push(Attachment {
                    name: "faktura.pdf".to_owned(),
                    kind: "application/pdf".to_owned(),
                }),
            }
        }
        Ok(Self {
            file: file.to_owned(),
            rule: rule.id.clone(),
            text: text.clone(),
            hits,
            facts,
            source: Source {
                subject: raw.subject.clone(),
                plain: vec![text.clone()],
                html: Vec::new(),
                attachments,
                ..Source::default()
            },
        })
    }

    /// What came out otherwise.
    fn fault(&self, set: &RuleSet) -> Option<String> {
        let letter = Letter::read(self.source.clone());
        let findings = set.evaluate(&letter, &self.facts, &|_| false);
        let id = |rule: usize| {
            set.rules
                .get(rule)
                .map(|rule| rule.id.as_str())
                .unwrap_or_default()
        };
        let strictest = findings.strictest(set, |_| Action::Block);
        let named = set.rules.iter().find(|rule| rule.id == self.rule)?;
        if named.safe {
            let holds = findings.safe.iter().any(|rule| id(*rule) == self.rule);
            let why = if holds {
                "the rule holds"
            } else {
                "the rule does not hold"
            };
            return (self.hits != holds).then(|| why.to_owned());
        }
        match (self.hits, strictest) {
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
                    .any(|hit| id(hit.rule) == self.rule && !hit.cleared);
                let other = id(hit.rule);
                (!own || action < named.action)
                    .then(|| format!("{other} holds, and this rule does not"))
            }
            (false, None) => None,
        }
    }
}

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
        let why = example.fault(set)?;
        let side = if example.hits { "hit" } else { "miss" };
        Some(Problem {
            file: example.file.clone(),
            rule: example.rule.clone(),
            message: format!("the {side} {:?} does not come out: {why}", example.text),
        })
    });
    faults.collect()
}

//! Phrases: words that stand near one another in a sentence (docs/rules-on-contents.md#phrases).

use std::collections::BTreeMap;

use super::fold::folded;
use super::terms::{Places, Term, TermId, Terms};
use super::words::{Symbol, Words};

/// Letters of the shortest stem.
const SHORTEST_STEM: usize = 3;
/// Words that a phrase must begin within, if it is to begin its sentence.
const FRONT: usize = 3;
/// Places in one sentence at which a part of a phrase is tried.
const MOST_PLACES: usize = 32;
/// Ways to place all parts of a phrase in one sentence that are tried: who repeats a word that often writes no sentence.
const MOST_WAYS: usize = 2_000;

/// A phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    /// Terms in order; the parts may stand in any order.
    parts: Vec<Vec<TermId>>,
    /// None of these may stand in the sentence.
    without: Vec<TermId>,
    at_front: bool,
    at_end: bool,
    /// Words that may stand between two neighbours.
    within: usize,
}

/// Lists of words by name.
pub(super) type Lists = BTreeMap<String, Vec<String>>;

impl Phrase {
    /// Reads a phrase and adds its words to `words`, and its terms to `terms`.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow "the phrase".
    pub(super) fn parse(
        text: &str,
        within: usize,
        lists: &Lists,
        (words, terms): (&mut Words, &mut Terms),
    ) -> Result<Self, String> {
        let mut phrase = Self {
            parts: vec![Vec::new()],
            without: Vec::new(),
            at_front: false,
            at_end: false,
            within,
        };
        let (front, text) = text
            .trim()
            .strip_prefix('^')
            .map_or_else(|| (false, text.trim()), |rest| (true, rest));
        phrase.at_front = front;
        for word in text.split_whitespace() {
            match word {
                "&" => phrase.parts.push(Vec::new()),
                "$" => phrase.at_end = true,
                _ => {
                    let (word, negated) = word
                        .strip_prefix('-')
                        .map_or((word, false), |word| (word, true));
                    // Entries of a list that are two words long are phrases of their own.
                    let choices = choices(word, lists)?;
                    let term = terms.add(term(&choices, words)?);
                    if negated {
                        phrase.without.push(term);
                    } else if let Some(part) = phrase.parts.last_mut() {
                        part.push(term);
                    }
                }
            }
        }
        if phrase.parts.iter().any(Vec::is_empty) {
            return Err("has no word, or none beside \"&\"".to_owned());
        }
        if phrase.parts.len() > 4 || phrase.parts.iter().flatten().count() > 8 {
            return Err("has more than eight words, or four parts".to_owned());
        }
        Ok(phrase)
    }

    /// A term without which it stands nowhere: that with the fewest choices.
    pub(super) fn anchor(&self, terms: &Terms) -> Option<TermId> {
        let all = self.parts.iter().flatten().copied();
        all.min_by_key(|term| terms.choices(*term))
    }

    /// Where in a sentence it begins; none if it does not stand there.
    pub(super) fn find(&self, sentence: &Places) -> Option<usize> {
        let stands = |term: &TermId| sentence.has(*term);
        if !self.parts.iter().flatten().all(stands) || self.without.iter().any(stands) {
            return None;
        }
        let mut spans = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let found = self.spans(part, sentence);
            if found.is_empty() {
                return None;
            }
            spans.push(found);
        }
        let mut chosen = Vec::with_capacity(spans.len());
        let mut ways = MOST_WAYS;
        self.choose(&spans, &mut chosen, sentence.tokens, &mut ways)
    }

    /// Where the terms of a part stand in order: the first and the last token of each place.
    fn spans(&self, part: &[TermId], sentence: &Places) -> Vec<(usize, usize)> {
        let [first, rest @ ..] = part else {
            return Vec::new();
        };
        let starts = sentence.of(*first);
        let spans = starts.filter_map(|start| Some((start, self.follow(rest, start, sentence)?)));
        spans.take(MOST_PLACES).collect()
    }

    /// Where the last of `terms` stands, each near behind the one before; the first behind `at`. All places that a term can have are followed at once:
    /// one after the other they would be more with each term.
    fn follow(&self, terms: &[TermId], at: usize, sentence: &Places) -> Option<usize> {
        let mut reached = vec![at];
        for term in terms {
            let near = |place: &usize| {
                let mut before = reached.iter().rev().skip_while(|at| *at >= place);
                before
                    .next()
                    .is_some_and(|at| place - at <= self.within + 1)
            };
            reached = sentence.of(*term).filter(near).collect();
            if reached.is_empty() {
                return None;
            }
        }
        reached.first().copied()
    }

    /// Chooses a place for each part so that neighbours are near and none stands in another; where the first begins.
    fn choose(
        &self,
        spans: &[Vec<(usize, usize)>],
        chosen: &mut Vec<(usize, usize)>,
        tokens: usize,
        ways: &mut usize,
    ) -> Option<usize> {
        let Some(options) = spans.get(chosen.len()) else {
            let mut sorted = chosen.clone();
            sorted.sort_unstable();
            let near = sorted.windows(2).all(|two| match two {
                [(_, end), (start, _)] => start > end && start - end - 1 <= self.within,
                _ => true,
            });
            let (first, last) = (sorted.first()?.0, sorted.last()?.1);
            let placed = (!self.at_front || first < FRONT) && (!self.at_end || last + 1 == tokens);
            return (near && placed).then_some(first);
        };
        for option in options {
            *ways = ways.checked_sub(1)?;
            chosen.push(*option);
            let found = self.choose(spans, chosen, tokens, ways);
            chosen.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// The choices of a term, with its lists written out; each is a word or several.
fn choices(word: &str, lists: &Lists) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for choice in word.split('|') {
        match choice.strip_prefix('@') {
            Some(name) => {
                let list = lists
                    .get(name)
                    .ok_or_else(|| format!("names a list that is not there, @{name}"))?;
                found.extend(list.iter().map(|entry| entry.replace(['.', '-'], " ")));
            }
            None => found.push(choice.to_owned()),
        }
    }
    Ok(found)
}

fn term(choices: &[String], words: &mut Words) -> Result<Term, String> {
    let mut term = Term::default();
    for choice in choices {
        let row = choice
            .split_whitespace()
            .map(|choice| symbol(choice, words))
            .collect::<Result<Vec<_>, _>>()?;
        match row.as_slice() {
            [] => return Err("has an empty choice".to_owned()),
            [one] => term.words.push(*one),
            _ => term.rows.push(row),
        }
    }
    term.words.sort_unstable();
    term.words.dedup();
    Ok(term)
}

/// The symbol of one word or stem.
fn symbol(choice: &str, words: &mut Words) -> Result<Symbol, String> {
    let plain = match choice.strip_suffix('*') {
        _ if choice.starts_with('<') => choice.to_owned(),
        Some(stem) => {
            let stem = folded(stem);
            if stem.len() < SHORTEST_STEM {
                return Err(format!("has a stem of fewer than three letters, {choice}"));
            }
            format!("{stem}*")
        }
        None => folded(choice),
    };
    words
        .add(&plain)
        .ok_or_else(|| format!("holds what is no word, {choice:?}"))
}

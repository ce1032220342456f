//! Phrases: words that stand near one another in a sentence (docs/rules-on-contents.md#phrases).

use std::collections::BTreeMap;

use super::fold::folded;
use super::terms::{Places, Searched, Term, TermId, Terms};
use super::words::{Symbol, Words};

/// Letters of the shortest stem.
const SHORTEST_STEM: usize = 3;
/// Terms of a phrase.
const MOST_TERMS: usize = 8;
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
                    let term = terms.add(term_of(word, lists, words)?);
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
        if phrase.parts.len() > 4 || phrase.terms().count() > MOST_TERMS {
            return Err("has more than eight words, or four parts".to_owned());
        }
        Ok(phrase)
    }

    /// The terms without one of which it stands nowhere.
    pub(super) fn terms(&self) -> impl Iterator<Item = &TermId> {
        self.parts.iter().flatten()
    }

    /// Whether it is one term, which may stand anywhere.
    fn is_one_term(&self) -> bool {
        let single = matches!(self.parts.as_slice(), [part] if part.len() == 1);
        single && self.without.is_empty() && !self.at_front && !self.at_end
    }

    /// Where it begins in a sentence, in which its rarest term stands at `at` first; none if it does not stand there.
    pub(super) fn find(&self, sentence: &mut Searched<'_>, at: usize) -> Option<usize> {
        if self.is_one_term() {
            return Some(at);
        }
        if self.without.iter().any(|term| sentence.has(*term)) {
            return None;
        }
        let mut places = [0; MOST_TERMS];
        for (places, term) in places.iter_mut().zip(self.terms()) {
            *places = sentence.places(*term);
            if *places == 0 {
                return None;
            }
        }
        let tokens = sentence.symbols().len();
        let mut rest = places.as_slice();
        if let [part] = self.parts.as_slice() {
            let mut spans = self.spans(rest.get(..part.len())?);
            return spans.find_map(|span| self.placed(span, span, tokens));
        }
        let mut spans = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let (own, others) = rest.split_at_checked(part.len())?;
            rest = others;
            let found: Vec<_> = self.spans(own).collect();
            if found.is_empty() {
                return None;
            }
            spans.push(found);
        }
        let mut chosen = Vec::with_capacity(spans.len());
        let mut ways = MOST_WAYS;
        let found = self.choose(&spans, &mut chosen, tokens, &mut ways);
        sentence.spend(MOST_WAYS - ways);
        found
    }

    /// Where the terms of a part, of which `places` tells where each stands, stand in order: the first and the last token of each place.
    fn spans(&self, places: &[Places]) -> impl Iterator<Item = (usize, usize)> {
        let (first, rest) = places.split_first().unwrap_or((&0, &[]));
        let mut starts = *first;
        let starts = std::iter::from_fn(move || {
            let start = starts.trailing_zeros();
            starts &= starts.checked_sub(1)?;
            Some(start)
        });
        let spans = starts.filter_map(move |start| {
            let mut reached = Places::from(1_u8) << start;
            // All places that a term can have are followed at once: one after the other they would be more with each term.
            for places in rest {
                reached = self.near(reached) & places;
            }
            let end = (reached != 0).then(|| reached.trailing_zeros())?;
            Some((start as usize, end as usize))
        });
        spans.take(MOST_PLACES)
    }

    /// The tokens near behind some.
    fn near(&self, places: Places) -> Places {
        (0..=self.within).fold(0, |near, _| (near | places) << 1)
    }

    /// Where it begins, if its first and its last part may stand there.
    fn placed(&self, first: (usize, usize), last: (usize, usize), tokens: usize) -> Option<usize> {
        let placed = (!self.at_front || first.0 < FRONT) && (!self.at_end || last.1 + 1 == tokens);
        placed.then_some(first.0)
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
            let (first, last) = (*sorted.first()?, *sorted.last()?);
            return self.placed(first, last, tokens).filter(|_| near);
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

/// The term that a word of a phrase is, with its choices and lists.
///
/// # Errors
/// What is wrong with it, in words that follow "the phrase".
pub(super) fn term_of(word: &str, lists: &Lists, words: &mut Words) -> Result<Term, String> {
    // Entries of a list that are two words long are phrases of their own.
    term(&choices(word, lists)?, words)
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
        let symbol = words.add_row(&row);
        term.push(symbol.ok_or_else(|| "has an empty choice".to_owned())?);
    }
    term.sort_unstable();
    term.dedup();
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

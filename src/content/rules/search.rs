//! Looks for the phrases of a set in one sentence of a letter after the other.

use super::set::{Member, Role, RuleSet};
use crate::content::bits::Bits;
use crate::content::block::Place;
use crate::content::letter::{Letter, Sentence};
use crate::content::terms::Searched;
use crate::content::together::Standing;
use crate::content::words::Symbols;

/// Words before a phrase among which one turns it into its opposite.
const NEGATED_WITHIN: u32 = 3;

/// A phrase that was found.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// The number of the phrase.
    pub(super) member: u32,
    /// Whether a word before it turns it into its opposite.
    pub(super) is_negated: bool,
}

/// What is reused from sentence to sentence.
pub(super) struct Search<'s> {
    set: &'s RuleSet,
    pub(super) sentence: Searched<'s>,
    /// The phrases that were tried in it: those with several choices of their rarest term there come up again.
    tried: Bits,
    /// The phrases that stand in it, of those that were wanted.
    pub(super) found: Vec<Found>,
    /// The words of all sentences so far that could stand together.
    pub(super) standing: Standing,
}

impl<'s> Search<'s> {
    pub(super) fn new(set: &'s RuleSet) -> Self {
        Self {
            set,
            sentence: Searched::new(&set.terms, set.words.symbols()),
            tried: Bits::new(set.members.len()),
            found: Vec::new(),
            standing: Standing::default(),
        }
    }

    /// Goes on to a sentence.
    pub(super) fn read(&mut self, letter: &Letter, sentence: &Sentence) {
        let tokens = letter.tokens.of(sentence.tokens.clone());
        let words = &self.set.words;
        let read = |symbols: &mut Symbols| words.read(tokens, &letter.tokens, symbols);
        self.sentence.next(read);
        self.tried.clear();
        self.found.clear();
    }

    /// Finds the phrases that stand in the sentence, of those that are wanted.
    pub(super) fn find(&mut self, wanted: impl Fn(&Member) -> bool) {
        let mut number = 0;
        while let Some((at, symbol)) = self.sentence.symbols().placed().get(number).copied() {
            number += 1;
            let candidates = self.set.index.of(symbol);
            self.sentence.spend(candidates.len());
            for candidate in candidates {
                let member = candidate.phrase;
                let mut needs = candidate.needs.iter();
                if !needs.all(|term| self.sentence.has(*term)) || self.tried.has(member) {
                    continue;
                }
                self.tried.add(member);
                let known = self.set.members.get(member as usize);
                let Some(known) = known.filter(|known| wanted(known)) else {
                    continue;
                };
                if let Some(at) = known.phrase.find(&mut self.sentence, at as usize) {
                    let is_negated = known.role == Role::Phrase && self.is_negated(at);
                    self.found.push(Found { member, is_negated });
                }
            }
        }
    }

    /// Notes what could stand together with other words, if the writer wrote the sentence for a reader.
    pub(super) fn note(&mut self, sentence: &Sentence, number: usize) {
        if matches!(sentence.place, Place::Subject | Place::Text) {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let symbols = self.sentence.symbols();
            self.standing.note(&self.set.groups, symbols, number);
        }
    }

    fn is_negated(&self, at: usize) -> bool {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let from = at.saturating_sub(NEGATED_WITHIN);
        let mut symbols = (from..at).flat_map(|at| self.sentence.symbols().of(at));
        symbols.any(|symbol| self.set.negations.contains(&symbol))
    }
}

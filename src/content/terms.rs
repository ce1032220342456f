//! The terms of all phrases, each once, and where they stand in a sentence.

use std::collections::HashMap;

use super::rows::Rows;
use super::words::{Symbol, Symbols};

/// A choice of words: their symbols, sorted.
pub(super) type Term = Vec<Symbol>;

/// The number of a term.
pub(super) type TermId = u32;

/// Tokens of a sentence as bits: the lowest is the first. A sentence has no more tokens (`letter::MOST_WORDS`).
pub(super) type Tokens = u128;

/// All terms of a set.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    ids: HashMap<Term, TermId>,
    terms: Vec<Term>,
    /// Of each symbol: the terms that it is a choice of.
    by_symbol: Rows,
}

impl Terms {
    /// The number of a term, which is added if it is new.
    pub(super) fn add(&mut self, term: Term) -> TermId {
        if let Some(known) = self.ids.get(&term) {
            return *known;
        }
        let id = TermId::try_from(self.terms.len()).unwrap_or(TermId::MAX);
        self.terms.push(term.clone());
        self.ids.insert(term, id);
        id
    }

    /// The choices of a term.
    pub(super) fn get(&self, id: TermId) -> &[Symbol] {
        self.terms.get(id as usize).map_or(&[], Vec::as_slice)
    }

    /// Sees to it that all terms are found by their symbols, of which there are `symbols`.
    pub(super) fn index(&mut self, symbols: usize) {
        let mut by_symbol = vec![Vec::new(); symbols];
        for (term, id) in self.terms.iter().zip(0..) {
            for symbol in term {
                let list = by_symbol.get_mut(*symbol as usize);
                list.into_iter().for_each(|list| list.push(id));
            }
        }
        self.by_symbol = Rows::new(&by_symbol);
    }

    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }
}

/// Where each term stands in a sentence. Used for one sentence after another, without being cleared: what is older than the sentence does not count.
#[derive(Debug)]
pub(super) struct Places {
    /// Of each term: the last sentence in which it stands, and the number of its places there. Two small numbers: a message begins with all of them.
    last: Vec<(u32, u32)>,
    /// Of each term that stands in the sentence: where it begins.
    places: Vec<Tokens>,
    sentence: u32,
}

impl Places {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            last: vec![(0, 0); terms.len()],
            places: Vec::new(),
            sentence: 0,
        }
    }

    /// Looks for all terms in the next sentence.
    pub(super) fn find(&mut self, terms: &Terms, sentence: &Symbols) {
        self.places.clear();
        self.sentence += 1;
        for (at, symbol) in sentence.placed() {
            let token = u32::try_from(at).ok();
            let token = token.and_then(|at| Tokens::from(1_u8).checked_shl(at));
            for term in terms.by_symbol.of(symbol) {
                self.add(*term, token.unwrap_or_default());
            }
        }
    }

    fn add(&mut self, term: TermId, token: Tokens) {
        let Some((sentence, number)) = self.last.get_mut(term as usize) else {
            return;
        };
        if *sentence == self.sentence {
            if let Some(place) = self.places.get_mut(*number as usize) {
                *place |= token;
            }
            return;
        }
        let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        (*sentence, *number) = (self.sentence, next);
        self.places.push(token);
    }

    /// The tokens at which a term begins.
    pub(super) fn of(&self, term: TermId) -> Tokens {
        match self.last.get(term as usize) {
            Some((sentence, number)) if *sentence == self.sentence => self
                .places
                .get(*number as usize)
                .copied()
                .unwrap_or_default(),
            _ => 0,
        }
    }
}

//! The terms of all phrases, each once, and where they stand in a sentence.

use std::collections::HashMap;

use super::bits::Bits;
use super::rows::Rows;
use super::words::{Symbol, Symbols};

/// A choice of words: their symbols, sorted.
pub(super) type Term = Vec<Symbol>;

/// The number of a term.
pub(super) type TermId = u32;

/// Tokens of a sentence as bits: the lowest is the first. A sentence has no more tokens (`letter::MOST_WORDS`).
pub(super) type Places = u128;

/// Stands for a term where a phrase has none: it counts as one that is there.
pub(super) const NO_TERM: TermId = TermId::MAX;

/// All terms of a set.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    ids: HashMap<Term, TermId>,
    added: Vec<Term>,
    /// The choices of each; empty until all are there.
    choices: Rows<Symbol>,
}

impl Terms {
    /// The number of a term, which is added if it is new.
    pub(super) fn add(&mut self, term: Term) -> TermId {
        if let Some(known) = self.ids.get(&term) {
            return *known;
        }
        let id = TermId::try_from(self.added.len()).unwrap_or(TermId::MAX);
        self.added.push(term.clone());
        self.ids.insert(term, id);
        id
    }

    /// The terms in the order of their numbers, by the symbols with which they were added.
    pub(super) fn added(&self) -> impl Iterator<Item = &Term> {
        self.added.iter()
    }

    /// Sees to it that the choices of terms are found, by the symbols that stand for those that were added (`classes`).
    pub(super) fn index(&mut self, classes: &[Symbol]) {
        let class = |symbol: &Symbol| classes.get(*symbol as usize).copied();
        let choices = self.added.iter().map(|term| {
            let mut choices: Term = term.iter().filter_map(class).collect();
            choices.sort_unstable();
            choices.dedup();
            choices
        });
        self.choices = Rows::new(&choices.collect::<Vec<_>>());
    }

    /// The choices of a term, in order.
    pub(super) fn get(&self, id: TermId) -> &[Symbol] {
        self.choices.of(id)
    }

    pub(super) fn len(&self) -> usize {
        self.added.len()
    }
}

/// A sentence in which phrases are looked for. Used for one after another.
///
/// Whether a term stands in it, is found out when it is asked for and at most once: of the terms of which a common word is a choice, and they are many,
/// few are of a phrase whose rarest term is there.
#[derive(Debug)]
pub(super) struct Searched<'s> {
    terms: &'s Terms,
    symbols: Symbols,
    /// Its symbols.
    here: Bits,
    /// The terms that were asked for, and those of them that stand in it.
    asked: Bits,
    present: Bits,
    /// Its symbols in their order with all places of each; empty until places are asked for.
    places: Vec<(Symbol, Places)>,
    /// What this and the sentences before it have cost: symbols that were read or looked at, phrases and ways to place one that were tried.
    steps: usize,
}

impl<'s> Searched<'s> {
    /// For phrases of these terms, which are choices of so many symbols.
    pub(super) fn new(terms: &'s Terms, symbols: usize) -> Self {
        Self {
            terms,
            symbols: Symbols::default(),
            here: Bits::new(symbols),
            asked: Bits::new(terms.len()),
            present: Bits::new(terms.len()),
            places: Vec::new(),
            steps: 0,
        }
    }

    /// Goes on to the next sentence, whose symbols `read` reads.
    pub(super) fn next(&mut self, read: impl FnOnce(&mut Symbols)) {
        self.here.clear();
        self.asked.clear();
        self.present.clear();
        self.places.clear();
        read(&mut self.symbols);
        self.spend(self.symbols.placed().len());
        for (_, symbol) in self.symbols.placed() {
            self.here.add(*symbol);
        }
    }

    /// Counts steps.
    pub(super) fn spend(&mut self, steps: usize) {
        self.steps += steps;
    }

    /// The steps so far.
    #[cfg(test)]
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    pub(super) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Whether a term stands in it.
    pub(super) fn has(&mut self, term: TermId) -> bool {
        if term == NO_TERM || self.present.has(term) {
            return true;
        }
        if self.asked.has(term) {
            return false;
        }
        self.asked.add(term);
        let choices = self.terms.get(term);
        let placed = self.symbols.placed().iter();
        // To look for one symbol among many choices takes a few steps, to look for one choice among all symbols takes one.
        let most = 4 * placed.len();
        let found = if choices.len() > most {
            let mut placed = placed;
            placed.any(|(_, symbol)| choices.binary_search(symbol).is_ok())
        } else {
            choices.iter().any(|choice| self.here.has(*choice))
        };
        self.spend(choices.len().min(most));
        if found {
            self.present.add(term);
        }
        found
    }

    /// The tokens at which a term begins.
    pub(super) fn places(&mut self, term: TermId) -> Places {
        if self.places.is_empty() {
            self.sort();
        }
        let choices = self.terms.get(term);
        self.spend(choices.len().min(self.places.len()));
        if choices.len() < self.places.len() {
            let places = choices.iter().filter_map(|choice| {
                let found = self
                    .places
                    .binary_search_by_key(choice, |(known, _)| *known);
                Some(self.places.get(found.ok()?)?.1)
            });
            return places.fold(0, |all, places| all | places);
        }
        let own = self.places.iter();
        let own = own.filter(|(symbol, _)| choices.binary_search(symbol).is_ok());
        own.fold(0, |all, (_, places)| all | places)
    }

    fn sort(&mut self) {
        let placed = self.symbols.placed().iter().map(|(at, symbol)| {
            let token = Places::from(1_u8).checked_shl(*at);
            (*symbol, token.unwrap_or_default())
        });
        self.places.extend(placed);
        self.places.sort_unstable_by_key(|(symbol, _)| *symbol);
        self.places.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1 |= next.1;
            }
            same
        });
    }
}

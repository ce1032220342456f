//! The terms of all phrases, each once: a sentence is looked through for all of them together, whatever the number of phrases.

use std::collections::HashMap;

use super::words::Symbol;

/// A choice of words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Term {
    /// Single words, sorted.
    pub(super) words: Vec<Symbol>,
    /// Entries of lists that are several words long.
    pub(super) rows: Vec<Vec<Symbol>>,
}

/// The number of a term.
pub(super) type TermId = u32;

/// What a symbol may be a part of.
#[derive(Debug, Clone)]
struct Begun {
    term: TermId,
    /// The words that must follow.
    rest: Vec<Symbol>,
}

/// All terms of a set.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    ids: HashMap<Term, TermId>,
    /// How many choices each has.
    choices: Vec<usize>,
    by_symbol: Vec<Vec<Begun>>,
}

impl Terms {
    /// The number of a term, which is added if it is new.
    pub(super) fn add(&mut self, term: Term) -> TermId {
        if let Some(known) = self.ids.get(&term) {
            return *known;
        }
        let id = TermId::try_from(self.choices.len()).unwrap_or(TermId::MAX);
        self.choices.push(term.words.len() + term.rows.len());
        let words = term.words.iter().map(|word| (*word, Vec::new()));
        let rows = term.rows.iter().filter_map(|row| {
            let (first, rest) = row.split_first()?;
            Some((*first, rest.to_vec()))
        });
        for (first, rest) in words.chain(rows) {
            let at = first as usize;
            if self.by_symbol.len() <= at {
                self.by_symbol.resize(at + 1, Vec::new());
            }
            if let Some(begun) = self.by_symbol.get_mut(at) {
                begun.push(Begun { term: id, rest });
            }
        }
        self.ids.insert(term, id);
        id
    }

    /// How many choices a term has.
    pub(super) fn choices(&self, term: TermId) -> usize {
        self.choices
            .get(term as usize)
            .copied()
            .unwrap_or(usize::MAX)
    }

    pub(super) fn len(&self) -> usize {
        self.choices.len()
    }
}

/// Where each term stands in a sentence. Used for one sentence after another.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Terms and the tokens at which they begin, sorted, each once.
    found: Vec<(TermId, usize)>,
    /// How many tokens the sentence has.
    pub(super) tokens: usize,
}

impl Places {
    /// Looks for all terms in a sentence: `symbols` has the symbols of its tokens one after the other, `tokens` where those of each stand.
    pub(super) fn find(
        &mut self,
        terms: &Terms,
        symbols: &[Symbol],
        tokens: &[std::ops::Range<usize>],
    ) {
        self.found.clear();
        self.tokens = tokens.len();
        let of_token = |at: usize| {
            let place = tokens.get(at);
            place
                .and_then(|place| symbols.get(place.clone()))
                .unwrap_or_default()
        };
        for at in 0..tokens.len() {
            for symbol in of_token(at) {
                for begun in terms.by_symbol.get(*symbol as usize).into_iter().flatten() {
                    let mut rest = (at + 1..).zip(&begun.rest);
                    if rest.all(|(at, symbol)| of_token(at).contains(symbol)) {
                        self.found.push((begun.term, at));
                    }
                }
            }
        }
        self.found.sort_unstable();
        self.found.dedup();
    }

    /// The terms that stand somewhere, each once.
    pub(super) fn found(&self) -> impl Iterator<Item = TermId> {
        let runs = self.found.chunk_by(|one, next| one.0 == next.0);
        runs.filter_map(|run| run.first().map(|(term, _)| *term))
    }

    /// The tokens at which a term begins, in order.
    pub(super) fn of(&self, term: TermId) -> impl DoubleEndedIterator<Item = usize> {
        let from = self.found.partition_point(|(found, _)| *found < term);
        let rest = self.found.get(from..).unwrap_or_default();
        let count = rest.partition_point(|(found, _)| *found == term);
        rest.iter().take(count).map(|(_, at)| *at)
    }

    /// Whether a term stands anywhere.
    pub(super) fn has(&self, term: TermId) -> bool {
        let found = self.found.binary_search_by_key(&term, |(found, _)| *found);
        found.is_ok()
    }
}

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

/// Where each term stands in a sentence. Used for one sentence after another, without being cleared: what is older than the sentence does not count.
#[derive(Debug)]
pub(super) struct Places {
    /// Of each term: the sentence in which it was seen last, and the first and the last of its places there.
    last: Vec<Seen>,
    /// The places of all terms of the sentence, each with the number of the next of its term.
    places: Vec<(usize, u32)>,
    /// The terms that stand somewhere, each once.
    found: Vec<TermId>,
    sentence: u32,
    /// How many tokens the sentence has.
    pub(super) tokens: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    sentence: u32,
    first: u32,
    last: u32,
}

/// Stands behind the last place of a term.
const END: u32 = u32::MAX;

impl Places {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            last: vec![Seen::default(); terms.len()],
            places: Vec::new(),
            found: Vec::new(),
            sentence: 0,
            tokens: 0,
        }
    }

    /// Looks for all terms in a sentence: `symbols` has the symbols of its tokens one after the other, `tokens` where those of each stand.
    pub(super) fn find(
        &mut self,
        terms: &Terms,
        symbols: &[Symbol],
        tokens: &[std::ops::Range<usize>],
    ) {
        self.found.clear();
        self.places.clear();
        self.sentence += 1;
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
                        self.add(begun.term, at);
                    }
                }
            }
        }
    }

    /// Tokens come in order, so that the places of a term stand in order.
    fn add(&mut self, term: TermId, at: usize) {
        let Some(seen) = self.last.get_mut(term as usize) else {
            return;
        };
        let place = u32::try_from(self.places.len()).unwrap_or(END);
        if seen.sentence == self.sentence {
            match self.places.get_mut(seen.last as usize) {
                // Another of its words is there, too.
                Some((last, _)) if *last == at => return,
                Some((_, next)) => *next = place,
                None => {}
            }
            seen.last = place;
        } else {
            *seen = Seen {
                sentence: self.sentence,
                first: place,
                last: place,
            };
            self.found.push(term);
        }
        self.places.push((at, END));
    }

    /// The terms that stand somewhere, each once.
    pub(super) fn found(&self) -> impl Iterator<Item = TermId> {
        self.found.iter().copied()
    }

    /// The tokens at which a term begins, in order.
    pub(super) fn of(&self, term: TermId) -> impl Iterator<Item = usize> {
        let seen = self.last.get(term as usize).copied().unwrap_or_default();
        let mut place = match seen.sentence == self.sentence {
            true => seen.first,
            false => END,
        };
        std::iter::from_fn(move || {
            let (at, next) = self.places.get(place as usize).copied()?;
            place = next;
            Some(at)
        })
    }

    /// Whether a term stands anywhere.
    pub(super) fn has(&self, term: TermId) -> bool {
        let seen = self.last.get(term as usize);
        seen.is_some_and(|seen| seen.sentence == self.sentence)
    }
}

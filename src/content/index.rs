//! Which phrases a sentence could hold: of thousands a few are tried, whatever the number of phrases.

use super::phrase::Phrase;
use super::rows::Rows;
use super::terms::{Places, TermId, Terms};
use super::words::{Symbol, Symbols};

/// An index of phrases by their rarest terms.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Of each symbol: the phrases whose rarest term it is a choice of.
    by_symbol: Rows,
    /// Of each phrase: the other terms that it needs.
    needs: Rows,
}

impl Index {
    /// Builds an index of phrases. `seen` tells how often each symbol stands in ordinary text: a phrase is looked for by its rarest term.
    pub(super) fn new<'p>(
        phrases: impl Iterator<Item = &'p Phrase>,
        terms: &Terms,
        seen: &[u32],
    ) -> Self {
        let often = |symbol: &Symbol| seen.get(*symbol as usize).copied().unwrap_or_default();
        let cost = |term: &TermId| {
            let choices = terms.get(*term);
            // Among terms that nobody writes the one with the fewest choices.
            (choices.iter().map(often).sum::<u32>(), choices.len())
        };
        let mut by_symbol = vec![Vec::new(); seen.len()];
        let mut needs = Vec::new();
        for (phrase, number) in phrases.zip(0..) {
            let rarest = phrase.terms().min_by_key(|term| cost(term)).copied();
            let others = phrase.terms().filter(|term| Some(**term) != rarest);
            needs.push(others.copied().collect::<Vec<_>>());
            for symbol in rarest.map_or(&[][..], |rarest| terms.get(rarest)) {
                if let Some(list) = by_symbol.get_mut(*symbol as usize) {
                    list.push(number);
                }
            }
        }
        Self {
            by_symbol: Rows::new(&by_symbol),
            needs: Rows::new(&needs),
        }
    }

    /// Calls `found` with the number of each phrase whose terms all stand in a sentence; with some more than once.
    pub(super) fn candidates(
        &self,
        sentence: &Symbols,
        places: &Places,
        mut found: impl FnMut(u32),
    ) {
        for (_, symbol) in sentence.placed() {
            for phrase in self.by_symbol.of(symbol) {
                let mut needs = self.needs.of(*phrase).iter();
                if needs.all(|term| places.of(*term) != 0) {
                    found(*phrase);
                }
            }
        }
    }
}

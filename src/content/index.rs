//! Which phrases a sentence could hold: of thousands a few are tried, whatever the number of phrases.
//!
//! Each phrase is looked for by its rarest term alone. Where that stands, its two next rarest are asked for; only where they are there, too, is the phrase
//! itself looked at.

use super::bits::Bits;
use super::phrase::Phrase;
use super::rows::Rows;
use super::terms::{NO_TERM, TermId, Terms};
use super::words::Symbol;

/// A phrase that a sentence may hold because it holds the phrase's rarest term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// The number of the phrase.
    pub(super) phrase: u32,
    /// Its rarest terms beside that one; [`NO_TERM`] in place of those that it has not.
    pub(super) needs: [TermId; 2],
}

/// An index of phrases by their rarest terms.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// The choices of rarest terms, and the phrases of each.
    leads: Bits,
    by_symbol: Rows<Candidate>,
}

impl Index {
    /// Builds an index of phrases. `seen` tells how often each symbol stands in ordinary text, as far as that is known: what many phrases ask for counts
    /// as frequent as well.
    pub(super) fn new<'p>(
        phrases: impl Iterator<Item = &'p Phrase> + Clone,
        terms: &Terms,
        seen: &[u32],
    ) -> Self {
        let mut often = seen.to_vec();
        for symbol in phrases
            .clone()
            .flat_map(Phrase::terms)
            .flat_map(|term| terms.get(*term))
        {
            let count = often.get_mut(*symbol as usize);
            count.into_iter().for_each(|count| *count += 1);
        }
        let often = |symbol: &Symbol| often.get(*symbol as usize).copied().unwrap_or_default();
        let mut leads = Bits::new(seen.len());
        let mut by_symbol = vec![Vec::new(); seen.len()];
        for (phrase, number) in phrases.zip(0..) {
            let mut rarest: Vec<TermId> = phrase.terms().copied().collect();
            // Among terms that nobody writes the one with the fewest choices.
            rarest.sort_by_cached_key(|term| {
                let choices = terms.get(*term);
                (choices.iter().map(often).sum::<u32>(), choices.len())
            });
            rarest.dedup();
            let mut rarest = rarest.into_iter();
            let Some(first) = rarest.next() else { continue };
            let needs = [(); 2].map(|()| rarest.next().unwrap_or(NO_TERM));
            for symbol in terms.get(first) {
                leads.add(*symbol);
                if let Some(list) = by_symbol.get_mut(*symbol as usize) {
                    list.push(Candidate {
                        phrase: number,
                        needs,
                    });
                }
            }
        }
        Self {
            leads,
            by_symbol: Rows::new(&by_symbol),
        }
    }

    /// The phrases whose rarest term a symbol is a choice of.
    pub(super) fn of(&self, symbol: Symbol) -> &[Candidate] {
        // Most symbols are none's rarest.
        if self.leads.has(symbol) {
            self.by_symbol.of(symbol)
        } else {
            &[]
        }
    }
}

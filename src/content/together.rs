//! Words that stand together in neighbouring sentences, whatever their order (docs/rules-on-contents.md#together).
//!
//! Like phrases they are looked for where the rarest of their terms stands. Of a text only the words that some group names are noted.

use super::bits::Bits;
use super::phrase::{Lists, term_of};
use super::rows::Rows;
use super::terms::{TermId, Terms};
use super::words::{Symbol, Symbols, Words};

/// Sentences before and behind the one with the rarest term in which the others are looked for.
const NEAR: u32 = 3;
/// Terms of a group.
const MOST_TERMS: usize = 6;
/// Sentences with the rarest term that are tried, and places of another term in them: a text with more of a kind is none.
const MOST_PLACES: usize = 64;

/// Terms that stand near one another, each at another word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// The number of its rule.
    pub(super) rule: usize,
    terms: Vec<TermId>,
    /// None of these may stand near them.
    without: Vec<TermId>,
}

impl Group {
    /// Reads a group and adds its words to `words`, and its terms to `terms`.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow "the phrase".
    pub(super) fn parse(
        text: &str,
        rule: usize,
        lists: &Lists,
        (words, terms): (&mut Words, &mut Terms),
    ) -> Result<Self, String> {
        let mut group = Self {
            rule,
            terms: Vec::new(),
            without: Vec::new(),
        };
        for word in text.split_whitespace() {
            match word.strip_prefix('-') {
                Some(word) => group.without.push(terms.add(term_of(word, lists, words)?)),
                None => group.terms.push(terms.add(term_of(word, lists, words)?)),
            }
        }
        if !(2..=MOST_TERMS).contains(&group.terms.len()) {
            return Err(
                "has fewer than two words that stand together, or more than six".to_owned(),
            );
        }
        Ok(group)
    }
}

/// The groups of a set.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    /// The choices of their terms, and of each choice the terms.
    named: Bits,
    by_symbol: Rows<TermId>,
    /// Of each term: the groups that are looked for where it stands.
    led: Rows<u32>,
}

impl Groups {
    pub(super) fn add(&mut self, group: Group) {
        self.groups.push(group);
    }

    /// Sees to it that groups are found. `seen` tells how often each symbol stands in ordinary text.
    pub(super) fn index(&mut self, terms: &Terms, seen: &[u32]) {
        let often = |symbol: &Symbol| seen.get(*symbol as usize).copied().unwrap_or_default();
        let mut led = vec![Vec::new(); terms.len()];
        let mut used = Bits::new(terms.len());
        for (group, number) in self.groups.iter().zip(0..) {
            let rarest = group.terms.iter().min_by_key(|term| {
                let choices = terms.get(**term);
                (choices.iter().map(often).sum::<u32>(), choices.len())
            });
            let led = rarest.and_then(|term| led.get_mut(*term as usize));
            led.into_iter().for_each(|led| led.push(number));
            let all = group.terms.iter().chain(&group.without);
            all.for_each(|term| used.add(*term));
        }
        self.named = Bits::new(seen.len());
        let mut by_symbol = vec![Vec::new(); seen.len()];
        for term in (0..).take(terms.len()).filter(|term| used.has(*term)) {
            for symbol in terms.get(term) {
                self.named.add(*symbol);
                let own = by_symbol.get_mut(*symbol as usize);
                own.into_iter()
                    .for_each(|own: &mut Vec<TermId>| own.push(term));
            }
        }
        (self.by_symbol, self.led) = (Rows::new(&by_symbol), Rows::new(&led));
    }
}

/// A word of a letter that groups name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Noted {
    term: TermId,
    /// The number of its sentence, and its place there.
    sentence: u32,
    at: u32,
}

/// What stands in the sentences of a letter.
#[derive(Debug, Default)]
pub(super) struct Standing {
    noted: Vec<Noted>,
    /// What it has cost: words that were noted or looked at.
    steps: usize,
}

impl Standing {
    /// Notes the words of a sentence.
    pub(super) fn note(&mut self, groups: &Groups, symbols: &Symbols, sentence: u32) {
        for (at, symbol) in symbols.placed() {
            if groups.named.has(*symbol) {
                let terms = groups.by_symbol.of(*symbol);
                self.steps += terms.len();
                self.noted.extend(terms.iter().map(|term| Noted {
                    term: *term,
                    sentence,
                    at: *at,
                }));
            }
        }
    }

    /// The groups that stand in the letter: the rule of each, and the sentence with its rarest term.
    pub(super) fn found(&mut self, groups: &Groups) -> Vec<(usize, u32)> {
        self.noted.sort_unstable();
        let noted = std::mem::take(&mut self.noted);
        let mut found = Vec::new();
        for standing in noted.chunk_by(|one, other| one.term == other.term) {
            let Some(first) = standing.first() else {
                continue;
            };
            for number in groups.led.of(first.term) {
                let Some(group) = groups.groups.get(*number as usize) else {
                    continue;
                };
                let mut places = standing.iter().take(MOST_PLACES);
                let place = places.find(|place| self.stands(group, place, &noted));
                found.extend(place.map(|place| (group.rule, place.sentence)));
            }
        }
        found
    }

    /// What it has cost so far.
    #[cfg(test)]
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Whether the other terms of a group stand near its rarest.
    fn stands(&mut self, group: &Group, rarest: &Noted, noted: &[Noted]) -> bool {
        let mut taken = vec![(rarest.sentence, rarest.at)];
        // A term may be named twice.
        let own = group.terms.iter().position(|term| *term == rarest.term);
        for (_, term) in (0..).zip(&group.terms).filter(|(at, _)| Some(*at) != own) {
            let mut near = near(*term, rarest, noted);
            let free = near.find(|other| !taken.contains(&(other.sentence, other.at)));
            self.steps += 1;
            let Some(other) = free else { return false };
            taken.push((other.sentence, other.at));
        }
        self.steps += group.without.len();
        let mut without = group.without.iter();
        !without.any(|term| near(*term, rarest, noted).next().is_some())
    }
}

/// Where a term stands near a word, of all that was noted in order.
fn near<'n>(term: TermId, word: &Noted, noted: &'n [Noted]) -> impl Iterator<Item = &'n Noted> {
    let first = (term, word.sentence.saturating_sub(NEAR));
    let last = (term, word.sentence.saturating_add(NEAR));
    let from = noted.partition_point(|other| (other.term, other.sentence) < first);
    let behind = noted.get(from..).unwrap_or_default().iter();
    let near = behind.take_while(move |other| (other.term, other.sentence) <= last);
    near.take(MOST_PLACES)
}

//! What is known of earlier messages: which lines of a quote stand in one of them, in their order.
//!
//! Words are compared, not lines: mail programs wrap what they quote. A quote is a copy of one earlier text, so its words go forward there; words that
//! stand there in another order are nobody's quote (a signature that stands below each message of a writer is the writer's).

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::{FixedState, RandomState};

use super::lines::{Line, marks, words};

/// Words in a row by which a place is found.
const SEED: usize = 4;
/// Places kept of each such row.
const MOST_PLACES: usize = 4;
/// Words of an earlier text that a quote may leave out in one place: the lines that say who wrote.
const JUMP: usize = 60;
/// Octets of earlier texts that are read, together.
const MOST_EARLIER: usize = 512 * 1024;

/// Earlier texts.
#[derive(Debug, Default)]
pub(super) struct Known {
    texts: Vec<Vec<u64>>,
    /// Where a row of words stands: which text, which word of it.
    places: HashMap<u64, Vec<(usize, usize)>, RandomState>,
    /// The rows with which texts begin.
    openings: HashMap<u64, usize, RandomState>,
    links: HashSet<u64, RandomState>,
}

/// Where a reading stands in an earlier text.
#[derive(Clone, Copy)]
enum At {
    Nowhere,
    /// The word before was this one's: which text, its next word.
    Within(usize, usize),
    /// It is behind this word.
    Behind(usize, usize),
}

impl Known {
    /// Reads earlier texts.
    pub(super) fn of(earlier: &[&str]) -> Self {
        let mut known = Self::default();
        let mut room = MOST_EARLIER;
        for text in earlier {
            let Some(left) = room.checked_sub(text.len()) else {
                break;
            };
            room = left;
            let mut all = Vec::new();
            for line in text.lines() {
                let line = words(marks(line).1);
                all.extend(line.words);
                known.links.extend(line.links);
            }
            let number = known.texts.len();
            for (at, row) in all.windows(SEED).enumerate() {
                let row = key(row);
                if at == 0 {
                    known.openings.entry(row).or_insert(number);
                }
                let places = known.places.entry(row).or_default();
                if places.len() < MOST_PLACES {
                    places.push((number, at));
                }
            }
            known.texts.push(all);
        }
        known
    }

    /// Which of `lines` stand in an earlier text: all of their words, in a copy of one text. Those that are `said` by a program are passed over: one
    /// is like the other.
    pub(super) fn standing(&self, lines: &[Line<'_>], said: &[bool]) -> Vec<bool> {
        self.standing_from(lines, said, At::Nowhere)
    }

    /// The same, if `lines` begin as an earlier text does.
    pub(super) fn standing_from_opening(
        &self,
        lines: &[Line<'_>],
        said: &[bool],
    ) -> Option<Vec<bool>> {
        let number = self.opening(lines)?;
        Some(self.standing_from(lines, said, At::Within(number, 0)))
    }

    /// Whether lines begin as an earlier text does.
    pub(super) fn is_opening(&self, lines: &[Line<'_>]) -> bool {
        self.opening(lines).is_some()
    }

    fn opening(&self, lines: &[Line<'_>]) -> Option<usize> {
        let words = lines.iter().flat_map(|line| &line.words().words);
        let row: Vec<u64> = words.take(SEED).copied().collect();
        let number = self.openings.get(&key(&row)).filter(|_| row.len() == SEED);
        number.copied()
    }

    fn standing_from(&self, lines: &[Line<'_>], said: &[bool], mut at: At) -> Vec<bool> {
        let words_of = |(line, said): (&'_ Line<'_>, &bool)| match said {
            true => Vec::new(),
            false => line.words().words.clone(),
        };
        let words: Vec<u64> = lines.iter().zip(said).flat_map(words_of).collect();
        let stands: Vec<bool> = (0..words.len())
            .map(|next| {
                let rest = words.get(next..).unwrap_or_default();
                at = self.step(rest, at);
                matches!(at, At::Within(..))
            })
            .collect();
        let mut from = 0;
        let lines = lines.iter().zip(said).map(|(line, said)| {
            let count = if *said { 0 } else { line.words().words.len() };
            let place = from..from + count;
            from = place.end;
            let stands = stands.get(place).unwrap_or_default();
            stands.iter().all(|stands| *stands)
                && line
                    .words()
                    .links
                    .iter()
                    .all(|link| self.links.contains(link))
                && !line.is_silent()
                && !said
        });
        lines.collect()
    }

    /// One word on.
    fn step(&self, rest: &[u64], at: At) -> At {
        let seed = rest.get(..SEED).unwrap_or_default();
        let (number, next) = match at {
            At::Within(number, next) => {
                let text = self.texts.get(number).and_then(|text| text.get(next));
                if text.is_some() && text == rest.first() {
                    return At::Within(number, next + 1);
                }
                (number, next)
            }
            At::Behind(number, next) => (number, next),
            At::Nowhere => {
                let places = self.places.get(&key(seed)).map(Vec::as_slice);
                let longest = places.unwrap_or_default().iter();
                // The first of those that are equally long: the newest text.
                let longest = longest.rev().max_by_key(|place| self.common(**place, rest));
                return longest.map_or(At::Nowhere, |(number, at)| At::Within(*number, at + 1));
            }
        };
        let window = self.texts.get(number).and_then(|text| {
            let end = text.len().min(next + JUMP + SEED);
            text.get(next..end)
        });
        let mut rows = window.unwrap_or_default().windows(SEED);
        rows.position(|row| row == seed)
            .map_or(At::Behind(number, next), |passed| {
                At::Within(number, next + passed + 1)
            })
    }

    /// How many words at a place are those of `rest`.
    fn common(&self, (number, at): (usize, usize), rest: &[u64]) -> usize {
        let text = self.texts.get(number).and_then(|text| text.get(at..));
        let pairs = text.unwrap_or_default().iter().zip(rest);
        pairs.take_while(|(one, other)| one == other).count()
    }
}

fn key(row: &[u64]) -> u64 {
    FixedState::with_seed(1).hash_one(row)
}

#[cfg(test)]
mod tests {
    use super::super::lines::lines;
    use super::super::text::Text;
    use super::*;

    fn standing(earlier: &[&str], quote: &str) -> Vec<bool> {
        let text = Text {
            text: quote.to_owned(),
            ..Text::default()
        };
        let lines = lines(&text);
        Known::of(earlier).standing(&lines, &vec![false; lines.len()])
    }

    #[test]
    fn lines_of_an_earlier_text_are_known_however_they_are_wrapped() {
        let earlier = "Dzień dobry,\nczy mogą Państwo wysłać paczkę jutro?\n\nPozdrawiam\nJan\n> raz dwa trzy\n> cztery";
        let quote = "> Dzień dobry, czy mogą\n> Państwo wysłać\npaczkę jutro?\n>\n> Pozdrawiam\n> Jan\n>> raz dwa trzy cztery\nTak.";
        assert_eq!(
            standing(&["x", earlier], quote),
            [true, true, true, false, true, true, true, false]
        );
    }

    #[test]
    fn words_that_stand_elsewhere_in_the_thread_are_not_known() {
        let own = "Tak jest.\nJan Nowak\nSklep Rowerowy\nul. Długa 5, Kraków";
        let other = "Dzień dobry, proszę o numer przesyłki.\nAnna\n\nDnia napisał\n> Tak jest.";
        let quote = "Dzień dobry, proszę o numer przesyłki.\nAnna\nJan Nowak\nSklep Rowerowy\nul. Długa 5, Kraków\nDziękuję\nAnna";
        assert_eq!(
            standing(&[other, own], quote),
            [true, true, false, false, false, false, false]
        );
    }

    #[test]
    fn a_signature_far_below_in_the_same_text_is_not_known() {
        let between: String = (0..JUMP + 5)
            .map(|number| format!("słowo{number} "))
            .collect();
        let sign = "Jan Nowak, Sklep Rowerowy, Kraków";
        let earlier = format!("Proszę o numer przesyłki.\n{between}\n{sign}");
        let quote = format!("Proszę o numer przesyłki.\n{sign}");
        assert_eq!(standing(&[&earlier], &quote), [true, false]);
    }

    #[test]
    fn what_a_quote_leaves_out_is_passed_over() {
        let earlier =
            "raz dwa trzy cztery pięć\nOn Monday somebody wrote this\nsześć siedem osiem dziewięć";
        let quote =
            "raz dwa trzy cztery pięć\nFrom: A\nsześć siedem osiem dziewięć\nhttps://a.example/";
        assert_eq!(standing(&[earlier], quote), [true, false, true, false]);
    }
}

//! A quick look that tells of most texts that they hold none of the needles.
//!
//! However a needle is spelled, its rarest octet stands there as itself or as an escape, and what follows it follows there, too. So one search
//! for that octet, and a look at every escape, is enough.

use memchr::{memchr2_iter, memchr3_iter};

use super::spelling::{ESCAPES, Kind, matches};
use crate::rewrite::atom;

/// A needle from its rarest octet on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tail {
    /// At least one octet.
    octets: Vec<u8>,
    /// That of the needle: an address may have a tag before its `@`.
    kind: Kind,
}

/// The tails of all needles.
#[derive(Debug, Clone, Default)]
pub(super) struct Tails {
    tails: Vec<Tail>,
    /// A needle without an octet to search for: then every text may hold it.
    any: bool,
}

/// Octets from the rarest in texts to the most frequent; all others are rarer than these. Only speed hangs on the order.
const FREQUENT: &[u8] = b"qxvfjgbhlupkmdytc-swz.rnoeai";

impl Tails {
    /// Adds a needle, which is in lower case.
    pub(super) fn add(&mut self, needle: &[u8], kind: Kind) {
        // What begins an escape may stand for itself or not, and other letters have capitals of other octets.
        let searchable = |octet: &u8| octet.is_ascii() && !ESCAPES.contains(octet);
        // `@` before all: texts hold few. Then what is not in the list, then the list in its order.
        let rank = |octet: u8| match octet {
            b'@' => None,
            _ => Some(FREQUENT.iter().position(|known| *known == octet)),
        };
        let marks = needle.iter().enumerate();
        let marks = marks.filter(|(_, octet)| searchable(octet));
        let rarest = marks.min_by_key(|(_, octet)| rank(**octet));
        let octets = rarest.and_then(|(at, _)| needle.get(at..));
        let Some(octets) = octets.map(<[u8]>::to_vec) else {
            self.any = true;
            return;
        };
        let tail = Tail { octets, kind };
        if !self.tails.contains(&tail) {
            self.tails.push(tail);
        }
    }

    /// Whether a needle may stand in `text`; if not, none does.
    pub(super) fn may_stand_in(&self, text: &[u8]) -> bool {
        self.any || self.tails.iter().any(|tail| tail.is_plain_in(text)) || self.is_escaped_in(text)
    }

    /// Whether an escape in `text` stands for the first octet of a tail, with the rest of it behind.
    fn is_escaped_in(&self, text: &[u8]) -> bool {
        let [one, two, three, four, five] = ESCAPES;
        let mut places = memchr3_iter(one, two, three, text).chain(memchr2_iter(four, five, text));
        places.any(|at| {
            let rest = text.get(at..).unwrap_or_default();
            let read = atom::read(rest);
            let mut tails = self.tails.iter();
            read.is_some_and(|read| {
                tails.any(|tail| tail.octets.first() == read.octets().first() && tail.is_at(rest))
            })
        })
    }
}

impl Tail {
    /// Whether the first octet stands in `text` as itself, in either case, with the rest of the tail behind it.
    fn is_plain_in(&self, text: &[u8]) -> bool {
        self.octets.first().is_some_and(|mark| {
            memchr2_iter(*mark, mark.to_ascii_uppercase(), text)
                .any(|at| text.get(at..).is_some_and(|rest| self.is_at(rest)))
        })
    }

    fn is_at(&self, rest: &[u8]) -> bool {
        matches(rest, &self.octets, self.kind).is_some()
    }
}

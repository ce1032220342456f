//! Finds addresses in a text however they are written, and puts their masks there.
//!
//! Every text part of every message goes through here, and hardly any holds an address of its writer. So a text is first asked by its rarest
//! octets ([`Tails`]), then passed over by the octets with which a match could begin ([`Openings`]), and only there read character by character.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

mod ends;
mod needle;
mod openings;
mod spelling;
mod tails;
mod torn;

use self::needle::Needle;
use self::openings::Openings;
use self::spelling::Spelling;
use self::tails::Tails;
use super::fold::folded;
use super::unseen::is_parted;
use crate::mail::{Domain, Mailbox};

/// What is looked for, and what stands there instead.
#[derive(Debug, Clone)]
struct Pair {
    needle: Needle,
    /// The mask, the word for a hidden domain, or another id.
    shown: String,
}

/// Where something that must not show stands in a text, and what is to stand there.
#[derive(Debug)]
pub(super) struct Hit<'a> {
    /// All octets that spell it, escapes and unseen ones included.
    pub(super) place: Range<usize>,
    pub(super) shown: &'a str,
    /// Whether it was percent-encoded, at least in part.
    pub(super) percent: bool,
}

/// Replaces a set of addresses, domains and ids.
#[derive(Debug, Clone)]
pub(super) struct Masker {
    /// The longest needle first; none twice.
    pairs: Vec<Pair>,
    /// The domains that could identify the writer where ids carry them, in A-labels and in U-labels, folded.
    private: Vec<Vec<u8>>,
    /// Where it is worth looking for one of the pairs.
    openings: Openings,
    /// What tells that a text holds none of them.
    tails: Tails,
    /// Whether every id that could name a domain is taken for one that names a private one.
    wary: bool,
    /// Whether some of the addresses are only guessed.
    guessed: bool,
    /// Whether anything was found so far, by this one or a copy of it.
    found: Rc<Cell<bool>>,
}

impl Masker {
    /// A masker that shows `shown` for every one of `addresses`, in all spellings of an address.
    pub(super) fn new(addresses: &[Mailbox], shown: &str) -> Self {
        let mut masker = Self {
            pairs: Vec::new(),
            private: addresses
                .iter()
                .flat_map(|address| needle::names(address.domain()))
                .collect(),
            openings: Openings::new(),
            tails: Tails::default(),
            wary: false,
            guessed: false,
            found: Rc::default(),
        };
        masker.add_addresses(addresses, shown);
        masker
    }

    /// Shows `shown` for every one of `addresses`, too.
    pub(super) fn add_addresses(&mut self, addresses: &[Mailbox], shown: &str) {
        for needle in addresses.iter().flat_map(Needle::address) {
            self.add(needle, shown);
        }
    }

    /// The same for addresses that the other side brought.
    pub(super) fn add_guesses(&mut self, addresses: &[Mailbox], shown: &str) {
        let own = self.pairs.len();
        self.add_addresses(addresses, shown);
        self.guessed |= self.pairs.len() > own;
    }

    /// Whether what was found at `place` goes over the end of a line or a paragraph, and is an address that stands behind that as well. Where the
    /// other side wrote the shorter one, the longer must not count: it would tell that it is registered.
    fn ends_in_another(&self, text: &[u8], place: Range<usize>) -> bool {
        let Some(found) = text.get(place.clone()) else {
            return false;
        };
        if !self.guessed || memchr::memchr3(b'<', b'\r', b'\n', found).is_none() {
            return false;
        }
        let at_sign = memchr::memrchr(b'@', found).unwrap_or(found.len());
        let mut starts = (place.start + 1..place.start + at_sign)
            .filter(|at| is_parted(text.get(..*at).unwrap_or_default()));
        starts.any(|at| {
            let rest = text.get(at..).unwrap_or_default();
            let mut needles = self.pairs.iter().map(|pair| &pair.needle);
            needles.any(|needle| {
                let spelling = needle.spelled(rest).filter(|_| is_address(needle));
                spelling.map(|spelling| spelling.length) == Some(place.end - at)
            })
        })
    }

    /// Whether anything was found in any text so far.
    pub(super) fn has_found(&self) -> bool {
        self.found.get()
    }

    /// Whether an id, a boundary or a parameter names a domain of the writer's, or a host in one. In prose most of them give nobody away; there a
    /// host of a shop does (docs/threats.md#94). Any piece counts: an id that is changed without need harms nobody.
    pub(super) fn is_private(&self, id: &str) -> bool {
        let id = folded(id);
        let mut private = self.private.iter();
        (self.wary && id.contains(&b'.'))
            || private.any(|domain| memchr::memmem::find(&id, domain).is_some())
    }

    /// Takes every id with a dot for one that names a domain of the writer's: where ids may be the other side's, a difference would tell it.
    pub(super) fn be_wary(&mut self) {
        self.wary = true;
    }

    /// Whether it looks for more than `other`, of which it is a copy.
    pub(super) fn looks_for_more_than(&self, other: &Self) -> bool {
        self.pairs.len() > other.pairs.len()
    }

    /// Hides `domain` wherever it stands, in prose too: for domains that hardly anybody else uses
    /// ([`Options::hidden_domains`](super::options::Options)).
    pub(super) fn add_domain(&mut self, domain: &Domain, shown: &str) {
        for needle in Needle::domain(domain) {
            self.add(needle, shown);
        }
    }

    /// Shows `shown` for what refers to the part of this Content-ID (RFC 2392).
    pub(super) fn add_id(&mut self, id: &str, shown: &str) {
        let needle = Needle::Id(folded(&format!("cid:{id}")));
        self.add(needle, &format!("cid:{shown}"));
    }

    fn add(&mut self, needle: Needle, shown: &str) {
        if needle.len() == 0 || self.pairs.iter().any(|pair| pair.needle == needle) {
            return;
        }
        self.openings.add(&needle);
        self.tails.add(&needle);
        self.pairs.push(Pair {
            needle,
            shown: shown.to_owned(),
        });
        // The longest first: a needle may be the beginning of another.
        self.pairs
            .sort_by_key(|pair| std::cmp::Reverse(pair.needle.len()));
    }

    /// `text` with every occurrence replaced; none if there is none.
    pub(super) fn mask(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut out: Option<Vec<u8>> = None;
        let mut copied = 0;
        while let Some(hit) = self.hit(text, copied) {
            let out = out.get_or_insert_with(|| Vec::with_capacity(text.len() + 64));
            out.extend_from_slice(text.get(copied..hit.place.start).unwrap_or_default());
            // The hit stood in a link, where a `+` would be read as a blank.
            if hit.percent {
                let shown = hit.shown.replace('+', "%2B").replace('@', "%40");
                out.extend_from_slice(shown.as_bytes());
            } else {
                out.extend_from_slice(hit.shown.as_bytes());
            }
            copied = hit.place.end;
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(text.get(copied..).unwrap_or_default());
        }
        out
    }

    /// The first occurrence at `from` or later.
    pub(super) fn hit(&self, text: &[u8], from: usize) -> Option<Hit<'_>> {
        // Once for a text: later on it is known to hold something.
        if from == 0 && !self.tails.may_stand_in(text) {
            return None;
        }
        self.search(text, from)
    }

    /// As [`Self::hit`], without the quick look before it.
    fn search(&self, text: &[u8], from: usize) -> Option<Hit<'_>> {
        let mut at = from;
        loop {
            let rest = text.get(at..)?;
            at += self.openings.next(rest)?;
            if self.openings.goes_on(text.get(at..).unwrap_or_default())
                && let Some((pair, spelling)) = self.find(text, at)
            {
                self.found.set(true);
                return Some(Hit {
                    place: at..at + spelling.length,
                    shown: &pair.shown,
                    percent: spelling.percent,
                });
            }
            at += 1;
        }
    }

    /// Whether a document in HTML may show something that is not found in its source.
    pub(super) fn may_show_in_html(&self, text: &str) -> bool {
        self.tails.may_show_in_html(text)
    }

    /// The length of the shortest needle in octets; nothing shorter can hold one. Without needles nothing can.
    pub(super) fn shortest(&self) -> usize {
        self.pairs
            .last()
            .map_or(usize::MAX, |pair| pair.needle.len())
    }

    /// The same for text that is text already.
    pub(super) fn mask_text(&self, text: &str) -> String {
        self.mask(text.as_bytes()).map_or_else(
            || text.to_owned(),
            |masked| String::from_utf8_lossy(&masked).into_owned(),
        )
    }

    /// What begins at `at`: the pair, and how it is spelled there.
    fn find(&self, text: &[u8], at: usize) -> Option<(&Pair, Spelling)> {
        let (before, rest) = text.split_at_checked(at)?;
        self.pairs.iter().find_map(|pair| {
            let spelling = pair.needle.spelled(rest)?;
            let place = at..at + spelling.length;
            let alone = pair.needle.stands_alone(before, rest, spelling)
                && !(is_address(&pair.needle) && self.ends_in_another(text, place));
            alone.then_some((pair, spelling))
        })
    }
}

fn is_address(needle: &Needle) -> bool {
    matches!(needle, Needle::Address(_))
}

/// `text` with every one of `addresses`, however it is written, as `shown`.
#[must_use]
pub fn mask_text(text: &str, addresses: &[Mailbox], shown: &str) -> String {
    Masker::new(addresses, shown).mask_text(text)
}

/// As [`mask_text`], of several texts.
#[must_use]
pub fn mask_texts<const N: usize>(
    texts: [&str; N],
    addresses: &[Mailbox],
    shown: &str,
) -> [String; N] {
    let masker = Masker::new(addresses, shown);
    texts.map(|text| masker.mask_text(text))
}

#[cfg(test)]
mod tests;

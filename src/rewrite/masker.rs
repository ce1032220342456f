//! Finds addresses in a text however they are written, and puts their masks there.
//!
//! Every text part of every message goes through here, and hardly any holds an address of its writer. So a text is first asked by its rarest
//! octets ([`Tails`]), then passed over by the octets with which a match could begin ([`Openings`]), and only there read character by character.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

mod openings;
mod spelling;
mod tails;

use self::openings::Openings;
pub(super) use self::spelling::Kind;
use self::spelling::{begins_here, ends_here, is_continued, is_label, is_local, matches};
use self::tails::Tails;
use super::unseen::is_parted;
use crate::mail::{Domain, Mailbox};

/// What is looked for, and what stands there instead.
#[derive(Debug, Clone)]
struct Pair {
    /// In lower case.
    needle: Vec<u8>,
    /// The mask, the word for a hidden domain, or another id.
    shown: String,
    kind: Kind,
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
    /// The domains that could identify the writer where ids carry them, in A-labels and in U-labels, composed and decomposed.
    private: Vec<String>,
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
                .flat_map(|address| {
                    let domain = address.domain().as_str();
                    let [composed, decomposed] = forms(&idna::domain_to_unicode(domain).0);
                    [domain.to_owned(), composed, decomposed]
                })
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
        for address in addresses {
            // As it is compared, with the domain as people write it, in quotes that it does not need, and as it prints: what is the same is kept once.
            let local = address.local();
            let (unicode, _) = idna::domain_to_unicode(address.domain().as_str());
            self.add_text(&address.key(), shown, Kind::Address);
            self.add_text(&format!("{local}@{unicode}"), shown, Kind::Address);
            let quoted = format!("\"{local}\"@{}", address.domain());
            self.add_text(&quoted, shown, Kind::Address);
            self.add_text(&address.to_string(), shown, Kind::Address);
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
            let mut pairs = self.pairs.iter().filter(|pair| pair.kind == Kind::Address);
            pairs.any(|pair| {
                let length = matches(rest, &pair.needle, pair.kind).map(|(length, _)| length);
                length == Some(place.end - at)
            })
        })
    }

    /// Whether anything was found in any text so far.
    pub(super) fn has_found(&self) -> bool {
        self.found.get()
    }

    /// Whether an id, a boundary or a parameter names a domain of the writer's, or a host in one. In prose most of them give nobody away; there a
    /// host of a shop does (hostile-inputs 94). Any piece counts: an id that is changed without need harms nobody.
    pub(super) fn is_private(&self, id: &str) -> bool {
        let lower = id.to_lowercase();
        (self.wary && id.contains('.')) || self.private.iter().any(|domain| lower.contains(domain))
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
        let (unicode, _) = idna::domain_to_unicode(domain.as_str());
        self.add_text(domain.as_str(), shown, Kind::Domain);
        self.add_text(&unicode, shown, Kind::Domain);
    }

    /// A needle, also decomposed and in the charsets of one octet that can write it, where it is more than ASCII.
    fn add_text(&mut self, needle: &str, shown: &str, kind: Kind) {
        let small = needle.to_lowercase();
        if small.is_ascii() {
            self.add(small.as_bytes(), shown, kind);
            return;
        }
        let [small, decomposed] = forms(&small);
        self.add(small.as_bytes(), shown, kind);
        self.add(decomposed.as_bytes(), shown, kind);
        self.openings.add_capitals();
        // These octets have no case for us, so capitals are needles of their own. The two charsets are those of the region.
        for text in [&small, &needle.to_uppercase()] {
            for charset in [encoding_rs::ISO_8859_2, encoding_rs::WINDOWS_1250] {
                if let (octets, _, false) = charset.encode(text) {
                    self.add(&octets, shown, kind);
                }
            }
        }
    }

    /// Another text to replace: an id that other parts refer to.
    pub(super) fn add(&mut self, needle: &[u8], shown: &str, kind: Kind) {
        let needle = needle.to_ascii_lowercase();
        if needle.is_empty() || self.pairs.iter().any(|pair| pair.needle == needle) {
            return;
        }
        self.openings.add(&needle);
        self.tails.add(&needle, kind);
        self.pairs.push(Pair {
            needle,
            shown: shown.to_owned(),
            kind,
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
                && let Some((pair, length, percent)) = self.find(text, at)
            {
                self.found.set(true);
                return Some(Hit {
                    place: at..at + length,
                    shown: &pair.shown,
                    percent,
                });
            }
            at += 1;
        }
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

    /// What begins at `at`: the pair, its length in the text, and whether it is percent-encoded.
    fn find(&self, text: &[u8], at: usize) -> Option<(&Pair, usize, bool)> {
        let rest = text.get(at..)?;
        self.pairs.iter().find_map(|pair| {
            let (length, percent) = matches(rest, &pair.needle, pair.kind)?;
            let before = text.get(..at).unwrap_or_default();
            // `jan@…` within `bojan@…` is another person's address, and must stay what it is.
            let alone = match pair.kind {
                Kind::Id => true,
                Kind::Address => begins_here(before, is_local) && ends_here(rest, length),
                Kind::Domain => {
                    let longer = rest.get(length).is_some_and(u8::is_ascii_alphanumeric);
                    !longer
                        && begins_here(before, is_label)
                        && ends_here(rest, length)
                        && !is_continued(rest, length)
                }
            };
            let alone = alone
                && !(pair.kind == Kind::Address && self.ends_in_another(text, at..at + length));
            alone.then_some((pair, length, percent))
        })
    }
}

/// `text` with its letters composed and with them decomposed (Unicode, NFC and NFD). They look the same and mean the same domain (RFC 5891 5.2),
/// and some systems write one and some the other. A text that mixes the two within a needle is for the leak gate.
fn forms(text: &str) -> [String; 2] {
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    [composed.into_owned(), decomposed.into_owned()]
}

/// `text` with every one of `addresses`, however it is written, as `shown`.
#[must_use]
pub fn mask_text(text: &str, addresses: &[Mailbox], shown: &str) -> String {
    Masker::new(addresses, shown).mask_text(text)
}

#[cfg(test)]
mod tests;

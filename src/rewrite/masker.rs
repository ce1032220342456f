//! Finds addresses in a text however they are written, and puts their masks there.

use std::ops::Range;

mod spelling;
mod tails;

use self::spelling::{ESCAPES, begins_here, ends_here, is_continued, is_label, is_local, matches};
use self::tails::Tails;
use super::atom;
use crate::mail::{Domain, Mailbox};

/// What a needle is, and so where it may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An address: not within a longer one; a tag (`+shop`) before its `@` belongs to it.
    Address,
    /// A domain: also behind `www.` or within an address, but not as part of another name.
    Domain,
    /// An id: anywhere.
    Id,
}

/// What is looked for, and what stands there instead.
#[derive(Debug, Clone)]
struct Pair {
    /// In lower case.
    needle: Vec<u8>,
    shown: String,
    kind: Kind,
}

/// Where something that must not show stands in a text, and what is to stand there.
#[derive(Debug)]
pub(super) struct Hit<'a> {
    pub(super) place: Range<usize>,
    pub(super) shown: &'a str,
    /// Whether it was percent-encoded, at least in part.
    pub(super) percent: bool,
}

/// Replaces a set of addresses, domains and ids.
#[derive(Debug, Clone)]
pub(super) struct Masker {
    pairs: Vec<Pair>,
    /// The domains that could identify the writer where ids carry them, in A-labels and in U-labels.
    private: Vec<String>,
    /// Octets that a needle begins with.
    begins: [bool; 256],
    /// Octets that a match can begin with: these, and what begins an escape.
    first: [bool; 256],
    /// Octets that can stand behind the first one of a match that is written as it is.
    second: [bool; 256],
    /// What tells that a text holds none of them.
    tails: Tails,
}

/// What is not seen by a reader begins with one of these, with the beginning of an escape, or with what is not ASCII; a space only before a
/// line end.
const UNSEEN: [u8; 4] = [b'<', b'\r', b'\n', b' '];

impl Masker {
    /// A masker that shows `shown` for every one of `addresses`, in all spellings of an address.
    pub(super) fn new(addresses: &[Mailbox], shown: &str) -> Self {
        let mut masker = Self {
            pairs: Vec::new(),
            private: addresses
                .iter()
                .flat_map(|address| {
                    let domain = address.domain().as_str();
                    [domain.to_owned(), idna::domain_to_unicode(domain).0]
                })
                .collect(),
            begins: [false; 256],
            first: [false; 256],
            second: [false; 256],
            tails: Tails::default(),
        };
        for octet in ESCAPES {
            mark(&mut masker.first, octet);
        }
        for octet in ESCAPES.into_iter().chain(UNSEEN) {
            mark(&mut masker.second, octet);
        }
        for address in addresses {
            let local = address.local();
            let (unicode, _) = idna::domain_to_unicode(address.domain().as_str());
            masker.add_text(&address.key(), shown, Kind::Address);
            masker.add_text(&format!("{local}@{unicode}"), shown, Kind::Address);
            let quoted = format!("\"{local}\"@{}", address.domain());
            masker.add_text(&quoted, shown, Kind::Address);
            masker.add_text(&address.to_string(), shown, Kind::Address);
        }
        masker
    }

    /// The writer's domains, for ids.
    pub(super) fn private(&self) -> &[String] {
        &self.private
    }

    /// Hides `domain` wherever it stands.
    pub(super) fn add_domain(&mut self, domain: &Domain, shown: &str) {
        let (unicode, _) = idna::domain_to_unicode(domain.as_str());
        self.add_text(domain.as_str(), shown, Kind::Domain);
        self.add_text(&unicode, shown, Kind::Domain);
    }

    /// A needle, also in the charsets of one octet that can write it, where it is more than ASCII.
    fn add_text(&mut self, needle: &str, shown: &str, kind: Kind) {
        let small = needle.to_lowercase();
        self.add(small.as_bytes(), shown, kind);
        if small.is_ascii() {
            return;
        }
        for octet in 0xc3..=0xd4 {
            mark(&mut self.first, octet);
        }
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
        let Some(first) = needle.first().copied() else {
            return;
        };
        if self.pairs.iter().any(|pair| pair.needle == needle) {
            return;
        }
        mark(&mut self.begins, first);
        mark(&mut self.first, first);
        match needle.get(1) {
            Some(second) => mark(&mut self.second, *second),
            None => self.second = [true; 256],
        }
        if needle.get(1) == Some(&b'@') {
            // A tag may stand between.
            mark(&mut self.second, b'+');
        }
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
        if from == 0 && !self.tails.may_stand_in(text) {
            return None;
        }
        self.search(text, from)
    }

    fn search(&self, text: &[u8], from: usize) -> Option<Hit<'_>> {
        let mut at = from;
        loop {
            let rest = text.get(at..)?;
            at += rest.iter().position(|octet| flag(&self.first, *octet))?;
            if self.goes_on(text.get(at..).unwrap_or_default())
                && let Some((pair, length, percent)) = self.find(text, at)
            {
                return Some(Hit {
                    place: at..at + length,
                    shown: &pair.shown,
                    percent,
                });
            }
            at += 1;
        }
    }

    /// Whether a match can begin at the front of `rest`, by its first three octets or by what they are an escape of; fewer, at the end of a text,
    /// are looked into.
    fn goes_on(&self, rest: &[u8]) -> bool {
        match rest {
            [first, ..] if ESCAPES.contains(first) => {
                let read = atom::read(rest);
                let meant = read.and_then(|read| read.octets().first().copied());
                flag(&self.begins, *first) || meant.is_some_and(|octet| flag(&self.begins, octet))
            }
            [first, second, _, ..] if !first.is_ascii() || !second.is_ascii() => true,
            [_, b' ', third, ..] => matches!(third, b'\r' | b'\n'),
            [_, second, _, ..] => flag(&self.second, *second),
            _ => true,
        }
    }

    /// The length of the shortest needle; nothing shorter can hold one.
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
            let alone = match pair.kind {
                Kind::Id => true,
                Kind::Address => begins_here(before, is_local) && ends_here(rest, length),
                Kind::Domain => {
                    begins_here(before, is_label)
                        && ends_here(rest, length)
                        && !is_continued(rest, length)
                }
            };
            alone.then_some((pair, length, percent))
        })
    }
}

/// `text` with every one of `addresses`, however it is written, as `shown`.
#[must_use]
pub fn mask_text(text: &str, addresses: &[Mailbox], shown: &str) -> String {
    Masker::new(addresses, shown).mask_text(text)
}

fn mark(flags: &mut [bool; 256], octet: u8) {
    for octet in [octet.to_ascii_lowercase(), octet.to_ascii_uppercase()] {
        if let Some(flag) = flags.get_mut(usize::from(octet)) {
            *flag = true;
        }
    }
}

fn flag(flags: &[bool; 256], octet: u8) -> bool {
    flags.get(usize::from(octet)).is_some_and(|flag| *flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_look_passes_over_no_text_that_holds_a_needle() {
        let address = Mailbox::parse("jan@poczta.example").unwrap();
        let other = Mailbox::parse("anna@żółw.example").unwrap();
        let mut masker = Masker::new(&[address, other], "mask@allegromail.pl");
        masker.add_domain(&Domain::parse("poczta.example").unwrap(), "hidden.invalid");
        masker.add(b"part1/image", "id", Kind::Id);
        let pieces = [
            "jan",
            "JAN",
            "+tag",
            "@",
            "&#64;",
            "&amp;#x40;",
            "%40",
            "%2540",
            "=40",
            "\\u0040",
            "\\@",
            "＠",
            "poczta",
            "POCZTA",
            "p&#111;czta",
            ".",
            "&period;",
            "example",
            "e%78ample",
            "EXAMPLE",
            "ｅxample",
            "<b>",
            "<!-- x -->",
            "\r\n> ",
            "=\r\n",
            "\u{ad}",
            "&shy;",
            "anna",
            "żółw",
            "ŻÓŁW",
            "part1",
            "/image",
            " ",
            "x",
            "-",
        ];
        let mut state = 7_u64;
        let mut held = 0;
        for _ in 0..40_000 {
            let mut text = String::new();
            for _ in 0..7 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(state >> 33).unwrap() % pieces.len();
                text.push_str(pieces[at]);
            }
            if masker.search(text.as_bytes(), 0).is_some() {
                held += 1;
                assert!(masker.tails.may_stand_in(text.as_bytes()), "{text}");
            }
        }
        assert!(held > 100, "{held}");
    }
}

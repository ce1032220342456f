//! Finds addresses in a text however they are written, and puts their masks there.

use std::ops::Range;

use super::atom::{self, Form};
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
    /// Octets that a match can begin with.
    first: [bool; 256],
    /// Octets that can stand behind the first one of a match that is written as it is.
    second: [bool; 256],
}

/// What an escape begins with.
const ESCAPES: [u8; 5] = [b'&', b'%', b'=', b'\\', 0xef];
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
            first: [false; 256],
            second: [false; 256],
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
        mark(&mut self.first, first);
        match needle.get(1) {
            Some(second) => mark(&mut self.second, *second),
            None => self.second = [true; 256],
        }
        if needle.get(1) == Some(&b'@') {
            // A tag may stand between.
            mark(&mut self.second, b'+');
        }
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
        if from == 0 && self.is_absent(text) {
            return None;
        }
        let mut at = from;
        loop {
            let rest = text.get(at..)?;
            at += rest.iter().position(|octet| flag(&self.first, *octet))?;
            if self.goes_on(text.get(at..at + 3).unwrap_or_default())
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

    /// Whether a look at the at signs says that nothing can stand in `text`. Most texts have none.
    fn is_absent(&self, text: &[u8]) -> bool {
        let [one, two, three, four, five] = ESCAPES;
        memchr::memchr3(b'@', one, two, text).is_none()
            && memchr::memchr3(three, four, five, text).is_none()
            && self.pairs.iter().all(|pair| pair.needle.contains(&b'@'))
    }

    /// Whether a match can begin with these three octets; with fewer, at the end of a text, it is looked for.
    fn goes_on(&self, octets: &[u8]) -> bool {
        match octets {
            [first, second, _] if !first.is_ascii() || !second.is_ascii() => true,
            [first, ..] if ESCAPES.contains(first) => true,
            [_, b' ', third] => matches!(third, b'\r' | b'\n'),
            [_, second, _] => flag(&self.second, *second),
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

fn matches(text: &[u8], needle: &[u8], kind: Kind) -> Option<(usize, bool)> {
    let mut at = 0;
    let mut percent = false;
    let mut left = needle;
    while !left.is_empty() {
        let rest = text.get(at..)?;
        let octet = rest.first()?.to_ascii_lowercase();
        if octet.is_ascii() && left.first() == Some(&octet) && !ESCAPES.contains(&octet) {
            at += 1;
            left = left.get(1..).unwrap_or_default();
            continue;
        }
        let read = atom::read(rest)?;
        if let Some(tail) = left.strip_prefix(read.octets()) {
            percent |= read.form == Form::Percent;
            at += read.taken;
            left = tail;
            continue;
        }
        if kind == Kind::Address && left.first() == Some(&b'@') && read.octets() == b"+" {
            at += tag(rest);
            continue;
        }
        // What looks like an escape may be meant as it stands.
        if read.form != Form::Plain && left.first() == Some(&octet) {
            at += 1;
            left = left.get(1..).unwrap_or_default();
            continue;
        }
        let skipped = if at == 0 { 0 } else { atom::unseen(rest) };
        if skipped == 0 {
            return None;
        }
        at += skipped;
    }
    Some((at, percent))
}

/// The longest tag of an address (`jan+tag@`) that is taken for one.
const MAX_TAG: usize = 64;

/// The length of a tag with the `+` before it. At least 1, so that a match ends.
fn tag(text: &[u8]) -> usize {
    let mut at = 0;
    while at < MAX_TAG
        && let Some(read) = text.get(at..).and_then(atom::read)
        && read.octets().first().copied().is_some_and(is_local)
    {
        at += read.taken;
    }
    at.max(1)
}

/// Whether something can begin after `before`: nothing longer, of octets that `inside` knows, ends there. An escape ends there as what it
/// stands for.
fn begins_here(before: &[u8], inside: fn(u8) -> bool) -> bool {
    let Some(last) = before.last() else {
        return true;
    };
    if !inside(*last) {
        return true;
    }
    let tail = before
        .get(before.len().saturating_sub(6)..)
        .unwrap_or_default();
    // `%3A`, `%253A`, `=3D`, `\n`, `\u003c`: the letter is part of an escape.
    (1..=tail.len()).any(|back| {
        let Some(escape) = tail.get(tail.len() - back..) else {
            return false;
        };
        let whole = atom::read(escape).filter(|read| read.taken == escape.len() && back > 1);
        whole.is_some_and(|read| !read.octets().first().copied().is_some_and(inside))
    }) || matches!(tail, [.., b'\\', b'n' | b'N' | b't' | b'r'])
}

fn is_local(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"._+-".contains(&octet)
}

fn is_label(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"_-".contains(&octet)
}

/// Whether a domain goes on after `length`: `rowery.example.com` is not `rowery.example`.
fn is_continued(text: &[u8], length: usize) -> bool {
    text.get(length) == Some(&b'.') && text.get(length + 1).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the domain ends at `length`. A capital after a small letter begins a new word that lost its space.
fn ends_here(text: &[u8], length: usize) -> bool {
    match text.get(length) {
        Some(next) if next.is_ascii_uppercase() => text
            .get(length.saturating_sub(1))
            .is_some_and(|last| !last.is_ascii_uppercase()),
        // No label ends in a hyphen: one with nothing of a name behind it is a dash.
        Some(b'-') => text
            .get(length..)
            .and_then(|rest| rest.iter().find(|octet| **octet != b'-'))
            .is_none_or(|next| !next.is_ascii_alphanumeric()),
        Some(next) => !next.is_ascii_alphanumeric(),
        None => true,
    }
}

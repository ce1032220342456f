//! Finds addresses in a text however they are written, and puts their masks there.

use super::atom::{self, Form};
use crate::mail::Mailbox;

/// What is looked for, and what stands there instead.
#[derive(Debug, Clone)]
struct Pair {
    /// In lower case.
    needle: Vec<u8>,
    shown: String,
    /// Whether it must not be part of a longer word.
    whole: bool,
}

/// Replaces a set of addresses and ids.
#[derive(Debug, Clone)]
pub(super) struct Masker {
    pairs: Vec<Pair>,
    /// Octets that a match can begin with.
    first: [bool; 256],
}

impl Masker {
    /// A masker that shows `shown` for every one of `addresses`, in all spellings of an address.
    pub(super) fn new(addresses: &[Mailbox], shown: &str) -> Self {
        let mut masker = Self {
            pairs: Vec::new(),
            first: [false; 256],
        };
        for octet in [b'&', b'%', b'=', b'\\', 0xef] {
            masker.begins_with(octet);
        }
        for address in addresses {
            let key = address.key();
            masker.add(key.as_bytes(), shown, true);
            let (unicode, _) = idna::domain_to_unicode(address.domain().as_str());
            let local = address.local().to_ascii_lowercase();
            masker.add(format!("{local}@{unicode}").as_bytes(), shown, true);
            masker.add(
                format!("\"{local}\"@{}", address.domain()).as_bytes(),
                shown,
                true,
            );
            masker.add(
                address.to_string().to_ascii_lowercase().as_bytes(),
                shown,
                true,
            );
        }
        masker
    }

    /// Another text to replace: an id that other parts refer to.
    pub(super) fn add(&mut self, needle: &[u8], shown: &str, whole: bool) {
        let needle = needle.to_ascii_lowercase();
        let Some(first) = needle.first().copied() else {
            return;
        };
        if self.pairs.iter().any(|pair| pair.needle == needle) {
            return;
        }
        self.begins_with(first);
        self.pairs.push(Pair {
            needle,
            shown: shown.to_owned(),
            whole,
        });
        // The longest first: a needle may be the beginning of another.
        self.pairs
            .sort_by_key(|pair| std::cmp::Reverse(pair.needle.len()));
    }

    fn begins_with(&mut self, octet: u8) {
        for octet in [octet, octet.to_ascii_uppercase()] {
            if let Some(flag) = self.first.get_mut(usize::from(octet)) {
                *flag = true;
            }
        }
    }

    /// `text` with every occurrence replaced; none if there is none.
    pub(super) fn mask(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut out: Option<Vec<u8>> = None;
        let (mut at, mut copied) = (0, 0);
        while let Some(octet) = text.get(at) {
            if !self
                .first
                .get(usize::from(*octet))
                .is_some_and(|flag| *flag)
            {
                at += 1;
                continue;
            }
            let Some((pair, length, percent)) = self.find(text, at) else {
                at += 1;
                continue;
            };
            let out = out.get_or_insert_with(|| Vec::with_capacity(text.len() + 64));
            out.extend_from_slice(text.get(copied..at).unwrap_or_default());
            if percent {
                let shown = pair.shown.replace('+', "%2B").replace('@', "%40");
                out.extend_from_slice(shown.as_bytes());
            } else {
                out.extend_from_slice(pair.shown.as_bytes());
            }
            at += length;
            copied = at;
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(text.get(copied..).unwrap_or_default());
        }
        out
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
            let (length, percent) = matches(rest, &pair.needle)?;
            let alone = !pair.whole
                || (begins_here(text.get(..at).unwrap_or_default()) && ends_here(rest, length));
            alone.then_some((pair, length, percent))
        })
    }
}

fn matches(text: &[u8], needle: &[u8]) -> Option<(usize, bool)> {
    let mut at = 0;
    let mut percent = false;
    let mut left = needle;
    while !left.is_empty() {
        let rest = text.get(at..)?;
        let read = atom::read(rest)?;
        if let Some(tail) = left.strip_prefix(read.octets()) {
            percent |= read.form == Form::Percent;
            at += read.taken;
            left = tail;
            continue;
        }
        // What looks like an escape may be meant as it stands.
        let octet = rest.first()?.to_ascii_lowercase();
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

/// Whether an address can begin after `before`: no longer local part ends there. An escape ends there as what it stands for.
fn begins_here(before: &[u8]) -> bool {
    let Some(last) = before.last() else {
        return true;
    };
    if !is_local(*last) {
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
        whole.is_some_and(|read| !read.octets().first().copied().is_some_and(is_local))
    }) || matches!(tail, [.., b'\\', b'n' | b'N' | b't' | b'r'])
}

fn is_local(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"._+-".contains(&octet)
}

/// Whether the domain ends at `length`. A capital after a small letter begins a new word that lost its space.
fn ends_here(text: &[u8], length: usize) -> bool {
    match text.get(length) {
        Some(next) if next.is_ascii_uppercase() => text
            .get(length.saturating_sub(1))
            .is_some_and(|last| !last.is_ascii_uppercase()),
        Some(next) => !(next.is_ascii_alphanumeric() || *next == b'-'),
        None => true,
    }
}

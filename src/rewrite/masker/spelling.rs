//! How a needle may be spelled in a text, and where it begins and ends there.

use crate::rewrite::atom::{self, Form};
use crate::rewrite::unseen::unseen;

/// What a needle is, and so where it may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rewrite) enum Kind {
    /// An address: not within a longer one; a tag (`+shop`) before its `@` belongs to it.
    Address,
    /// A domain: also behind `www.` or within an address, but not as part of another name.
    Domain,
    /// An id: anywhere.
    Id,
}

/// What an escape begins with; 0xef is the first octet of full-width forms in UTF-8. These may also stand for themselves.
pub(super) const ESCAPES: [u8; 5] = [b'&', b'%', b'=', b'\\', 0xef];

/// How many octets of `text` spell `needle`, from the first one on, and whether some of them are percent-encoded; none if they do not.
pub(super) fn matches(text: &[u8], needle: &[u8], kind: Kind) -> Option<(usize, bool)> {
    let mut at = 0;
    let mut percent = false;
    let mut left = needle;
    while !left.is_empty() {
        let rest = text.get(at..)?;
        // Nearly every character is itself.
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
        // Between characters only: a tag in front of an address is not part of it, and stays.
        let skipped = if at == 0 { 0 } else { unseen(rest) };
        if skipped == 0 {
            return None;
        }
        at += skipped;
    }
    Some((at, percent))
}

/// The longest tag of an address (`jan+tag@`) that is taken for one: a whole local part (RFC 5321 4.5.3.1.1).
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
pub(super) fn begins_here(before: &[u8], inside: fn(u8) -> bool) -> bool {
    let Some(last) = before.last() else {
        return true;
    };
    if !inside(*last) {
        return true;
    }
    // No escape that ends in a letter is longer.
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

/// What stands in the local parts that providers hand out. Those of RFC 5322 hold more, but then any sign in front would hide an address.
pub(super) fn is_local(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"._+-".contains(&octet)
}

/// What stands within a label of a domain; `_` does in names of hosts that are no mail domains.
pub(super) fn is_label(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"_-".contains(&octet)
}

/// Whether a domain goes on after `length`: `rowery.example.com` is not `rowery.example`.
pub(super) fn is_continued(text: &[u8], length: usize) -> bool {
    text.get(length) == Some(&b'.') && text.get(length + 1).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the domain ends at `length`. A capital after a small letter begins a new word that lost its space.
pub(super) fn ends_here(text: &[u8], length: usize) -> bool {
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

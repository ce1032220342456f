//! How a needle may be spelled in a text.

use crate::rewrite::atom::{self, Form};
use crate::rewrite::unseen::{is_parted, unseen};

/// What an escape begins with, while it is ASCII. These may also stand for themselves.
pub(super) const ESCAPES: [u8; 4] = [b'&', b'%', b'=', b'\\'];

/// How a needle is spelled where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spelling {
    /// In octets.
    pub(super) length: usize,
    /// Whether some of them are percent-encoded.
    pub(super) percent: bool,
    /// Whether `=` stands for its at sign, as in the addresses of lists and forwarders.
    pub(super) in_list: bool,
}

/// How `text` spells `octets`, which are folded, from the first one on; none if it does not. Dots that mean nothing are passed over if `dotless`.
pub(super) fn spelled(text: &[u8], octets: &[u8], dotless: bool) -> Option<Spelling> {
    let mut at = 0;
    let mut percent = false;
    let mut left = octets;
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
        if let Some(tail) = left
            .strip_prefix(read.octets())
            .filter(|_| !read.octets().is_empty())
        {
            percent |= read.form == Form::Percent;
            at += read.taken;
            left = tail;
            continue;
        }
        if dotless && at > 0 && read.octets() == b"." {
            at += read.taken;
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
    Some(Spelling {
        length: at,
        percent,
        in_list: false,
    })
}

/// The longest tag of an address (`jan+tag@`) that is taken for one: a whole local part (RFC 5321 4.5.3.1.1).
const MAX_TAG: usize = 64;
/// The longest comment that is passed over beside an at sign.
const MAX_COMMENT: usize = 64;
/// Blanks and comments beside an at sign.
const MOST_AROUND: usize = 4;
/// Characters of a name of the net (RFC 1035 2.3.4): so far from the at sign a domain may begin, behind the names of hosts.
const LONGEST_NAME: usize = 253;

/// The length of what stands between local part and at sign, and of the at sign itself: a tag, what is not seen, blanks and comments, as people
/// and RFC 5322 4.4 write them. In the addresses of lists and forwarders `=` stands for it (VERP, SRS).
pub(super) fn at_sign(text: &[u8], dotless: bool) -> Option<Spelling> {
    let mut at = unseen(text);
    while dotless && octets_at(text, at) == Some(b'.') {
        at += 1;
    }
    if octets_at(text, at) == Some(b'+') {
        at += tag(text.get(at..)?);
    }
    let spaced = around(text.get(at..)?);
    // Nothing stands beside that of a list.
    let direct = at + spaced == 0;
    at += spaced;
    let sign = atom::read(text.get(at..)?)?;
    let in_list = direct && sign.form == Form::Plain && sign.octets() == b"=";
    if !in_list && sign.octets() != b"@" {
        return None;
    }
    at += sign.taken;
    let behind = if in_list { 0 } else { around(text.get(at..)?) };
    Some(Spelling {
        length: at + behind,
        percent: sign.form == Form::Percent,
        in_list,
    })
}

/// How a domain is spelled at the front of `text`, itself or as the parent of the host that is named there (`imap.rowery.example`), of however many
/// labels. Those are read as the domain is: a fold of a calendar and a tag may stand in any of them.
pub(super) fn domain(text: &[u8], domain: &[u8]) -> Option<Spelling> {
    let (mut at, mut percent, mut begins) = (0, false, true);
    // What stands behind the last dot, if there was one.
    let mut last: Option<Vec<u8>> = None;
    for _ in 0..LONGEST_NAME {
        let rest = text.get(at..)?;
        if begins && let Some(found) = spelled(rest, domain, false) {
            return Some(Spelling {
                length: at + found.length,
                percent: percent || found.percent,
                in_list: false,
            });
        }
        let read = atom::read(rest)?;
        let dot = read.octets() == b"." && !begins;
        if dot || is_of_label(read.octets()) {
            percent |= read.form == Form::Percent;
            (at, begins) = (at + read.taken, dot);
            if dot {
                last = Some(Vec::new());
            } else if let Some(last) = &mut last {
                last.extend_from_slice(read.octets());
            }
            continue;
        }
        let skipped = if at == 0 { 0 } else { unseen(rest) };
        let end = at + skipped;
        // With the octet before the end of a line.
        let cut = text.get(at.saturating_sub(1)..end)?;
        // A soft line break or the backslash of a style sheet parts nothing. Behind a whole name another one begins: `biuro@firma.pl<b>www.`.
        let soft = matches!(rest.first(), Some(b'=' | b'\\'));
        let whole = || last.as_deref().is_some_and(is_suffix);
        if skipped == 0 || whole() || (!soft && is_parted(cut)) {
            return None;
        }
        at = end;
    }
    None
}

/// Whether a character, or what Unicode holds for the same, stands in a label, of ASCII or not.
fn is_of_label(octets: &[u8]) -> bool {
    if let [octet] = octets {
        return is_label(*octet);
    }
    let text = std::str::from_utf8(octets).unwrap_or_default();
    // Letters come without their accents, and those behind them.
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\u{300}'..='\u{36f}');
    !text.is_empty() && text.chars().all(inside)
}

/// Whether a label, folded, is a top-level domain.
pub(super) fn is_suffix(label: &[u8]) -> bool {
    psl::suffix(label).is_some_and(|suffix| suffix.is_known())
}

fn octets_at(text: &[u8], at: usize) -> Option<u8> {
    atom::read(text.get(at..)?)?.octets().first().copied()
}

/// The length of a tag with the `+` before it. What is not seen does not count towards the longest.
fn tag(text: &[u8]) -> usize {
    let mut at = 0;
    for _ in 0..MAX_TAG {
        let rest = text.get(at..).unwrap_or_default();
        let read =
            atom::read(rest).filter(|read| read.octets().first().copied().is_some_and(is_local));
        let Some(read) = read else { break };
        at += read.taken;
        at += unseen(text.get(at..).unwrap_or_default());
    }
    at
}

/// The length of the blanks and comments at the front of `text`.
fn around(text: &[u8]) -> usize {
    let mut at = 0;
    for _ in 0..MOST_AROUND {
        let rest = text.get(at..).unwrap_or_default();
        let blank = atom::read(rest).filter(|read| matches!(read.octets(), b" " | b"\t"));
        let step = match (rest.first(), blank) {
            (_, Some(blank)) => blank.taken,
            (Some(b'('), _) => comment(rest),
            _ => unseen(rest),
        };
        if step == 0 {
            break;
        }
        at += step;
    }
    at
}

fn comment(text: &[u8]) -> usize {
    let window = text.get(..text.len().min(MAX_COMMENT)).unwrap_or_default();
    let end = memchr::memchr2(b')', b'@', window);
    end.filter(|end| window.get(*end) == Some(&b')'))
        .map_or(0, |end| end + 1)
}

/// What stands in the local parts that providers hand out. Those of RFC 5322 hold more, but then any sign in front would hide an address.
pub(super) fn is_local(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"._+-".contains(&octet)
}

/// What stands within a label of a domain; `_` does in names of hosts that are no mail domains.
pub(super) fn is_label(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"_-".contains(&octet)
}

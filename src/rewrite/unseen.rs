//! What stands between the characters of an address without being seen by who reads it (docs/threats.md#92).

use super::atom::{Form, read};
use crate::message::html;

/// The longest tag that is passed over; a longer `<…>` is no tag. The bound keeps a text of nothing but `<` from being read anew from each of them.
const MAX_TAG: usize = 2_048;
/// The longest comment, for the same reason; longer than a tag, since shops' templates have conditional comments for Outlook.
const MAX_COMMENT: usize = 16_384;

/// How many octets at the front of `text` are not seen by a reader, of however many kinds. Zero: the first one is seen.
pub(super) fn unseen(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = match rest.first() {
            Some(b'<') => tag(rest),
            Some(b'\r' | b'\n') => line_break(rest),
            // format=flowed leaves a blank before a line end that is none (RFC 3676 4.1).
            Some(b' ') if matches!(rest.get(1), Some(b'\r' | b'\n')) => {
                1 + line_break(rest.get(1..).unwrap_or_default())
            }
            // A soft line break of quoted-printable that nobody decoded (RFC 2045 6.7).
            Some(b'=') if matches!(rest.get(1), Some(b'\r' | b'\n')) => {
                1 + line_break(rest.get(1..).unwrap_or_default())
            }
            // A style sheet goes on behind a backslash at a line end (CSS Syntax 4.3.5).
            Some(b'\\') if matches!(rest.get(1), Some(b'\r' | b'\n')) => {
                1 + line_break(rest.get(1..).unwrap_or_default())
            }
            // Markdown and TeX write `\@` and `\_`.
            Some(b'\\') if matches!(rest.get(1), Some(b'@' | b'.' | b'_' | b'-' | b'+')) => 1,
            Some(0x1b) => shift(rest),
            Some(b'&' | b'%' | b'\\' | 0xc2..=0xf4) => character(rest),
            Some(octet) if octet.is_ascii_control() && *octet != b'\t' => 1,
            _ => 0,
        };
        if step == 0 {
            break;
        }
        at += step;
    }
    at
}

/// The length of a tag or a comment; zero where it is neither.
fn tag(text: &[u8]) -> usize {
    if text.starts_with(b"<!--") {
        let window = text.get(..text.len().min(MAX_COMMENT)).unwrap_or_default();
        // A browser takes both for its end.
        let ends =
            memchr::memmem::find_iter(window, b"--").find_map(|at| match window.get(at + 2..)? {
                [b'>', ..] => Some(at + 3),
                [b'!', b'>', ..] => Some(at + 4),
                _ => None,
            });
        return ends.unwrap_or(0);
    }
    let looks_so = matches!(text.get(1), Some(b'/' | b'!' | b'?'))
        || text.get(1).is_some_and(u8::is_ascii_alphabetic);
    let window = text.get(..text.len().min(MAX_TAG)).unwrap_or_default();
    match end_of_tag(window) {
        Some(end) if looks_so => end + 1,
        _ => 0,
    }
}

/// Where a tag ends: a bracket within the quotes of a value is none.
fn end_of_tag(window: &[u8]) -> Option<usize> {
    let first = memchr::memchr(b'>', window)?;
    let value = |sign: u8| {
        let opens = memchr::memmem::find(window.get(..first)?, &[b'=', sign])? + 2;
        let closes = opens + memchr::memchr(sign, window.get(opens..)?)?;
        let rest = window.get(closes..).filter(|_| closes > first)?;
        Some(closes + memchr::memchr(b'>', rest)?)
    };
    value(b'"').or_else(|| value(b'\'')).or(Some(first))
}

/// A line end, and the quote marks or the fold at the front of the next line.
fn line_break(text: &[u8]) -> usize {
    let end = match text {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => return 0,
    };
    let quotes = text
        .get(end..)
        .unwrap_or_default()
        .iter()
        .take_while(|octet| matches!(octet, b' ' | b'\t' | b'>'));
    end + quotes.count()
}

/// Whether a word that begins behind `before` is apart from what stands there for a reader: by the end of a line that no program has made within
/// a word (RFC 3676 4.1, RFC 5322 2.2.3), or by an element that ends one.
pub(super) fn is_parted(before: &[u8]) -> bool {
    let line = memchr::memrchr(b'\n', before);
    let marks = line.and_then(|line| before.get(line + 1..)).unwrap_or(b"x");
    if let Some(line) = line
        && marks.iter().all(|octet| b" \t>".contains(octet))
    {
        let above = before.get(..line).unwrap_or_default();
        let above = above.strip_suffix(b"\r").unwrap_or(above);
        return !above.ends_with(b" ") && !marks.starts_with(b" ") && !marks.starts_with(b"\t");
    }
    let window = before
        .get(before.len().saturating_sub(MAX_TAG)..)
        .unwrap_or_default();
    let tag = memchr::memrchr(b'<', window).and_then(|at| window.get(at + 1..));
    let Some(tag) =
        tag.filter(|tag| memchr::memchr(b'>', tag) == Some(tag.len().saturating_sub(1)))
    else {
        return false;
    };
    let name = tag.strip_prefix(b"/").unwrap_or(tag);
    let length = name
        .iter()
        .take_while(|octet| octet.is_ascii_alphanumeric());
    let name = name.get(..length.count()).unwrap_or_default();
    html::parts_lines(&name.to_ascii_lowercase())
}

/// The length of a character that is not seen, escaped or not, or of an escaped line end; zero for any other.
fn character(text: &[u8]) -> usize {
    match read(text) {
        Some(atom) if atom.octets().is_empty() => atom.taken,
        Some(atom)
            if atom.form != Form::Plain && matches!(atom.octets(), b"\r" | b"\n" | b"\t") =>
        {
            atom.taken
        }
        _ => 0,
    }
}

/// The length of a shift to another charset (ISO 2022): in a text that says nothing of it some programs follow it all the same.
fn shift(text: &[u8]) -> usize {
    let rest = text.get(1..).unwrap_or_default();
    let between = rest.iter().take(3);
    let between = between
        .take_while(|octet| (0x20..0x30).contains(*octet))
        .count();
    let ends = between > 0 && rest.get(between).is_some_and(u8::is_ascii_graphic);
    if ends { 2 + between } else { 1 }
}

//! The ways in which a curious person reads a text, each undone by one pass over the whole of it.
//!
//! Simpler than what the rewriter does, and not a line of it is shared. A pass that finds nothing to undo copies nothing, and views are
//! written in turn into two texts: a large message is read often, but needs memory for three.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memmem};

use super::escapes::{backslashes, references};

/// Stands in a view where a line end or a tag was taken out.
pub(super) const SEAM: u8 = 1;

/// How often something may have been encoded over itself.
const LAYERS: usize = 3;

/// Reads a view, writes the next one, and says whether it differs; what was written is of no use otherwise.
struct Pass {
    /// Without one of these octets the pass has nothing to undo.
    marks: [u8; 2],
    undo: fn(&str, &mut String) -> bool,
    /// Whether it can bring forth characters that are not plain.
    decodes: bool,
}

impl Pass {
    const fn decoding(mark: u8, undo: fn(&str, &mut String) -> bool) -> Self {
        Self {
            marks: [mark, mark],
            undo,
            decodes: true,
        }
    }

    const fn cutting(marks: [u8; 2], undo: fn(&str, &mut String) -> bool) -> Self {
        Self {
            marks,
            undo,
            decodes: false,
        }
    }
}

/// What decodes.
const DECODING: [Pass; 4] = [
    Pass::decoding(b'\\', backslashes),
    Pass::decoding(b'&', references),
    Pass::decoding(b'%', percents),
    Pass::decoding(b'=', quoted),
];

/// What puts together, and what may have come together by that.
const JOINING: [Pass; 3] = [
    Pass::cutting(*b"\n\r", joined),
    Pass::cutting(*b"<<", untagged),
    Pass::decoding(b'&', references),
];

/// Whether something in a text could be read as something else: it holds what begins an escape, or the first octet of full-width characters.
pub(super) fn decodes(octets: &[u8]) -> bool {
    memchr3(b'&', b'%', b'=', octets).is_some() || memchr2(b'\\', 0xef, octets).is_some()
}

/// Calls `look` with every view of `text` that could hold what is looked for until it says that it has seen enough. `worth` tells of a
/// text in which nothing is left to decode whether anything could be found in it.
pub(super) fn any(text: &str, worth: impl Fn(&[u8]) -> bool, look: impl Fn(&str) -> bool) -> bool {
    let mut views = Views {
        view: String::with_capacity(text.len()),
        next: String::new(),
    };
    plain(text, &mut views.view);
    if look(&views.view) || views.undo(&DECODING, &look) {
        return true;
    }
    // Joining brings forth nothing else, but by a reference that was torn.
    let view = views.view.as_bytes();
    (memchr(b'&', view).is_some() || worth(view)) && views.undo(&JOINING, &look)
}

struct Views {
    view: String,
    next: String,
}

impl Views {
    fn undo(&mut self, passes: &[Pass], look: &impl Fn(&str) -> bool) -> bool {
        for pass in passes {
            for _ in 0..LAYERS {
                let [one, other] = pass.marks;
                self.next.clear();
                if memchr2(one, other, self.view.as_bytes()).is_none()
                    || !(pass.undo)(&self.view, &mut self.next)
                {
                    break;
                }
                if pass.decodes && !self.next.is_ascii() {
                    self.view.clear();
                    plain(&self.next, &mut self.view);
                } else {
                    std::mem::swap(&mut self.view, &mut self.next);
                    if pass.decodes {
                        self.view.make_ascii_lowercase();
                    }
                }
                if look(&self.view) {
                    return true;
                }
            }
        }
        false
    }
}

/// Writes a text of characters in their plain form. What is ASCII, as most mail is, needs no look at each character.
fn plain(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let (run, odd) = rest
            .split_at_checked(ascii_run(rest.as_bytes()))
            .unwrap_or((rest, ""));
        let from = out.len();
        out.push_str(run);
        if let Some(run) = out.get_mut(from..) {
            run.make_ascii_lowercase();
        }
        let mut chars = odd.chars();
        let Some(c) = chars.next() else {
            return;
        };
        out.extend(bare(c));
        rest = chars.as_str();
    }
}

/// How many octets at the front are ASCII.
fn ascii_run(octets: &[u8]) -> usize {
    let mut at = 0;
    for block in octets.chunks(32) {
        if !block.is_ascii() {
            return at
                + block
                    .iter()
                    .position(|octet| !octet.is_ascii())
                    .unwrap_or_default();
        }
        at += block.len();
    }
    at
}

/// A character in its plain form: lower case, half width; none if it is not seen.
fn bare(c: char) -> Option<char> {
    let c = match u32::from(c) {
        0xad
        | 0x34f
        | 0x61c
        | 0x180b..=0x180e
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0xfe00..=0xfe0f
        | 0xfeff => return None,
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0)?,
        _ => c,
    };
    if c.is_ascii() {
        return Some(c.to_ascii_lowercase());
    }
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(small), None) => Some(small),
        _ => Some(c),
    }
}

/// Octets after a mark, two digits each, read as UTF-8.
pub(super) fn octets(text: &str, mark: u8, out: &mut String) -> bool {
    let octets = text.as_bytes();
    let mut found: Vec<u8> = std::mem::take(out).into_bytes();
    let mut copied = 0;
    for at in memchr_iter(mark, octets) {
        if at < copied {
            continue;
        }
        let Some(octet) = octets.get(at + 1..at + 3).and_then(two_digits) else {
            continue;
        };
        found.extend_from_slice(octets.get(copied..at).unwrap_or_default());
        found.push(octet);
        copied = at + 3;
    }
    if copied > 0 {
        found.extend_from_slice(octets.get(copied..).unwrap_or_default());
    }
    *out = super::runs::into_readable(found);
    copied > 0
}

fn two_digits(digits: &[u8]) -> Option<u8> {
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let [high, low] = digits else {
        return None;
    };
    u8::try_from(value(high)? * 16 + value(low)?).ok()
}

fn percents(text: &str, out: &mut String) -> bool {
    octets(text, b'%', out)
}

/// Quoted-printable, which nobody may have declared.
pub(super) fn quoted(text: &str, out: &mut String) -> bool {
    let joined = without_soft_breaks(text);
    let decoded = octets(&joined, b'=', out);
    if !decoded && let Cow::Owned(joined) = joined {
        *out = joined;
        return true;
    }
    decoded
}

/// A text without the line breaks of quoted-printable.
fn without_soft_breaks(text: &str) -> Cow<'_, str> {
    let mut joined = Cow::Borrowed(text);
    for soft in ["=\r\n", "=\n"] {
        if memmem::find(joined.as_bytes(), soft.as_bytes()).is_none() {
            continue;
        }
        let mut out = String::with_capacity(joined.len());
        let mut copied = 0;
        for at in memmem::find_iter(joined.as_bytes(), soft.as_bytes()) {
            out.push_str(joined.get(copied..at).unwrap_or_default());
            copied = at + soft.len();
        }
        out.push_str(joined.get(copied..).unwrap_or_default());
        joined = Cow::Owned(out);
    }
    joined
}

/// Lines joined as a reader joins them: without the fold or the quote marks of the next one.
fn joined(text: &str, out: &mut String) -> bool {
    let mut start = 0;
    while start < text.len() {
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        let end = memchr(b'\n', rest);
        let line = text
            .get(start..start + end.unwrap_or(rest.len()))
            .unwrap_or_default();
        let line = match end {
            Some(_) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        };
        let line = if start == 0 {
            line
        } else {
            out.push(char::from(SEAM));
            line.trim_start_matches([' ', '\t', '>'])
        };
        out.push_str(line.strip_suffix(' ').unwrap_or(line));
        start += end.map_or(rest.len(), |end| end + 1);
    }
    out.len() != text.len() || out != text
}

/// Without comments and tags.
fn untagged(text: &str, out: &mut String) -> bool {
    let octets = text.as_bytes();
    let (mut copied, mut comments_end) = (0, true);
    for at in memchr_iter(b'<', octets) {
        if at < copied {
            continue;
        }
        let after = octets.get(at + 1..).unwrap_or_default();
        let end = match after.strip_prefix(b"!--") {
            // One that does not end is looked for once: nor do those behind it.
            Some(comment) => {
                let end = comments_end
                    .then(|| memmem::find(comment, b"-->"))
                    .flatten();
                comments_end = end.is_some();
                end.map(|end| end + 6)
            }
            None => memchr2(b'<', b'>', after)
                .filter(|end| after.get(*end) == Some(&b'>'))
                .map(|end| end + 1),
        };
        // `< 5` and `<jan@poczta.example>` are no tags.
        let named = after
            .first()
            .is_some_and(|first| first.is_ascii_alphabetic() || b"/!?".contains(first));
        let tag = end.filter(|_| named).and_then(|end| after.get(..end));
        if let Some(tag) = tag.filter(|tag| !is_address(tag)) {
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push(char::from(SEAM));
            copied = at + 1 + tag.len();
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    copied > 0
}

fn is_address(tag: &[u8]) -> bool {
    memchr(b'@', tag).is_some() && memchr3(b' ', b'"', b'\'', tag).is_none()
}

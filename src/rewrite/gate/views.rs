//! The ways in which a curious person reads a text, each undone by one pass over the whole of it.
//!
//! Simpler than what the rewriter does, and not a line of it is shared. A pass that finds nothing to undo copies nothing, and views are
//! written in turn into two texts: a large message is read often, but needs memory for three.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3_iter, memmem};

use super::cuts::{joined, nests, untagged, without_brackets};
use super::escapes::{backslashes, references};
use super::plain::plain;

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

/// What puts lines together.
const JOINING: [Pass; 1] = [Pass::cutting(*b"\n\r", joined)];

/// What cuts tags out, and what may have come together by that.
const CUTTING: [Pass; 3] = [
    Pass::cutting(*b"<<", untagged),
    Pass::cutting(*b"<<", without_brackets),
    Pass::decoding(b'&', references),
];

/// The same for who knows nothing of quotes around values: what a tag holds is cut before it is.
const BARE: [Pass; 2] = [
    Pass::cutting(*b"<<", without_brackets),
    Pass::decoding(b'&', references),
];

/// Whether something in a text could be read as something else: an escape, or a letter that Unicode holds for another.
pub(super) fn decodes(octets: &[u8]) -> bool {
    // Digits may be full-width, and something that is not seen may stand before them.
    let digit = |octet: &u8| octet.is_ascii_hexdigit() || !octet.is_ascii();
    let digits = |at: usize| {
        octets
            .get(at..at + 2)
            .is_some_and(|two| two.iter().all(digit))
    };
    let escape = |at: usize| match (octets.get(at), octets.get(at + 1)) {
        // A reference may be torn by what is cut out later.
        (Some(b'&'), _) | (Some(b'='), Some(b'\r' | b'\n' | 0x80..)) => true,
        _ => digits(at + 1),
    };
    // Full-width and small forms; letterlike, circled and squared ones; mathematical ones.
    let other = |at: usize| {
        matches!(
            (octets.get(at), octets.get(at + 1)),
            (Some(b'\\'), _)
                | (Some(0xef), Some(0xb9 | 0xbc | 0xbd))
                | (Some(0xe2), Some(0x84 | 0x85 | 0x91..=0x93))
                | (Some(0xf0), Some(0x9d | 0x9f))
        )
    };
    memchr3_iter(b'&', b'%', b'=', octets).any(escape)
        || memchr3_iter(b'\\', 0xef, 0xe2, octets).any(other)
        || memchr_iter(0xf0, octets).any(other)
}

/// Whether something in a text could be read as an at sign, or as the beginning of an escape of one.
pub(super) fn hides_sign(octets: &[u8]) -> bool {
    const CODES: [&str; 6] = ["40", "25", "5c", "3d", "26", "23"];
    let percent = |at: usize| {
        octets.get(at + 1..at + 3).is_some_and(|two| {
            CODES
                .iter()
                .any(|code| two.eq_ignore_ascii_case(code.as_bytes()))
                || !two.is_ascii()
        })
    };
    let other = |at: usize| {
        matches!(
            (octets.get(at), octets.get(at + 1)),
            (Some(b'\\'), _) | (Some(0xef), Some(0xb9 | 0xbc | 0xbd))
        )
    };
    memchr2_iter(b'&', b'%', octets).any(|at| match octets.get(at) {
        Some(b'&') => is_sign(octets.get(at + 1..).unwrap_or_default()),
        _ => percent(at),
    }) || memchr2_iter(b'\\', 0xef, octets).any(other)
}

/// Whether what stands behind `&` refers to such a sign.
fn is_sign(mut rest: &[u8]) -> bool {
    const SIGNS: [&str; 6] = ["commat", "percnt", "bsol", "equals", "num", "lowbar"];
    while let Some(inner) = rest
        .strip_prefix(b"amp")
        .or_else(|| rest.strip_prefix(b"AMP"))
    {
        rest = inner.strip_prefix(b";").unwrap_or(inner);
    }
    let Some(number) = rest.strip_prefix(b"#") else {
        return SIGNS.iter().any(|sign| rest.starts_with(sign.as_bytes()));
    };
    let (from, radix) = match number {
        [b'x' | b'X', ..] => (1, 16),
        _ => (0, 10),
    };
    let digits = number.get(from..).unwrap_or_default();
    let length = digits
        .iter()
        .take_while(|octet| char::from(**octet).is_digit(radix))
        .count();
    let digits = digits.get(..length).unwrap_or_default();
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    let code = u32::from_str_radix(digits.trim_start_matches('0'), radix).unwrap_or(0);
    // In ASCII, or among the forms that stand for it.
    matches!(code, 0x23 | 0x25 | 0x26 | 0x3d | 0x40 | 0x5c | 0xfe50..=0xfe6b | 0xff01..=0xff5e)
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
    if memchr(b'&', view).is_none() && !worth(view) {
        return false;
    }
    views.undo(&JOINING, &look)
        || (nests(views.view.as_bytes()) && views.clone().undo(&BARE, &look))
        || views.undo(&CUTTING, &look)
}

/// As [`any`], of lines that stand each by itself: nothing is put together.
pub(super) fn apart(lines: &str, look: impl Fn(&str) -> bool) -> bool {
    let mut views = Views {
        view: String::with_capacity(lines.len()),
        next: String::new(),
    };
    plain(lines, &mut views.view);
    look(&views.view) || views.undo(&DECODING, &look)
}

#[derive(Clone)]
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
    *out = super::text::into_readable(found);
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

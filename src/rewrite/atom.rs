//! One character of a text as any mail program or curious person would read it, whatever it was written as.
//!
//! As itself, as an HTML entity, percent-encoded (also twice), as a quoted-printable or backslash escape, as a letter that Unicode holds for the
//! same (full-width, mathematical, circled); and what stands between characters without being seen (docs/threats.md#92).

use super::fold::{Folded, fold};

/// How often a backslash may have been escaped. Without an end a line of them would be counted anew from each of its octets.
const MAX_SLASHES: usize = 16;

/// A character in its plain form, and how many octets of the text it took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    meant: Folded,
    pub(super) taken: usize,
    pub(super) form: Form,
}

/// How a character was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As itself.
    Plain,
    /// `%40`. It stands in a link then, and so will the mask: that has to be percent-encoded, too.
    Percent,
    /// Otherwise escaped. A mask holds nothing that these notations would misread, so it stands there as it is.
    Escaped,
}

impl Atom {
    /// What the character means, as [`fold`] has it. None: it is not seen.
    pub(super) fn octets(&self) -> &[u8] {
        self.meant.octets()
    }

    /// An octet by itself. One over 127 is a piece of a character, or of a text that is none in UTF-8.
    fn octet(octet: u8, taken: usize, form: Form) -> Self {
        Self {
            meant: Folded::octet(octet.to_ascii_lowercase()),
            taken,
            form,
        }
    }

    fn char(c: char, taken: usize, form: Form) -> Self {
        Self {
            meant: fold(c),
            taken,
            form,
        }
    }
}

/// Reads the character at the front of `text`. None at the end of the text only: what is no good escape stands for itself, so that a search
/// can always go on by one octet.
pub(super) fn read(text: &[u8]) -> Option<Atom> {
    let first = *text.first()?;
    let escaped = match first {
        b'&' => entity(text),
        b'%' => percent(text),
        // Quoted-printable that nobody decoded: the source of a message pasted into another, or a part with the wrong label.
        b'=' => coded(text, Form::Escaped, |text| {
            Some((text.strip_prefix(b"=").and_then(two)?, 3))
        }),
        b'\\' => backslash(text),
        // The first octet of a character of UTF-8.
        0xc2..=0xf4 => first_char(text).map(|c| Atom::char(c, c.len_utf8(), Form::Plain)),
        _ => None,
    };
    Some(escaped.unwrap_or_else(|| Atom::octet(first, 1, Form::Plain)))
}

/// The octet of some digits. Each is looked at by itself, for `from_str_radix` would take a sign, too.
fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u8::from_str_radix(text, 16).ok())?
}

/// The octet of the two digits at the front of `text`.
fn two(text: &[u8]) -> Option<u8> {
    hex(text.get(..2)?)
}

/// The character at the front of a text in UTF-8.
fn first_char(text: &[u8]) -> Option<char> {
    let window = text.get(..text.len().min(4))?;
    let valid = match std::str::from_utf8(window) {
        Ok(valid) => valid,
        // The next character may be cut in two, which is no matter.
        Err(error) => std::str::from_utf8(window.get(..error.valid_up_to())?).ok()?,
    };
    valid.chars().next()
}

/// A character whose octets are escaped one by one; `read` reads one escape and its length.
fn coded(text: &[u8], form: Form, read: fn(&[u8]) -> Option<(u8, usize)>) -> Option<Atom> {
    let (first, mut taken) = read(text)?;
    let alone = if first.is_ascii() {
        Atom::char(char::from(first), taken, form)
    } else {
        Atom::octet(first, taken, form)
    };
    if !matches!(first, 0xc2..=0xf4) {
        return Some(alone);
    }
    let mut octets = [first, 0, 0, 0];
    for length in 2..=octets.len() {
        let Some((octet, more)) = text.get(taken..).and_then(read) else {
            break;
        };
        taken += more;
        if let Some(place) = octets.get_mut(length - 1) {
            *place = octet;
        }
        let whole = octets.get(..length).map(std::str::from_utf8);
        if let Some(Ok(c)) = whole {
            return c.chars().next().map(|c| Atom::char(c, taken, form));
        }
    }
    Some(alone)
}

/// `%40`, encoded again by every redirector that a link goes through (docs/threats.md#92).
fn percent(text: &[u8]) -> Option<Atom> {
    coded(text, Form::Percent, |text| {
        let mut at = 1;
        // `%2540` is `%40` encoded once more.
        while text.get(at..at + 2) == Some(b"25") && text.get(at + 2..).and_then(two).is_some() {
            at += 2;
        }
        let digits = text.first().filter(|mark| **mark == b'%');
        Some((digits.and_then(|_| text.get(at..)).and_then(two)?, at + 2))
    })
}

/// `\u0040`, `\u{40}` and `\x40` of programs, `\'40` of RTF, `\40 ` of style sheets (CSS Syntax 4.3.7).
fn backslash(text: &[u8]) -> Option<Atom> {
    // JSON within JSON escapes the backslash itself.
    let slashes = text
        .iter()
        .take(MAX_SLASHES)
        .take_while(|octet| **octet == b'\\');
    let slashes = slashes.count();
    let rest = text.get(slashes..)?;
    let (before, digits, after) = match rest {
        [b'u' | b'U', b'{', digits @ ..] => (2, hexadecimal(digits, 6), 1),
        [b'u' | b'U', digits @ ..] => (1, digits.get(..4)?, 0),
        [b'x' | b'\'', digits @ ..] => (1, digits.get(..2)?, 0),
        digits => {
            let digits = hexadecimal(digits, 6);
            // A style sheet ends an escape with a blank, which belongs to it.
            let end = rest.get(digits.len());
            let white = end.is_some_and(|octet| matches!(octet, b' ' | b'\t'));
            (0, digits, usize::from(white))
        }
    };
    let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    let taken = slashes + before + digits.len() + after;
    Some(Atom::char(char::from_u32(code)?, taken, Form::Escaped))
}

/// The hexadecimal digits at the front of `text`, `most` of them at most.
fn hexadecimal(text: &[u8], most: usize) -> &[u8] {
    let digits = text.iter().take(most);
    let count = digits.take_while(|octet| octet.is_ascii_hexdigit()).count();
    text.get(..count).unwrap_or_default()
}

/// A character reference, with or without its semicolon, escaped however often.
fn entity(text: &[u8]) -> Option<Atom> {
    let mut at = 1;
    while text
        .get(at..at + 4)
        .is_some_and(|name| name.eq_ignore_ascii_case(b"amp;"))
    {
        at += 4;
    }
    let (c, length) = reference(text.get(at..)?)?;
    Some(Atom::char(c, at + length, Form::Escaped))
}

/// A reference after its ampersand, and its length. Browsers take it without its semicolon too, so it is taken so here.
fn reference(text: &[u8]) -> Option<(char, usize)> {
    let semicolon = |length: usize| length + usize::from(text.get(length) == Some(&b';'));
    if let Some(number) = text.strip_prefix(b"#") {
        let hexadecimal = matches!(number.first(), Some(b'x' | b'X'));
        let digits = number.get(usize::from(hexadecimal)..)?;
        let radix = if hexadecimal { 16 } else { 10 };
        let count = digits
            .iter()
            .take(MAX_DIGITS)
            .take_while(|digit| char::from(**digit).is_digit(radix))
            .count();
        let digits = std::str::from_utf8(digits.get(..count)?).ok()?;
        let code = u32::from_str_radix(significant(digits), radix).ok()?;
        return Some((
            char::from_u32(code)?,
            semicolon(1 + usize::from(hexadecimal) + count),
        ));
    }
    NAMED
        .iter()
        .find(|(name, _)| text.first() == name.first() && text.starts_with(name))
        .map(|(name, c)| (*c, semicolon(name.len())))
}

/// Digits of a reference that are read: a browser takes any number of zeros.
const MAX_DIGITS: usize = 64;

/// Digits without the zeros at their front.
fn significant(digits: &str) -> &str {
    let bare = digits.trim_start_matches('0');
    if bare.is_empty() {
        digits.get(..1).unwrap_or(digits)
    } else {
        bare
    }
}

/// Named references to what stands in addresses, or in them without being seen. HTML has two thousand more, for characters that stand in none.
const NAMED: [(&[u8], char); 12] = [
    (b"commat", '@'),
    (b"period", '.'),
    (b"lowbar", '_'),
    (b"UnderBar", '_'),
    (b"plus", '+'),
    (b"shy", '\u{ad}'),
    (b"zwnj", '\u{200c}'),
    (b"zwj", '\u{200d}'),
    (b"ZeroWidthSpace", '\u{200b}'),
    (b"NoBreak", '\u{2060}'),
    (b"lrm", '\u{200e}'),
    (b"rlm", '\u{200f}'),
];

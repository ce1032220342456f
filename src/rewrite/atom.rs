//! One character of a text as any mail program or curious person would read it, whatever it was written as.
//!
//! As itself, as an HTML entity, percent-encoded (also twice), as a quoted-printable or backslash escape, full-width; and what stands between
//! characters without being seen: tags, comments, zero-width characters, soft line breaks (hostile-inputs 92).

/// How often a backslash may have been escaped. Without an end a line of them would be counted anew from each of its octets.
const MAX_SLASHES: usize = 16;

/// Up to four octets of UTF-8, lower case where ASCII, and how many octets of the text they took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    octets: [u8; 4],
    length: usize,
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
    /// What the character means: one octet of ASCII or of a text in UTF-8, or a whole character that was escaped.
    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    /// An octet by itself. One over 127 is a piece of a character, and needles are compared octet by octet, so it matches all the same.
    fn octet(octet: u8, taken: usize, form: Form) -> Self {
        Self {
            octets: [octet.to_ascii_lowercase(), 0, 0, 0],
            length: 1,
            taken,
            form,
        }
    }

    /// A character that took several octets of the text: always [`Form::Escaped`], for nothing else is decoded to one.
    fn char(c: char, taken: usize) -> Self {
        let c = narrow(c).to_ascii_lowercase();
        let mut octets = [0; 4];
        let length = c.encode_utf8(&mut octets).len();
        Self {
            octets,
            length,
            taken,
            form: Form::Escaped,
        }
    }
}

/// Full-width forms stand for ASCII (U+FF01 to U+FF5E): a reader retypes them without thinking. No other look-alike is folded, for a mail
/// program takes none of them for the letter.
fn narrow(c: char) -> char {
    let code = u32::from(c);
    if (0xff01..=0xff5e).contains(&code) {
        char::from_u32(code - 0xfee0).unwrap_or(c)
    } else {
        c
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
        b'=' => text
            .get(1..3)
            .and_then(hex)
            .map(|octet| Atom::octet(octet, 3, Form::Escaped)),
        b'\\' => backslash(text),
        // U+00C0 to U+053F: the letters of two octets that have capitals.
        0xc3..=0xd4 => capital(text),
        0xef => wide(text),
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

/// `%40`, encoded again by every redirector that a link goes through (hostile-inputs 92).
pub(super) fn percent(text: &[u8]) -> Option<Atom> {
    let mut at = 1;
    // `%2540` is `%40` encoded once more.
    while text.get(at..at + 2) == Some(b"25") && text.get(at + 2..at + 4).and_then(hex).is_some() {
        at += 2;
    }
    let octet = hex(text.get(at..at + 2)?)?;
    Some(Atom::octet(octet, at + 2, Form::Percent))
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
    Some(Atom::char(
        char::from_u32(code)?,
        slashes + before + digits.len() + after,
    ))
}

/// The hexadecimal digits at the front of `text`, `most` of them at most.
fn hexadecimal(text: &[u8], most: usize) -> &[u8] {
    let digits = text.iter().take(most);
    let count = digits.take_while(|octet| octet.is_ascii_hexdigit()).count();
    text.get(..count).unwrap_or_default()
}

/// A capital letter of two octets stands for its small one: domains and local parts may hold them (RFC 5890, RFC 6531).
fn capital(text: &[u8]) -> Option<Atom> {
    let c = std::str::from_utf8(text.get(..2)?).ok()?.chars().next()?;
    let mut small = c.to_lowercase();
    let (Some(small), None) = (small.next(), small.next()) else {
        return None;
    };
    (small != c).then(|| Atom::char(small, 2))
}

/// A full-width form in UTF-8, which takes three octets.
fn wide(text: &[u8]) -> Option<Atom> {
    let c = std::str::from_utf8(text.get(..3)?).ok()?.chars().next()?;
    (narrow(c) != c).then(|| Atom::char(c, 3))
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
    Some(Atom::char(c, at + length))
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
            // Enough for every code point and some zeros before it.
            .take(10)
            .take_while(|digit| char::from(**digit).is_digit(radix))
            .count();
        let digits = std::str::from_utf8(digits.get(..count)?).ok()?;
        let code = u32::from_str_radix(digits, radix).ok()?;
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

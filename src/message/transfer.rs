//! Content-Transfer-Encodings (RFC 2045 6), read leniently and written strictly.
//!
//! Leniently, since what a strict reader gives up some mail program shows: an address behind a missing padding must be found (docs/threats.md#108).
//! Reading takes linear time and gives no more octets than it was given.

use std::borrow::Cow;

use data_encoding::BASE64;

use super::parameters::unescape_into;

/// The longest line of a message in octets, without its line end (RFC 5322 2.1.1).
pub const MAX_LINE: usize = 998;
/// The longest line of quoted-printable (RFC 2045 6.7).
const MAX_QUOTED: usize = 76;

/// How content is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is: 7bit, 8bit, binary, or an encoding that nobody knows.
    Identity,
    /// `quoted-printable`.
    QuotedPrintable,
    /// `base64`.
    Base64,
}

impl Encoding {
    /// The encoding of this name, in lower case.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "quoted-printable" => Self::QuotedPrintable,
            "base64" => Self::Base64,
            _ => Self::Identity,
        }
    }

    /// The content itself; what is no good encoding is passed over.
    #[must_use]
    pub fn decode(self, content: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Identity => Cow::Borrowed(content),
            Self::QuotedPrintable => Cow::Owned(from_quoted_printable(content)),
            Self::Base64 => Cow::Owned(from_base64(content)),
        }
    }

    /// The content as it is written. What has an encoding leaves in lines that end in CRLF and are no longer than it allows.
    #[must_use]
    pub fn encode(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => content.to_vec(),
            Self::QuotedPrintable => to_quoted_printable(content),
            Self::Base64 => to_base64(content),
        }
    }
}

/// Whether a line is too long to be sent as it is.
#[must_use]
pub fn has_long_line(content: &[u8]) -> bool {
    let last = memchr::memrchr(b'\n', content).map_or(0, |end| end + 1);
    has_line_over(content, MAX_LINE + 2) || content.len() - last > MAX_LINE
}

/// Whether a line is longer than `most` octets, its line end among them. One look in so many octets is enough. The last line, which has no end,
/// counts once it is longer.
pub(super) fn has_line_over(text: &[u8], most: usize) -> bool {
    let mut rest = text;
    while let Some(window) = rest.get(..most).filter(|_| rest.len() > most) {
        match memchr::memrchr(b'\n', window) {
            Some(end) => rest = rest.get(end + 1..).unwrap_or_default(),
            None => return true,
        }
    }
    false
}

/// RFC 2045 6.7. An `=` that escapes nothing stands for itself; bare LF ends a line and stays (docs/threats.md#p52).
fn from_quoted_printable(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        let (text, end) = match line {
            [text @ .., b'\r', b'\n'] => (text, "\r\n"),
            [text @ .., b'\n'] => (text, "\n"),
            text => (text, ""),
        };
        // White space before a line end was added on the way (RFC 2045 6.7, rule 3).
        let text = text.trim_ascii_end();
        let (text, soft) = text
            .strip_suffix(b"=")
            .map_or((text, false), |text| (text, true));
        unescape_into(text, b'=', &mut out);
        if !soft {
            out.extend_from_slice(end.as_bytes());
        }
    }
    out
}

/// RFC 2045 6.7, as text: a line end stays one. A bare LF is none, and stands escaped as it did.
fn to_quoted_printable(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + content.len() / 4);
    let mut rest = content;
    while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
        let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, b""));
        quote_line(line, &mut out);
        out.extend_from_slice(b"\r\n");
        rest = behind.get(2..).unwrap_or_default();
    }
    quote_line(rest, &mut out);
    out
}

/// One line without its end, in pieces of 76 columns at most, the `=` of a soft line break among them.
fn quote_line(text: &[u8], out: &mut Vec<u8>) {
    let mut column = 0;
    let mut rest = text;
    while let Some((octet, tail)) = rest.split_first() {
        let plain = literal(rest);
        let width = if plain > 0 { 1 } else { 3 };
        while column + width >= MAX_QUOTED {
            column = break_line(column, out);
        }
        // What needs no escape goes in one piece, as far as the line has room for it.
        let piece = plain.min(MAX_QUOTED - 1 - column);
        if let Some((piece, tail)) = rest.split_at_checked(piece).filter(|_| plain > 0) {
            out.extend_from_slice(piece);
            column += piece.len();
            rest = tail;
        } else {
            let digit = |value: u8| b"0123456789ABCDEF".get(usize::from(value)).copied();
            out.push(b'=');
            out.extend(digit(octet >> 4));
            out.extend(digit(octet & 15));
            column += width;
            rest = tail;
        }
    }
}

/// Breaks the last line, of so many columns, softly: behind its last blank, so that the source shows whole names, if it has one. What it has then.
fn break_line(column: usize, out: &mut Vec<u8>) -> usize {
    let begin = out.len().saturating_sub(column);
    let line = out.get(begin..).unwrap_or_default();
    let word = memchr::memrchr(b' ', line).map_or(column, |blank| blank + 1);
    let word = out.split_off(begin + word);
    out.extend_from_slice(b"=\r\n");
    out.extend_from_slice(&word);
    word.len()
}

/// How many octets at the front of the rest of a line stand for themselves. White space at its end would be lost on the way.
fn literal(rest: &[u8]) -> usize {
    let stands = |octet: &&u8| matches!(octet, b'!'..=b'<' | b'>'..=b'~' | b' ' | b'\t');
    let plain = rest.iter().take(MAX_QUOTED).take_while(stands).count();
    match rest.last() {
        Some(b' ' | b'\t') if plain == rest.len() => plain - 1,
        _ => plain,
    }
}

/// Everything that is no base64 is passed over; the end may lack its padding.
fn from_base64(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for octet in content {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // Padding ends a group; encoders that join pieces go on after it.
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., low] = (bits >> count).to_be_bytes();
            out.push(low);
        }
    }
    out
}

/// RFC 2045 6.8: lines of 76 columns, each with its end.
fn to_base64(content: &[u8]) -> Vec<u8> {
    let text = BASE64.encode(content);
    let mut out = Vec::with_capacity(text.len() + text.len() / 38 + 2);
    for (number, line) in text.as_bytes().chunks(76).enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line);
    }
    if !out.is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    out
}

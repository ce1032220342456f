//! HTML that every parser reads alike.
//!
//! Most of what people and programs send is written so plainly that a browser and whoever just cuts out what is between angle brackets read the
//! same. Of such a document the views ([`views`](super::views)) show all that [`documents`](super::documents) would, and it need not be parsed. What is
//! allowed here is a small part of the language ([HTML Standard, 13.1](https://html.spec.whatwg.org/#writing)): at the first thing that two readers
//! could take differently the document is left to the parser.

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3_iter, memmem};

use super::escapes::{LONGEST_NAME, begins_like_a_bare_one, name_of, named};

/// Whether `text` is such a document.
pub(super) fn is_unambiguous(text: &str) -> bool {
    let mut reader = Reader {
        text,
        at: 0,
        shown: false,
    };
    reader.read().is_some()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether anything was shown so far.
    shown: bool,
}

/// Elements whose text is not read as HTML, or whose place in the document changes how it is.
const SPECIAL: [&str; 12] = [
    "script",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "textarea",
    "plaintext",
    "math",
    "svg",
    "template",
    "listing",
];

/// None at the first thing that could be read in two ways.
type Certain = Option<()>;

/// Nothing where something is not as it has to be.
fn certain(is: bool) -> Certain {
    is.then_some(())
}

impl<'a> Reader<'a> {
    fn read(&mut self) -> Certain {
        has_plain_signs(self.text.as_bytes())?;
        while self.at < self.text.len() {
            let rest = self.rest();
            let end = memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
            let shown = rest.get(..end)?;
            is_text(shown)?;
            self.shown |= !shown.trim_ascii().is_empty();
            self.at += end;
            if self.at < self.text.len() {
                self.markup()?;
            }
        }
        Some(())
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What begins with an angle bracket.
    fn markup(&mut self) -> Certain {
        let rest = self.rest();
        let inside = rest.get(1..)?;
        if let Some(comment) = inside.strip_prefix("!--") {
            let end = memmem::find(comment.as_bytes(), b"--")?;
            let content = comment.get(..end)?;
            certain(comment.get(end..)?.starts_with("-->"))?;
            certain(self.stands_by_itself(comment.get(end + 3..)?))?;
            certain(memchr2(b'<', b'>', content.as_bytes()).is_none())?;
            // A document of its own, for some.
            certain(memchr(b'&', content.as_bytes()).is_none())?;
            is_text(content)?;
            self.at += 4 + end + 3;
            return Some(());
        }
        let end = memchr(b'>', inside.as_bytes())?;
        let tag = inside.get(..end)?;
        self.at += 1 + end + 1;
        if tag.starts_with(['!', '?']) {
            return self.declaration(tag);
        }
        let is_end = tag.starts_with('/');
        let tag = tag.strip_prefix('/').unwrap_or(tag);
        let name = tag_name(tag);
        certain(name.starts_with(|c: char| c.is_ascii_alphabetic()))?;
        attributes(tag.get(name.len()..)?)?;
        let is = |known: &&str| known.eq_ignore_ascii_case(name);
        certain(!SPECIAL.iter().any(&is))?;
        // They cut what is shown in two, so before that only.
        if !is_end && ["style", "title"].iter().any(is) {
            return self.raw(name);
        }
        Some(())
    }

    /// Whether a comment, with `behind` after it, leaves no blank at the end or the front of a line of text: that would join it to its neighbour.
    fn stands_by_itself(&self, behind: &str) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let bare = before.trim_end_matches([' ', '\t']);
        let alone = bare.is_empty() || bare.ends_with('\n');
        if behind.starts_with(['\r', '\n']) {
            return alone || bare.len() == before.len();
        }
        !(alone && behind.starts_with([' ', '\t', '>', '&']))
    }

    /// `<!DOCTYPE html>`, `<?xml version="1.0"?>`: before the document.
    fn declaration(&self, tag: &str) -> Certain {
        let is_known = tag
            .get(..8)
            .is_some_and(|front| front.eq_ignore_ascii_case("!doctype"))
            || tag.starts_with("?xml ");
        certain(is_known && !self.shown)?;
        certain(memchr2(b'<', b'&', tag.as_bytes()).is_none())?;
        no_escapes(tag)?;
        certain(memchr(b'"', tag.as_bytes()).is_none() || quotes_are_even(tag))
    }

    /// The text of a style sheet or title up to its end tag.
    fn raw(&mut self, name: &str) -> Certain {
        certain(!self.shown)?;
        let rest = self.rest();
        let end = memchr(b'<', rest.as_bytes())?;
        let content = rest.get(..end)?;
        certain(memchr(b'&', content.as_bytes()).is_none())?;
        is_text(content)?;
        let close = rest.get(end..)?.strip_prefix("</")?;
        let matches = close.get(..name.len())?.eq_ignore_ascii_case(name);
        certain(matches && close.get(name.len()..)?.starts_with('>'))?;
        self.at += end + 2 + name.len() + 1;
        Some(())
    }
}

/// Without controls and backslashes, which some follow, and without what Unicode holds for a sign of markup: full-width and small forms, equals signs
/// above and below the line, and the stroke that makes one sign of two (`>` and U+0338).
fn has_plain_signs(octets: &[u8]) -> Certain {
    let is_control = |octet: u8| {
        ((octet < b' ') & (octet != b'\t') & (octet != b'\r') & (octet != b'\n'))
            | (octet == b'\\')
            | (octet == 0x7f)
    };
    // In blocks, which the compiler turns into vectors.
    let mut blocks = octets.chunks(64);
    certain(!blocks.any(|block| {
        block
            .iter()
            .fold(false, |any, octet| any | is_control(*octet))
    }))?;
    let other = |at: usize| {
        matches!(
            octets.get(at..).unwrap_or_default(),
            [0xef, 0xb9 | 0xbc | 0xbd, ..]
                | [0xe2, 0x81, 0xbc, ..]
                | [0xe2, 0x82, 0x8c, ..]
                | [0xcc, 0xb8, ..]
        )
    };
    certain(!memchr3_iter(0xef, 0xe2, 0xcc, octets).any(other))
}

fn tag_name(tag: &str) -> &str {
    let length = tag
        .bytes()
        .take_while(|octet| octet.is_ascii_alphanumeric() || b":-_".contains(octet));
    tag.get(..length.count()).unwrap_or_default()
}

fn quotes_are_even(tag: &str) -> bool {
    memchr_iter(b'"', tag.as_bytes()).count().is_multiple_of(2)
        && memchr(b'\'', tag.as_bytes()).is_none()
}

/// What stands between tags.
fn is_text(text: &str) -> Certain {
    no_escapes(text)?;
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        rest = rest.get(at + 1..)?;
        // A tag of its own in some views.
        if reference(rest)? == "<" {
            let inside = rest.get(rest.find(';')? + 1..)?;
            let begins = |c: char| !c.is_ascii() || c.is_ascii_alphabetic() || "/!?&".contains(c);
            let stands = |c: char| c.is_ascii_graphic() && !"<>&\"'=%".contains(c);
            let behind = inside.trim_start_matches(stands);
            certain(!inside.starts_with(begins) || behind.starts_with("&gt;"))?;
        }
    }
    Some(())
}

/// Without the escapes of links and quoted-printable.
fn no_escapes(text: &str) -> Certain {
    let octets = text.as_bytes();
    let escape = |at: usize| {
        let two = octets.get(at + 1..).unwrap_or_default();
        match two {
            [one, two, ..] => {
                (one.is_ascii_hexdigit() || !one.is_ascii())
                    && (two.is_ascii_hexdigit() || !two.is_ascii())
                    || matches!(one, b'\r' | b'\n')
            }
            [b'\n'] => true,
            _ => false,
        }
    };
    certain(!memchr2_iter(b'%', b'=', octets).any(escape))
}

/// What a reference stands for whose ampersand stands before `after`; an empty text if it is none. None if readers differ.
fn reference(after: &str) -> Option<&'static str> {
    if let Some(number) = after.strip_prefix('#') {
        let (digits, radix) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16),
            None => (number, 10),
        };
        let length = digits
            .chars()
            .take(8)
            .take_while(|c| c.is_digit(radix))
            .count();
        certain(digits.get(length..)?.starts_with(';'))?;
        let code = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
        let c = char::from_u32(code).filter(|c| !c.is_control())?;
        return match c {
            '<' => Some("<"),
            '>' => Some(">"),
            '"' => Some("\""),
            '\'' => Some("'"),
            '&' => Some("&"),
            '%' | '=' | '\\' => None,
            _ => Some(" "),
        };
    }
    let name = name_of(after);
    // Something that is not seen may stand within it, or another reference.
    let next = after.as_bytes().get(name.len());
    certain(next.is_none_or(|next| next.is_ascii() && *next != b'&'))?;
    let mut small = [0; LONGEST_NAME];
    let small = small.get_mut(..name.len())?;
    small.copy_from_slice(name.as_bytes());
    small.make_ascii_lowercase();
    let small = std::str::from_utf8(small).ok()?;
    if next == Some(&b';') {
        let known = named(small)?;
        let is_certain = known.is_certain || name == small;
        let escapes = ["%", "=", "\\", "\t", "\n"];
        return (is_certain && !escapes.contains(&known.text)).then_some(known.text);
    }
    (!begins_like_a_bare_one(small)).then_some("")
}

/// What stands in a tag behind its name.
fn attributes(rest: &str) -> Certain {
    // A bracket at the front of a line is a quote for some.
    let end = rest.trim_end_matches([' ', '\t']);
    certain(!end.ends_with(['\r', '\n']))?;
    escapes_no_markup(rest)?;
    let mut rest = rest.strip_suffix('/').unwrap_or(rest);
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if trimmed.is_empty() {
            return Some(());
        }
        certain(trimmed.len() < rest.len())?;
        let name = tag_name(trimmed);
        certain(!name.is_empty() && !name.eq_ignore_ascii_case("srcdoc"))?;
        rest = trimmed.get(name.len()..)?;
        let Some(value) = rest.strip_prefix('=') else {
            continue;
        };
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, behind) = match quote {
            Some(quote) => value.get(1..)?.split_once(quote)?,
            None => {
                let end = value.find([' ', '\t', '\r', '\n']).unwrap_or(value.len());
                certain(end > 0 && !value.get(..end)?.contains(['"', '\'', '=', '`']))?;
                value.split_at_checked(end)?
            }
        };
        is_value(value, quote)?;
        rest = behind;
    }
}

/// The value of an attribute, between its quotes.
fn is_value(value: &str, quote: Option<char>) -> Certain {
    certain(memchr2(b'<', b'\t', value.as_bytes()).is_none())?;
    let front = value.trim_start().get(..5);
    certain(!front.is_some_and(|front| front.eq_ignore_ascii_case("data:")))?;
    let other = if quote == Some('"') { '\'' } else { '"' };
    // Asked once: there may be as many references as the value has room for.
    let mixes = value.contains(['=', other]);
    let mut rest = value;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        rest = rest.get(at + 1..)?;
        let meant = reference(rest)?;
        certain(!matches!(meant, "<" | ">"))?;
        // It would end the value for some, or begin one.
        let is_quote = matches!(meant, "\"" | "'");
        certain(!is_quote || quote.is_some())?;
        let own = quote.is_some_and(|quote| meant.starts_with(quote));
        certain(!own || !mixes)?;
    }
    Some(())
}

/// What links and quoted-printable write as a number must be no markup, and no end of a line.
fn escapes_no_markup(tag: &str) -> Certain {
    let octets = tag.as_bytes();
    let markup = |at: usize| match octets.get(at + 1..).unwrap_or_default() {
        // A line end; a quote, a percent sign, an ampersand; an angle bracket, an equals sign; a backslash.
        [b'0', b'a' | b'A' | b'd' | b'D', ..]
        | [b'2', b'2' | b'5' | b'6' | b'7', ..]
        | [b'3', b'c'..=b'e' | b'C'..=b'E', ..]
        | [b'5', b'c' | b'C', ..]
        | [b'\r' | b'\n', ..]
        | [] => true,
        [one, rest @ ..] => !one.is_ascii() || rest.first().is_some_and(|two| !two.is_ascii()),
    };
    certain(!memchr2_iter(b'%', b'=', octets).any(markup))
}

#[cfg(test)]
mod tests;

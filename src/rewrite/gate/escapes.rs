//! Characters that programs write by their numbers or names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use html5ever::data::NAMED_ENTITIES;
use memchr::memchr_iter;

/// What an escape stands for.
enum Meant {
    One(char),
    Text(&'static str),
}

/// Replaces every `mark` that `read` understands; `read` gets what follows and says what it is and how long.
fn replace(
    text: &str,
    mark: u8,
    out: &mut String,
    read: impl Fn(&str) -> Option<(Meant, usize)>,
) -> bool {
    let mut copied = 0;
    for at in memchr_iter(mark, text.as_bytes()) {
        if at < copied {
            continue;
        }
        let Some((meant, length)) = text.get(at + 1..).and_then(&read) else {
            continue;
        };
        if text.is_char_boundary(at + 1 + length) {
            out.push_str(text.get(copied..at).unwrap_or_default());
            match meant {
                Meant::One(c) => out.push(c),
                Meant::Text(text) => out.push_str(text),
            }
            copied = at + 1 + length;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    copied > 0
}

/// Digits of a reference that are read, zeros at their front included.
const MAX_DIGITS: usize = 64;

fn number(text: &str, radix: u32, digits: usize) -> Option<char> {
    let code = text.get(..digits)?.trim_start_matches('0');
    let code = if code.is_empty() && digits > 0 {
        "0"
    } else {
        code
    };
    char::from_u32(u32::from_str_radix(code, radix).ok()?)
}

/// `\u0040`, `\x40`, `\u{40}` of programs, `\'40` of RTF, `\40 ` of style sheets, `\@` of Markdown, and `\n` of calendars as the line end that
/// it is.
pub(super) fn backslashes(text: &str, out: &mut String) -> bool {
    let read = |after: &str| match after.chars().next()? {
        'u' if after.starts_with("u{") => {
            let digits = digits_of(after.get(2..)?);
            Some((number(after.get(2..)?, 16, digits)?, digits + 3))
        }
        'u' => Some((number(after.get(1..)?, 16, 4)?, 5)),
        'x' | '\'' => Some((number(after.get(1..)?, 16, 2)?, 3)),
        'n' | 'r' | 't' => Some((' ', 1)),
        c if "@.-_+".contains(c) => Some((c, 1)),
        '0'..='9' | 'a'..='f' => {
            let digits = digits_of(after);
            let white = after
                .get(digits..)
                .is_some_and(|rest| rest.starts_with([' ', '\t']));
            Some((number(after, 16, digits)?, digits + usize::from(white)))
        }
        _ => None,
    };
    replace(text, b'\\', out, |after| {
        read(after).map(|(c, length)| (Meant::One(c), length))
    })
}

fn digits_of(text: &str) -> usize {
    let digits = text.bytes().take(6);
    digits.take_while(u8::is_ascii_hexdigit).count()
}

/// A name of a reference in small letters, as views have it.
pub(super) struct Named {
    /// What it stands for.
    pub(super) text: &'static str,
    /// Whether it stands for the same in capitals.
    pub(super) is_certain: bool,
    /// Whether a browser reads it without its semicolon, too.
    pub(super) is_bare: bool,
}

/// All that a browser knows (HTML Standard, 13.5).
static NAMES: LazyLock<HashMap<String, Named, RandomState>> = LazyLock::new(|| {
    let mut names = HashMap::default();
    let known = NAMED_ENTITIES
        .entries()
        .filter(|(_, (first, _))| *first > 0);
    for (name, (first, second)) in known {
        let small = name.trim_end_matches(';').to_ascii_lowercase();
        let text = [*first, *second]
            .into_iter()
            .filter_map(|code| char::from_u32(code).filter(|c| *c != '\0'));
        let text: String = text.collect();
        let is_bare = !name.ends_with(';');
        // Of several the one that is written in small letters counts.
        let is_small = name.starts_with(small.as_str());
        match names.entry(small) {
            Entry::Vacant(entry) => {
                let text = Box::leak(text.into_boxed_str());
                entry.insert(Named {
                    text,
                    is_certain: true,
                    is_bare,
                });
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.is_bare |= is_bare;
                known.is_certain &= known.text.to_lowercase() == text.to_lowercase();
                if is_small && known.text != text {
                    known.text = Box::leak(text.into_boxed_str());
                }
            }
        }
    }
    names
});

/// What a name in small letters stands for.
pub(super) fn named(name: &str) -> Option<&'static Named> {
    NAMES.get(name)
}

/// Letters of the longest name of a reference.
pub(super) const LONGEST_NAME: usize = 32;

/// The letters and digits at the front of a text, as many as a name may have.
pub(super) fn name_of(after: &str) -> &str {
    let octets = after.as_bytes().iter().take(LONGEST_NAME);
    let length = octets
        .take_while(|octet| octet.is_ascii_alphanumeric())
        .count();
    after.get(..length).unwrap_or_default()
}

/// Whether a name in small letters begins like one that is read without its semicolon, by a browser or here.
pub(super) fn begins_like_a_bare_one(name: &str) -> bool {
    static BARE_NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let known = NAMES.iter().filter(|(_, named)| named.is_bare);
        let names = known.map(|(name, _)| name.as_str());
        names.chain(BARE.iter().map(|(name, _)| *name)).collect()
    });
    let first = name.as_bytes().first();
    let mut names = BARE_NAMES.iter();
    names.any(|known| known.as_bytes().first() == first && name.starts_with(known))
}

/// What is read without a semicolon.
const BARE: [(&str, char); 18] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("nbsp", ' '),
    ("quot", '"'),
    ("apos", '\''),
    ("commat", '@'),
    ("period", '.'),
    ("lowbar", '_'),
    ("underbar", '_'),
    ("plus", '+'),
    ("shy", '\u{ad}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("zerowidthspace", '\u{200b}'),
    ("nobreak", '\u{2060}'),
    ("lrm", '\u{200e}'),
    ("rlm", '\u{200f}'),
];

/// `&#64;`, `&#x40;`, `&commat;` ([HTML Standard, 13.5](https://html.spec.whatwg.org/#named-character-references)), in small letters; the numbers and a
/// few names also without their semicolon.
pub(super) fn references(text: &str, out: &mut String) -> bool {
    replace(text, b'&', out, |after| {
        let semicolon = |length: usize| {
            length
                + usize::from(
                    after
                        .get(length..)
                        .is_some_and(|rest| rest.starts_with(';')),
                )
        };
        if let Some(number) = after.strip_prefix('#') {
            let (from, radix) = match number.strip_prefix('x') {
                Some(_) => (1, 16),
                None => (0, 10),
            };
            let digits = number.get(from..)?;
            let length = digits
                .chars()
                .take(MAX_DIGITS)
                .take_while(|c| c.is_digit(radix))
                .count();
            let c = self::number(digits, radix, length)?;
            return Some((Meant::One(c), semicolon(1 + from + length)));
        }
        let name = name_of(after);
        if after
            .get(name.len()..)
            .is_some_and(|rest| rest.starts_with(';'))
            && let Some(named) = named(name)
        {
            return Some((Meant::Text(named.text), name.len() + 1));
        }
        BARE.iter()
            .find(|(bare, _)| after.starts_with(bare))
            .map(|(bare, c)| (Meant::One(*c), semicolon(bare.len())))
    })
}

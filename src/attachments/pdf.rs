//! What a PDF does by itself when it is opened.

use memchr::memchr_iter;

use super::octets::{first, from};

/// Names of actions that run something (ISO 32000-1 12.6.4.5 and 12.6.4.16).
const ACTIONS: [&[u8]; 3] = [b"JavaScript", b"JS", b"Launch"];
/// The longest of them with every letter written as `#4a`.
const LONGEST: usize = 30;

/// Whether a PDF names a script or a program to start. In compressed objects it is not seen, and nothing is refused for it: it is only counted.
pub(super) fn is_active(contents: &[u8]) -> bool {
    memchr_iter(b'/', contents).any(|at| {
        let name = first(from(contents, at + 1), LONGEST);
        // Most names are ruled out by their first letter.
        matches!(name.first(), Some(b'J' | b'L' | b'#'))
            && ACTIONS.iter().any(|action| is_named(name, action))
    })
}

/// Whether a name is `wanted`, and ends behind it (ISO 32000-1 7.3.5).
fn is_named(name: &[u8], wanted: &[u8]) -> bool {
    let mut rest = name;
    for letter in wanted {
        let Some((next, behind)) = letter_of(rest) else {
            return false;
        };
        if next != *letter {
            return false;
        }
        rest = behind;
    }
    let ends = |octet: &u8| octet.is_ascii_whitespace() || b"()<>[]/%\0".contains(octet);
    // By chance `/JS` stands in compressed data; its value is a string, a reference or another name.
    match wanted {
        b"JS" => matches!(
            rest.trim_ascii_start().first(),
            Some(b'(' | b'<' | b'0'..=b'9')
        ),
        _ => rest.first().is_none_or(ends),
    }
}

/// A letter as it is or as `#` and two digits, and what stands behind it.
fn letter_of(octets: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    match octets {
        [b'#', high, low, rest @ ..] => {
            let value = digit(*high)? * 16 + digit(*low)?;
            Some((u8::try_from(value).ok()?, rest))
        }
        [octet, rest @ ..] => Some((*octet, rest)),
        [] => None,
    }
}

//! Where an address or a name begins and ends in a text.

use super::spelling::{is_label, is_local};
use crate::message::html;
use crate::rewrite::atom;

/// Whether an address that begins with `first` can do so after `before`: nothing longer ends there. Where strangers have mailboxes (`shared`), more may
/// belong to it: hyphens, if those are handed out, and digits.
pub(super) fn address_begins(before: &[u8], first: u8, (shared, hyphens): (bool, bool)) -> bool {
    if begins(before, is_local) {
        return true;
    }
    let without = |signs: &[u8]| {
        let end = before.iter().rposition(|octet| !signs.contains(octet));
        before
            .get(..end.map_or(0, |end| end + 1))
            .unwrap_or_default()
    };
    match before.last() {
        // `_jan@…_` is emphasis, `- jan` a list, and `mail-jan@…` a word before it, where nobody else has a mailbox.
        Some(b'-' | b'_') => !hyphens || begins(without(b"-_"), is_local),
        // No local part begins with a dot, or has two in a row.
        Some(b'.') => before.ends_with(b"..") || begins(without(b"."), is_local),
        // A number that lost its blank.
        Some(last) => !shared && last.is_ascii_digit() && first.is_ascii_alphabetic(),
        None => true,
    }
}

/// The same of a name, and of an address in that of a list: it may stand behind `www.` or an at sign.
pub(super) fn name_begins(before: &[u8]) -> bool {
    begins(before, is_label)
}

/// Whether something can begin after `before`: nothing longer, of octets that `inside` knows, ends there. An escape ends there as what it
/// stands for.
fn begins(before: &[u8], inside: fn(u8) -> bool) -> bool {
    let Some(last) = before.last() else {
        return true;
    };
    if !inside(*last) {
        return true;
    }
    // No escape that ends in a letter is longer.
    let tail = before
        .get(before.len().saturating_sub(6)..)
        .unwrap_or_default();
    // `%3A`, `%253A`, `=3D`, `\n`, `\u003c`: the letter is part of an escape.
    (1..=tail.len()).any(|back| {
        let Some(escape) = tail.get(tail.len() - back..) else {
            return false;
        };
        let whole = atom::read(escape).filter(|read| read.taken == escape.len() && back > 1);
        whole.is_some_and(|read| !read.octets().first().copied().is_some_and(inside))
    }) || matches!(tail, [.., b'\\', b'n' | b'N' | b't' | b'r'])
        || is_reference(before, inside)
}

/// Octets of the longest name that a reference has without its semicolon, with the ampersand (HTML, "Named character references").
const LONGEST_NAME: usize = 8;

/// Whether `before` ends in a reference without its semicolon, to something that does not go on (`&nbsp`).
fn is_reference(before: &[u8], inside: fn(u8) -> bool) -> bool {
    let tail = before
        .get(before.len().saturating_sub(LONGEST_NAME)..)
        .unwrap_or_default();
    let name = memchr::memrchr(b'&', tail).and_then(|at| tail.get(at..));
    let name = name.and_then(|name| std::str::from_utf8(name).ok());
    let name = name.filter(|name| {
        name.len() > 2
            && name
                .bytes()
                .skip(1)
                .all(|octet| octet.is_ascii_alphanumeric())
    });
    name.is_some_and(|name| {
        let meant = html::text(name);
        meant != name && !meant.bytes().last().is_some_and(inside)
    })
}

/// Whether a local part goes on, and ends in an at sign (RFC 5322 3.2.3).
pub(super) fn in_local_part(rest: &[u8]) -> bool {
    let inside =
        |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(octet);
    let length = rest
        .iter()
        .take(MOST_BEHIND)
        .take_while(|octet| inside(octet))
        .count();
    rest.get(length) == Some(&b'@')
}

/// Octets behind a domain that may make another one of it.
const MOST_BEHIND: usize = 64;

/// Whether the domain that was found ends after `length`: no longer reading of the text is a name of the net. The next word may stand there
/// without a blank (`jan@poczta.examplepisz`), or the ending of a file.
pub(super) fn domain_ends(text: &[u8], length: usize, domain: &[u8]) -> bool {
    let rest = text.get(length..).unwrap_or_default();
    let last = text.get(length.saturating_sub(1));
    let capital = |octet: Option<&u8>| octet.is_some_and(u8::is_ascii_uppercase);
    // A sentence begins with a capital, and a name that goes on has none.
    let new_word = capital(rest.first()) && !capital(last);
    let new_sentence = rest.first() == Some(&b'.') && capital(rest.get(1)) && !capital(last);
    if new_word || new_sentence {
        return true;
    }
    let goes_on = rest.iter().take(MOST_BEHIND);
    let behind = goes_on.take_while(|octet| octet.is_ascii_alphanumeric() || b".-".contains(octet));
    let behind: Vec<u8> = behind.map(u8::to_ascii_lowercase).collect();
    !is_another(domain, &behind)
}

/// Whether `behind`, put after `domain`, makes a name of the net of it: all of it, or what stands before one of its dots.
fn is_another(domain: &[u8], behind: &[u8]) -> bool {
    let Ok(domain) = std::str::from_utf8(domain) else {
        return false;
    };
    let ends = memchr::memchr_iter(b'.', behind).chain([behind.len()]);
    let mut readings = ends.filter(|end| *end > 0).filter_map(|end| {
        let more = std::str::from_utf8(behind.get(..end)?).ok()?;
        Some(format!("{domain}{}", more.trim_end_matches('-')))
    });
    readings.any(|name| name != domain && ends_in_suffix(&name))
}

/// Whether the last label of a name is on the list of public suffixes.
fn ends_in_suffix(name: &str) -> bool {
    let label = name.rsplit('.').next().unwrap_or_default();
    let sound = name
        .split('.')
        .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    sound
        && label
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
        && psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// Whether the name that was found in prose ends after `length`.
pub(super) fn name_ends(text: &[u8], length: usize) -> bool {
    let rest = text.get(length..).unwrap_or_default();
    let longer = rest.first().is_some_and(u8::is_ascii_alphanumeric);
    // `rowery.example.com` is not `rowery.example`.
    let continued = matches!(rest, [b'.', next, ..] if next.is_ascii_alphanumeric());
    // No label ends in a hyphen: one with nothing of a name behind it is a dash.
    let hyphens = rest.iter().take_while(|octet| **octet == b'-').count();
    let hyphened = hyphens > 0 && rest.get(hyphens).is_some_and(u8::is_ascii_alphanumeric);
    !longer && !continued && !hyphened
}

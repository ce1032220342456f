//! What is a name of the net, and whose it is; what belongs to a local part.

use crate::mail::Domain;
use crate::masking::providers;

/// The longest beginning of `text`, by labels, that is a domain of two labels at least.
pub(super) fn longest(text: &str) -> Option<Domain> {
    let mut text = text;
    loop {
        text = text.trim_matches(['.', '-', '_']);
        if !text.contains('.') {
            return None;
        }
        if let Ok(domain) = Domain::parse(text) {
            return Some(domain);
        }
        text = text.rsplit_once('.')?.0;
    }
}

/// The domain that somebody has registered, at or above `text`; none if `text` is no name of the net: a file, a number, a lost blank.
pub(super) fn organisation(text: &str) -> Option<Domain> {
    let last = text.rsplit('.').next()?;
    if !is_top_level(last) {
        return None;
    }
    let domain = if text.is_ascii() {
        // What stands before the organisation need be no name.
        let name = psl::domain_str(text)?;
        Domain::parse(name).ok()?
    } else {
        providers::organisation(&longest(text)?)
    };
    domain.as_str().contains('.').then_some(domain)
}

/// Names that are kept for examples and tests (RFC 2606 2), and are as good as others there.
const RESERVED: [&str; 2] = ["example", "test"];

/// Whether `label`, in small letters, is a top-level domain of the net.
pub(super) fn is_top_level(label: &str) -> bool {
    if RESERVED.contains(&label) {
        return true;
    }
    if !label.is_ascii() {
        return idna::domain_to_ascii(label).is_ok_and(|label| is_known(&label));
    }
    let letters = label.bytes().all(|octet| octet.is_ascii_alphabetic());
    (letters || label.starts_with("xn--")) && is_known(label)
}

fn is_known(label: &str) -> bool {
    // Of a name with one label more the list tells whether it has the last one.
    psl::suffix(label.to_ascii_lowercase().as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// Whether the last label of a place in ASCII, or one before what ends a name, may be a top-level domain.
pub(super) fn may_end(place: &[u8]) -> bool {
    let odd = place
        .windows(2)
        .any(|two| matches!(two, [b'.' | b'-', b'.' | b'-' | b'_'] | [b'_', b'.']));
    let bare = place.trim_ascii_end();
    let end = bare
        .iter()
        .rposition(|octet| !b".-_".contains(octet))
        .map_or(0, |at| at + 1);
    let bare = bare.get(..end).unwrap_or_default();
    let label = bare.rsplit(|octet| *octet == b'.').next();
    let label = label.and_then(|label| std::str::from_utf8(label).ok());
    odd || place.contains(&b'_') || label.is_some_and(is_top_level)
}

/// Whether the word at the front of a text is a top-level domain, or may become one once something is cut out behind it.
pub(super) fn may_be_cut_up(rest: &[u8]) -> bool {
    let word = first_word(rest);
    let cut = rest.get(word.len());
    cut.is_some_and(|next| b"<&=%\\\r\n\x01".contains(next) || !next.is_ascii())
        || is_top_level(&word.to_ascii_lowercase())
}

/// The letters at the front of a text.
fn first_word(octets: &[u8]) -> &str {
    let letters = octets.iter().take(20);
    let count = letters.take_while(|octet| octet.is_ascii_alphanumeric());
    let word = octets.get(..count.count()).unwrap_or_default();
    std::str::from_utf8(word).unwrap_or_default()
}

/// What makes a longer local part of what follows it.
pub(super) fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._+-".contains(c)
}

/// Without its tag, if it has one that is taken for one.
pub(super) fn untagged(local: &str) -> &str {
    match local.find('+') {
        Some(at) if at > 0 && local.chars().skip(at).all(is_local) => {
            local.get(..at).unwrap_or(local)
        }
        _ => local,
    }
}

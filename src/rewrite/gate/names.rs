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

/// A domain as it is written in A-labels and in U-labels (RFC 5890 2.3.2.1).
pub(super) fn both_forms(domain: &Domain) -> Vec<String> {
    let (unicode, _) = idna::domain_to_unicode(domain.as_str());
    let unicode = unicode.to_lowercase();
    let mut forms = vec![domain.to_string()];
    if !forms.contains(&unicode) {
        forms.push(unicode);
    }
    forms
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
    if !label.is_ascii() {
        return idna::domain_to_ascii(label).is_ok_and(|label| is_known(label.as_bytes()));
    }
    let letters = label.bytes().all(|octet| octet.is_ascii_alphabetic());
    (letters || label.starts_with("xn--")) && is_known(label.as_bytes())
}

/// The longest top-level domain, in A-labels (RFC 1035 2.3.4).
const LONGEST_TOP_LEVEL: usize = 63;

/// Whether a label in small letters is on the list, or reserved.
pub(super) fn is_known(label: &[u8]) -> bool {
    // One letter is none, and every word of a text is asked for.
    (2..=LONGEST_TOP_LEVEL).contains(&label.len())
        && (RESERVED.iter().any(|known| known.as_bytes() == label)
            || psl::suffix(label).is_some_and(|suffix| suffix.is_known()))
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
    const LONGEST: usize = 20;
    let letters = rest.iter().take(LONGEST);
    let length = letters
        .take_while(|octet| octet.is_ascii_alphanumeric())
        .count();
    let cut = rest.get(length);
    if cut.is_some_and(|next| b"<&=%\\\r\n\x01".contains(next) || !next.is_ascii()) {
        return true;
    }
    let mut word = [0; LONGEST];
    for (small, octet) in word.iter_mut().zip(rest) {
        *small = octet.to_ascii_lowercase();
    }
    let word = word.get(..length).unwrap_or_default();
    word.iter().all(u8::is_ascii_alphabetic) && is_known(word)
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

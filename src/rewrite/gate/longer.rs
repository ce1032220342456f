//! Whether what stands beside an address in a view makes another one of it.

/// Octets behind a domain that may make another one of it.
const MOST: usize = 64;

/// Whether an address that begins with `first` can do so behind `before`: another local part does not go on there. Where strangers have mailboxes
/// (`shared`), one may hold digits there, and hyphens if those are handed out.
pub(super) fn begins(before: &[u8], first: u8, (shared, hyphens): (bool, bool)) -> bool {
    let word = |octet: &u8| octet.is_ascii_alphanumeric() || b"._+-".contains(octet);
    let apart = |rest: &[u8]| !rest.last().is_some_and(word);
    let stripped = |signs: &[u8]| {
        let mut rest = before;
        while let Some((last, inner)) = rest.split_last()
            && signs.contains(last)
        {
            rest = inner;
        }
        rest
    };
    match before {
        [.., b'-' | b'_'] => !hyphens || apart(stripped(b"-_")),
        [.., b'.', b'.'] => true,
        [.., b'.'] => apart(stripped(b".")),
        [.., last] if last.is_ascii_digit() && first.is_ascii_alphabetic() => !shared,
        _ => apart(before),
    }
}

/// Whether the name `domain` ends where `rest` begins: with what stands there it is no name of the net, which ends in a public suffix.
pub(super) fn ends(domain: &[u8], rest: &[u8]) -> bool {
    let goes_on = |octet: &u8| octet.is_ascii_alphanumeric() || b".-".contains(octet);
    let length = rest
        .iter()
        .take(MOST)
        .take_while(|octet| goes_on(octet))
        .count();
    let behind = rest.get(..length).unwrap_or_default();
    let last = domain
        .rsplit(|octet| *octet == b'.')
        .next()
        .unwrap_or_default();
    let mut labels = behind.split(|octet| *octet == b'.');
    // The first piece is the rest of the last label.
    let first = labels.next().unwrap_or_default();
    let whole = [last, first].concat();
    let longer = !first.is_empty() && is_suffix(&whole);
    let mut below = labels.take_while(|label| !label.is_empty() && !label.starts_with(b"-"));
    !longer && (whole.ends_with(b"-") || !below.any(is_suffix))
}

/// Whether a label, but for the hyphens at its end, is a top-level domain.
fn is_suffix(label: &[u8]) -> bool {
    let end = label.iter().rposition(|octet| *octet != b'-');
    let bare = label
        .get(..end.map_or(0, |end| end + 1))
        .unwrap_or_default();
    psl::suffix(bare).is_some_and(|suffix| !bare.is_empty() && suffix.is_known())
}

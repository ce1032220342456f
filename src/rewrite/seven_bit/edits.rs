//! What is replaced in a message of eight bits, and why there may be no such replacement.

use std::ops::Range;

/// Why a message has to stay as it is. It fails then at a server without 8BITMIME, with status 5.6.3: it is never sent as it is
/// (docs/threats.md#138).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be written with seven bits: {0}")]
pub struct EightBitOnly(pub(super) &'static str);

/// Replacements for ranges of the message, in any order, none over another.
pub(super) type Edits = Vec<(Range<usize>, Vec<u8>)>;

/// Carries the edits out. What stands between the parts of a multipart is read by nobody: there an octet over 127 becomes `?`.
pub(super) fn apply(raw: &[u8], mut edits: Edits) -> Vec<u8> {
    edits.sort_by_key(|(place, _)| (place.start, place.end));
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 8);
    let mut at = 0;
    for (place, new) in edits {
        let kept = raw.get(at..place.start.max(at)).unwrap_or_default();
        out.extend(kept.iter().map(|octet| ascii(*octet)));
        out.extend_from_slice(&new);
        at = at.max(place.end);
    }
    let kept = raw.get(at..).unwrap_or_default();
    out.extend(kept.iter().map(|octet| ascii(*octet)));
    out
}

const fn ascii(octet: u8) -> u8 {
    if octet.is_ascii() { octet } else { b'?' }
}

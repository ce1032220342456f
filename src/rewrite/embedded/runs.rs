//! Where runs of base64 stand in a text. Every text part is looked through for them, so this is written for speed.

use std::ops::Range;

/// A run of this length holds a whole group, wherever it begins.
const OVER_A_GROUP: usize = 2 * GROUP - 1;
/// Octets that are looked at together.
const GROUP: usize = 8;

/// Whether an octet can stand in base64, in the alphabet of mail or in that of links (RFC 4648 4, 5).
fn is_base64(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'-' | b'_')
}

/// Every run of at least `least` octets, as long as it is.
pub(super) fn runs(text: &[u8], least: usize) -> impl Iterator<Item = Range<usize>> {
    let least = least.max(1);
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let inside = from + candidate(text.get(from..)?, least)?;
            let (before, after) = text.split_at_checked(inside)?;
            let before = before.get(from..)?.iter().rev();
            let start = inside - before.take_while(|octet| is_base64(**octet)).count();
            let end = inside + after.iter().take_while(|octet| is_base64(**octet)).count();
            // The octet there is none, or there is no other.
            from = end + 1;
            if end - start >= least {
                return Some(start..end);
            }
        }
    })
}

/// An octet of the first run in `text` that could be so long; most texts have few.
fn candidate(text: &[u8], least: usize) -> Option<usize> {
    if least < OVER_A_GROUP {
        // Every run that is long enough reaches over a multiple of `least`.
        let mut probes = (least - 1..text.len()).step_by(least);
        return probes.find(|at| text.get(*at).is_some_and(|octet| is_base64(*octet)));
    }
    // White space and much of what ends a word comes before the lowest character of base64: one comparison without a branch for each octet.
    let dense = |group: &[u8]| group.iter().fold(true, |all, octet| all & (*octet >= b'+'));
    let mut groups = text.chunks_exact(GROUP);
    let whole = |group: &[u8]| dense(group) && group.iter().all(|octet| is_base64(*octet));
    Some(groups.position(whole)? * GROUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_wherever_they_begin_and_not_if_they_are_short() {
        for least in [1, 5, OVER_A_GROUP - 1, OVER_A_GROUP, 40] {
            for before in 0..20 {
                for length in least.saturating_sub(2)..least + 3 {
                    let text = format!("{}{}.x .", ".".repeat(before), "a".repeat(length));
                    let found = runs(text.as_bytes(), least).next();
                    let want = (length >= least).then_some(before..before + length);
                    let alone = least == 1 && length == 0;
                    assert!(found == want || alone, "{least} {text}: {found:?}");
                }
            }
        }
    }
}

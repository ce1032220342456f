//! Which key was meant by one that does not exist.

use std::collections::BTreeSet;

/// The known name that differs in the fewest letters, if it is close: two letters, or a third of a long name. A guess further off would
/// mislead more than it helps.
pub(super) fn nearest<'n>(name: &str, known: &BTreeSet<&'n str>) -> Option<&'n str> {
    let near = known
        .iter()
        .map(|candidate| (strsim::levenshtein(name, candidate), *candidate))
        .min()?;
    (near.0 <= 2.max(name.len() / 3)).then_some(near.1)
}

//! Which key was meant by one that does not exist.

use std::collections::BTreeSet;

/// The known name that differs in the fewest letters, if it is close: two letters, or a third of a long name. A guess further off would
/// mislead more than it helps.
pub(super) fn nearest<'n>(name: &str, known: &BTreeSet<&'n str>) -> Option<&'n str> {
    let near = known
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .min()?;
    (near.0 <= 2.max(name.len() / 3)).then_some(near.1)
}

/// Levenshtein's distance: letters put in, left out or changed. One row of the table at a time.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut previous = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        let mut left = i + 1;
        for (y, cell) in b.chars().zip(row.iter_mut().skip(1)) {
            let changed = previous + usize::from(x != y);
            previous = *cell;
            left = changed.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

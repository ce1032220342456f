//! What one set has that another has not.

use std::collections::BTreeSet;

use super::note::Note;
use super::set::Allowlist;

/// What a reload changes. An entry has nothing beside itself: it is added or removed, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Entries that are new, in the order of their texts.
    pub added: Vec<String>,
    /// Entries that are gone, in the order of their texts.
    pub removed: Vec<String>,
    /// Entries that stayed.
    pub unchanged: usize,
    /// Duplicates and bare domains of the new set.
    pub warnings: Vec<Note>,
}

impl Diff {
    /// From the texts of the entries of the set before to the one after.
    #[must_use]
    pub fn between(before: &BTreeSet<String>, after: &Allowlist) -> Self {
        let now = after.texts();
        Self {
            added: now.difference(before).cloned().collect(),
            removed: before.difference(&now).cloned().collect(),
            unchanged: now.intersection(before).count(),
            warnings: after.warnings.clone(),
        }
    }

    /// Whether both let in the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

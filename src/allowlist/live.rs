//! The set in force, and its swap.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::note::Note;
use super::set::{Allowlist, Errors};

/// What a reload changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Entries that are new.
    pub added: Vec<String>,
    /// Entries that are gone.
    pub removed: Vec<String>,
    /// Entries that stayed.
    pub unchanged: usize,
    /// Duplicates, bare domains.
    pub warnings: Vec<Note>,
}

/// The set in force. Readers take a snapshot; a reload swaps it in one step.
#[derive(Debug)]
pub struct Live {
    path: PathBuf,
    current: ArcSwap<Allowlist>,
}

impl Live {
    /// Loads the set at `path` for the first time.
    ///
    /// # Errors
    /// As [`Allowlist::load`].
    pub fn load(path: &Path) -> Result<Self, Errors> {
        let set = Allowlist::load(path)?;
        metrics::gauge!("allegromail_allowlist_entries").set(set.len() as f64);
        Ok(Self {
            path: path.to_owned(),
            current: ArcSwap::from_pointee(set),
        })
    }

    /// The set in force now; it stays whole for as long as it is held.
    #[must_use]
    pub fn current(&self) -> Arc<Allowlist> {
        self.current.load_full()
    }

    /// Reads the files again and swaps the set.
    ///
    /// # Errors
    /// As [`Allowlist::load`]; the old set stays in force.
    pub fn reload(&self) -> Result<Diff, Errors> {
        let new = Allowlist::load(&self.path)?;
        let texts = |set: &Allowlist| {
            set.entries()
                .map(ToString::to_string)
                .collect::<BTreeSet<_>>()
        };
        let (before, after) = (texts(&self.current()), texts(&new));
        let diff = Diff {
            added: after.difference(&before).cloned().collect(),
            removed: before.difference(&after).cloned().collect(),
            unchanged: after.intersection(&before).count(),
            warnings: new.warnings.clone(),
        };
        metrics::gauge!("allegromail_allowlist_entries").set(new.len() as f64);
        self.current.store(Arc::new(new));
        Ok(diff)
    }
}

//! The sets in force, and their swap.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::rules::{Problems, RuleSet};

/// The set in force and the one beside it. Readers take a snapshot; a reload swaps it in one step.
#[derive(Debug)]
pub struct LiveRules {
    /// None: the set that is compiled in.
    folder: Option<PathBuf>,
    shadow_folder: Option<PathBuf>,
    current: ArcSwap<RuleSet>,
    shadow: ArcSwapOption<RuleSet>,
}

impl LiveRules {
    /// Loads the sets for the first time.
    ///
    /// # Errors
    /// As [`RuleSet::load`].
    pub fn load(folder: Option<&Path>, shadow: Option<&Path>) -> Result<Self, Problems> {
        Ok(Self {
            folder: folder.map(Path::to_owned),
            shadow_folder: shadow.map(Path::to_owned),
            current: ArcSwap::new(load(folder)?),
            shadow: ArcSwapOption::from_pointee(shadow.map(RuleSet::load).transpose()?),
        })
    }

    /// The set in force now; it stays whole for as long as it is held.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSet> {
        self.current.load_full()
    }

    /// The set that is asked beside it and decides nothing; none: there is none.
    #[must_use]
    pub fn shadow(&self) -> Option<Arc<RuleSet>> {
        self.shadow.load_full()
    }

    /// Reads the files again and swaps both sets.
    ///
    /// # Errors
    /// As [`RuleSet::load`]; the old sets stay in force.
    pub fn reload(&self) -> Result<Arc<RuleSet>, Problems> {
        let new = load(self.folder.as_deref())?;
        let shadow = self.shadow_folder.as_deref();
        let shadow = shadow.map(RuleSet::load).transpose()?;
        self.current.store(new.clone());
        self.shadow.store(shadow.map(Arc::new));
        Ok(new)
    }
}

/// The set that is compiled in is always the same, and its examples take a moment.
static SHIPPED: LazyLock<Result<Arc<RuleSet>, Problems>> =
    LazyLock::new(|| RuleSet::shipped().map(Arc::new));

fn load(folder: Option<&Path>) -> Result<Arc<RuleSet>, Problems> {
    match folder {
        Some(folder) => RuleSet::load(folder).map(Arc::new),
        None => SHIPPED.clone(),
    }
}

//! The sets of rules on contents that are in force, and their swap.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::content::{Problem, Problems, RuleSet};

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
    /// As [`load_rules`].
    pub fn load(folder: Option<&Path>, shadow: Option<&Path>) -> Result<Self, Problems> {
        Ok(Self {
            folder: folder.map(Path::to_owned),
            shadow_folder: shadow.map(Path::to_owned),
            current: ArcSwap::new(load(folder)?),
            shadow: ArcSwapOption::from_pointee(shadow.map(load_rules).transpose()?),
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
    /// As [`load_rules`]; the old sets stay in force.
    pub fn reload(&self) -> Result<Arc<RuleSet>, Problems> {
        let new = load(self.folder.as_deref())?;
        let shadow = self.shadow_folder.as_deref();
        let shadow = shadow.map(load_rules).transpose()?;
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
        Some(folder) => load_rules(folder).map(Arc::new),
        None => SHIPPED.clone(),
    }
}

/// Reads a set from the `*.toml` of a folder.
///
/// # Errors
/// Everything that is wrong with files, rules and examples.
pub fn load_rules(folder: &Path) -> Result<RuleSet, Problems> {
    let unreadable = |error: std::io::Error| {
        Problems(vec![Problem {
            file: folder.display().to_string(),
            rule: String::new(),
            message: format!("cannot be read ({error})"),
        }])
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            files.push((
                name.unwrap_or_default(),
                std::fs::read_to_string(&path).map_err(unreadable)?,
            ));
        }
    }
    RuleSet::parse(files)
}

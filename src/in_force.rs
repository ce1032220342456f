//! What decides about mail and is read again while the server runs: the allowlist and the rules on contents, as one.
//!
//! A message takes one snapshot and is judged by it to its end. A reload reads both, checks both and swaps what holds in one step. The last set of
//! each that held is kept under `data_dir/in-force`, for a start that finds broken files; the generations of the allowlist are noted beside it.

mod generations;
mod last_good;
mod reload;
mod rules;
mod start;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

pub use generations::{Generation, Generations, Outcome};
pub use reload::{AllowlistReload, Reload, What};
pub use rules::load_rules;
pub use start::{AtStart, Examined, examine, served_at_start};

use self::last_good::Keeper;
use crate::allowlist::Allowlist;
use crate::clock::Clock;
use crate::content::RuleSet;
use crate::observe::Reloads;

/// Where the sets are written by their operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// `[allowlist] path`.
    pub allowlist: PathBuf,
    /// `[content] rules`; none: the set that is compiled in.
    pub rules: Option<PathBuf>,
    /// `[content] shadow`.
    pub shadow: Option<PathBuf>,
}

/// The sets that are in force together.
#[derive(Debug, Clone)]
pub struct Sets {
    /// The couriers.
    pub allowlist: Arc<Allowlist>,
    /// The rules on contents.
    pub rules: Arc<RuleSet>,
    /// The set of rules that is asked beside them and decides nothing; none: there is none.
    pub shadow: Option<Arc<RuleSet>>,
}

/// The sets in force, and their swap.
pub struct InForce {
    sources: Sources,
    current: ArcSwap<Sets>,
    /// One reload at a time, from the first file that is read to the last line that is noted: the later one must not be undone by the earlier.
    keeper: Mutex<Keeper>,
    /// What the last reload of each thing came to; those of keys and certificates are told here as well.
    outcomes: Arc<Reloads>,
}

/// The sets cannot be read, and none is kept; the sentence has every error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StartFailure(String);

impl InForce {
    /// Reads the sets for the first time. In place of one that is broken the last good one is taken, where `folder` (`data_dir/in-force`; none: nothing is
    /// kept) has it: that is logged, and counts as a reload that has failed. Writes nothing; see [`Self::keep`].
    ///
    /// # Errors
    /// [`StartFailure`]: a set is broken, and none is kept.
    pub fn open(
        sources: Sources,
        folder: Option<&Path>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartFailure> {
        let outcomes = Arc::new(Reloads::default());
        let mut keeper = Keeper::new(folder, clock);
        let allowlist = start::allowlist(&sources, &mut keeper, &outcomes)?;
        let (rules, shadow) = start::rules(&sources, &mut keeper, &outcomes)?;
        count_entries(&allowlist);
        Ok(Self {
            sources,
            current: ArcSwap::from_pointee(Sets {
                allowlist,
                rules,
                shadow,
            }),
            keeper: Mutex::new(keeper),
            outcomes,
        })
    }

    /// The sets in force now; they stay whole, and together, for as long as they are held.
    #[must_use]
    pub fn current(&self) -> Arc<Sets> {
        self.current.load_full()
    }

    /// What the last reload of each thing came to.
    #[must_use]
    pub fn outcomes(&self) -> Arc<Reloads> {
        self.outcomes.clone()
    }
}

/// Names of the kept files.
const ALLOWLIST: &str = "allowlist.json";
const RULES: &str = "rules.json";

fn count_entries(allowlist: &Allowlist) {
    metrics::gauge!("allegromail_allowlist_entries").set(allowlist.len() as f64);
}

#[cfg(test)]
mod tests;

//! Reading the sets again, swapping what holds in one step, and noting what came of it.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::generations::{Generation, Generations, Outcome};
use super::last_good::{First, Keeper, LastGood};
use super::rules::{self, Rules};
use super::{ALLOWLIST, InForce, RULES, Sets, count_entries};
use crate::allowlist::{Allowlist, Diff, Errors};
use crate::content::{Problems, RuleSet};

/// What is to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Both.
    All,
    /// The allowlist alone.
    Allowlist,
    /// The rules on contents alone, with the set beside them.
    Rules,
}

/// What came of a reload; of what was not asked for nothing.
#[derive(Debug)]
pub struct Reload {
    /// What the new allowlist changes, or every error with its place: then the old one stays.
    pub allowlist: Option<Result<AllowlistReload, Errors>>,
    /// The rules in force now, or every error with its place: then the old ones stay.
    pub rules: Option<Result<Arc<RuleSet>, Problems>>,
    /// What could not be written beside it. What is in force is so all the same, until a start that finds broken files.
    pub unkept: Vec<String>,
}

/// An allowlist that came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowlistReload {
    /// What it changes.
    pub diff: Diff,
    /// Its number, from 1 on, 0 where none is noted. It stays where nothing changes.
    pub generation: u64,
    /// As [`Allowlist::digest`].
    pub digest: String,
}

impl InForce {
    /// Reads the files again, and swaps all sets that hold in one step. A broken allowlist keeps no rules out, nor the other way round. Reloads wait for
    /// each other. Reads and writes files, and tries every example: call it where nobody waits for the thread. `by`: who asked, for the history.
    pub fn reload(&self, what: What, by: &str) -> Reload {
        let mut keeper = self.keeper();
        let wanted = |one: What| what == What::All || what == one;
        let allowlist = wanted(What::Allowlist).then(|| Allowlist::read(&self.sources.allowlist));
        let rules = wanted(What::Rules).then(|| rules::read(&self.sources));
        let before = self.current();
        let mut sets = Sets::clone(&before);
        let allowlist = allowlist.map(|read| {
            let (set, files) = read?;
            sets.allowlist = Arc::new(set);
            Ok(files)
        });
        if let Some(Ok(rules)) = &rules {
            (sets.rules, sets.shadow) = (rules.rules.clone(), rules.shadow.clone());
        }
        count_entries(&sets.allowlist);
        self.current.store(Arc::new(sets.clone()));
        // From here on it is in force; what cannot be written is told and changes nothing.
        let mut unkept = Vec::new();
        let allowlist = allowlist.map(|read| match read {
            Ok(files) => {
                let diff = Diff::between(&before.allowlist.texts(), &sets.allowlist);
                let good = LastGood::of(keeper.now(), [("allowlist", &*files)]);
                unkept.extend(failure(keeper.write(ALLOWLIST, &good)));
                unkept.extend(failure(keeper.note(&sets.allowlist, Ok(&diff), by)));
                Ok(AllowlistReload {
                    diff,
                    generation: keeper.generation(),
                    digest: sets.allowlist.digest(),
                })
            }
            Err(errors) => {
                let text = Errors::to_string(&errors);
                unkept.extend(failure(keeper.note(&sets.allowlist, Err(&text), by)));
                Err(errors)
            }
        });
        let rules = rules.map(|read| {
            read.map(|rules| {
                let good = rules.kept(keeper.now());
                unkept.extend(failure(keeper.write(RULES, &good)));
                rules.rules
            })
        });
        for error in &unkept {
            tracing::error!(event = "last_good_not_kept", %error, "what is in force is so until a start that finds broken files");
        }
        Reload {
            allowlist,
            rules,
            unkept,
        }
    }

    /// Writes what the start found, once the server has `data_dir` to itself. What cannot be written is logged.
    pub fn keep(&self) {
        let mut keeper = self.keeper();
        let mut failed = Vec::new();
        if let Some(folder) = keeper.folder().map(PathBuf::from) {
            match Generations::read(&folder) {
                Ok(read) => keeper.generations = Some(read),
                Err(error) => failed.push(error.to_string()),
            }
        }
        for first in std::mem::take(&mut keeper.first) {
            match first {
                First::Allowlist(good, set, diff) => {
                    failed.extend(failure(keeper.write(ALLOWLIST, &good)));
                    failed.extend(failure(keeper.note(&set, Ok(&diff), "start")));
                }
                First::BrokenAllowlist(errors, set) => {
                    failed.extend(failure(keeper.note(&set, Err(&errors), "start")));
                }
                First::Rules(good) => failed.extend(failure(keeper.write(RULES, &good))),
            }
        }
        for error in failed {
            tracing::error!(event = "last_good_not_kept", %error, "the server starts all the same; no set is kept for a start that finds broken files");
        }
    }

    /// The lines of the allowlist's history, the newest first; none where nothing is noted.
    #[must_use]
    pub fn generations(&self) -> Vec<Generation> {
        let keeper = self.keeper();
        let lines = keeper.generations.iter();
        lines.flat_map(Generations::newest_first).cloned().collect()
    }

    /// The allowlist in force and its generation, of one moment; 0: none is noted.
    #[must_use]
    pub fn allowlist(&self) -> (Arc<Allowlist>, u64) {
        let keeper = self.keeper();
        (self.current().allowlist.clone(), keeper.generation())
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        // What panicked while it held it has swapped the sets or has not; both are whole.
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure(written: io::Result<()>) -> Option<String> {
    written.err().map(|error| error.to_string())
}

impl Rules {
    /// As they are kept.
    pub(super) fn kept(&self, at: crate::mail::Timestamp) -> LastGood {
        let [rules, shadow] = &self.files;
        let named = [("rules", rules), ("shadow", shadow)];
        let there = named
            .into_iter()
            .filter_map(|(what, files)| Some((what, files.as_deref()?)));
        LastGood::of(at, there)
    }
}

impl Keeper {
    /// The number of the generation in force; 0: none is noted.
    fn generation(&self) -> u64 {
        let last = self.generations.as_ref().and_then(Generations::last);
        last.map_or(0, |last| last.generation)
    }

    /// Notes what came of a reload: `set` is in force after it. One that changed nothing is noted only where something else stood last.
    fn note(&mut self, set: &Allowlist, came: Result<&Diff, &str>, by: &str) -> io::Result<()> {
        let (at, generation) = (self.now().0, self.generation());
        let Some(generations) = &mut self.generations else {
            return match self.folder() {
                None => Ok(()),
                Some(folder) => Err(io::Error::other(format!(
                    "{}: the history of the allowlist could not be read at the start, so nothing is noted; mend it and start again",
                    folder.display()
                ))),
            };
        };
        let digest = set.digest();
        let last = generations.last();
        let same = last.is_some_and(|last| last.digest == digest);
        let outcome = if came.is_ok() {
            Outcome::InForce
        } else {
            Outcome::Refused
        };
        if same && came.is_ok() && last.is_some_and(|last| last.outcome == outcome) {
            return Ok(());
        }
        let diff = came.ok().filter(|_| !same);
        let names = |names: fn(&Diff) -> &Vec<String>| diff.map(names).cloned().unwrap_or_default();
        let (added, removed) = (names(|diff| &diff.added), names(|diff| &diff.removed));
        let is_new = came.is_ok() && !same;
        generations.note(Generation {
            n: 0,
            generation: generation.saturating_add(u64::from(is_new)),
            outcome,
            at,
            by: by.to_owned(),
            entries: set.len(),
            added: added.len(),
            removed: removed.len(),
            digest,
            error: came.err().unwrap_or_default().to_owned(),
            times: 1,
            added_entries: added,
            removed_entries: removed,
        })
    }
}

//! What a start serves with: the sets that the configuration names, else the last good ones.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::last_good::{First, Keeper, LastGood};
use super::rules::{self, Rules};
use super::{ALLOWLIST, RULES, Sources, StartFailure};
use crate::allowlist::{Allowlist, Diff};
use crate::clock::SystemClock;
use crate::content::RuleSet;
use crate::files::SetFile;
use crate::mail::Timestamp;
use crate::observe::Reloads;

/// What a start finds of one thing.
enum Found<T> {
    /// What the configuration names holds.
    Good(T),
    /// It does not, and this one is kept.
    LastGood {
        /// What is wrong, with its places.
        errors: String,
        /// Since when it is kept.
        since: Timestamp,
        /// It.
        set: T,
    },
    /// It does not, and none is kept.
    Neither {
        /// What is wrong, with its places.
        errors: String,
        /// Why none is kept.
        why: String,
    },
}

/// What of the sets is to be known without serving with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// `allowlist` or `content rules`.
    pub what: &'static str,
    /// Every error with its place, one a line; empty: it holds.
    pub errors: String,
    /// Duplicates, bare domains.
    pub warnings: Vec<String>,
    /// What a start would do.
    pub at_start: AtStart,
}

/// What a start would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtStart {
    /// Serve with what the configuration names.
    Serves,
    /// Serve with the last good set, which was read then.
    LastGood(Timestamp),
    /// Not serve, for no last good set is kept, or this one cannot be read.
    Refuses(String),
}

/// Reads what `sources` name and what is kept in `folder` (`data_dir/in-force`), as a start would; changes nothing.
#[must_use]
pub fn examine(sources: &Sources, folder: &Path) -> [Examined; 2] {
    let keeper = Keeper::new(Some(folder), Arc::new(SystemClock));
    let allowlist = find_allowlist(sources, &keeper);
    let warnings = match &allowlist {
        Found::Good((set, _)) => set.warnings.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    [
        examined("allowlist", allowlist, warnings),
        examined("content rules", find_rules(sources, &keeper), Vec::new()),
    ]
}

fn examined<T>(what: &'static str, found: Found<T>, warnings: Vec<String>) -> Examined {
    let (errors, at_start) = match found {
        Found::Good(_) => (String::new(), AtStart::Serves),
        Found::LastGood { errors, since, .. } => (errors, AtStart::LastGood(since)),
        Found::Neither { errors, why } => (errors, AtStart::Refuses(why)),
    };
    Examined {
        what,
        errors,
        warnings,
        at_start,
    }
}

/// The allowlist to begin with.
pub(super) fn allowlist(
    sources: &Sources,
    keeper: &mut Keeper,
    outcomes: &Reloads,
) -> Result<Arc<Allowlist>, StartFailure> {
    match find_allowlist(sources, keeper) {
        Found::Good((set, files)) => {
            let (set, before) = (Arc::new(set), kept_entries(sources, keeper));
            let good = LastGood::of(keeper.now(), [("allowlist", &*files)]);
            let diff = Diff::between(&before, &set);
            keeper.first.push(First::Allowlist(good, set.clone(), diff));
            Ok(set)
        }
        Found::LastGood { errors, since, set } => {
            told("allowlist", outcomes, &errors, since);
            let set = Arc::new(set.0);
            let first = First::BrokenAllowlist(errors, set.clone());
            keeper.first.push(first);
            Ok(set)
        }
        Found::Neither { errors, why } => Err(refused("allowlist", &errors, &why)),
    }
}

/// The rules to begin with, and those beside them.
pub(super) fn rules(
    sources: &Sources,
    keeper: &mut Keeper,
    outcomes: &Reloads,
) -> Result<(Arc<RuleSet>, Option<Arc<RuleSet>>), StartFailure> {
    let rules = match find_rules(sources, keeper) {
        Found::Good(rules) => {
            let first = First::Rules(rules.kept(keeper.now()));
            keeper.first.push(first);
            rules
        }
        Found::LastGood { errors, since, set } => {
            told("content rules", outcomes, &errors, since);
            set
        }
        Found::Neither { errors, why } => return Err(refused("content rules", &errors, &why)),
    };
    Ok((rules.rules, rules.shadow))
}

/// The command that looks at a set again.
fn check_of(what: &str) -> &'static str {
    match what {
        "allowlist" => "allegromail allowlist check",
        _ => "allegromail config check",
    }
}

fn refused(what: &'static str, errors: &str, why: &str) -> StartFailure {
    let check = check_of(what);
    StartFailure(format!(
        "{what}: {errors}\n{why}; mend what is told above, try it with `{check}`, and start again"
    ))
}

/// Says loudly that mail is judged by something else than the files.
fn told(what: &'static str, outcomes: &Reloads, errors: &str, since: Timestamp) {
    let (check, since) = (check_of(what), since.to_rfc3339_millis());
    let remedy = format!("mend the files, try them with `{check}`, and `allegromail reload`");
    tracing::error!(
        event = "last_good",
        what,
        since,
        error = errors,
        remedy,
        "what the configuration names is broken: served with the last set that held"
    );
    outcomes.failed(what);
}

fn kept_entries(sources: &Sources, keeper: &Keeper) -> BTreeSet<String> {
    let kept = keeper.read(ALLOWLIST).ok().flatten();
    let files = kept.and_then(|kept| kept.files("allowlist"));
    let set = files.and_then(|files| Allowlist::parse(&sources.allowlist, &files).ok());
    set.map(|set| set.texts()).unwrap_or_default()
}

fn find_allowlist(sources: &Sources, keeper: &Keeper) -> Found<(Allowlist, Vec<SetFile>)> {
    let errors = match Allowlist::read(&sources.allowlist) {
        Ok(read) => return Found::Good(read),
        Err(errors) => errors.to_string(),
    };
    last_good(keeper, ALLOWLIST, errors, |kept| {
        let files = kept.files("allowlist").unwrap_or_default();
        let set = Allowlist::parse(&sources.allowlist, &files);
        set.map(|set| (set, files))
            .map_err(|errors| errors.to_string())
    })
}

fn find_rules(sources: &Sources, keeper: &Keeper) -> Found<Rules> {
    let errors = match rules::read(sources) {
        Ok(rules) => return Found::Good(rules),
        Err(problems) => problems.to_string(),
    };
    last_good(keeper, RULES, errors, |kept| {
        rules::compile([kept.files("rules"), kept.files("shadow")])
            .map_err(|problems| problems.to_string())
    })
}

/// What is kept under `name`, read by the same code as everything else: what was good for an older version may not be for this one.
fn last_good<T>(
    keeper: &Keeper,
    name: &'static str,
    errors: String,
    read: impl FnOnce(&LastGood) -> Result<T, String>,
) -> Found<T> {
    let shown = keeper
        .folder()
        .unwrap_or_else(|| Path::new("data_dir/in-force"));
    let path = shown.join(name);
    let why = match keeper.read(name) {
        Err(damage) => format!("the last good set is not taken: {damage}"),
        Ok(None) => format!("no last good set is kept at {}", path.display()),
        Ok(Some(kept)) => match read(&kept) {
            Ok(set) => {
                let since = Timestamp(kept.at);
                return Found::LastGood { errors, since, set };
            }
            Err(wrong) => format!("the last good set does not hold any more: {wrong}"),
        },
    };
    Found::Neither { errors, why }
}

/// The allowlist that a start would serve with, and where it is; what the errors of the configured one are if it is not that.
///
/// # Errors
/// There is none: every error, and why no last good set is taken.
pub fn served_at_start(sources: &Sources, folder: &Path) -> Result<(Allowlist, String), String> {
    let keeper = Keeper::new(Some(folder), Arc::new(SystemClock));
    match find_allowlist(sources, &keeper) {
        Found::Good((set, _)) => Ok((set, sources.allowlist.display().to_string())),
        Found::LastGood { since, set, .. } => {
            let since = since.to_rfc3339_millis();
            let place = sources.allowlist.display();
            Ok((
                set.0,
                format!("the last good set, of {since}, for {place} is broken"),
            ))
        }
        Found::Neither { errors, why } => Err(format!("{errors}\n{why}")),
    }
}

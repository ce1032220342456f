//! `allegromail allowlist diff`: what a reload with a set would change.

use std::collections::BTreeSet;
use std::path::Path;

use crate::admin::{AllowlistEntries, Client, ClientError};
use crate::allowlist::{Allowlist, Diff};
use crate::app;
use crate::cli::{Exit, count};
use crate::config::Config;
use crate::in_force;

/// Compares the set at `path` with the one in force, or where no server runs with the one that a start would serve with. 0: no difference, 1: some, 65:
/// it is broken.
pub(super) async fn run(config: &Config, path: &Path, json: bool) -> Exit {
    // First: what is broken is so whatever it would be compared with.
    let after = match Allowlist::load(path) {
        Ok(set) => set,
        Err(errors) => {
            if json {
                let errors: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
                println!("{}", serde_json::json!({ "errors": errors }));
            }
            eprintln!("{errors}");
            eprintln!("a reload would refuse it; {}", super::mended(path));
            return Exit::BadData;
        }
    };
    let (before, against) = match before(config).await {
        Ok(before) => before,
        Err(exit) => return exit,
    };
    let diff = Diff::between(&before, &after);
    let digest = after.digest();
    if json {
        let warnings: Vec<String> = diff.warnings.iter().map(ToString::to_string).collect();
        let told = serde_json::json!({
            "against": against, "added": diff.added, "removed": diff.removed,
            "unchanged": diff.unchanged, "digest": digest, "warnings": warnings,
        });
        println!("{told}");
    } else {
        let warnings = diff.warnings.iter();
        warnings.for_each(|warning| eprintln!("{warning} (warning)"));
        diff.added.iter().for_each(|entry| println!("+ {entry}"));
        diff.removed.iter().for_each(|entry| println!("- {entry}"));
        println!(
            "{} added, {} removed, {} as in {against}",
            diff.added.len(),
            diff.removed.len(),
            count(diff.unchanged, "entry", "entries")
        );
    }
    if diff.is_empty() {
        Exit::Done
    } else {
        Exit::Deferred
    }
}

/// The entries to compare with, and whose they are.
async fn before(config: &Config) -> Result<(BTreeSet<String>, String), Exit> {
    let asked: Result<AllowlistEntries, _> = Client::new(&config.admin)
        .get("/v1/allowlist/entries")
        .await;
    match asked {
        Ok(told) => {
            let against = format!("generation {} of the running server", told.generation);
            Ok((told.entries.into_iter().collect(), against))
        }
        Err(ClientError::Unreachable(_)) => {
            let (sources, folder) = (app::sources(config), app::kept_sets(config));
            let served = in_force::served_at_start(&sources, &folder);
            let served = served.map_err(|why| {
                eprintln!("{why}\n{}", super::mended(&config.allowlist));
                Exit::BadData
            })?;
            Ok((served.0.texts(), served.1))
        }
        Err(error) => {
            eprintln!("allegromail: {error}");
            Err(Exit::from(&error))
        }
    }
}

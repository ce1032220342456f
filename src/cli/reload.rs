//! `allegromail reload`: has the running server read again all that it reads while it runs.

use super::Exit;
use crate::admin::{Client, Reloaded};
use crate::config::Config;

/// Prints what came of each. 65 where anything is broken: the old one stays in force there. 1 where the configuration file wants a restart.
pub(super) async fn run(config: &Config, json: bool) -> Exit {
    let outcomes: Result<Vec<Reloaded>, _> = Client::new(&config.admin)
        .post("/v1/reload", "application/json", "{}".into())
        .await;
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(error) => {
            eprintln!("allegromail: {error}");
            return Exit::from(&error);
        }
    };
    if json {
        println!("{}", serde_json::to_string(&outcomes).unwrap_or_default());
    } else {
        outcomes.iter().for_each(print);
    }
    let restart = |outcome: &Reloaded| !outcome.restart.is_empty();
    if outcomes.iter().all(|outcome| outcome.done) {
        Exit::Done
    } else if outcomes
        .iter()
        .all(|outcome| outcome.done || restart(outcome))
    {
        // Nothing is broken, and not all that was written is in force.
        Exit::Deferred
    } else {
        if !json {
            eprintln!(
                "mend what is named, try it with `allegromail config check`, then `allegromail reload`"
            );
        }
        Exit::BadData
    }
}

/// Entries of which a change is printed, at most.
const MOST_NAMES: usize = 100;

fn print(outcome: &Reloaded) {
    let Reloaded { what, text, .. } = outcome;
    match (outcome.done, text.as_str()) {
        _ if !outcome.restart.is_empty() => eprintln!("{what}: needs a restart: {text}"),
        (true, "") => println!("{what}: reloaded"),
        (true, text) => println!("{what}: {text}"),
        (false, _) => eprintln!("{what}: the old one stays in force\n{text}"),
    }
    let Some(diff) = &outcome.allowlist else {
        return;
    };
    let added = diff.added.iter().map(|entry| format!("+ {entry}"));
    let changes = added.chain(diff.removed.iter().map(|entry| format!("- {entry}")));
    changes.take(MOST_NAMES).for_each(|line| println!("{line}"));
    let more = (diff.added.len() + diff.removed.len()).saturating_sub(MOST_NAMES);
    if more > 0 {
        println!("and {more} more: allegromail reload --json, or allegromail allowlist history");
    }
}

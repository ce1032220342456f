//! `allegromail migrate`: moves what this machine has kept to the database that many nodes share.

use std::time::Duration;

use serde::Serialize;

use super::Exit;
use super::progress::Progress;
use crate::app::{self, Migration, MigrationError};
use crate::config::{Config, Engine};
use crate::directory::{MoveError, PostgresError};

/// What is printed as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    dry_run: bool,
    moved: &'a std::collections::BTreeMap<&'static str, u64>,
    unreadable: u64,
    behind_seconds: Option<u64>,
}

/// Moves, or with `is_dry` says what would be moved and what stands in the way. 1 where a server has the stores open, or some of it cannot be read.
pub(super) async fn run(config: &Config, is_dry: bool, json: bool) -> Exit {
    let Engine::Postgres(target) = &config.directory else {
        eprintln!(
            "this configuration keeps accounts on this machine; write `[directory] engine = \"postgres\"` with url, and `[cluster] node`, into a copy of it, then `allegromail migrate --config COPY --dry-run` (docs/many-nodes.md)"
        );
        return Exit::Configuration;
    };
    let bar = Progress::counting(match is_dry {
        true => "records read",
        false => "records moved",
    });
    let done = app::migrate(config, target, is_dry, |rows| bar.at(rows)).await;
    drop(bar);
    match done {
        Ok(migration) => report(&migration, is_dry, json),
        Err(error) => {
            eprintln!("allegromail: {error}");
            exit(&error)
        }
    }
}

const fn exit(error: &MigrationError) -> Exit {
    match error {
        MigrationError::Source(_)
        | MigrationError::Target(MoveError::Target(PostgresError::Unreachable(_))) => {
            Exit::Unreachable
        }
        MigrationError::Target(MoveError::Target(_) | MoveError::InTheWay(_)) => {
            Exit::Configuration
        }
        MigrationError::Target(MoveError::Broken(_)) => Exit::Temporary,
    }
}

fn report(migration: &Migration, is_dry: bool, json: bool) -> Exit {
    let Migration {
        counts,
        unreadable,
        behind,
    } = migration;
    if json {
        let shown = Shown {
            dry_run: is_dry,
            moved: counts,
            unreadable: *unreadable,
            behind_seconds: behind.as_ref().map(Duration::as_secs),
        };
        println!("{}", serde_json::to_string(&shown).unwrap_or_default());
    } else {
        for (table, rows) in counts {
            println!("{rows:>12} {table}");
        }
    }
    let next = match (is_dry, behind) {
        (true, _) => "nothing stands in the way; now the same without --dry-run",
        (false, None) => {
            "all of it is there, counted and read back; start the node with this configuration: `allegromail serve`"
        }
        (false, Some(_)) => {
            "the database gives no answers yet; stop the server, then `allegromail migrate` again"
        }
    };
    if let Some(behind) = behind {
        eprintln!(
            "a server has the stores open: this is what it exported {} seconds ago, and what is newer is not in it",
            behind.as_secs()
        );
    }
    if *unreadable > 0 {
        eprintln!("{unreadable} records cannot be read, on this machine neither, and are left out");
    }
    eprintln!("{next}");
    match behind.is_none() && *unreadable == 0 {
        true => Exit::Done,
        false => Exit::Deferred,
    }
}

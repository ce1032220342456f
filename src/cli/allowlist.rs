//! `allegromail allowlist`: check a set, compare it, say which line lets an address in, reload it in the running server, say who did so when.
//! Without a path the set is the one that the configuration names.

mod diff;
mod history;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::Exit;
use crate::admin::{AllowlistDiff, Client, ClientError};
use crate::allowlist::Allowlist;
use crate::config;
use crate::mail::Mailbox;

/// What can be done with an allowlist.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Report every error and every duplicate with file and line
    Check {
        /// A file, or a folder of *.txt [default: the configured one]
        path: Option<PathBuf>,
    },
    /// Say which line lets an address in
    Test {
        /// A visible From
        address: Mailbox,
    },
    /// Say what a reload with a set would change, and change nothing: exit code 1 if anything
    Diff {
        /// A file, or a folder of *.txt [default: the configured one]
        path: Option<PathBuf>,
    },
    /// Reload it in the running server and print what changed
    Reload,
    /// List what came into force when, by whom, and what was refused, the newest first
    History,
    /// Print one generation, with the entries that came and went
    Show {
        /// Its number in the history
        generation: u64,
    },
}

/// Runs the command.
pub(super) fn run(command: &Command, config: Option<&Path>, json: bool) -> Exit {
    let load = || {
        config::find(config)
            .and_then(|path| config::load(&path))
            .map(|loaded| loaded.config)
    };
    // A list that is to be taken into use is checked where it was written, often on a machine without a configuration.
    if let Command::Check { path: Some(path) } = command {
        return check(path, json);
    }
    let config = match load() {
        Ok(config) => config,
        Err(errors) => {
            return super::wrong_configuration(&errors);
        }
    };
    match command {
        Command::Check { .. } => check(&config.allowlist, json),
        Command::Test { address } => test(&config.allowlist, address, json),
        Command::Diff { path } => {
            let path = path.as_deref().unwrap_or(&config.allowlist);
            super::block_on(diff::run(&config, path, json))
        }
        Command::Reload => super::block_on(reload(&config, json)),
        Command::History => super::block_on(history::list(&config, json)),
        Command::Show { generation } => super::block_on(history::show(&config, *generation, json)),
    }
}

/// Every error and every duplicate, as a reload of the server would tell them: the same code reads the files.
fn check(path: &Path, json: bool) -> Exit {
    let (entries, errors, warnings) = match Allowlist::load(path) {
        Ok(set) => (set.len(), Vec::new(), set.warnings),
        Err(errors) => (0, errors.0, Vec::new()),
    };
    if json {
        let texts = |notes: &[crate::allowlist::Note]| {
            notes.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        println!(
            "{}",
            serde_json::json!({ "entries": entries, "errors": texts(&errors), "warnings": texts(&warnings) })
        );
    } else {
        errors.iter().for_each(|error| eprintln!("{error}"));
        warnings
            .iter()
            .for_each(|warning| eprintln!("{warning} (warning)"));
        if errors.is_empty() {
            println!(
                "{}: {}, {}",
                path.display(),
                super::count(entries, "entry", "entries"),
                super::count(warnings.len(), "warning", "warnings")
            );
        } else {
            eprintln!("{}", mended(path));
        }
    }
    if errors.is_empty() {
        Exit::Done
    } else {
        Exit::BadData
    }
}

/// The line that lets `address` in, or 2. By the files as they are now, which a server may not have loaded yet.
fn test(path: &Path, address: &Mailbox, json: bool) -> Exit {
    let set = match Allowlist::load(path) {
        Ok(set) => set,
        Err(errors) => {
            eprintln!("{errors}\n{}", mended(path));
            return Exit::BadData;
        }
    };
    let found = set.find(address).map(|line| line.to_string());
    match (&found, json) {
        (_, true) => println!(
            "{}",
            serde_json::json!({ "address": address.to_string(), "line": found })
        ),
        (Some(line), false) => println!("{address} is let in by {line}"),
        (None, false) => println!(
            "{address} is on no line; add `@domain` or the address to {}, then `allegromail allowlist reload`",
            path.display()
        ),
    }
    if found.is_some() {
        Exit::Done
    } else {
        Exit::Refused
    }
}

/// What to do about a broken set.
fn mended(path: &Path) -> String {
    format!(
        "mend it, try it with `allegromail allowlist check {}`, then `allegromail allowlist reload`",
        path.display()
    )
}

/// Has the running server read its own files. 65 where they are broken: it then keeps the old set.
async fn reload(config: &config::Config, json: bool) -> Exit {
    let done: Result<AllowlistDiff, _> = Client::new(&config.admin)
        .post("/v1/allowlist/reload", "application/json", "{}".into())
        .await;
    match done {
        Ok(diff) if json => println!("{}", serde_json::to_string(&diff).unwrap_or_default()),
        Ok(diff) => {
            diff.added.iter().for_each(|entry| println!("+ {entry}"));
            diff.removed.iter().for_each(|entry| println!("- {entry}"));
            diff.warnings
                .iter()
                .for_each(|warning| eprintln!("{warning} (warning)"));
            println!(
                "{} in force",
                super::count(diff.entries, "entry", "entries")
            );
        }
        Err(error) => {
            eprintln!("allegromail: {error}");
            if matches!(error, ClientError::Refused { .. }) {
                eprintln!("the old one stays in force; {}", mended(&config.allowlist));
            }
            return Exit::from(&error);
        }
    }
    Exit::Done
}

//! `allegromail queue`: look at what waits for delivery, and steer it (docs/interface.md#allegromail-queue).
//!
//! Actions go to the running server. What only looks works on a stopped spool too. An action that a filter picks entries for says how
//! many first, and wants a yes.

mod actions;
mod confirm;
mod entries;
mod export;
mod selection;
mod show;
mod suspending;
mod top;

use std::path::PathBuf;

use clap::Subcommand;

use self::actions::{ActionArgs, act};
use self::export::export;
use self::selection::Selection;
use self::show::{list, show};
use self::suspending::{SuspendArgs, resume, suspend, suspended};
use self::top::{TopArgs, top};
use super::Exit;
use crate::config::Config;
use crate::mail::Domain;

/// What is done with the queue.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// List what waits; everything without a filter
    List(Selection),
    /// Print everything about entries
    Show(Selection),
    /// Try entries now
    Retry(ActionArgs),
    /// Keep entries from being tried
    Hold(ActionArgs),
    /// Let held entries go on
    Release(ActionArgs),
    /// Give entries up; their writers get a report
    Fail(ActionArgs),
    /// Delete entries; nobody is told
    Drop(ActionArgs),
    /// Write messages, masked as they would be delivered, to files ID.eml
    Export {
        #[command(flatten)]
        selection: Selection,
        /// The folder
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        into: PathBuf,
    },
    /// Print what waits by destination and age in minutes
    Top(TopArgs),
    /// Make no attempt at a destination until it is resumed
    Suspend(SuspendArgs),
    /// Deliver to a suspended destination again, at once
    Resume {
        /// Its domain
        domain: Domain,
    },
    /// List the suspended destinations
    Suspended,
}

/// Runs `allegromail queue`.
pub(super) fn run(config: &Config, command: &Command, json: bool) -> Exit {
    super::block_on(async {
        let done = match command {
            Command::List(selection) => list(config, selection, json).await,
            Command::Show(selection) => show(config, selection, json).await,
            Command::Retry(arguments) => act(config, arguments, "retry", json).await,
            Command::Hold(arguments) => act(config, arguments, "hold", json).await,
            Command::Release(arguments) => act(config, arguments, "release", json).await,
            Command::Fail(arguments) => act(config, arguments, "fail", json).await,
            Command::Drop(arguments) => act(config, arguments, "drop", json).await,
            Command::Export { selection, into } => export(config, selection, into, json).await,
            Command::Top(arguments) => top(config, arguments, json).await,
            Command::Suspend(arguments) => suspend(config, arguments, json).await,
            Command::Resume { domain } => resume(config, domain, json).await,
            Command::Suspended => suspended(config, json).await,
        };
        done.unwrap_or_else(|(exit, text)| {
            eprintln!("allegromail: {text}");
            exit
        })
    })
}

//! `allegromail queue`: look at what waits for delivery, and steer it (docs/interface.md#allegromail-queue).
//!
//! Orders go to the running server. What only looks works on a stopped spool too. An order that a filter picks entries for says how
//! many first, and wants `--yes`.

mod chosen;
mod entries;
mod export;
mod orders;
mod show;

use std::path::PathBuf;

use clap::Subcommand;

use self::chosen::Chosen;
use self::export::export;
use self::orders::{Ordered, order};
use self::show::{list, show};
use super::Exit;
use crate::config::Config;

/// What is done with the queue.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// List what waits; everything without a filter
    List(Chosen),
    /// Print everything about entries
    Show(Chosen),
    /// Try entries now
    Retry(Ordered),
    /// Keep entries from being tried
    Hold(Ordered),
    /// Let held entries go on
    Release(Ordered),
    /// Give entries up; their writers get a report
    Fail(Ordered),
    /// Delete entries; nobody is told
    Drop(Ordered),
    /// Write messages, masked as they would be delivered, to files ID.eml
    Export {
        #[command(flatten)]
        chosen: Chosen,
        /// The folder
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        into: PathBuf,
    },
}

/// Runs `allegromail queue`.
pub(super) fn run(config: &Config, command: &Command, json: bool) -> Exit {
    super::block_on(async {
        let done = match command {
            Command::List(chosen) => list(config, chosen, json).await,
            Command::Show(chosen) => show(config, chosen, json).await,
            Command::Retry(ordered) => order(config, ordered, "retry", json).await,
            Command::Hold(ordered) => order(config, ordered, "hold", json).await,
            Command::Release(ordered) => order(config, ordered, "release", json).await,
            Command::Fail(ordered) => order(config, ordered, "fail", json).await,
            Command::Drop(ordered) => order(config, ordered, "drop", json).await,
            Command::Export { chosen, into } => export(config, chosen, into, json).await,
        };
        done.unwrap_or_else(|(exit, text)| {
            eprintln!("allegromail: {text}");
            exit
        })
    })
}

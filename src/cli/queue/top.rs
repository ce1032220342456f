//! What waits by destination and age, as Postfix's `qshape` shows it.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;

use super::entries::{CommandError, not_reachable, print_json};
use crate::admin::Client;
use crate::cli::Exit;
use crate::config::Config;
use crate::queue::{QueueTop, TopRow};

/// Destinations that a screen has room for.
const ROWS: usize = 20;
/// Characters of a destination that are shown.
const WIDTH: usize = 32;

/// How it is shown.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct TopArgs {
    /// Print it again and again, every 5 seconds unless told otherwise
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    watch: Option<u64>,
    /// With the domains of participants; the server logs it
    #[arg(long)]
    reveal: bool,
}

/// Prints one screen, or one after the other until it is interrupted.
pub(super) async fn top(
    config: &Config,
    arguments: &TopArgs,
    json: bool,
) -> Result<Exit, CommandError> {
    let path = match arguments.reveal {
        true => "/v1/queue/top?reveal=true",
        false => "/v1/queue/top",
    };
    loop {
        let top: QueueTop = Client::new(&config.admin)
            .get(path)
            .await
            .map_err(not_reachable)?;
        if json {
            print_json(&top)?;
        } else {
            // From the upper left of an empty screen; a file gets one table behind the other.
            if arguments.watch.is_some() && io::stdout().is_terminal() {
                print!("\x1b[H\x1b[2J");
            }
            print!("{}", table(&top));
        }
        let Some(seconds) = arguments.watch else {
            return Ok(Exit::Done);
        };
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

fn table(top: &QueueTop) -> String {
    let mut out = format!("{:<WIDTH$} {:>7}", "", "T");
    for bound in &top.minutes {
        let _ = write!(out, " {bound:>6}");
    }
    let last = top.minutes.last().copied().unwrap_or_default();
    let _ = writeln!(out, " {:>6}", format!("{last}+"));
    line(&top.total, &mut out);
    for row in top.destinations.iter().take(ROWS) {
        line(row, &mut out);
    }
    let more = top.destinations.len().saturating_sub(ROWS);
    if more > 0 {
        let _ = writeln!(out, "and {more} more; --json has all");
    }
    out
}

fn line(row: &TopRow, out: &mut String) {
    let name: String = row.destination.chars().take(WIDTH).collect();
    let _ = write!(out, "{name:<WIDTH$} {:>7}", row.entries);
    for entries in &row.ages {
        let _ = write!(out, " {entries:>6}");
    }
    // What stands for several says for how many.
    if row.domains > 1 {
        let _ = write!(out, "  {} domains", row.domains);
    }
    if row.suspended && row.destination != "total" {
        out.push_str("  suspended");
    }
    out.push('\n');
}

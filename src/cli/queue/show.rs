//! What waits, printed.

use std::time::Duration;

use super::entries::{CommandError, find, print_json, selected};
use super::selection::Selection;
use crate::cli::{Exit, count};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::queue::EntryState;

/// A state as it is typed and printed.
fn word(state: EntryState) -> &'static str {
    match state {
        EntryState::Active => "active",
        EntryState::Deferred => "deferred",
        EntryState::Held => "held",
        EntryState::Damaged => "damaged",
    }
}

/// A span in its largest unit: `42s`, `5m`, `3h`, `2d`.
fn age(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds < 60 => format!("{seconds}s"),
        seconds if seconds < 3_600 => format!("{}m", seconds / 60),
        seconds if seconds < 2 * 86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// One line an entry: what an operator looks over.
pub(super) async fn list(
    config: &Config,
    selection: &Selection,
    json: bool,
) -> Result<Exit, CommandError> {
    let listed = find(config, selection).await?;
    if json {
        return print_json(&listed);
    }
    if !listed.is_empty() {
        println!(
            "{:<8} {:<8} {:>5} {:>4} {:<24} {:<40} {:<40} LAST REPLY",
            "ID", "STATE", "TRIES", "AGE", "NEXT TRY", "SENDER", "RECIPIENT"
        );
    }
    let now = SystemClock.now();
    for entry in &listed {
        println!(
            "{:<8} {:<8} {:>5} {:>4} {:<24} {:<40} {:<40} {}",
            entry.id,
            word(entry.state),
            entry.attempts,
            age(now.since(entry.arrived)),
            entry.next_attempt,
            entry.sender.as_deref().unwrap_or("-"),
            entry.to,
            entry.last_reply.as_deref().unwrap_or("-")
        );
    }
    eprintln!("{}", count(listed.len(), "entry", "entries"));
    Ok(Exit::Done)
}

/// Everything about each entry.
pub(super) async fn show(
    config: &Config,
    selection: &Selection,
    json: bool,
) -> Result<Exit, CommandError> {
    let listed = selected(config, selection).await?;
    if json {
        return print_json(&listed);
    }
    for entry in &listed {
        println!("id            {}", entry.id);
        println!("state         {}", word(entry.state));
        println!("from          {}", entry.from);
        println!("sender        {}", entry.sender.as_deref().unwrap_or("-"));
        println!("to            {}", entry.to);
        println!("seller        {}", entry.seller.as_deref().unwrap_or("-"));
        println!("arrived       {}", entry.arrived);
        println!("attempts      {}", entry.attempts);
        println!("next attempt  {}", entry.next_attempt);
        println!(
            "last reply    {}",
            entry.last_reply.as_deref().unwrap_or("-")
        );
        println!("status        {}", entry.status.as_deref().unwrap_or("-"));
        if !entry.documents.is_empty() {
            println!("documents     {}", entry.documents.join(", "));
        }
        println!("trace         {}\n", entry.trace);
    }
    Ok(Exit::Done)
}

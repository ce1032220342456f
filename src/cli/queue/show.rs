//! What waits, printed.

use super::entries::{CommandError, find, print_json, selected};
use super::selection::Selection;
use crate::cli::{Exit, count};
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
    for entry in &listed {
        let last = entry.last_reply.as_deref().unwrap_or("-");
        println!(
            "{:<8} {:<8} {:>3} {} {} {last}",
            entry.id,
            word(entry.state),
            entry.attempts,
            entry.next_attempt,
            entry.to
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
        println!("to            {}", entry.to);
        println!("arrived       {}", entry.arrived);
        println!("attempts      {}", entry.attempts);
        println!("next attempt  {}", entry.next_attempt);
        println!(
            "last reply    {}",
            entry.last_reply.as_deref().unwrap_or("-")
        );
        if !entry.documents.is_empty() {
            println!("documents     {}", entry.documents.join(", "));
        }
        println!("trace         {}\n", entry.trace);
    }
    Ok(Exit::Done)
}

//! The entries that are meant, of the running server or of a spool that nobody works on; and how a command on them ends.

use super::selection::Selection;
use crate::admin::{Client, ClientError};
use crate::app;
use crate::cli::Exit;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::queue::{EntryState, ListedEntry};
use crate::spool::Entry;

/// The exit code, and what is wrong.
pub(super) type CommandError = (Exit, String);

/// Neither the server nor the spool can be had.
pub(super) fn not_reachable(error: impl std::fmt::Display) -> CommandError {
    (Exit::Unreachable, error.to_string())
}

/// Prints data as one line of JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<Exit, CommandError> {
    let text =
        serde_json::to_string(value).map_err(|error| (Exit::Temporary, error.to_string()))?;
    println!("{text}");
    Ok(Exit::Done)
}

/// The entries that are chosen: of the running server, or of the spool where none runs. There nothing is being tried: an entry is held or it
/// waits. A server that runs and is not reached has the spool locked, which is then the error.
pub(super) async fn find(
    config: &Config,
    selection: &Selection,
) -> Result<Vec<ListedEntry>, CommandError> {
    let answer = Client::new(&config.admin).get(&selection.path()).await;
    let listed: Vec<ListedEntry> = match answer {
        Err(ClientError::Unreachable(place)) if selection.needs_server() => {
            let text = "which could say whose and where to; `systemctl start allegromail`, or leave --seller and --destination out";
            return Err(not_reachable(format!(
                "no server answers at {place}, {text}"
            )));
        }
        Err(ClientError::Unreachable(_)) => {
            let spool = app::inspect_spool(config).map_err(not_reachable)?;
            let of = |entry: &Entry| {
                let state = if entry.progress.held {
                    EntryState::Held
                } else {
                    EntryState::Deferred
                };
                ListedEntry::of(entry, state)
            };
            let mut listed = spool.entries.iter().map(of).collect();
            let kept = spool.quarantine().list().map_err(not_reachable)?;
            // Those of which the server is still to find out more when it starts.
            let sure = spool.damaged.iter().filter(|damaged| !damaged.unsure);
            ListedEntry::add_damaged(&mut listed, sure);
            ListedEntry::add_damaged(&mut listed, &kept);
            listed
        }
        answer => answer.map_err(not_reachable)?,
    };
    // One moment for all of them: `--older` must not depend on an entry's place in the list.
    let now = SystemClock.now();
    let listed = listed.into_iter();
    let mut listed: Vec<ListedEntry> = listed.filter(|entry| selection.takes(entry, now)).collect();
    // What waits longest first, and what came together by its id.
    listed.sort_by(|a, b| {
        let earlier = a.arrived.cmp(&b.arrived);
        earlier.then_with(|| a.id.cmp(&b.id))
    });
    Ok(listed)
}

/// As [`find`], where something must be chosen: a command that was typed too early must not mean everything. Ids that are named must be there,
/// one of them at least; a filter may pick nothing.
pub(super) async fn selected(
    config: &Config,
    selection: &Selection,
) -> Result<Vec<ListedEntry>, CommandError> {
    if !selection.says_which() {
        let text = "say which: ids, --seller, --destination, --reason, --to, --domain, --older-than, --younger-than, --state or --all; `allegromail queue list` prints what there is".to_owned();
        return Err((Exit::Usage, text));
    }
    let listed = find(config, selection).await?;
    if listed.is_empty() && !selection.ids.is_empty() {
        return Err((Exit::BadData, nothing_matches(selection)));
    }
    Ok(listed)
}

/// Named entries that are not there, or that the filters leave out. Most often they have come to their end, which the history knows.
fn nothing_matches(selection: &Selection) -> String {
    match selection.ids.as_slice() {
        [id] => format!(
            "no entry in the queue matches {id}; what became of it: `allegromail trace {id}`"
        ),
        _ => "no entry in the queue matches; `allegromail queue list` prints what there is"
            .to_owned(),
    }
}

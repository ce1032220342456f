//! Actions that change entries, one after the other, on the running server.

use std::collections::HashSet;

use clap::Args;

use super::confirm;
use super::entries::{CommandError, not_reachable, print_json, selected};
use super::selection::Selection;
use crate::admin::{Client, ClientError};
use crate::cli::progress::Progress;
use crate::cli::{Exit, count};
use crate::config::Config;
use crate::mail::QueueId;
use crate::queue::{EntryState, QueueAction};

/// Which entries, and whether that many may be changed at once.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ActionArgs {
    #[command(flatten)]
    selection: Selection,
    /// Do it for all that the filter picks
    #[arg(long)]
    yes: bool,
}

/// Does `word` to every chosen entry. Each is an action of its own: an entry that is being delivered at the moment fails it, and the others
/// are done. 1 where some were not.
pub(super) async fn act(
    config: &Config,
    arguments: &ActionArgs,
    word: &str,
    json: bool,
) -> Result<Exit, CommandError> {
    let mut listed = selected(config, &arguments.selection).await?;
    let bulk = arguments.selection.all || arguments.selection.filters();
    if bulk && word == QueueAction::Release.word() {
        // To go on with what was held must not send every invoice to its buyer.
        let before = listed.len();
        listed.retain(|entry| entry.documents.is_empty());
        if listed.len() < before {
            let held = count(before - listed.len(), "entry", "entries");
            eprintln!(
                "{word}: {held} held for documents left alone; name them to send them to their buyers"
            );
        }
    }
    let held = listed
        .iter()
        .filter(|entry| entry.state == EntryState::Held);
    let held = held.count();
    if word == QueueAction::Retry.word() && held > 0 {
        let held = count(held, "entry", "entries");
        eprintln!("{word}: {held} held, and not tried before `allegromail queue release`");
    }
    // The count first, and nothing without a yes: `drop --all` is a finger's breadth from `drop ID`.
    if bulk && listed.is_empty() {
        eprintln!("{word}: 0 entries match; there is nothing to do");
    } else if bulk {
        eprintln!("{word}: {}", confirm::counted(config, &listed).await);
        if !arguments.yes {
            confirm::ask(word)?;
        }
    }
    let named: HashSet<QueueId> = arguments.selection.ids.iter().copied().collect();
    // Ids that are not in the queue any more count as not done.
    let mut failed = named.len().saturating_sub(listed.len());
    let mut done = 0;
    let progress = Progress::of(listed.len(), "entries");
    for entry in &listed {
        progress.step();
        let path = format!("/v1/queue/{}/{word}", entry.id);
        let body = hyper::body::Bytes::new();
        match Client::new(&config.admin)
            .post::<()>(&path, "application/json", body)
            .await
        {
            Ok(()) => done += 1,
            Err(ClientError::Unreachable(place)) => {
                // The server went away meanwhile: to try the rest would say the same for each.
                return Err(not_reachable(ClientError::Unreachable(place)));
            }
            Err(error) => {
                failed += 1;
                eprintln!("allegromail: {error}");
            }
        }
    }
    drop(progress);
    eprintln!("{word}: {done} succeeded, {failed} failed");
    if json {
        print_json(&serde_json::json!({ "order": word, "done": done, "failed": failed }))?;
    }
    Ok(if failed == 0 {
        Exit::Done
    } else {
        Exit::Deferred
    })
}

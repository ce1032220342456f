//! Orders that change entries, one after the other, on the running server.

use std::collections::HashSet;

use clap::Args;

use super::chosen::Chosen;
use super::entries::{Failed, not_reachable, print_json, which};
use crate::admin::{Client, ClientError};
use crate::cli::Exit;
use crate::config::Config;
use crate::mail::QueueId;

/// Which entries, and whether that many may be changed at once.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Ordered {
    #[command(flatten)]
    chosen: Chosen,
    /// Do it for all that the filter picks
    #[arg(long)]
    yes: bool,
}

/// Orders `word` for every chosen entry. Each is an order of its own: an entry that is being delivered at the moment fails it, and the others
/// are done. 1 where some were not.
pub(super) async fn order(
    config: &Config,
    ordered: &Ordered,
    word: &str,
    json: bool,
) -> Result<Exit, Failed> {
    let listed = which(config, &ordered.chosen).await?;
    let bulk = ordered.chosen.all || ordered.chosen.filters();
    // The count first, and nothing without --yes: `drop --all` is a finger's breadth from `drop ID`.
    if bulk {
        eprintln!("{word}: {} entries", listed.len());
        if !ordered.yes {
            let text = format!("add --yes to {word} them all");
            return Err((Exit::Usage, text));
        }
    }
    let named: HashSet<QueueId> = ordered.chosen.ids.iter().copied().collect();
    // Ids that are not in the queue any more count as not done.
    let mut failed = named.len().saturating_sub(listed.len());
    let mut done = 0;
    for entry in &listed {
        let path = format!("/v1/queue/{}/{word}", entry.id);
        let body = hyper::body::Bytes::new();
        match Client::new(&config.admin)
            .post::<()>(&path, "application/json", body)
            .await
        {
            Ok(()) => done += 1,
            Err(ClientError::Unreachable(place)) => {
                // The server went away meanwhile: to try the rest would say the same for each.
                return Err(not_reachable(format!("no server answers at {place}")));
            }
            Err(error) => {
                failed += 1;
                eprintln!("allegromail: {error}");
            }
        }
    }
    eprintln!("{word}: {done} done, {failed} not");
    if json {
        print_json(&serde_json::json!({ "order": word, "done": done, "failed": failed }))?;
    }
    Ok(if failed == 0 {
        Exit::Done
    } else {
        Exit::Deferred
    })
}

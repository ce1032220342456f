//! The entries that are meant: of the running server, or of a spool that nobody works on.

use super::chosen::Chosen;
use super::outcome::{Failed, not_reachable};
use crate::admin::{Client, ClientError};
use crate::app;
use crate::cli::Exit;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::queue::{Listed, State};

/// The entries that are chosen: of the running server, or of the spool where none runs. There nothing is being tried: an entry is held or it
/// waits. A server that runs and is not reached has the spool locked, which is then the error.
pub(super) async fn find(config: &Config, chosen: &Chosen) -> Result<Vec<Listed>, Failed> {
    let answer = Client::new(&config.admin).get("/v1/queue").await;
    let listed: Vec<Listed> = match answer {
        Err(ClientError::Unreachable(_)) => {
            let spool = app::inspect_spool(config).map_err(not_reachable)?;
            let of = |entry| {
                let state = if entry_held(entry) {
                    State::Held
                } else {
                    State::Deferred
                };
                Listed::of(entry, state)
            };
            let mut listed = spool.entries.iter().map(of).collect();
            let kept = spool.remains().list().map_err(not_reachable)?;
            // Those of which the server is still to find out more when it starts.
            let sure = spool.damaged.iter().filter(|damaged| !damaged.unsure);
            Listed::add_damaged(&mut listed, sure);
            Listed::add_damaged(&mut listed, &kept);
            listed
        }
        answer => answer.map_err(not_reachable)?,
    };
    // One moment for all of them: `--older` must not depend on an entry's place in the list.
    let now = SystemClock.now();
    Ok(listed
        .into_iter()
        .filter(|entry| chosen.takes(entry, now))
        .collect())
}

fn entry_held(entry: &crate::spool::Entry) -> bool {
    entry.progress.held
}

/// As [`find`], where something must be chosen: a command that was typed too early must not mean everything. Ids that are named must be there,
/// one of them at least; a filter may pick nothing.
pub(super) async fn which(config: &Config, chosen: &Chosen) -> Result<Vec<Listed>, Failed> {
    if !chosen.says_which() {
        let text = "say which: ids, --to, --domain, --older, --state or --all".to_owned();
        return Err((Exit::Usage, text));
    }
    let listed = find(config, chosen).await?;
    if listed.is_empty() && !chosen.ids.is_empty() {
        let text = "no entry in the queue is meant by that".to_owned();
        return Err((Exit::BadData, text));
    }
    Ok(listed)
}

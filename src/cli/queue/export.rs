//! Messages of entries, written to files as they would leave.

use super::entries::{CommandError, not_reachable, print_json, selected};
use super::selection::Selection;
use crate::admin::{Client, ClientError, ExportedMessage};
use crate::app;
use crate::cli::Exit;
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::queue::ListedEntry;
use crate::spool::SpoolError;

/// Writes `ID.eml` for each entry. Files that are there are written over: the messages of an id never differ.
pub(super) async fn export(
    config: &Config,
    selection: &Selection,
    into: &std::path::Path,
    json: bool,
) -> Result<Exit, CommandError> {
    let listed = selected(config, selection).await?;
    let mut written = Vec::new();
    let bad = |error: String| (Exit::Temporary, error);
    let progress = Progress::of(listed.len(), "messages");
    for entry in &listed {
        let bytes = message(config, entry).await?;
        let path = into.join(format!("{}.eml", entry.id));
        std::fs::write(&path, bytes)
            .map_err(|error| bad(format!("{}: {error}", path.display())))?;
        progress.step();
        if !json {
            println!("{}", path.display());
        }
        written.push(serde_json::json!({ "id": entry.id, "file": path }));
    }
    if json {
        return print_json(&written);
    }
    Ok(Exit::Done)
}

/// The bytes of one message. They are rewritten already, for that is how the spool has them.
async fn message(config: &Config, entry: &ListedEntry) -> Result<Vec<u8>, CommandError> {
    let path = format!("/v1/queue/{}/message", entry.id);
    let answer: Result<ExportedMessage, _> = Client::new(&config.admin).get(&path).await;
    let damaged = |error: &dyn std::fmt::Display| (Exit::Temporary, error.to_string());
    match answer {
        Ok(exported) => data_encoding::BASE64
            .decode(exported.message.as_bytes())
            .map_err(|error| damaged(&error)),
        Err(ClientError::Unreachable(_)) => {
            let spool = app::inspect_spool(config).map_err(not_reachable)?;
            let id = entry.id.parse().map_err(|error: &str| damaged(&error))?;
            let body = match spool.body(id).await {
                Err(SpoolError::NoSuchEntry(_) | SpoolError::Damaged(_)) => spool.raw_bytes(id),
                body => body,
            };
            body.map(|body| body.to_vec())
                .map_err(|error| damaged(&error))
        }
        Err(error) => Err(damaged(&error)),
    }
}

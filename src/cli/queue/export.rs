//! Messages of entries, written to files as they would leave.

use super::chosen::Chosen;
use super::entries::{Failed, not_reachable, print_json, which};
use crate::admin::{Client, ClientError, Exported};
use crate::app;
use crate::cli::Exit;
use crate::config::Config;
use crate::queue::ListedEntry;
use crate::spool::SpoolError;

/// Writes `ID.eml` for each entry. Files that are there are written over: the messages of an id never differ.
pub(super) async fn export(
    config: &Config,
    chosen: &Chosen,
    into: &std::path::Path,
    json: bool,
) -> Result<Exit, Failed> {
    let listed = which(config, chosen).await?;
    let mut written = Vec::new();
    let bad = |error: String| (Exit::Temporary, error);
    for entry in &listed {
        let octets = message(config, entry).await?;
        let path = into.join(format!("{}.eml", entry.id));
        std::fs::write(&path, octets)
            .map_err(|error| bad(format!("{}: {error}", path.display())))?;
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

/// The octets of one message. They are rewritten already, for that is how the spool has them.
async fn message(config: &Config, entry: &ListedEntry) -> Result<Vec<u8>, Failed> {
    let path = format!("/v1/queue/{}/message", entry.id);
    let answer: Result<Exported, _> = Client::new(&config.admin).get(&path).await;
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

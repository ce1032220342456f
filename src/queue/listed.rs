//! An entry as operators see it.

use serde::{Deserialize, Serialize};

use crate::mail::Timestamp;
use crate::spool::Entry;

/// What an entry is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// An attempt is under way or about to begin.
    Active,
    /// It waits for its next attempt.
    Deferred,
    /// An operator holds it.
    Held,
}

/// An entry as operators see it; every address in it is masked.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Listed {
    /// The queue id.
    pub id: String,
    /// What it is doing.
    pub state: State,
    /// MAIL FROM: a token of ours; empty for a report.
    pub from: String,
    /// The masked recipient.
    pub to: String,
    /// Attempts made.
    pub attempts: u32,
    /// When the next one is due, RFC 3339.
    pub next_attempt: String,
    /// What stopped the last one.
    pub last_reply: Option<String>,
    /// The name of the SMTP transaction that it came with, for `trace`.
    pub trace: String,
    /// When it was accepted, in milliseconds since the epoch.
    #[schema(value_type = u64)]
    pub arrived: Timestamp,
}

impl Listed {
    /// An entry in this state.
    #[must_use]
    pub fn of(entry: &Entry, state: State) -> Self {
        Self {
            id: entry.id.to_string(),
            state,
            from: entry.reverse_path.to_string(),
            to: entry.about.recipient.clone(),
            attempts: entry.progress.attempts,
            next_attempt: entry.progress.next_attempt.to_string(),
            last_reply: entry.progress.last.as_ref().map(|last| {
                last.reply
                    .as_ref()
                    .map_or_else(|| last.text.clone(), ToString::to_string)
            }),
            trace: entry.trace.to_string(),
            arrived: entry.arrived,
        }
    }
}

//! A line of the history as operators get it: by the admin interface and by `trace --json`.

use serde::{Deserialize, Serialize};

use super::line::{HistoryEvent, HistoryRecord};
use crate::mail::{Timestamp, TraceId};

/// Something that happened to a message. The files have the queue number where this has the queue id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceLine {
    /// When.
    pub at: Timestamp,
    /// The SMTP transaction that the message came with.
    pub trace: TraceId,
    /// The queue id, as `queue show` takes it; none before there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The recipient as the sender wrote it: a masked address, or `-` where it is none of ours.
    pub to: String,
    /// What.
    #[serde(flatten)]
    pub event: HistoryEvent,
}

impl From<HistoryRecord> for TraceLine {
    fn from(line: HistoryRecord) -> Self {
        Self {
            at: line.at,
            trace: line.trace,
            id: line.id.map(|id| id.to_string()),
            to: line.to,
            event: line.event,
        }
    }
}

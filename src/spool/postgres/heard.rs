//! From what a shard says to what the queue hears.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::order::ShardEvent;
use crate::shards::Kept;
use crate::spool::{Entry, SpoolEvent};

/// Tells the queue what `told` says of the shard of this number, until its writer ends.
pub(super) async fn hear(
    number: usize,
    mut told: mpsc::UnboundedReceiver<ShardEvent>,
    events: mpsc::UnboundedSender<SpoolEvent>,
    drained: Arc<Notify>,
) {
    while let Some(event) = told.recv().await {
        let event = match event {
            ShardEvent::Committed(entries) => {
                // A queue that has ended needs to hear nothing.
                entries
                    .into_iter()
                    .for_each(|new| drop(events.send(SpoolEvent::Committed(new))));
                continue;
            }
            ShardEvent::Adopt(kept) => {
                tracing::info!(
                    event = "entries_adopted",
                    shard = number,
                    entries = kept.len()
                );
                metrics::counter!("allegromail_shard_adopted_total").increment(kept.len() as u64);
                SpoolEvent::Adopt(kept.iter().filter_map(entry).collect())
            }
            ShardEvent::Disown => {
                tracing::warn!(
                    event = "entries_disowned",
                    shard = number,
                    "another node has taken over a partition of this one"
                );
                SpoolEvent::Disown
            }
            ShardEvent::Drained => {
                drained.notify_one();
                continue;
            }
        };
        let _ = events.send(event);
    }
}

/// The entry, with how far it has come; none: it cannot be read, and stays where it is.
fn entry(kept: &Kept) -> Option<Entry> {
    let read = || -> serde_json::Result<Entry> {
        let mut entry: Entry = serde_json::from_slice(&kept.head)?;
        if let Some(progress) = &kept.progress {
            entry.progress = serde_json::from_slice(progress)?;
        }
        Ok(entry)
    };
    match read() {
        Ok(entry) => Some(entry),
        Err(error) => {
            metrics::counter!("allegromail_spool_damaged_total").increment(1);
            tracing::error!(event = "entry_unreadable", queue_id = %kept.id, %error, "its message stays on the shard until a version reads it that knows how");
            None
        }
    }
}

//! [`Records`]: the first line of a message's life, wherever it was accepted.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::{Accepted, History, HistoryRecord};
use crate::mail::QueueId;

/// A pending answer.
pub type FoundRecord<'a> =
    Pin<Box<dyn Future<Output = io::Result<Option<(HistoryRecord, Accepted)>>> + Send + 'a>>;

/// Finds accepted messages by their numbers.
pub trait Records: Send + Sync + 'static {
    /// What is known of the message of this number, accepted on `day` since the epoch or on the next. An error is no proof that there is none.
    fn find(&self, number: QueueId, day: u16) -> FoundRecord<'_>;
}

/// What this machine has accepted.
pub struct LocalRecords(pub Arc<History>);

impl Records for LocalRecords {
    fn find(&self, number: QueueId, day: u16) -> FoundRecord<'_> {
        let history = self.0.clone();
        Box::pin(async move {
            // A file of a whole day is read: not on a thread that serves sessions.
            let found = tokio::task::spawn_blocking(move || history.find(number, day));
            found.await.map_err(io::Error::other)?
        })
    }
}

//! [`Records`]: the first line of a message's life, wherever it was accepted.

use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::store::name;
use super::{Accepted, History, HistoryRecord};
use crate::mail::{QueueId, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);

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

impl History {
    /// Calls `visit` for the first line of each message that was accepted on `day` since the epoch or later, until it fails. What is sealed stays so.
    ///
    /// # Errors
    /// That of `visit`, or a file cannot be read.
    pub fn accepted(
        &self,
        day: u16,
        mut visit: impl FnMut(HistoryRecord) -> io::Result<()>,
    ) -> io::Result<()> {
        let first = name(Timestamp(0).plus(DAY * u32::from(day)));
        // A crash may have written a line twice, within its day or the next.
        let (mut known, mut before) = (HashSet::new(), HashSet::new());
        for day in self.days()?.iter().filter(|day| **day >= first) {
            let mut visited = Ok(());
            self.each(day, |line| {
                let id = line.id.filter(|_| line.stored().is_some());
                if let Some(id) = id
                    && visited.is_ok()
                    && !before.contains(&id.0)
                    && known.insert(id.0)
                {
                    visited = visit(line);
                }
            })?;
            visited?;
            before = std::mem::take(&mut known);
        }
        Ok(())
    }
}

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

//! Whoever follows the log: reads every entry that has become durable, done or not, once it is there.
//!
//! What it has not had stays in the log, also across a restart, and after that all that the log still has is unread again: the reader knows what it had.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::index::RecordPosition;
use super::local::LocalSpool;
use super::segment::Segment;
use super::writer::SharedState;
use super::{Entry, SpoolError};
use crate::mail::QueueId;

/// Octets of messages that are read at once; a larger message is read alone.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// An entry as it was read from the log.
#[derive(Debug)]
pub struct ReadEntry {
    /// Its id.
    pub id: QueueId,
    /// The entry as it was committed and its message; none where its bytes are damaged.
    pub read: Option<(Entry, Bytes)>,
}

/// Reads the log on.
#[derive(Clone)]
pub struct LogReader(Arc<SharedState>);

impl LocalSpool {
    /// The one reader of the log; nothing is unread where [`SpoolSettings::most_unread`](super::SpoolSettings::most_unread) is none.
    #[must_use]
    pub fn reader(&self) -> LogReader {
        LogReader(self.shared.clone())
    }
}

impl LogReader {
    /// Waits until something was written since the last time.
    pub async fn grown(&self) {
        self.0.grown.notified().await;
    }

    /// Unread entries, those of the lowest ids first, without those in `but`: `most` at most. They stay unread.
    ///
    /// # Errors
    /// `Unhealthy`: the disk does not give them out.
    pub async fn read(
        &self,
        most: usize,
        but: &HashSet<QueueId>,
    ) -> Result<Vec<ReadEntry>, SpoolError> {
        let places = self.places(most, but);
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let read = tokio::task::spawn_blocking(move || {
            let read = places.into_iter().map(|(id, place, segment)| {
                let read = record(&segment, place)?;
                Ok(ReadEntry { id, read })
            });
            read.collect::<io::Result<Vec<_>>>()
        });
        let read = read.await.map_err(io::Error::other).flatten();
        read.map_err(|error| SpoolError::Unhealthy(error.to_string()))
    }

    fn places(
        &self,
        most: usize,
        but: &HashSet<QueueId>,
    ) -> Vec<(QueueId, RecordPosition, Arc<Segment>)> {
        let index = self.0.index();
        let mut bytes = 0;
        let unread = index.unread().filter(|(id, _)| !but.contains(id));
        unread
            .take(most)
            .take_while(|(_, place)| {
                let first = bytes == 0;
                bytes += place.size;
                first || bytes <= MOST_BYTES
            })
            .filter_map(|(id, place)| Some((id, place, index.segment(place.segment)?)))
            .collect()
    }

    /// Ids of what is unread, the lowest first.
    #[must_use]
    pub fn unread(&self) -> Vec<QueueId> {
        self.0.index().unread().map(|(id, _)| id).collect()
    }

    /// Whether an entry is unread.
    #[must_use]
    pub fn is_unread(&self, id: QueueId) -> bool {
        self.0.index().is_unread(id)
    }

    /// Whether an entry has not ended yet.
    #[must_use]
    pub fn is_live(&self, id: QueueId) -> bool {
        self.0.index().get(id).is_some()
    }

    /// Octets in the log that are unread.
    #[must_use]
    pub fn unread_bytes(&self) -> u64 {
        self.0.index().unread_bytes()
    }

    /// These entries need not stay for the reader any more.
    pub fn mark_read(&self, ids: impl IntoIterator<Item = QueueId>) {
        let mut index = self.0.index();
        for id in ids {
            index.mark_read(id);
        }
    }
}

/// The entry at `place`; none where it is damaged.
fn record(segment: &Segment, place: RecordPosition) -> io::Result<Option<(Entry, Bytes)>> {
    let (head, body) = match segment.whole_record(place.at, place.size) {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(None),
        // The file is shorter than what was written to it.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let entry = serde_json::from_slice(&head).ok();
    Ok(entry.map(|entry| (entry, body)))
}

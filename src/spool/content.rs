//! A message that is handed on: in memory, or in the log, from where it is read chunk by chunk.
//!
//! Two hundred attempts at once, each towards a server that takes its time: large messages must not be in memory for so long.

use std::sync::Arc;

use bytes::Bytes;

use super::SpoolError;
use super::index::RecordPosition;
use super::record::{FIXED_LEN, FixedPart};
use super::segment::Segment;
use crate::mail::QueueId;

/// Bytes of a message from which on it stays in the log, and of the chunks in which it is read from there.
const CHUNK: usize = 128 * 1024;

/// A message.
#[derive(Debug, Clone)]
pub enum Content {
    /// All of it is in memory.
    Held(Bytes),
    /// It is in the log.
    Stored(Stored),
}

/// A message in the log. Its file stays readable for as long as this is there, whatever becomes of the segment.
#[derive(Debug, Clone)]
pub struct Stored {
    segment: Arc<Segment>,
    /// Where the message begins.
    at: u64,
    fixed: FixedPart,
}

impl From<Bytes> for Content {
    fn from(message: Bytes) -> Self {
        Self::Held(message)
    }
}

impl Content {
    /// Its bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Held(message) => message.len(),
            Self::Stored(stored) => stored.fixed.body_len as usize,
        }
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The chunk at `at`: some bytes at least, up to the end of the message none.
    ///
    /// # Errors
    /// `Unhealthy`: it cannot be read.
    pub async fn chunk(&self, at: usize) -> Result<Bytes, SpoolError> {
        match self {
            Self::Held(message) => Ok(message.slice(at.min(message.len())..)),
            Self::Stored(stored) => {
                let len = CHUNK.min(self.len().saturating_sub(at));
                let (stored, from) = (stored.clone(), stored.at + at as u64);
                off_thread(move || stored.segment.bytes(from, len).map(Bytes::from)).await
            }
        }
    }

    /// All of it in memory.
    ///
    /// # Errors
    /// `Unhealthy`: it cannot be read.
    pub async fn whole(&self) -> Result<Bytes, SpoolError> {
        match self {
            Self::Held(message) => Ok(message.clone()),
            Self::Stored(stored) => {
                let (stored, len) = (stored.clone(), self.len());
                off_thread(move || stored.segment.bytes(stored.at, len).map(Bytes::from)).await
            }
        }
    }

    /// Whether all bytes of it, taken together, are those that were written.
    #[must_use]
    pub fn matches(&self, checksum: crc32fast::Hasher) -> bool {
        match self {
            Self::Held(_) => true,
            Self::Stored(stored) => stored.fixed.body_is(checksum),
        }
    }
}

/// The message of the record at `place`; small ones are read. All bytes have been looked at once.
///
/// # Errors
/// `Damaged`, `Unhealthy`.
pub(super) async fn find(
    id: QueueId,
    place: RecordPosition,
    segment: Arc<Segment>,
) -> Result<Content, SpoolError> {
    let found = off_thread(move || match look(place, segment) {
        // The file is shorter than what was written to it.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        looked => looked,
    });
    found.await?.ok_or(SpoolError::Damaged(id))
}

/// Looks at all bytes once; none where they are not those that were written.
fn look(place: RecordPosition, segment: Arc<Segment>) -> std::io::Result<Option<Content>> {
    let Some(read) = segment.record(place.at, place.at + place.size)? else {
        return Ok(None);
    };
    let fixed = read.fixed;
    if fixed.body_len as usize <= CHUNK {
        let body = segment.body(place.at, &fixed)?;
        return Ok(body.map(|body| Content::Held(Bytes::from(body))));
    }
    let at = place.at + FIXED_LEN as u64 + u64::from(fixed.head_len);
    let mut checksum = crc32fast::Hasher::new();
    let end = at + u64::from(fixed.body_len);
    let mut from = at;
    while from < end {
        let len = CHUNK.min(usize::try_from(end - from).unwrap_or(CHUNK));
        checksum.update(&segment.bytes(from, len)?);
        from += len as u64;
    }
    let stored = Stored { segment, at, fixed };
    Ok(fixed.body_is(checksum).then_some(Content::Stored(stored)))
}

async fn off_thread<T: Send + 'static>(
    read: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, SpoolError> {
    let read = tokio::task::spawn_blocking(read).await;
    let read = read.map_err(|error| SpoolError::Unhealthy(error.to_string()))?;
    read.map_err(|error| SpoolError::Unhealthy(error.to_string()))
}

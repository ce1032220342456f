//! The durable store of accepted mail: an append-only log with group commit. It is the truth; everything else is index.
//!
//! Promise: when [`Spool::commit`] has answered `Ok`, the entries survive a crash of the process and of the machine
//! (RFC 5321 6.1). No entry holds a participant's real address: messages are masked, and an entry names participant and
//! transaction.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::mail::QueueId;

mod content;
mod damaged_range;
mod entry;
mod flight;
mod gradual;
mod index;
mod inspect;
mod local;
mod open;
mod read;
mod record;
mod recover;
mod remains;
mod request;
mod reserve;
mod segment;
mod tidy;
mod triage;
mod walk;
mod watermark;
mod writer;

pub use content::{Content, Stored};
pub use flight::Flight;
pub use gradual::{Gradual, PIECE};
pub use inspect::ReadOnlySpool;
pub use local::LocalSpool;
pub use open::{Opened, Settings};
pub use recover::Recovery;
pub use remains::{Damaged, Remains};
pub use reserve::{ENDS, Reserve};

pub use entry::{
    About, Delivery, Entry, KeptId, LastWriter, Memory, OnceMark, Origin, Progress, Target,
};

/// A pending answer of the spool.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SpoolError>> + Send + 'a>>;

/// Why the spool did not do what it was asked. Our own fault, always: a client hears 4xx, and nothing is acknowledged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpoolError {
    /// Too little disk or too few inodes left, or the entry is larger than a segment may be: 452 4.3.1.
    #[error("the spool is full: {0}")]
    Full(String),
    /// A write or a sync failed. From then on nothing is acknowledged until a restart has read the log again: 421.
    #[error("the spool is unhealthy: {0}")]
    Unhealthy(String),
    /// Another process uses the data directory.
    #[error("another process uses {0}")]
    Locked(String),
    /// No live entry has this id.
    #[error("no entry {0} in the spool")]
    NoSuchEntry(QueueId),
    /// The stored bytes do not match their checksum. The entry was set aside; the others are untouched.
    #[error("entry {0} is damaged")]
    Damaged(QueueId),
}

/// An entry that is to become durable.
#[derive(Debug, Clone)]
pub struct Committed {
    /// What is to be delivered.
    pub entry: Entry,
    /// The message.
    pub body: Bytes,
}

/// An entry that has just become durable.
#[derive(Debug)]
pub struct Durable {
    /// What is to be delivered.
    pub entry: Entry,
    /// The message, so that a first attempt need not read it back; none where there was no room for it in memory.
    pub body: Option<Bytes>,
}

/// Where an attempt leaves an entry.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// Delivered, failed with its report committed, or dropped: the entry is done.
    Done,
    /// To be tried again.
    Deferred(Progress),
}

/// The store. One implementation today, the log on local disk; the seam is for a replicated one.
pub trait Spool: Send + Sync + 'static {
    /// A fresh id, larger than every id before it in this data directory.
    fn next_id(&self) -> QueueId;

    /// Makes all entries durable together, or none of them, and hands them to the queue. Cancelling the future does not undo it.
    fn commit(&self, entries: Vec<Committed>) -> Answer<'_, ()>;

    /// Makes entries durable as a piece of the commit `number`, a fresh id. They count once it is finished; to be awaited before the next piece.
    fn piece(&self, number: QueueId, entries: Vec<Committed>) -> Answer<'_, ()>;

    /// Makes the last entries of the commit `number` durable and ends it: from now on all of its entries are live, and the queue hears of them.
    /// `written` are those of its pieces.
    fn finish(&self, number: QueueId, written: Vec<Entry>, last: Vec<Committed>) -> Answer<'_, ()>;

    /// Gives the commit `number` up: what was written of it is dead. Nothing is waited for.
    fn abandon(&self, number: QueueId);

    /// Notes that an attempt is under way until what is returned is dropped, so that a start after a crash can tell which messages may arrive
    /// twice.
    ///
    /// # Errors
    /// Nothing can be recorded any more, the end of the attempt neither: it must not be made.
    fn begin(&self, id: QueueId) -> Result<Flight, SpoolError>;

    /// Records where an attempt left an entry; durable when it answers.
    fn settle(&self, id: QueueId, settlement: Settlement) -> Answer<'_, ()>;

    /// Makes a report durable and settles the entry that it reports on, both or neither.
    fn report(&self, about: QueueId, settlement: Settlement, report: Committed) -> Answer<'_, ()>;

    /// The message of a live entry, to be handed on: a large one stays in the log meanwhile.
    fn content(&self, id: QueueId) -> Answer<'_, Content>;

    /// Reads the message of a live entry back.
    fn body(&self, id: QueueId) -> Answer<'_, Bytes>;

    /// Messages whose octets have changed on the disk.
    fn remains(&self) -> Remains {
        Remains::default()
    }

    /// Copies what is left of a damaged message out of the log, with what is known of it; durable when it answers. The entry is live until it is settled.
    fn set_aside(&self, entry: &Entry) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Err(SpoolError::NoSuchEntry(entry.id))))
    }

    /// What is left of a message, as it is: of a damaged one that was copied, else of a live one.
    fn left(&self, id: QueueId) -> Answer<'_, Bytes> {
        Box::pin(std::future::ready(Err(SpoolError::NoSuchEntry(id))))
    }

    /// Whether mail can be taken now; an error is the reason why not.
    fn ready(&self) -> Result<(), SpoolError>;
}

#[cfg(test)]
mod tests;

//! The durable store of accepted mail: an append-only log with group commit. It is the truth; everything else is index.
//!
//! Promise: when [`Spool::commit`] has answered `Ok`, the entries survive a crash of the process and of the machine
//! (RFC 5321 6.1). No entry holds a participant's real address: messages are masked, and an entry names participant and
//! transaction.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::mail::QueueId;

mod compaction;
mod content;
mod damaged_range;
mod entry;
mod follow;
mod group_commit;
mod in_flight;
mod index;
mod inspect;
mod local;
mod multipart;
mod open;
pub mod postgres;
mod quarantine;
mod read;
mod record;
mod recover;
mod request;
mod reserve;
mod segment;
mod triage;
mod walk;
mod watermark;
mod writer;

pub use content::{Content, Stored};
pub use follow::{LogReader, ReadEntry};
pub use in_flight::InFlight;
pub use inspect::ReadOnlySpool;
pub use local::LocalSpool;
pub use multipart::{MultipartCommit, PART_SIZE};
pub use open::{Opened, SpoolSettings};
pub use quarantine::{DamagedMessage, Quarantine};
pub use recover::RecoveryReport;
pub use reserve::{ENDS, Reserve};

pub use entry::{
    Disclosure, DocumentSet, Entry, HeldDocuments, KeptId, LastWriter, MessageSummary, OnceMark,
    Origin, Posted, Progress, StateUpdates, TakenDocument, Target, Wrote,
};

/// A pending answer of the spool.
pub type SpoolFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SpoolError>> + Send + 'a>>;

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
    /// The stored bytes do not match their checksum. The entry was quarantined; the others are untouched.
    #[error("entry {0} is damaged")]
    Damaged(QueueId),
    /// Another node owns the entry by now: nothing is started or written here.
    #[error("entry {0} is another node's")]
    Fenced(QueueId),
    /// A shard does not answer, or does not say that it is on enough machines: 451.
    #[error("{0}")]
    Unavailable(String),
}

/// An entry that is to become durable.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// What is to be delivered.
    pub entry: Entry,
    /// The message.
    pub body: Bytes,
}

/// An entry that has just become durable.
#[derive(Debug)]
pub struct CommittedEntry {
    /// What is to be delivered.
    pub entry: Entry,
    /// The message, so that a first attempt need not read it back; none where there was no room for it in memory.
    pub body: Option<Bytes>,
}

/// What a queue hears of a spool that is shared with other nodes.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are of the large kind, which a box would cost an allocation"
)]
pub enum SpoolEvent {
    /// An entry has become durable, and is this node's.
    Committed(CommittedEntry),
    /// Entries that another node has left behind are this node's.
    Adopt(Vec<Entry>),
    /// Entries are another node's by now: those that [`Spool::owns`] denies.
    Disown,
}

/// Where a queue hears it.
#[derive(Debug)]
pub enum SpoolEvents {
    /// Of the log on this machine.
    Local(mpsc::UnboundedReceiver<CommittedEntry>),
    /// Of shards.
    Shared(mpsc::UnboundedReceiver<SpoolEvent>),
}

impl SpoolEvents {
    /// The next; none: the spool has ended.
    pub async fn recv(&mut self) -> Option<SpoolEvent> {
        match self {
            Self::Local(committed) => committed.recv().await.map(SpoolEvent::Committed),
            Self::Shared(events) => events.recv().await,
        }
    }
}

impl From<mpsc::UnboundedReceiver<CommittedEntry>> for SpoolEvents {
    fn from(committed: mpsc::UnboundedReceiver<CommittedEntry>) -> Self {
        Self::Local(committed)
    }
}

/// Where an attempt leaves an entry.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// Delivered, failed with its report committed, or dropped: the entry is done.
    Done,
    /// To be tried again.
    Deferred(Progress),
}

/// The store: the log on local disk ([`LocalSpool`]), or shards that nodes have together ([`postgres::ShardedSpool`]).
pub trait Spool: Send + Sync + 'static {
    /// A fresh id, larger than every id before it in this data directory.
    fn next_id(&self) -> QueueId;

    /// Makes all entries durable together, or none of them, and hands them to the queue. Cancelling the future does not undo it.
    fn commit(&self, entries: Vec<NewEntry>) -> SpoolFuture<'_, ()>;

    /// Makes entries durable as a piece of the commit `number`, a fresh id. They count once it is finished; to be awaited before the next piece.
    fn write_part(&self, number: QueueId, entries: Vec<NewEntry>) -> SpoolFuture<'_, ()>;

    /// Makes the last entries of the commit `number` durable and ends it: from now on all of its entries are live, and the queue hears of them.
    /// `written` are those of its pieces.
    fn finish(
        &self,
        number: QueueId,
        written: Vec<Entry>,
        last: Vec<NewEntry>,
    ) -> SpoolFuture<'_, ()>;

    /// Gives the commit `number` up: what was written of it is dead. Nothing is waited for.
    fn abandon(&self, number: QueueId);

    /// Notes that an attempt is under way until what is returned is dropped, so that a start after a crash can tell which messages may arrive
    /// twice.
    ///
    /// # Errors
    /// Nothing can be recorded any more, the end of the attempt neither: it must not be made.
    fn begin_attempt(&self, id: QueueId) -> Result<InFlight, SpoolError>;

    /// Records where an attempt left an entry; durable when it answers.
    fn settle(&self, id: QueueId, settlement: Settlement) -> SpoolFuture<'_, ()>;

    /// Makes a report durable and settles the entry that it reports on, both or neither.
    fn report(
        &self,
        about: QueueId,
        settlement: Settlement,
        report: NewEntry,
    ) -> SpoolFuture<'_, ()>;

    /// The message of a live entry, to be handed on: a large one stays in the log meanwhile.
    fn content(&self, id: QueueId) -> SpoolFuture<'_, Content>;

    /// Reads the message of a live entry back.
    fn body(&self, id: QueueId) -> SpoolFuture<'_, Bytes>;

    /// Messages whose bytes have changed on the disk.
    fn quarantine(&self) -> Quarantine {
        Quarantine::default()
    }

    /// Copies what is left of a damaged message out of the log, with what is known of it; durable when it answers. The entry is live until it is settled.
    fn quarantine_message(&self, entry: &Entry) -> SpoolFuture<'_, ()> {
        Box::pin(std::future::ready(Err(SpoolError::NoSuchEntry(entry.id))))
    }

    /// What is left of a message, as it is: of a damaged one that was copied, else of a live one.
    fn raw_bytes(&self, id: QueueId) -> SpoolFuture<'_, Bytes> {
        Box::pin(std::future::ready(Err(SpoolError::NoSuchEntry(id))))
    }

    /// Whether a live entry is this node's. All are, where there is one node.
    fn owns(&self, _id: QueueId) -> bool {
        true
    }

    /// Whether mail can be taken now; an error is the reason why not.
    fn ready(&self) -> Result<(), SpoolError>;
}

#[cfg(test)]
mod tests;

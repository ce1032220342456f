//! What a keeper hears and what it wants done.

use super::statement::{Answer, Failure, Filed, Kept, Outcome, Part, Statement};
use crate::mail::QueueId;

/// The number of a statement that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call(pub u64);

/// On which connection. Each has one statement under way at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Entries and outcomes.
    Writes,
    /// Leases and adoption.
    Leases,
}

/// What a keeper hears.
#[derive(Debug)]
pub enum Event {
    /// Time has passed: what [`super::Keeper::wake_at`] said.
    Tick,
    /// Entries are to become durable together.
    Submit(Vec<Filed>),
    /// An attempt has ended, and left an entry so.
    Settle {
        /// The entry.
        id: QueueId,
        /// How it stands.
        outcome: Outcome,
        /// A report on it, written with the outcome or not at all.
        report: Option<Filed>,
    },
    /// An attempt has ended that says nothing about its entry.
    End(QueueId),
    /// A statement was answered, or its connection is gone.
    Answered(Call, Result<Answer, Failure>),
    /// No more mail, no more attempts: the node is to end.
    Drain,
}

/// What a keeper wants done, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Run a statement, as one transaction.
    Send(Lane, Call, Statement),
    /// Give a connection up: nobody waits for its answer any more.
    Reset(Lane),
    /// These entries are durable: 250. With a partition they are this node's to deliver, else another's.
    Accepted(Vec<QueueId>, Option<Part>),
    /// These are not, or it is not known: 451.
    Refused(Vec<QueueId>),
    /// Entries that another node has left behind are this node's to deliver.
    Adopt(Part, Vec<Kept>),
    /// The entries of a partition are another's: forget them, whatever becomes of the attempts under way.
    Disown(Part),
    /// Where an attempt left an entry is durable.
    Settled(QueueId),
    /// All is written and given back; or it could not be, and others will take it when its leases have lapsed.
    Drained,
}

/// Why a shard takes no mail now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// This node ends.
    Draining,
    /// It has no partition there, or its leases are not certain.
    NoLease,
    /// Too few standbys, or the shard has not said for a while.
    NotReplicated,
    /// What waits to be written is too old.
    Stalled,
    /// Too many bytes wait to be written.
    Full,
}

//! What a writer is asked for, and what it says.

use tokio::sync::{mpsc, oneshot};

use crate::mail::QueueId;
use crate::shards::{Filed, Kept, Outcome};
use crate::spool::CommittedEntry;

/// Why the shard did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// It is not known to be on as many machines as it must be: 451.
    #[error("the shard has not acknowledged it")]
    NotAcknowledged,
    /// The entry is another node's by now.
    #[error("another node owns the entry")]
    Fenced,
}

/// What the queue hears.
#[derive(Debug)]
pub enum ShardEvent {
    /// These entries are durable, and this node's to deliver: what was to be announced of them.
    Committed(Vec<CommittedEntry>),
    /// Entries that another node has left behind are this node's to deliver.
    Adopt(Vec<Kept>),
    /// The entries of a partition are another's: forget those that [`super::ShardWriter::owns`] denies.
    Disown,
    /// Everything is written and given back.
    Drained,
}

/// What is to become durable, and what the queue hears of it then.
#[derive(Debug)]
pub struct Announced {
    /// What is written.
    pub filed: Filed,
    /// What the queue hears; none: nothing.
    pub heard: Option<CommittedEntry>,
}

/// Who waits for an answer.
pub(super) type Done = oneshot::Sender<Result<(), ShardError>>;

/// What the task is asked for.
pub(super) enum Order {
    Commit(Vec<Announced>, Done),
    Settle {
        id: QueueId,
        outcome: Outcome,
        report: Option<Box<Announced>>,
        done: Done,
    },
    End(QueueId),
    Drain,
}

/// An attempt under way. When it is dropped, it has ended.
pub(in crate::spool) struct Attempt {
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) id: QueueId,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::End(self.id));
    }
}

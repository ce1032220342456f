//! What is said to a shard, and what it answers.

use bytes::Bytes;

use super::moment::ServerTime;
use crate::mail::QueueId;

/// The number of a partition, which no other partition of its shard ever had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(pub u64);

/// How often the lease of a partition was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// By what a write shows that its node still owns the partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence {
    /// The partition.
    pub part: Part,
    /// The epoch in which the node took it.
    pub epoch: Epoch,
}

/// An entry that is to become durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Its id, unique over all nodes.
    pub id: QueueId,
    /// What is to be delivered, as it is stored.
    pub head: Bytes,
    /// The message.
    pub body: Bytes,
}

impl Filed {
    /// Bytes of it.
    #[must_use]
    pub fn size(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// A live entry, as it is read at an adoption; its message is read when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: QueueId,
    /// What is to be delivered.
    pub head: Bytes,
    /// How far delivery has come, where an attempt was put off.
    pub progress: Option<Bytes>,
}

/// Where an attempt left an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It is to be tried again; the bytes say how far delivery has come.
    Deferred(Bytes),
}

/// One row of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// New mail, which is written once. Where an entry of this id is there already, of whatever partition, nothing of the write is done.
    Entry(Fence, Filed),
    /// A new entry that tells of another one's end, and is said again with that until both are written: one that is there already stays as it is.
    Report(Fence, Filed),
    /// An entry of this partition is done. Of one that is not there it is noted too: a commit that comes late finds it.
    Done(Fence, QueueId),
    /// How far delivery has come. Of two, that of the later epoch counts, and within an epoch that of the higher turn.
    Progress {
        /// By what it is written.
        fence: Fence,
        /// The entry.
        id: QueueId,
        /// Grows with each one that a node writes.
        turn: u64,
        /// What is kept.
        progress: Bytes,
    },
}

impl Row {
    /// By what it is written.
    #[must_use]
    pub fn fence(&self) -> Fence {
        match self {
            Self::Entry(fence, _)
            | Self::Report(fence, _)
            | Self::Done(fence, _)
            | Self::Progress { fence, .. } => *fence,
        }
    }
}

/// A lease, as a look at it finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The partition, and the epoch in which it is owned.
    pub fence: Fence,
    /// Until when it runs.
    pub until: ServerTime,
    /// Whether that is over by the database's clock; or is further away than a lease runs, for the clock has gone back.
    pub is_lapsed: bool,
}

/// One transaction. Each is refused where a commit would not wait for a standby, and counts only once enough machines have synced it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Make a partition, with a lease on it. Answer: [`Answer::Opened`].
    Open,
    /// Let leases run on from now. Answer: [`Answer::Held`], those that were renewed.
    Renew(Vec<Fence>),
    /// Read all leases, and whether there are standbys enough. Answer: [`Answer::Looked`].
    Look,
    /// Take a lease, if it has lapsed and is as it was seen. Answer: [`Answer::Taken`].
    Take(Fence, ServerTime),
    /// Read live entries of an own partition, those behind an id. Answer: [`Answer::Read`].
    Read {
        /// The partition.
        fence: Fence,
        /// Read so far.
        after: QueueId,
        /// How many at most.
        most: usize,
    },
    /// Write rows, those whose fence holds. Answer: [`Answer::Held`], the fences that hold.
    Write(Vec<Row>),
    /// Give leases back: others may take them at once. Answer: [`Answer::Held`], those that were given back.
    Release(Vec<Fence>),
    /// Remove a partition that has no live entry. Answer: [`Answer::Held`], with the fence if it was removed.
    Remove(Fence),
}

/// What came of a transaction that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A partition was made.
    Opened(Fence),
    /// These fences hold (or were renewed, given back, removed); what was said of others was not done.
    Held(Vec<Fence>),
    /// What a look found.
    Looked {
        /// All leases.
        leases: Vec<Seen>,
        /// Whether a commit is synced on as many machines as it must be.
        is_replicated: bool,
    },
    /// The lease was taken, with its new epoch; none: it was not as it was seen.
    Taken(Option<Fence>),
    /// Live entries in the order of their ids; none: the fence does not hold.
    Read(Option<Vec<Kept>>),
}

/// What came of one that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nothing, for certain.
    Undone(String),
    /// It is not known: done or not, or done on too few machines.
    Unknown(String),
}

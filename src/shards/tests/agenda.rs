//! What happens in the simulation, in the order of its times.

use super::fault::Fault;
use super::shard::Sender;
use super::verdict::{Life, Started};
use super::{Answer, Call, Failure, QueueId, Statement};

/// What happens at some time.
#[derive(Debug)]
pub(super) enum What {
    /// The client writes a message.
    Write,
    Break(Fault),
    Mend(Fault),
    /// At a node, if it is still of that life.
    At(Life, Local),
    /// A statement comes to a shard, on a connection to the primary of that generation.
    Arrive(usize, u32, Sender, Statement),
    /// A commit has reached the standby.
    Replicate(usize, u32, u64),
    /// A message comes to the recipient.
    Deliver(Started),
}

/// What happens at a node.
#[derive(Debug)]
pub(super) enum Local {
    Wake(usize),
    Try(QueueId),
    Answered(usize, Call, Result<Answer, Failure>),
    Outcome(usize, QueueId, bool, Option<QueueId>),
    Start,
}

#[derive(Debug)]
pub(super) struct Later {
    pub(super) at: u64,
    pub(super) number: u64,
    pub(super) what: Box<What>,
}

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Later {}
impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Later {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

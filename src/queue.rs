//! When: every entry is attempted until it is delivered, failed or expired. The only room that settles spooled entries.
//!
//! The spool has the truth; what is here is in memory and made anew at every start. The receiver's real address is asked of the directory at
//! every attempt (docs/rules.md#where-mail-goes).

mod action;
mod attempt;
mod backoff;
mod damaged;
mod ending;
mod handing_over;
mod handle;
mod lanes;
mod listed;
mod looked_up;
mod lost_documents;
mod overview;
mod report;
mod scheduler;
mod suspending;
mod suspensions;
mod target;

use std::sync::Arc;
use std::time::Duration;

use crate::backpressure::{Backpressure, DocumentRoom};
use crate::clock::Clock;
use crate::config;
use crate::delivery::Deliver;
use crate::directory::{AddressMark, Answer, Directory};
use crate::dsn::Reporter;
use crate::handover::Targets;
use crate::history::History;
use crate::mail::QueueId;
use crate::masking::{HandedKeys, ParticipantId, TransactionId};
use crate::signing::Signer;
use crate::spool::{Entry, Spool, StateUpdates};

pub use action::QueueAction;
pub use damaged::end_damaged;
pub use handle::{QueueClient, QueueHandle};
pub use listed::{EntryState, ListedDocument, ListedEntry};
pub use overview::{CountedEntries, QueueCounts, QueueTop, TopRow, Wanted};
pub use scheduler::Queue;
pub use suspending::{ResumedDestination, SuspendedDestination};
pub use suspensions::{Suspension, Suspensions};

/// Remembers what entries teach: the address that each party last wrote from, and what happens once.
pub trait LastUsed: Send + Sync + 'static {
    /// The address that `participant` last wrote from in `transaction`.
    fn last_used(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<AddressMark>>;

    /// Remembers what a durable entry teaches. The spool has it, so a failure is logged and not told.
    fn remember(&self, memory: &StateUpdates);

    /// Tells other nodes of an entry that has become durable; where there are none, nobody.
    fn accepted(&self, _entry: &Entry) {}
}

/// The `[delivery]` keys, and what is not configurable.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// The waits after the first, second … attempt; the last one repeats.
    pub retry: Vec<Duration>,
    /// How long an entry may wait in all.
    pub expire: Duration,
    /// How long an entry waits before its writer is told so.
    pub delay_notice: Duration,
    /// Attempts at once towards one domain.
    pub per_destination: usize,
    /// Attempts at once in all.
    pub total: usize,
}

impl QueueSettings {
    /// The settings of a configuration.
    #[must_use]
    pub fn from_config(delivery: &config::Delivery) -> Self {
        Self {
            retry: delivery.retry.clone(),
            expire: delivery.expire,
            delay_notice: delivery.delay_notice,
            // Postfix's number; more annoys receivers, and one slow domain would fill the rest.
            per_destination: 20,
            total: 200,
        }
    }
}

/// What the queue works with.
#[derive(Clone)]
pub struct QueueContext {
    /// Where entries are kept.
    pub spool: Arc<dyn Spool>,
    /// Who is behind a mask.
    pub directory: Arc<dyn Directory>,
    /// Which of the addresses.
    pub last_used: Arc<dyn LastUsed>,
    /// The way out.
    pub deliver: Arc<dyn Deliver>,
    /// Where documents of blocked messages are handed over.
    pub targets: Arc<Targets>,
    /// How many of them wait for that.
    pub documents: Arc<DocumentRoom>,
    /// Where nothing is delivered for now.
    pub suspensions: Arc<Suspensions>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who writes reports.
    pub reporter: Reporter,
    /// Who signs reports.
    pub signer: Arc<Signer>,
    /// The life of every message.
    pub history: Arc<History>,
    /// What is on its way out and still in memory.
    pub flow: Arc<Backpressure>,
    /// Makes the digest of whose servers a message is handed to.
    pub handed: HandedKeys,
    /// How often and how long.
    pub settings: QueueSettings,
}

/// Why an action was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueActionError {
    /// It was delivered, failed, or never was.
    #[error("there is no entry {0} in the queue")]
    NoSuchEntry(QueueId),
    /// Many actions wait already for the end of what is done with it; or it is damaged, and its end is being written.
    #[error("entry {0} is being worked on now; try again in a moment")]
    Busy(QueueId),
    /// Its bytes have changed on the disk, and it has ended.
    #[error("entry {0} is damaged: export what is left of it, or drop it")]
    Damaged(QueueId),
    /// The spool did not take it.
    #[error("the spool could not write it: {0}")]
    Spool(String),
    /// The server is being stopped.
    #[error("the queue has stopped")]
    Stopped,
}

#[cfg(test)]
mod tests;

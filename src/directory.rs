//! Who is behind a mask: participants, their registered addresses, and transactions.
//!
//! [`Directory`] is the seam: sled for one machine today, a database for many tomorrow. "I cannot tell" is an answer of its
//! own, [`Unavailable`], and means 451 to whoever asked; it is never read as "unknown".

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::mail::{Domain, Mailbox};
use crate::masking::{MaskId, ParticipantId, TransactionId};

mod answer;
mod backup;
mod brought;
mod cache;
mod creation;
mod database;
mod draft;
mod export;
mod flusher;
mod import;
mod line;
mod line_error;
mod loaded;
mod moved;
mod postgres;
mod record;
mod restore;
mod sled_state;
mod state;
mod store;
mod unknown_parties;
mod users;

pub use answer::Answer;
pub use backup::Backup;
pub use brought::{Brought, Digests, MOST_ADDRESSES, MOST_DOMAINS};
pub use cache::CachedDirectory;
pub use database::OpenError;
pub use export::{export, rows};
pub use import::{
    BadLine, ImportError, ImportOutcome, ImportProgress, ImportWarning, Part, import, import_part,
};
pub use line::{RecordRules, check, is_order_number, parse_line};
pub use moved::{MovedRecord, MovedRow, MovedValue};
pub use postgres::{
    COMPARED, Drift, DriftWatch, Follower, Hear, Link, MessageRecord, Migrations, MoveError, Moved,
    MovedCounts, Node, NodeFacts, PostgresDirectory, PostgresError, PostgresPolicies,
    PostgresRecords, PostgresSettings, PostgresSpent, PostgresState, PostgresTarget, SpentMore,
    Word, drift, is_beside_another,
};
pub use record::{
    AccountStatus, AddressMark, Change, Conflict, Participant, Transaction, TransactionStatus,
};
pub use restore::{RestorableDirectory, move_away, restore};
pub use sled_state::SledState;
pub use state::{LastWrote, Mark, NoticeDigest, State};
pub use store::SledDirectory;
pub use unknown_parties::UnknownParties;

/// The directory could not answer. Our own fault, so whoever asked is told to come back.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the directory is not available: {0}")]
pub struct Unavailable(pub String);

/// A pending answer of the directory.
pub type DirectoryFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 'a>>;

/// Transactions that are looked at for one number of an order: an order of more parts than that is found by their ids alone.
pub const MOST_OF_AN_ORDER: usize = 100;

/// Whom a mask leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// The account behind it.
    pub participant: ParticipantId,
    /// The only counterparty that may use it; none: everybody with a right to write (every mask of today).
    pub counterparty: Option<ParticipantId>,
}

/// The accounts and orders of the marketplace, as far as mail needs them.
pub trait Directory: Send + Sync + 'static {
    /// Whom a mask leads to; `None` where there is no such mask.
    fn mask(&self, mask: &MaskId) -> DirectoryFuture<'_, Option<Mask>>;

    /// The mask that `participant` shows to `counterparty`; `None` where there is no such participant.
    fn mask_of(
        &self,
        participant: &ParticipantId,
        counterparty: Option<&ParticipantId>,
    ) -> DirectoryFuture<'_, Option<MaskId>>;

    /// An account by its id.
    fn participant(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>>;

    /// As [`Directory::participant`], for what must not be decided on what was: where others change the directory, too, it is asked itself.
    fn participant_now(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        self.participant(id)
    }

    /// Whether a record of an account is there, also while a first load goes on: of use to loads only, for "not there" is no answer to anybody
    /// else then.
    fn stored(&self, id: &ParticipantId) -> DirectoryFuture<'_, bool> {
        let found = self.participant(id);
        Box::pin(async move { Ok(found.await?.is_some()) })
    }

    /// As [`Directory::stored`], of many, in their order.
    fn all_stored(&self, ids: &[ParticipantId]) -> DirectoryFuture<'_, Vec<bool>> {
        let asked: Vec<_> = ids.iter().map(|id| self.stored(id)).collect();
        Box::pin(async move {
            let mut all = Vec::with_capacity(asked.len());
            for stored in asked {
                all.push(stored.await?);
            }
            Ok(all)
        })
    }

    /// How many changes of a load are best applied at once: each such batch is one sync or one transaction.
    fn load_batch(&self) -> usize {
        5_000
    }

    /// The account that an address is registered to. One address belongs to one account.
    fn owner(&self, address: &Mailbox) -> DirectoryFuture<'_, Option<ParticipantId>>;

    /// How many accounts have an address at the organisation of `domain` ([`crate::masking::providers::organisation`]). Beyond
    /// [`crate::masking::providers::MOST_OWNERS`] nobody counts on: any larger number is then as good.
    fn users(&self, domain: &Domain) -> DirectoryFuture<'_, usize>;

    /// A transaction by its id.
    fn transaction(&self, id: &TransactionId) -> DirectoryFuture<'_, Option<Arc<Transaction>>>;

    /// Transactions whose order has this number at the marketplace, at most [`MOST_OF_AN_ORDER`] of them.
    fn transactions_of_order(&self, number: &str) -> DirectoryFuture<'_, Vec<Arc<Transaction>>>;

    /// Applies changes in order, durably before it answers; one result per change, and a refused change leaves no trace.
    fn apply(&self, changes: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>>;
}

#[cfg(test)]
mod tests;

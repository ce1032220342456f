//! [`State`]: what cannot be loaded again, whatever keeps it. The address each party last wrote from, once-only marks, long Message-IDs, what was brought
//! to whom, and when an unknown transaction was first asked for.
//!
//! One machine has it in sled ([`super::SledState`]). What one node was told the others know with the next question.

use super::{AddressMark, Answer, Brought};
use crate::directory::Unavailable;
use crate::mail::{Mailbox, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

/// The rows of one account, the oldest first.
pub type NoticeDigest = (ParticipantId, Vec<String>);

/// A mark of what happens once: its day since the epoch, and a digest of what it is.
pub type Mark = (u16, [u8; 16]);

/// The last time that a party wrote about a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastWrote {
    /// When the message was accepted.
    pub at: Timestamp,
    /// Whether it named a document.
    pub document: bool,
}

/// What mail itself teaches. Every answer may be [`Unavailable`], which is never read as "there is none".
pub trait State: Send + Sync + 'static {
    /// The address that `participant` last wrote from in `transaction`.
    fn last_writer(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<AddressMark>>;

    /// Remembers that `participant` wrote from `address` in `transaction`. Durable through the spool's log.
    fn remember(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
        address: AddressMark,
    ) -> Answer<'_, ()>;

    /// When `transaction` of `participant` was first asked for, by whomever; none: never.
    fn first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
    ) -> Answer<'_, Option<Timestamp>>;

    /// As [`State::first_seen`]; what `asker` asks for the first time is remembered as asked for `now`. An asker is whoever was proven: nobody's rows make
    /// room for another's. Of one with a thousand, the older half goes.
    fn note_first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
        asker: &str,
        now: Timestamp,
    ) -> Answer<'_, Timestamp>;

    /// Remembers that mail from `address` was proven by its own domain's signature. Lost in a crash, it is learnt again.
    fn note_signer(&self, address: &Mailbox) -> Answer<'_, ()>;

    /// Whether mail from `address` was ever proven by its own domain's signature.
    fn is_signer(&self, address: &Mailbox) -> Answer<'_, bool>;

    /// The right to set a mark, which of all that ask at once one has; false: it is set, or another has the right. Whoever has it sets the mark
    /// ([`State::mark`]) or lets it go ([`State::release`]). A right that nobody uses for a minute lapses.
    ///
    /// Of those that ask through one store of one machine the caller keeps apart who asks at once: the store knows set marks only.
    fn claim(&self, mark: Mark) -> Answer<'_, bool>;

    /// Lets a right go. Nobody waits for it.
    fn release(&self, mark: Mark);

    /// Sets a mark. Durable through the spool's log.
    fn mark(&self, mark: Mark) -> Answer<'_, ()>;

    /// Whether it is set.
    fn is_marked(&self, mark: Mark) -> Answer<'_, bool>;

    /// Forgets the marks of the oldest day, if it is before `day`. One day at a time: a clock that was set wrong must not take all of them.
    fn forget_before(&self, day: u16) -> Answer<'_, ()>;

    /// Keeps a Message-ID under the digest that stands in its token. Durable through the spool's log.
    fn keep_id(&self, digest: &[u8; 16], kept: &str) -> Answer<'_, ()>;

    /// What is kept under a digest.
    fn kept_id(&self, digest: &[u8; 16]) -> Answer<'_, Option<String>>;

    /// What messages of `writer` brought to `reader` since `oldest`, by the numbers of the keys of the digests, in their order. Empty: nothing is known.
    fn brought(
        &self,
        writer: &ParticipantId,
        reader: &ParticipantId,
        oldest: Timestamp,
    ) -> Answer<'_, Vec<(u32, Brought)>>;

    /// Adds what a message of `writer` brought to `reader` at `at`, as digests under the key `number`. Durable through the spool's log. The time is kept
    /// by the day: nothing is written for a message that brings nothing new but that.
    fn bring(
        &self,
        pair: (&ParticipantId, &ParticipantId),
        number: u32,
        at: Timestamp,
        brought: &Brought,
    ) -> Answer<'_, ()>;

    /// Forgets what was brought by pairs that have been silent since `oldest`.
    fn forget_brought(&self, oldest: Timestamp) -> Answer<'_, ()>;

    /// When `participant` last wrote about `transaction`; none: never, or 0.1.0 took it.
    fn last_wrote(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<LastWrote>>;

    /// Remembers that `participant` wrote about `transaction`, unless a later message is known. Durable through the spool's log.
    fn note_wrote(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
        last: LastWrote,
    ) -> Answer<'_, ()>;

    /// When a document was taken; none: never, that is forgotten, or it reached nobody.
    fn document_taken(&self, digest: &[u8; 16]) -> Answer<'_, Option<Timestamp>>;

    /// Notes that a document was taken at `at`, unless more is known of that time or a later one. Durable through the spool's log.
    fn note_document(&self, digest: &[u8; 16], at: Timestamp) -> Answer<'_, ()>;

    /// Notes that a document that was taken at `at` reached nobody: it may be taken again. The log may still tell that it was taken, and is not believed
    /// then.
    fn lose_document(&self, digest: &[u8; 16], at: Timestamp) -> Answer<'_, ()>;

    /// Forgets what was taken before `oldest`.
    fn forget_documents(&self, oldest: Timestamp) -> Answer<'_, ()>;

    /// Adds an event to the feed of the marketplace. Its number grows and is never given twice, not after a crash that took the last ones either: it is the
    /// time in microseconds.
    fn add_event(&self, at: Timestamp, event: &str) -> Answer<'_, ()>;

    /// Events with a greater number than `after`, the oldest first, at most `most`.
    fn events(&self, after: u64, most: usize) -> Answer<'_, Vec<(u64, String)>>;

    /// Forgets events of before `oldest`.
    fn forget_events(&self, oldest: Timestamp) -> Answer<'_, ()>;

    /// Adds a row to the digest of an account, which holds a thousand.
    fn add_to_digest(&self, account: &ParticipantId, at: Timestamp, row: &str) -> Answer<'_, ()>;

    /// All digests that wait, in the order of accounts.
    fn digests(&self) -> Answer<'_, Vec<NoticeDigest>>;

    /// Forgets the first rows of an account: it has been told of them.
    fn forget_digest(&self, account: &ParticipantId, rows: usize) -> Answer<'_, ()>;

    /// Every suspension that was kept: the domain and its record, in the order of domains.
    fn suspensions(&self) -> Answer<'_, Vec<(String, Vec<u8>)>>;

    /// Keeps the record of a suspended domain, durably: what was answered holds after a crash, and every node that lives has heard of it.
    fn keep_suspension(&self, domain: &str, record: &[u8]) -> Answer<'_, ()>;

    /// Forgets a suspended domain, durably, and says whether there was a record.
    fn forget_suspension(&self, domain: &str) -> Answer<'_, bool>;

    /// Every token that was kept: its id and its record, in the order of ids.
    fn tokens(&self) -> Answer<'_, Vec<(String, Vec<u8>)>>;

    /// Keeps the record of a token, durably: a revocation that was answered holds after a crash, and every node that lives has heard of it.
    fn keep_token(&self, id: &str, record: &[u8]) -> Answer<'_, ()>;

    /// Keeps the record of a token where it is still `before`: what is noted of its use must not undo what another did. A crash within the next moment
    /// may lose it.
    fn note_token(&self, id: &str, before: &[u8], record: &[u8]) -> Answer<'_, ()>;

    /// Whether something that stands in the spool's log was not written.
    fn is_behind(&self) -> bool;

    /// Makes everything so far durable, before the log drops a segment.
    ///
    /// # Errors
    /// [`Unavailable`]; the log must then keep what it has.
    fn checkpoint(&self) -> Result<(), Unavailable>;
}

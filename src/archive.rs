//! What the Message Center keeps: every message that passed the relay, in the threads of its two parties, and a feed for each of them.
//!
//! Only masked text that passed the leak gate comes in. A message is added once, by the entry of the spool that it was: a replay of the log changes
//! nothing. A feed's numbers rise by one and are given when a thing becomes visible, so a cursor never passes anything by. What one side reads or
//! deletes is a matter of its view: no row of a message is changed by it. Numbers rise by one as long as the archive is whole; one that was restored
//! leaves a gap ([`Archive::renew`]), so that a number says by itself which past it belongs to.

use std::future::Future;
use std::pin::Pin;

use crate::mail::{QueueId, Timestamp};
use crate::masking::ParticipantId;

mod model;
mod sqlite;
mod upkeep;

pub use model::{
    Between, EntryKey, Event, EventKind, FeedPage, Folded, LatestMessage, MailState, MessageId,
    NewMessage, Parties, Party, Published, SentWith, Settings, StoredFile, StoredMessage, Thread,
    ThreadFilter, ThreadId, ThreadKind, ThreadPage, ThreadView, Upload, UploadId, UploadRoom, Via,
};
pub use sqlite::SqliteArchive;
pub use upkeep::{Checked, Retention};

/// An answer of the archive that is waited for.
pub type ArchiveFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ArchiveError>> + Send + 'a>>;

/// Why the archive did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ArchiveError {
    /// Our own fault, always: the mail itself stands in the spool.
    #[error("the archive cannot be used: {0}")]
    Unavailable(String),
    /// A number that the feed has not: it was given by an archive of which this one is an older copy, or the feed goes back less far.
    #[error("the feed has no such number; it can be read on from {start}")]
    Gone {
        /// The number behind which to go on. What comes then may have been seen before, and nothing is missing.
        start: u64,
    },
}

/// The store. SQLite on one machine; the seam is for one that many nodes share.
pub trait Archive: Send + Sync + 'static {
    /// Adds messages, and then notes what became of the mail of entries, in order: all visible since `at`, and durable together when it answers. A message
    /// that is there already is passed over; unknown entries and what is known of them already change nothing. Returns who sees something new: the
    /// parties of messages, and the writers of mail.
    fn record(
        &self,
        messages: Vec<NewMessage>,
        states: Vec<(EntryKey, MailState)>,
        at: Timestamp,
    ) -> ArchiveFuture<'_, Vec<Published>>;

    /// [`Archive::record`] of messages alone.
    fn add(&self, messages: Vec<NewMessage>, at: Timestamp) -> ArchiveFuture<'_, Vec<Published>> {
        self.record(messages, Vec::new(), at)
    }

    /// [`Archive::record`] of what became of mail alone.
    fn mail_states(
        &self,
        states: Vec<(EntryKey, MailState)>,
        at: Timestamp,
    ) -> ArchiveFuture<'_, Vec<Published>> {
        self.record(Vec::new(), states, at)
    }

    /// Which of these entries are not in the archive.
    fn missing(&self, entries: Vec<EntryKey>) -> ArchiveFuture<'_, Vec<EntryKey>>;

    /// Entries of `node` behind one whose mail is still on its way as far as is known here, `limit` at most, in order.
    fn under_way(
        &self,
        node: u32,
        after: QueueId,
        limit: usize,
    ) -> ArchiveFuture<'_, Vec<EntryKey>>;

    /// The last messages of a thread, the newest first: for whoever adds to it, not for one of its sides.
    fn latest(&self, thread: ThreadId, limit: usize) -> ArchiveFuture<'_, Vec<LatestMessage>>;

    /// Forgets what is too old, `limit` messages and events at most; how many it were, 0 when nothing is left.
    fn forget(&self, due: Retention, limit: usize) -> ArchiveFuture<'_, usize>;

    /// Takes everything of an account out that is its alone: its views, its feed, its login. Its messages stay in the other side's view until they are
    /// too old, or go now (`with_messages`). How many messages went.
    fn erase(&self, of: ParticipantId, with_messages: bool) -> ArchiveFuture<'_, usize>;

    /// Looks at every row and at the octets of every message.
    fn check(&self) -> ArchiveFuture<'_, Checked>;

    /// What a participant has sent with this key since then.
    fn sent_with(
        &self,
        of: ParticipantId,
        key: [u8; 16],
        since: Timestamp,
    ) -> ArchiveFuture<'_, Option<SentWith>>;

    /// What happened in the feed of a participant behind a number, `limit` events at most; 0: from the oldest that there is.
    fn events(&self, of: ParticipantId, after: u64, limit: usize) -> ArchiveFuture<'_, FeedPage>;

    /// The number of the last event of a feed; 0: there is none.
    fn end(&self, of: ParticipantId) -> ArchiveFuture<'_, u64>;

    /// To be called once for an archive that is an older copy of itself (restored from a backup) or that takes the place of a lost one. No number
    /// that may have been given is given again, and whoever has one that this archive does not know is told where to go on.
    fn renew(&self, at: Timestamp) -> ArchiveFuture<'_, ()>;

    /// The threads of a participant, newest first, from a place that an earlier page told.
    fn threads(
        &self,
        of: ParticipantId,
        filter: ThreadFilter,
        before: Option<u64>,
        limit: usize,
    ) -> ArchiveFuture<'_, ThreadPage>;

    /// A thread as a participant sees it; none: there is no such thread, or it is others'.
    fn thread(&self, of: ParticipantId, thread: ThreadId) -> ArchiveFuture<'_, Option<ThreadView>>;

    /// The messages of a thread that a participant has not deleted, `limit` at most, oldest first.
    fn messages(
        &self,
        of: ParticipantId,
        thread: ThreadId,
        between: Between,
        limit: usize,
    ) -> ArchiveFuture<'_, Vec<StoredMessage>>;

    /// One message; none: there is none, it is others', or the participant has deleted it.
    fn message(
        &self,
        of: ParticipantId,
        message: MessageId,
    ) -> ArchiveFuture<'_, Option<StoredMessage>>;

    /// The masked message without the fields that only its reader may see; none as for [`Archive::message`], and to the writer of one whose octets
    /// are for its reader alone.
    fn raw(&self, of: ParticipantId, message: MessageId) -> ArchiveFuture<'_, Option<Vec<u8>>>;

    /// How many threads of a participant have something unread, counted up to `most`.
    fn unread(&self, of: ParticipantId, most: usize) -> ArchiveFuture<'_, usize>;

    /// Sets up to which number of its feed a participant has read a thread, forwards or back. False: there is no such thread.
    fn mark_read(
        &self,
        of: ParticipantId,
        thread: ThreadId,
        up_to: u64,
        at: Timestamp,
    ) -> ArchiveFuture<'_, bool>;

    /// What a participant has set.
    fn settings(&self, of: ParticipantId) -> ArchiveFuture<'_, Settings>;

    /// Keeps what a participant has set, durably, in place of what it had.
    fn keep_settings(&self, of: ParticipantId, set: Settings) -> ArchiveFuture<'_, ()>;

    /// Keeps a file that a participant will send, durably. False: there is no room for it.
    fn keep_upload(
        &self,
        of: ParticipantId,
        upload: Upload,
        at: Timestamp,
        room: UploadRoom,
    ) -> ArchiveFuture<'_, bool>;

    /// A file that a participant has uploaded since `oldest`; none: there is none, or it is others'.
    fn upload(
        &self,
        of: ParticipantId,
        id: UploadId,
        oldest: Timestamp,
    ) -> ArchiveFuture<'_, Option<Upload>>;

    /// Deletes a message on one side. False: there is no such message, or it was deleted before.
    fn delete(
        &self,
        of: ParticipantId,
        message: MessageId,
        at: Timestamp,
    ) -> ArchiveFuture<'_, bool>;
}

#[cfg(test)]
mod tests;

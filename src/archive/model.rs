//! The words of the archive.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::mail::{QueueId, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }

        impl $name {
            /// Reads what [`fmt::Display`] writes: 32 hexadecimal digits in small letters. None: it is no such thing.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let octets = HEXLOWER.decode(text.as_bytes()).ok()?;
                octets.try_into().ok().map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

id! {
    /// A message of the Center. Made of node and queue id with a key: a replay makes the same one, and nobody guesses another.
    MessageId
}
id! {
    /// A thread. Made of its parties and its order with a key, so that mail and API meet without asking.
    ThreadId
}

id! {
    /// A file that was uploaded. Random.
    UploadId
}

/// The entry of a spool: which node, and which of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryKey {
    /// The node; 0 where there is one only.
    pub node: u32,
    /// The entry.
    pub id: QueueId,
}

/// What a thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadKind {
    /// Between a buyer and a seller, about one order or about none.
    Talk,
    /// News of a courier, for one participant only.
    Courier,
}

/// How a message came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By mail.
    Mail,
    /// Written in the Center.
    Center,
}

/// One who talks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its id.
    pub id: ParticipantId,
    /// Its public name. The archive keeps the one that came last.
    pub login: String,
}

/// Who talks: the one who began is not told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The buyer of the order; of none, the one whose id is smaller.
    pub one: Party,
    /// The seller, or the other; none of a courier's.
    pub other: Option<Party>,
}

impl Parties {
    /// Both, or the only one.
    pub fn iter(&self) -> impl Iterator<Item = &Party> {
        std::iter::once(&self.one).chain(&self.other)
    }

    /// The other side of `of`; none of a courier's thread.
    #[must_use]
    pub fn other_than(&self, of: &ParticipantId) -> Option<&Party> {
        self.iter().find(|party| party.id != *of)
    }
}

/// A thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// What it is.
    pub kind: ThreadKind,
    /// Who sees it.
    pub parties: Parties,
    /// The order that it is about.
    pub order: Option<TransactionId>,
}

/// Ranges of a text in octets that hold quotes.
pub type Folded = Vec<Range<usize>>;

/// A file of a message: where it stands in the raw one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// As it was sent, without what is not seen.
    pub name: String,
    /// Its type by its contents, as in Content-Type.
    pub media_type: String,
    /// Octets, decoded.
    pub size: u64,
    /// Where its content stands in the raw message, under its transfer encoding.
    pub place: Range<usize>,
    /// The transfer encoding, in small letters; empty for none.
    pub encoding: String,
}

/// A file on its way into a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// As it was sent, without what is not seen.
    pub name: String,
    /// Its type by its contents, as in Content-Type.
    pub media_type: String,
    /// Its content.
    pub octets: Bytes,
}

/// What a participant may set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// In which language it is told reasons, as an ISO 639-1 code; none: its account's.
    pub language: Option<String>,
}

/// For how much and how long files may wait for their message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadRoom {
    /// Those of before are forgotten.
    pub oldest: Timestamp,
    /// Octets of one participant.
    pub octets_each: u64,
    /// Files of one participant.
    pub files_each: u64,
    /// Octets of all participants.
    pub octets_all: u64,
}

/// What became of the mail of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MailState {
    /// It is on its way.
    Queued,
    /// It takes longer.
    Delayed {
        /// Why, without any address of the reader's.
        reason: String,
    },
    /// The reader's server took it.
    Delivered,
    /// It could not be delivered.
    Failed {
        /// Why, without any address of the reader's.
        reason: String,
    },
}

/// A message that is to be added.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// What it was in the spool.
    pub entry: EntryKey,
    /// Where it belongs.
    pub thread: Thread,
    /// Who wrote it: one of the parties; none, a courier.
    pub writer: Option<ParticipantId>,
    /// How it came.
    pub via: Via,
    /// Whether a program answered.
    pub automatic: bool,
    /// When it was accepted.
    pub written_at: Timestamp,
    /// Its subject.
    pub subject: String,
    /// Its text, quotes included.
    pub text: String,
    /// The text went on.
    pub cut: bool,
    /// What of the text is quotes.
    pub folded: Folded,
    /// Its files.
    pub files: Vec<StoredFile>,
    /// The Message-ID that it left with, without angle brackets.
    pub message_id: String,
    /// What became of its mail so far.
    pub mail: MailState,
    /// As which request of its writer it came, where it was written in the Center with a key.
    pub sent_with: Option<SentWith>,
    /// Whether its octets hold what its writer must not see: ids of the reader's own.
    pub readers_alone: bool,
    /// The masked message.
    pub raw: Vec<u8>,
}

/// A request under a key that its writer chose, so that it is done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentWith {
    /// The digest of the key.
    pub key: [u8; 16],
    /// The digest of what was asked.
    pub asked: [u8; 16],
    /// The message that came of it.
    pub message: MessageId,
}

/// What whoever adds to a thread wants to know of a message of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestMessage {
    /// The Message-ID that it left with, without angle brackets.
    pub message_id: String,
    /// Its subject.
    pub subject: String,
    /// Its text, quotes included.
    pub text: String,
}

/// A message as one of its parties sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its id.
    pub id: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// Its number in the feed of the participant who asks.
    pub number: u64,
    /// Who wrote it; none, a courier.
    pub writer: Option<ParticipantId>,
    /// How it came.
    pub via: Via,
    /// Whether a program answered.
    pub automatic: bool,
    /// When it was accepted.
    pub written_at: Timestamp,
    /// When it became visible.
    pub published_at: Timestamp,
    /// Its subject.
    pub subject: String,
    /// Its text, quotes included.
    pub text: String,
    /// The text went on; the raw message has all of it.
    pub cut: bool,
    /// What of the text is quotes.
    pub folded: Folded,
    /// Its files.
    pub files: Vec<StoredFile>,
    /// What became of its mail.
    pub mail: MailState,
}

/// What may happen in a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A message became visible.
    #[serde(rename = "message.published")]
    MessagePublished,
    /// The mail of a message of mine came further.
    #[serde(rename = "message.mail_state")]
    MailState,
    /// I deleted a message.
    #[serde(rename = "message.deleted")]
    MessageDeleted,
    /// I read a thread, or took that back.
    #[serde(rename = "thread.read")]
    ThreadRead,
}

/// One event of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number in this feed.
    pub number: u64,
    /// What happened.
    pub kind: EventKind,
    /// In which thread.
    pub thread: ThreadId,
    /// With which message.
    pub message: Option<MessageId>,
    /// When.
    pub at: Timestamp,
}

/// Some events of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    /// In order.
    pub events: Vec<Event>,
    /// The number of the last of them, behind which the feed goes on; of none, the one that was asked for.
    pub next: u64,
}

/// That a participant's feed has grown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Whose.
    pub participant: ParticipantId,
    /// Up to this number.
    pub number: u64,
}

/// Which messages of a thread are asked for, by numbers of the feed of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// The first ones behind this number; 0: behind the beginning.
    After(u64),
    /// The last ones before this number.
    Before(u64),
}

/// Which threads are asked for; all that is set must fit.
#[derive(Debug, Clone, Default)]
pub struct ThreadFilter {
    /// With something unread.
    pub unread: bool,
    /// Whose last message is the other side's.
    pub unanswered: bool,
    /// With a user of this login, in any letter case.
    pub with: Option<String>,
    /// About one of these transactions.
    pub orders: Option<Vec<TransactionId>>,
    /// Of this kind.
    pub kind: Option<ThreadKind>,
    /// With a message since then.
    pub since: Option<Timestamp>,
}

/// A thread as one of its parties sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadView {
    /// The thread.
    pub thread: Thread,
    /// The number of its last message in the feed of the participant who asks.
    pub last: u64,
    /// When that became visible.
    pub last_at: Timestamp,
    /// Up to which number it was read.
    pub read_up_to: u64,
    /// Messages of the other side that were not read.
    pub unread: u64,
    /// Whether the last message is the other side's.
    pub unanswered: bool,
}

/// Some threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadPage {
    /// Newest first.
    pub threads: Vec<ThreadView>,
    /// Where the next page begins; none: that was all.
    pub next: Option<u64>,
}

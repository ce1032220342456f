//! What the spool remembers of a message beside its bytes. No participant's real address stands in any field.

use serde::{Deserialize, Serialize};

use crate::content::{Document, MOST_DOCUMENTS};
use crate::directory::{AddressMark, Brought};
use crate::mail::{Diagnostic, Mailbox, QueueId, Reception, ReversePath, Timestamp, TraceId};
use crate::masking::{HandedTo, ParticipantId, TransactionId};

const DAY_MS: u64 = 86_400_000;

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in this data directory.
    pub id: QueueId,
    /// The SMTP transaction that it came with.
    pub trace: TraceId,
    /// When it was accepted; expiry counts from here.
    pub arrived: Timestamp,
    /// To whom.
    pub target: Target,
    /// Who is told if it fails.
    pub origin: Origin,
    /// MAIL FROM of the delivery: a token of ours, or null for a report.
    pub reverse_path: ReversePath,
    /// Whether the message needs SMTPUTF8 (RFC 6531).
    #[serde(default)]
    pub smtputf8: bool,
    /// Whether the message holds bytes over 127 (BODY=8BITMIME, RFC 6152).
    #[serde(default)]
    pub eight_bit: bool,
    /// What a report says about the message.
    pub about: MessageSummary,
    /// The Message-ID that it leaves with, without angle brackets; empty where it keeps its own.
    #[serde(default)]
    pub sent_as: String,
    /// What is to be remembered once the entry is durable.
    #[serde(default)]
    pub memory: StateUpdates,
    /// What is handed over in place of delivering the message, which is released where that fails; none: it is delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Box<HeldDocuments>>,
    /// How far delivery has come; as committed, a fresh start.
    #[serde(default)]
    pub progress: Progress,
    /// How it came, for the history; none once that has it, and after a restart. It is not written: what it names is nobody's business here.
    #[serde(skip)]
    pub came: Option<Box<Reception>>,
}

/// Sale documents of a message that was blocked (docs/rules-on-contents.md#documents).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldDocuments {
    /// The account that wrote.
    pub seller: ParticipantId,
    /// The transaction that they belong to.
    pub transaction: TransactionId,
    /// When the message goes to its recipient, if they have not all been handed over by then.
    pub until: Timestamp,
    /// Octets of the message.
    pub octets: u64,
    /// The documents.
    pub documents: Vec<Document>,
}

impl Entry {
    /// An entry with nobody to tell and a null sender: what is forgotten to be set fails silent, not towards a stranger.
    #[must_use]
    pub fn new(id: QueueId, trace: TraceId, arrived: Timestamp, target: Target) -> Self {
        Self {
            id,
            trace,
            arrived,
            target,
            origin: Origin::Nobody,
            reverse_path: ReversePath::Null,
            smtputf8: false,
            eight_bit: false,
            about: MessageSummary::default(),
            sent_as: String::new(),
            memory: StateUpdates::default(),
            held: None,
            progress: Progress::default(),
            came: None,
        }
    }

    /// The documents that are to be handed over before anything is delivered; none: there are none, or the message was released.
    #[must_use]
    pub fn to_hand_over(&self) -> Option<&HeldDocuments> {
        let held = self.held.as_deref();
        held.filter(|_| self.progress.released.is_none())
    }

    /// Since when it is to be delivered.
    #[must_use]
    pub fn deliverable_since(&self) -> Timestamp {
        self.progress.released.unwrap_or(self.arrived)
    }
}

/// Where an entry goes. A participant's address is looked up at every attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A participant: the address last used in the transaction if it still is registered, else the primary.
    Participant {
        /// The account.
        participant: ParticipantId,
        /// The transaction that the mail is about.
        transaction: Option<TransactionId>,
    },
    /// An address that is nobody's secret: the operator's contact, or a courier's return path.
    Address(Mailbox),
    /// Nowhere: this recipient was refused when others of the same message were taken, or another server reported its failure. The entry
    /// only exists to be reported on.
    Refused(Diagnostic),
    /// Nowhere: another server reported a delay. The entry only exists to be reported on.
    Delayed(Diagnostic),
}

/// Who is told when an entry fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The participant who wrote it.
    Participant {
        /// The account.
        participant: ParticipantId,
        /// The transaction that the mail is about.
        transaction: Option<TransactionId>,
    },
    /// A courier's return path, which has been proven.
    Address(Mailbox),
    /// Nobody: a report, an automatic reply, or a return path that proves nothing (RFC 5321 4.5.5, 6.1).
    Nobody,
}

/// What a report (DSN) says about the message, all of it in the view of the writer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MessageSummary {
    /// The recipient as the writer wrote it: a masked address or a role.
    pub recipient: String,
    /// The Subject as text, without control characters; at most 200 characters.
    pub subject: String,
    /// The Date field as it came.
    pub date: String,
    /// The writer's own Message-ID, angle brackets included.
    pub message_id: String,
    /// The Content-Type without parameters that could name somebody; empty if there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content_type: String,
}

/// What an entry teaches. It stands in the log with the message and is as durable as that; the state store learns it from there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StateUpdates {
    /// The address that the writer wrote from, to be used for answers; none for couriers and reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_writer: Option<LastWriter>,
    /// What must not happen a second time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<OnceMark>,
    /// What must not happen more often than so many times: the places that this has taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<OnceMark>,
    /// A Message-ID too long for its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_id: Option<KeptId>,
    /// To whose servers it would be handed when it was accepted. By then or by a later attempt a report's bringer is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<HandedTo>,
    /// What the message brings to its reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Disclosure>,
    /// That a party wrote about a transaction: the other may answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrote: Option<Wrote>,
    /// Documents that it holds to be handed over: they are not taken a second time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<TakenDocument>,
    /// That it was written in the Message Center.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted: Option<Posted>,
    /// Documents that reached nobody after all: they may be taken again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost_documents: Vec<TakenDocument>,
}

/// A message was written in the Message Center, and under which key of its writer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The digest of the key; none: it came without one.
    pub key: Option<[u8; 16]>,
    /// The digest of what was asked.
    pub asked: [u8; 16],
}

/// A document that was taken to be handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenDocument {
    /// Names transaction and contents.
    pub digest: [u8; 16],
    /// When.
    pub at: Timestamp,
}

/// A party has written about a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrote {
    /// The transaction.
    pub transaction: TransactionId,
    /// Who wrote.
    pub participant: ParticipantId,
    /// When it was accepted.
    pub at: Timestamp,
    /// Whether a document was named.
    pub document: bool,
}

/// What a message brings to its reader, as keyed digests: if it comes back, it must not tell whether it is the reader's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// Who wrote.
    pub writer: ParticipantId,
    /// To whom.
    pub reader: ParticipantId,
    /// When it was accepted.
    pub at: Timestamp,
    /// The number of the key of the digests.
    pub key: u32,
    /// The digests.
    pub brought: Brought,
}

/// The mark of something that happens once: a report on a bounce, an automatic reply of a pair on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OnceMark {
    /// The day since the epoch that it belongs to; it is forgotten some time after.
    pub day: u16,
    /// What it marks, as a digest.
    pub digest: [u8; 16],
}

impl OnceMark {
    /// The mark of a message accepted at `accepted` having been handed to the servers of a domain.
    #[must_use]
    pub fn handed(accepted: Timestamp, to: HandedTo) -> Self {
        Self {
            day: u16::try_from(accepted.0 / DAY_MS).unwrap_or(u16::MAX),
            digest: to.0,
        }
    }
}

/// A Message-ID that is stored, for its token is only a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptId {
    /// The digest in the token.
    pub digest: [u8; 16],
    /// The account that wrote.
    pub writer: ParticipantId,
    /// The account that it was written to.
    pub reader: ParticipantId,
    /// The original id, without angle brackets.
    pub id: String,
}

/// The address that a party wrote from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWriter {
    /// The transaction.
    pub transaction: TransactionId,
    /// The party who wrote.
    pub participant: ParticipantId,
    /// Which of its addresses.
    pub address: AddressMark,
}

/// How far delivery of an entry has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Attempts made.
    pub attempts: u32,
    /// When the next one is due; zero: at once.
    pub next_attempt: Timestamp,
    /// What stopped the last one. Holds no participant's address: those are masked before they are stored.
    pub last: Option<Diagnostic>,
    /// Held by an operator.
    #[serde(default)]
    pub held: bool,
    /// Whether the writer was told that it takes longer: once is enough.
    #[serde(default)]
    pub told: bool,
    /// The numbers of its documents that have been handed over.
    #[serde(default, skip_serializing_if = "DocumentSet::is_empty")]
    pub handed_over: DocumentSet,
    /// The numbers of those that lie in the marketplace's folder, and that its server has still to get.
    #[serde(default, skip_serializing_if = "DocumentSet::is_empty")]
    pub in_folder: DocumentSet,
    /// When it was released to its recipient, its documents not having been handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Timestamp>,
}

/// Some of the documents of a message, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentSet(u32);

impl DocumentSet {
    /// Whether there is none.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether the document of this number is one of them.
    #[must_use]
    pub fn contains(self, number: usize) -> bool {
        number < MOST_DOCUMENTS && self.0 & (1 << number) != 0
    }

    /// Adds one.
    pub fn insert(&mut self, number: usize) {
        if number < MOST_DOCUMENTS {
            self.0 |= 1 << number;
        }
    }
}

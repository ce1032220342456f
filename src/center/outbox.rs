//! What participants write in the Center, on its way to the intake.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use crate::archive::{MessageId, ThreadId};
use crate::masking::ParticipantId;

/// A key that a client chose for one message, and what it asked for with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The digest of the key.
    pub key: [u8; 16],
    /// The digest of everything that was asked: addressee, text, files.
    pub asked: [u8; 16],
}

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// To the other side of a thread.
    Thread(ThreadId),
    /// To a user about an order, or about none.
    User {
        /// The transaction's id, or its number at the marketplace; none: about no order.
        order: Option<String>,
        /// The other side's login.
        login: String,
    },
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftFile {
    /// As it was named at the upload.
    pub name: String,
    /// Its type by its contents, as in Content-Type.
    pub media_type: String,
    /// Its content.
    pub octets: Bytes,
}

/// A message that a participant wants to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// To whom.
    pub to: Addressee,
    /// Its subject; none: made from the thread.
    pub subject: Option<String>,
    /// What it says, with any line ends; may be empty where there are files.
    pub text: String,
    /// Its files.
    pub files: Vec<DraftFile>,
    /// So that it is sent once, however often it is asked for.
    pub key: Option<IdempotencyKey>,
}

/// Why a message was not sent. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostError {
    /// There is no such thread for this participant.
    NoSuchThread,
    /// A rule says no: reason word, the rule's name, and a sentence that says how to mend it. For good.
    Refused {
        /// A reason word of docs/interface.md.
        reason: &'static str,
        /// The rule that found it.
        rule: Option<&'static str>,
        /// One or two sentences.
        detail: String,
    },
    /// A budget is used up.
    Limited {
        /// Its key in `[limits]` or `[center]`.
        budget: &'static str,
        /// When it is worth another try.
        retry_after: Duration,
    },
    /// The same idempotency key came with another message.
    KeyReused,
    /// The same idempotency key is under way.
    UnderWay,
    /// Our own fault, or not now: worth another try.
    Unavailable(String),
}

/// An answer of the outbox that is waited for.
pub type Posting<'a> = Pin<Box<dyn Future<Output = Result<MessageId, PostError>> + Send + 'a>>;

/// The way out of the Center: judged, masked, gated and made durable by what takes mail, then archived.
pub trait Outbox: Send + Sync + 'static {
    /// Sends a message of `writer`; when it answers, the message is durable and can be read in the archive.
    fn post<'a>(&'a self, writer: &'a ParticipantId, draft: Draft) -> Posting<'a>;
}

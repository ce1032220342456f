//! How a participant's message is to look, and why it cannot.

use super::options::Options;
use super::trace::Trace;
use crate::mail::Mailbox;
use crate::masking::MaskedDomains;
use crate::policy::Reason;

/// The ids of a message as its reader is to see them, without angle brackets (RFC 5322 3.6.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Threading {
    /// Message-ID.
    pub message_id: String,
    /// In-Reply-To.
    pub in_reply_to: Vec<String>,
    /// References, oldest first.
    pub references: Vec<String>,
}

/// How a message is to look.
pub struct ParticipantPlan<'a> {
    /// The writer's masked address.
    pub from: Mailbox,
    /// The name beside it, as `[policy] display_name` has it; it is masked like any text. None: the address stands alone.
    pub from_name: Option<String>,
    /// Every registered address of the writer: none of them may show.
    pub writer_addresses: &'a [Mailbox],
    /// The receiver's masked address.
    pub to: Mailbox,
    /// The new ids.
    pub threading: Threading,
    /// Which addresses are masked ones.
    pub domains: &'a MaskedDomains,
    /// Our own trace field.
    pub trace: Trace,
    /// What else is to be done.
    pub options: Options<'a>,
}

/// A message that cannot be rewritten. It is refused, never passed on as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// A field that may stand once stands twice, and its copies would be read differently.
    #[error("the message has more than one {0} field")]
    Twice(&'static str),
    /// A MIME field with octets over 127.
    #[error("the {0} field holds raw 8-bit octets")]
    RawMime(String),
    /// A file that may not pass, in the words of [`crate::attachments`].
    #[error("{0}")]
    Attachment(String),
    /// A part that could show anything, since it cannot be read.
    #[error("{place} {why}; it could show an address of yours")]
    Hidden {
        /// Which part, by number and file name.
        place: String,
        /// What is the matter with it, in words that follow the place.
        why: String,
    },
}

impl RewriteError {
    /// The reason word of the refusal.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Hidden { .. } => Reason::WouldLeak,
            Self::Attachment(_) => Reason::AttachmentType,
            _ => Reason::Malformed,
        }
    }
}

//! Refusals that speak of no rule, a message that cannot be read and what fails on our side, and the form of all. Ours are always 4xx: the client
//! keeps the message.

use crate::config::Policy;
use crate::directory::Unavailable;
use crate::mail::{Reply, TraceId};
use crate::message::Malformed;
use crate::policy::{Reason, Refusal};
use crate::spool::SpoolError;

/// A directory that does not answer is our fault: 451.
impl From<Unavailable> for Refusal {
    fn from(_: Unavailable) -> Self {
        Self::new(
            Reason::DirectoryUnavailable,
            "the account directory does not answer; please try again later.",
        )
    }
}

/// A message that nobody should try to read.
pub(super) fn malformed(error: &Malformed) -> Refusal {
    let text = format!("the message is malformed: {error}.");
    Refusal::new(Reason::Malformed, text)
}

/// A failure of ours: the client keeps the message.
pub(super) fn internal(what: &str) -> Refusal {
    tracing::error!(event = "internal", what);
    Refusal::new(
        Reason::Internal,
        "the server could not prepare the message; please try again later.",
    )
}

/// What a client hears when the spool takes nothing: always 4xx. The details are for the log, a path or an error of the system is nobody
/// else's business (docs/threats.md#98).
pub(super) fn unstored(error: &SpoolError) -> Refusal {
    tracing::error!(event = "spool_refused", %error);
    match error {
        SpoolError::Full(_) => Refusal::new(
            Reason::Storage,
            "the server is short of storage; please try again later.",
        ),
        SpoolError::Unhealthy(_) => Refusal::new(
            Reason::Busy,
            "the server cannot take mail at the moment; please try again later.",
        ),
        _ => Refusal::new(
            Reason::Internal,
            "the server could not store the message; please try again later.",
        ),
    }
}

/// The house form of a refusal, with recipient, trace and help.
pub(super) fn reply(policy: &Policy, refusal: &Refusal, recipient: &str, trace: &TraceId) -> Reply {
    let recipient = recipient.trim_start_matches('<').trim_end_matches('>');
    refusal.reply(recipient, trace.as_str(), policy.help_url.as_deref())
}

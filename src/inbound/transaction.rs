//! One mail transaction of a session: from MAIL to the end of data (RFC 5321 3.3).

use std::sync::OnceLock;

use crate::mail::{ForwardPath, ReversePath, Timestamp, TraceId};
use crate::smtp::MailParameters;

/// What a client has said of a message so far.
#[derive(Debug, Clone)]
pub struct MailTransaction {
    /// The name under which everything about it is logged and answered.
    pub trace: TraceId,
    /// MAIL FROM.
    pub reverse_path: ReversePath,
    /// SIZE, BODY, SMTPUTF8.
    pub parameters: MailParameters,
    /// RCPT TO, those that were taken.
    /// As they were written, with doubles: replies and logs name what the client knows.
    pub recipients: Vec<ForwardPath>,
    /// When it began: set by whoever judges MAIL and has a clock.
    pub began: OnceLock<Timestamp>,
}

impl MailTransaction {
    /// A transaction that has just begun.
    #[must_use]
    pub fn new(trace: TraceId, reverse_path: ReversePath, parameters: MailParameters) -> Self {
        Self {
            trace,
            reverse_path,
            parameters,
            recipients: Vec::new(),
            began: OnceLock::new(),
        }
    }
}

//! What became of one recipient in one attempt (RFC 3464 2.3).
//!
//! A remote server's refusal is data, never an `Err`: a report needs every word of it.

use serde::{Deserialize, Serialize};

use super::{Domain, EnhancedStatus, Reply, Timestamp};

/// The end of one attempt for one recipient. Every recipient gets exactly one after every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The next hop answered 2xx after the end of data: the message is its own now.
    Delivered {
        /// The host that took it; none where the message was handed on without SMTP.
        host: Option<Domain>,
        /// What it said.
        reply: Reply,
    },
    /// Not now: to be tried again.
    Deferred(Diagnostic),
    /// Never: a report (DSN) is due.
    Failed(Diagnostic),
}

/// Why a message was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The enhanced status: the remote one where it gave one, else ours.
    pub status: EnhancedStatus,
    /// The host that answered, if one did. Never shown to the other side of a mask.
    pub host: Option<Domain>,
    /// The remote reply, word for word; none where our own side found the fault (no such domain, no connection).
    pub reply: Option<Reply>,
    /// One sentence of ours for people; no address in it.
    pub text: String,
    /// Told by a report of another server: then the text is that of the status, in every language. None: found in an attempt of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
}

/// The dates of what another server reports: its own, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// When the message that it is about was accepted here.
    pub accepted: Timestamp,
    /// When that server last tried.
    pub last_attempt: Option<Timestamp>,
    /// Until when it tries.
    pub retry_until: Option<Timestamp>,
}

impl Diagnostic {
    /// A fault that we found ourselves.
    #[must_use]
    pub fn local(status: EnhancedStatus, text: impl Into<String>) -> Self {
        Self {
            status,
            host: None,
            reply: None,
            text: text.into(),
            reported: None,
        }
    }

    /// A refusal that `host` spoke, for good or for now. Without an enhanced status in the reply it is `X.0.0` of the reply's class.
    #[must_use]
    pub fn remote(host: Option<Domain>, reply: Reply) -> Self {
        let class = if reply.code.is_permanent() { 5 } else { 4 };
        let status = reply
            .status
            .unwrap_or_else(|| EnhancedStatus::new(class, 0, 0));
        let text = if reply.code.is_transient() {
            "the receiving server does not take the message for now"
        } else {
            "the receiving server refused the message"
        };
        Self {
            status,
            host,
            reply: Some(reply),
            text: text.to_owned(),
            reported: None,
        }
    }
}

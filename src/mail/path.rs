//! Reverse-path and forward-path of an envelope (RFC 5321 4.1.1.2, 4.1.1.3).
//!
//! The null reverse-path is a variant of its own, never an empty string; so is the `<postmaster>` that needs no domain.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Mailbox;

/// Where reports about a message go: MAIL FROM.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReversePath {
    /// `<>`: a report or an automatic reply, which must never be answered (RFC 5321 4.5.5).
    Null,
    /// An ordinary sender.
    Mailbox(Mailbox),
}

/// Where a message goes: RCPT TO.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<postmaster>` without a domain (RFC 5321 4.5.1).
    Postmaster,
    /// Any other recipient.
    Mailbox(Mailbox),
}

impl ReversePath {
    /// The mailbox, unless the path is null.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postmaster => f.write_str("<postmaster>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

//! Who has a token, and what may be done with it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::allowlist::Entry;
use crate::masking::ParticipantId;

/// What may be done in the Message Center.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum Scope {
    /// Threads, messages, files and the feed can be read.
    #[serde(rename = "messages:read")]
    MessagesRead,
    /// Messages can be written and deleted, files uploaded, threads marked as read.
    #[serde(rename = "messages:write")]
    MessagesWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::MessagesRead, Self::MessagesWrite];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MessagesRead => "messages:read",
            Self::MessagesWrite => "messages:write",
        }
    }
}

/// A word that names no scope.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0:?} is no scope; there are messages:read and messages:write")]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.word() == word);
        found.ok_or_else(|| UnknownScope(word.to_owned()))
    }
}

/// Who has a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Holder {
    /// A courier, who asks about orders.
    Courier {
        /// The allowlist entry; the token is good while it stands there.
        entry: Entry,
    },
    /// A participant, for tools that read and write messages.
    Participant {
        /// Its id.
        participant: ParticipantId,
        /// What the token is good for.
        scope: Vec<Scope>,
    },
}

/// `@inpost.pl`, or `participant 8awgqyk6a5`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Courier { entry } => entry.fmt(f),
            Self::Participant { participant, .. } => write!(f, "participant {participant}"),
        }
    }
}

/// A courier who asks.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The id of the token.
    pub token: Arc<str>,
    /// Its entry.
    pub entry: Entry,
}

/// A participant who asks.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The id of the token.
    pub token: Arc<str>,
    /// Whose it is.
    pub participant: ParticipantId,
    /// What it is good for.
    pub scope: Vec<Scope>,
}

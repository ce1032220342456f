//! One line of the history.

use serde::{Deserialize, Serialize};

use super::account::{Attempt, Came, Hidden};
use crate::dsn::{HiddenAddresses, mask};
use crate::mail::{Diagnostic, EnhancedStatus, QueueId, Timestamp, TraceId};
use crate::masking::HandedTo;
use crate::spool::{Entry, MessageSummary, Origin, Target};

/// Something that happened to a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// When.
    pub at: Timestamp,
    /// The SMTP transaction that the message came with.
    pub trace: TraceId,
    /// Its queue id; none before it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<QueueId>,
    /// The recipient as the sender wrote it: a masked address, or `-` where it is none of ours.
    pub to: String,
    /// What.
    #[serde(flatten)]
    pub event: HistoryEvent,
    /// How the message came: of `accepted`, `held` and `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<Box<Came>>,
    /// How an attempt went: of what ends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// [`Hidden`] as JSON, sealed ([`TraceKeys`](crate::masking::TraceKeys)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// The same, to be sealed when the line is written, or opened after it was read.
    #[serde(skip)]
    pub hidden: Option<Box<Hidden>>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum HistoryEvent {
    /// Durable in the spool.
    Accepted(Box<Accepted>),
    /// Refused in the session, and durable in the spool for the documents in it.
    Held(Box<Accepted>),
    /// Refused in the session.
    Refused {
        /// The reason word.
        reason: String,
        /// RFC 3463; none in lines of 0.1.0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<EnhancedStatus>,
    },
    /// A rule on contents held; what became of the message stands in another line.
    Content(Box<ContentHit>),
    /// Taken and not passed on: a repeated report, an automatic reply too many.
    Discarded {
        /// Why.
        text: String,
    },
    /// Tried in vain, and to be tried again.
    Deferred {
        /// RFC 3463.
        status: EnhancedStatus,
        /// What the other server said, masked.
        text: String,
        /// When it is tried again, RFC 3339; none in lines of 0.1.0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// Documents of a blocked message were handed over, and the message has ended.
    HandedOver {
        /// Their names.
        documents: Vec<String>,
    },
    /// A blocked message goes to its recipient after all: its documents were not handed over.
    Released {
        /// Why not.
        text: String,
    },
    /// The next server has it.
    Delivered {
        /// How many attempts it took.
        attempts: u32,
    },
    /// Given up.
    Failed {
        /// RFC 3463.
        status: EnhancedStatus,
        /// What the other server said, masked.
        text: String,
        /// Whether somebody is told.
        reported: bool,
    },
    /// A courier asked whether the address stands for an order, and it does. No message is meant.
    Verified {
        /// The id of the courier's token.
        token: String,
        /// Its allowlist entry.
        entry: String,
        /// `order` or `closed`.
        result: String,
    },
    /// An operator changed what becomes of it, or of its destination.
    Ordered {
        /// `retry`, `hold`, `release`, `fail`, `drop`, `suspend` or `resume`.
        order: String,
        /// Who: `uid 0` of the unix socket, the token and from where, or an address.
        by: String,
    },
    /// A report of another server came back for it.
    Bounced {
        /// RFC 3463.
        status: EnhancedStatus,
        /// What it said, masked.
        text: String,
    },
}

/// What a rule on contents said. No words of the message are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentHit {
    /// What writer and support name it by.
    pub reference: String,
    /// The rule that decided.
    pub rule: String,
    /// What becomes of the message by it.
    pub action: String,
    /// The set that was in force.
    pub set: String,
    /// What was known beside the text.
    pub facts: Vec<String>,
    /// The other rules that held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
}

/// What is kept of an accepted message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// To whom it goes.
    pub target: Target,
    /// Who is told if it fails.
    pub origin: Origin,
    /// What a report says about it.
    pub about: MessageSummary,
    /// The Message-ID that it leaves with.
    #[serde(default)]
    pub sent_as: String,
    /// To whose servers it was to be handed when it was accepted; another domain of a later attempt is a mark in the state store. None: it goes
    /// to an address that is nobody's secret, or 0.1.0 took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<HandedTo>,
    /// The names of documents that it is held for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
}

impl HistoryRecord {
    /// A line that tells `event` alone.
    #[must_use]
    pub const fn new(
        at: Timestamp,
        trace: TraceId,
        id: Option<QueueId>,
        to: String,
        event: HistoryEvent,
    ) -> Self {
        Self {
            at,
            trace,
            id,
            to,
            event,
            came: None,
            attempt: None,
            sealed: None,
            hidden: None,
        }
    }

    /// What is kept of a message, in the line that tells that it became durable.
    #[must_use]
    pub fn stored(&self) -> Option<&Accepted> {
        match &self.event {
            HistoryEvent::Accepted(stored) | HistoryEvent::Held(stored) => Some(stored),
            _ => None,
        }
    }

    /// The line of an entry that has become durable.
    #[must_use]
    pub fn accepted(entry: &Entry) -> Self {
        let accepted = Accepted {
            target: target(entry),
            origin: entry.origin.clone(),
            about: entry.about.clone(),
            sent_as: entry.sent_as.clone(),
            handed_to: entry.memory.handed_to,
            documents: entry.held.as_ref().map_or_else(Vec::new, |held| {
                let names = held.documents.iter().map(|document| document.name.clone());
                names.collect()
            }),
        };
        let accepted = Box::new(accepted);
        let event = match entry.held {
            Some(_) => HistoryEvent::Held(accepted),
            None => HistoryEvent::Accepted(accepted),
        };
        let came = entry.came.as_deref();
        let hidden = came.map(|came| {
            let mut hidden = Hidden::of_reception(came);
            // It stands in the line already, but where it names an address of the writer's.
            hidden
                .message_id
                .take_if(|id| *id == entry.about.message_id);
            Box::new(hidden)
        });
        Self {
            came: came.map(|came| Box::new(Came::of(came))),
            hidden,
            ..Self::of(entry, entry.arrived, event)
        }
    }

    /// The entry that the line of an accepted message tells of; none of other lines. How it was to leave is not known: it is only good to be told of.
    #[must_use]
    pub fn entry(&self) -> Option<Entry> {
        let (id, accepted) = (self.id?, self.stored()?);
        let target = accepted.target.clone();
        Some(Entry {
            origin: accepted.origin.clone(),
            about: accepted.about.clone(),
            sent_as: accepted.sent_as.clone(),
            ..Entry::new(id, self.trace.clone(), self.at, target)
        })
    }

    /// A line about an entry.
    #[must_use]
    pub fn of(entry: &Entry, at: Timestamp, event: HistoryEvent) -> Self {
        let to = entry.about.recipient.clone();
        Self::new(at, entry.trace.clone(), Some(entry.id), to, event)
    }
}

/// Where an entry goes. The sentence of a refusal may name the writer by its address: it is kept as the recipient might read it.
fn target(entry: &Entry) -> Target {
    // What another server reported was masked before, and is nobody's reception.
    let (Target::Refused(diagnostic), Some(came)) = (&entry.target, &entry.came) else {
        return entry.target.clone();
    };
    let real = came.from.as_deref().and_then(|from| from.parse().ok());
    let hidden = HiddenAddresses {
        real: real.into_iter().collect(),
        shown_as: entry.about.recipient.clone(),
    };
    Target::Refused(Diagnostic {
        text: mask(&diagnostic.text, &hidden),
        ..diagnostic.clone()
    })
}

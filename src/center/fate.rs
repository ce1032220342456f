//! What the life of an entry, as the history tells it, means for its message in the Center.

use crate::archive::MailState;
use crate::dsn::{self, Action};
use crate::history::{HistoryEvent, HistoryRecord};
use crate::mail::{EnhancedStatus, QueueId};

/// What happened to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its mail came so far.
    Mail(MailState),
    /// It was held for its documents, and goes to its recipient after all.
    Released,
    /// It was held for its documents, and ended with them: nobody gets it.
    HandedOver,
}

/// What a line of the history says; none: nothing that the Center shows.
pub(super) fn of(record: &HistoryRecord) -> Option<(QueueId, Fate)> {
    let failed = |status| MailState::Failed {
        reason: reason(Action::Failed, status),
    };
    let fate = match &record.event {
        HistoryEvent::Delivered { .. } => Fate::Mail(MailState::Delivered),
        HistoryEvent::Deferred { status, .. } => Fate::Mail(MailState::Delayed {
            reason: reason(Action::Delayed, *status),
        }),
        HistoryEvent::Failed { status, .. } | HistoryEvent::Bounced { status, .. } => {
            Fate::Mail(failed(*status))
        }
        // Of an entry: dropped by the operator.
        HistoryEvent::Discarded { .. } => Fate::Mail(failed(EnhancedStatus::FAILURE_5_0_0)),
        HistoryEvent::Released { .. } => Fate::Released,
        HistoryEvent::HandedOver { .. } => Fate::HandedOver,
        _ => return None,
    };
    Some((record.id?, fate))
}

/// Our own words for a status: a server's may name the reader's address.
fn reason(action: Action, status: EnhancedStatus) -> String {
    format!("{status}: {}", dsn::sentence(action, status))
}

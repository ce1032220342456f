//! What operators do with entries: retry, hold, release, fail, drop (docs/interface.md#allegromail-queue).

use std::str::FromStr;

use super::QueueContext;
use super::ending::{self, AttemptEnd};
use super::listed::EntryState;
use super::{QueueActionError, handing_over, lost_documents};
use crate::history::{HistoryEvent, HistoryRecord};
use crate::mail::{Diagnostic, EnhancedStatus};
use crate::spool::{Entry, Progress, Settlement};

/// An action on one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueAction {
    /// An attempt now.
    Retry,
    /// No attempt until it is released. Expiry does not end it meanwhile.
    Hold,
    /// A held entry is due again.
    Release,
    /// Given up, with a report to the writer.
    Fail,
    /// Deleted; nobody is told.
    Drop,
    /// The document of this number was taken by the marketplace (`POST /v1/documents/{id}/taken`).
    Taken(usize),
}

impl QueueAction {
    /// Those that operators type, in the order in which the manual has them.
    pub const ALL: [Self; 5] = [
        Self::Retry,
        Self::Hold,
        Self::Release,
        Self::Fail,
        Self::Drop,
    ];

    /// Its name: as it is typed, as the path of the admin interface has it, and in the log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Fail => "fail",
            Self::Drop => "drop",
            Self::Taken(_) => "taken",
        }
    }
}

impl FromStr for QueueAction {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|action| action.word() == word);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::word).join(", ");
            format!("{word:?} is no action on the queue; the actions are {known}")
        })
    }
}

/// The state of an entry that no attempt is under way for.
pub(super) fn waiting(entry: &Entry) -> EntryState {
    if entry.progress.held {
        EntryState::Held
    } else {
        EntryState::Deferred
    }
}

/// Carries out what `by` ordered on an entry that nobody else works on. Where the spool refuses, the entry waits as it did, and the action is
/// answered with why. The log has every order, the life of the message those that were carried out.
pub(super) async fn execute(
    context: &QueueContext,
    entry: Entry,
    (action, by): (QueueAction, &str),
) -> (AttemptEnd, Result<(), QueueActionError>) {
    tracing::info!(event = "operator_order", queue_id = %entry.id, trace = %entry.trace, order = action.word(), by);
    let about = HistoryRecord::of(&entry, context.clock.now(), ordered(action.word(), by));
    let (end, result) = carry_out(context, entry, action).await;
    // What the marketplace has taken stands in the life of the message already.
    if result.is_ok() && !matches!(action, QueueAction::Taken(_)) {
        context.history.note(HistoryRecord {
            at: context.clock.now(),
            ..about
        });
    }
    (end, result)
}

/// That `by` ordered something.
pub(super) fn ordered(order: &str, by: &str) -> HistoryEvent {
    HistoryEvent::Ordered {
        order: order.to_owned(),
        by: by.to_owned(),
    }
}

async fn carry_out(
    context: &QueueContext,
    entry: Entry,
    action: QueueAction,
) -> (AttemptEnd, Result<(), QueueActionError>) {
    let now = context.clock.now();
    let progress = match action {
        QueueAction::Fail => {
            let text = "the operator of this server has ended the delivery";
            let diagnostic = Diagnostic::local(EnhancedStatus::FAILURE_5_0_0, text);
            return match ending::fail(context, &entry, diagnostic, None).await {
                AttemptEnd::Done => (AttemptEnd::Done, Ok(())),
                left => {
                    let text = "the report could not be written".to_owned();
                    (left, Err(QueueActionError::Spool(text)))
                }
            };
        }
        QueueAction::Drop => {
            return match context.spool.settle(entry.id, Settlement::Done).await {
                Ok(()) => {
                    lost_documents::reached_nobody(context, &entry).await;
                    let text = "dropped by the operator of this server".to_owned();
                    ending::note(context, &entry, HistoryEvent::Discarded { text }, None);
                    (AttemptEnd::Done, Ok(()))
                }
                Err(error) => (
                    AttemptEnd::Waiting(entry.progress),
                    Err(QueueActionError::Spool(error.to_string())),
                ),
            };
        }
        QueueAction::Taken(number) => return handing_over::taken(context, &entry, number).await,
        // One that an operator has held waits for its documents again.
        QueueAction::Release if entry.to_hand_over().is_some() && !entry.progress.held => {
            let so_far = entry.progress.clone();
            let why = "released by the operator of this server";
            return match handing_over::release(context, &entry, (so_far, why)).await {
                AttemptEnd::Waiting(progress) if progress.released.is_none() => {
                    let text = "the notice to the writer could not be written".to_owned();
                    (
                        AttemptEnd::Waiting(progress),
                        Err(QueueActionError::Spool(text)),
                    )
                }
                end => (end, Ok(())),
            };
        }
        QueueAction::Retry => Progress {
            next_attempt: now,
            ..entry.progress.clone()
        },
        QueueAction::Hold => Progress {
            held: true,
            ..entry.progress.clone()
        },
        QueueAction::Release => Progress {
            held: false,
            next_attempt: now,
            ..entry.progress.clone()
        },
    };
    let settled = Settlement::Deferred(progress.clone());
    match context.spool.settle(entry.id, settled).await {
        Ok(()) => (AttemptEnd::Waiting(progress), Ok(())),
        Err(error) => (
            AttemptEnd::Waiting(entry.progress),
            Err(QueueActionError::Spool(error.to_string())),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::QueueAction;

    #[test]
    fn an_action_has_one_name_and_an_unknown_one_is_told_the_names() {
        for action in QueueAction::ALL {
            assert_eq!(action.word().parse(), Ok(action));
        }
        let error = "Hold".parse::<QueueAction>().unwrap_err();
        assert!(
            error.contains("\"Hold\"") && error.contains("retry, hold, release, fail, drop"),
            "{error}"
        );
    }
}

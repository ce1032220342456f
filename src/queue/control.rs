//! What operators order: retry, hold, release, fail, drop (docs/interface.md#allegromail-queue).

use std::str::FromStr;

use super::Parts;
use super::ending::{self, End};
use super::listed::State;
use crate::history::Event;
use crate::mail::{Diagnostic, EnhancedStatus, QueueId};
use crate::spool::{Entry, Progress, Settlement};

/// An order on one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
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
}

impl Control {
    /// All of them, in the order of the manual.
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
        }
    }
}

impl FromStr for Control {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|control| control.word() == word);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::word).join(", ");
            format!("{word:?} is no action on the queue; the actions are {known}")
        })
    }
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// It was delivered, failed, or never was.
    #[error("there is no entry {0} in the queue")]
    NoSuchEntry(QueueId),
    /// Many orders wait already for the end of what is done with it; or it is damaged, and its end is being written.
    #[error("entry {0} is being worked on now; try again in a moment")]
    Busy(QueueId),
    /// Its octets have changed on the disk, and it has ended.
    #[error("entry {0} is damaged: export what is left of it, or drop it")]
    Damaged(QueueId),
    /// The spool did not take it.
    #[error("the spool could not write it: {0}")]
    Spool(String),
    /// The server is being stopped.
    #[error("the queue has stopped")]
    Stopped,
}

/// The state of an entry that no attempt is under way for.
pub(super) fn waiting(entry: &Entry) -> State {
    if entry.progress.held {
        State::Held
    } else {
        State::Deferred
    }
}

/// Carries out `control` on an entry that nobody else works on. Where the spool refuses, the entry waits as it did, and the order is answered
/// with why.
pub(super) async fn carry_out(
    parts: &Parts,
    entry: Entry,
    control: Control,
) -> (End, Result<(), ControlError>) {
    tracing::info!(event = "operator_order", queue_id = %entry.id, trace = %entry.trace, order = control.word());
    let now = parts.clock.now();
    let progress = match control {
        Control::Fail => {
            let text = "the operator of this server has ended the delivery";
            let diagnostic = Diagnostic::local(EnhancedStatus::FAILURE_5_0_0, text);
            return match ending::fail(parts, &entry, diagnostic).await {
                End::Done => (End::Done, Ok(())),
                left => {
                    let text = "the report could not be written".to_owned();
                    (left, Err(ControlError::Spool(text)))
                }
            };
        }
        Control::Drop => {
            return match parts.spool.settle(entry.id, Settlement::Done).await {
                Ok(()) => {
                    let text = "dropped by the operator of this server".to_owned();
                    ending::note(parts, &entry, Event::Discarded { text });
                    (End::Done, Ok(()))
                }
                Err(error) => (
                    End::Waits(entry.progress),
                    Err(ControlError::Spool(error.to_string())),
                ),
            };
        }
        Control::Retry => Progress {
            next_attempt: now,
            ..entry.progress.clone()
        },
        Control::Hold => Progress {
            held: true,
            ..entry.progress.clone()
        },
        Control::Release => Progress {
            held: false,
            next_attempt: now,
            ..entry.progress.clone()
        },
    };
    let settled = Settlement::Deferred(progress.clone());
    match parts.spool.settle(entry.id, settled).await {
        Ok(()) => (End::Waits(progress), Ok(())),
        Err(error) => (
            End::Waits(entry.progress),
            Err(ControlError::Spool(error.to_string())),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::Control;

    #[test]
    fn an_action_has_one_name_and_an_unknown_one_is_told_the_names() {
        for control in Control::ALL {
            assert_eq!(control.word().parse(), Ok(control));
        }
        let error = "Hold".parse::<Control>().unwrap_err();
        assert!(
            error.contains("\"Hold\"") && error.contains("retry, hold, release, fail, drop"),
            "{error}"
        );
    }
}

//! The way to speak to a running queue: to list it, to steer it, and to stop it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::QueueActionError;
use super::QueueContext;
use super::action::{self, QueueAction};
use super::ending::AttemptEnd;
use super::lanes::Lanes;
use super::listed::{EntryState, ListedDocument, ListedEntry};
use crate::handover::Targets;
use crate::history::HistoryRecord;
use crate::mail::QueueId;
use crate::spool::{DamagedMessage, Entry, Quarantine};

/// What the schedule hears.
pub(super) enum SchedulerMessage {
    /// The entry, and how its attempt ended.
    Ended(QueueId, AttemptEnd),
    /// Somebody wants to see everything. What they make of it is no work of the schedule's.
    Entries(oneshot::Sender<Vec<(Arc<Entry>, EntryState)>>),
    /// Everything that waits is to be due.
    RetryNow,
    /// These are, where they wait; answered once they are.
    Due(Vec<QueueId>, oneshot::Sender<()>),
    /// An action on one entry.
    Action(QueueId, PendingAction),
}

/// An action of an operator on one entry.
pub(super) struct PendingAction {
    pub(super) action: QueueAction,
    /// Who ordered it.
    pub(super) by: String,
    /// Where its answer goes.
    pub(super) answer: oneshot::Sender<Result<(), QueueActionError>>,
}

/// The way to speak to a running queue, for whoever started it and will end it. Dropped without [`QueueHandle::shutdown`], the queue goes on.
pub struct QueueHandle {
    pub(super) messages: mpsc::UnboundedSender<SchedulerMessage>,
    /// Ends the schedule, once attempts have ended.
    pub(super) stop: CancellationToken,
    /// Shut first, so that nothing begins any more.
    pub(super) lanes: Arc<Lanes>,
    /// Shut with them.
    pub(super) targets: Arc<Targets>,
    /// What the end waits for.
    pub(super) attempts: TaskTracker,
    /// Cancelled by a panic of the schedule.
    pub(super) broken: CancellationToken,
    /// The schedule.
    pub(super) task: JoinHandle<()>,
    /// Damaged messages, which no schedule knows any more.
    pub(super) quarantine: Quarantine,
    /// Where entries go, and what is noted about them.
    pub(super) context: QueueContext,
}

impl QueueHandle {
    /// The part of the handle that can be given to others.
    #[must_use]
    pub fn client(&self) -> QueueClient {
        QueueClient {
            messages: self.messages.clone(),
            quarantine: self.quarantine.clone(),
            context: self.context.clone(),
        }
    }

    /// Returns if the schedule has panicked: nothing is delivered any more until a restart.
    pub async fn broken(&self) {
        self.broken.cancelled().await;
    }

    /// Everything in the queue, by id.
    pub async fn list(&self) -> Vec<ListedEntry> {
        self.client().list().await
    }

    /// Makes every entry that waits due now; held ones stay held.
    pub fn retry_now(&self) {
        // A queue that has stopped retries at its next start.
        let _ = self.messages.send(SchedulerMessage::RetryNow);
    }

    /// Starts nothing any more and waits for attempts under way, at most `patience`. What is cut off is tried again after the next start.
    pub async fn shutdown(self, patience: Duration) {
        self.lanes.shut();
        self.targets.shut();
        self.attempts.close();
        if tokio::time::timeout(patience, self.attempts.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                event = "drain_timeout",
                "deliveries are cut; the spool has their messages"
            );
        }
        self.stop.cancel();
        // The task ends by itself; if it panicked, the spool has everything.
        let _ = self.task.await;
    }
}

/// Listing and steering a running queue: what the admin interface gets. It cannot stop it.
#[derive(Clone)]
pub struct QueueClient {
    pub(super) messages: mpsc::UnboundedSender<SchedulerMessage>,
    quarantine: Quarantine,
    pub(super) context: QueueContext,
}

impl QueueClient {
    /// Everything in the queue, and what is damaged, by id; empty when the queue has stopped.
    pub async fn list(&self) -> Vec<ListedEntry> {
        let entries = self.entries().await;
        let listed = entries.iter();
        let mut listed = listed
            .map(|(entry, state)| ListedEntry::of(entry, *state))
            .collect();
        self.add_damaged(&mut listed).await;
        listed
    }

    /// Everything in the queue, in no order; empty when the queue has stopped.
    pub(super) async fn entries(&self) -> Vec<(Arc<Entry>, EntryState)> {
        self.known().await.unwrap_or_default()
    }

    /// Everything that the schedule knows, in no order.
    async fn known(&self) -> Result<Vec<(Arc<Entry>, EntryState)>, QueueActionError> {
        let (answer, entries) = oneshot::channel();
        let sent = self.messages.send(SchedulerMessage::Entries(answer));
        sent.map_err(|_| QueueActionError::Stopped)?;
        entries.await.map_err(|_| QueueActionError::Stopped)
    }

    /// Adds what is damaged, and sorts by id.
    pub(super) async fn add_damaged(&self, listed: &mut Vec<ListedEntry>) {
        match self.look(|quarantine| quarantine.list()).await {
            Ok(damaged) => ListedEntry::add_damaged(listed, &damaged),
            // What waits is worth more than nothing.
            Err(error) => {
                tracing::error!(event = "spool_damaged", %error, "damaged messages cannot be listed");
                listed.sort_by(|a, b| a.id.cmp(&b.id));
            }
        }
    }

    /// The documents that are to be handed over, in the order in which their messages came.
    ///
    /// # Errors
    /// `Stopped`: nothing is known of them.
    pub async fn documents(&self) -> Result<Vec<ListedDocument>, QueueActionError> {
        let mut held = self.known().await?;
        held.retain(|(entry, _)| entry.to_hand_over().is_some());
        held.sort_by_key(|(entry, _)| entry.id);
        let listed = held.iter().flat_map(|(entry, _)| ListedDocument::of(entry));
        Ok(listed.collect())
    }

    /// Looks at damaged messages, on a thread that may wait for the disk.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Quarantine) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let quarantine = self.quarantine.clone();
        let looked = tokio::task::spawn_blocking(move || look(&quarantine)).await;
        looked.map_err(io::Error::other)?
    }

    /// Carries out an action that `by` ordered on one entry; durable when it answers.
    ///
    /// # Errors
    /// [`QueueActionError`]: nothing was done.
    pub async fn act(
        &self,
        id: QueueId,
        action: QueueAction,
        by: &str,
    ) -> Result<(), QueueActionError> {
        let failed = |error: io::Error| QueueActionError::Spool(error.to_string());
        let damaged = self.look(move |quarantine| quarantine.get(id)).await;
        match damaged.map_err(failed)? {
            None => self.act_on_entry(id, action, by.to_owned()).await,
            Some(damaged) if action == QueueAction::Drop && damaged.ended => {
                let forgotten = self.look(move |quarantine| quarantine.forget(id)).await;
                forgotten.map_err(failed)?;
                self.note_dropped(&damaged, by);
                Ok(())
            }
            Some(damaged) if damaged.ended => Err(QueueActionError::Damaged(id)),
            // Its end is being written.
            Some(_) => Err(QueueActionError::Busy(id)),
        }
    }

    /// Tells that what was left of a damaged message went.
    fn note_dropped(&self, damaged: &DamagedMessage, by: &str) {
        let order = QueueAction::Drop.word();
        let trace = damaged
            .entry
            .as_ref()
            .map_or("-", |entry| entry.trace.as_str());
        tracing::info!(event = "operator_order", queue_id = %damaged.id, trace, order, by);
        if let Some(entry) = &damaged.entry {
            let (history, now) = (&self.context.history, self.context.clock.now());
            history.note(HistoryRecord::of(entry, now, action::ordered(order, by)));
        }
    }

    async fn act_on_entry(
        &self,
        id: QueueId,
        action: QueueAction,
        by: String,
    ) -> Result<(), QueueActionError> {
        let (answer, done) = oneshot::channel();
        let order = PendingAction { action, by, answer };
        let sent = self.messages.send(SchedulerMessage::Action(id, order));
        sent.map_err(|_| QueueActionError::Stopped)?;
        done.await.map_err(|_| QueueActionError::Stopped)?
    }
}

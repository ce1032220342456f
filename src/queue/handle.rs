//! The way to speak to a running queue: to list it, to steer it, and to stop it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::control::{Control, ControlError};
use super::ending::End;
use super::lanes::Lanes;
use super::listed::Listed;
use crate::mail::QueueId;
use crate::spool::Remains;

/// What the schedule hears.
pub(super) enum Message {
    /// The entry, and how its attempt ended.
    Ended(QueueId, End),
    /// Somebody wants to see everything.
    List(oneshot::Sender<Vec<Listed>>),
    /// Everything that waits is to be due.
    RetryNow,
    /// An order on one entry, and where its answer goes.
    Control(QueueId, Control, oneshot::Sender<Result<(), ControlError>>),
}

/// The way to speak to a running queue, for whoever started it and will end it. Dropped without [`Handle::shutdown`], the queue goes on.
pub struct Handle {
    pub(super) messages: mpsc::UnboundedSender<Message>,
    /// Ends the schedule, once attempts have ended.
    pub(super) stop: CancellationToken,
    /// Shut first, so that nothing begins any more.
    pub(super) lanes: Arc<Lanes>,
    /// What the end waits for.
    pub(super) attempts: TaskTracker,
    /// Cancelled by a panic of the schedule.
    pub(super) broken: CancellationToken,
    /// The schedule.
    pub(super) task: JoinHandle<()>,
    /// Damaged messages, which no schedule knows any more.
    pub(super) remains: Remains,
}

impl Handle {
    /// The part of the handle that can be given to others.
    #[must_use]
    pub fn controls(&self) -> Controls {
        Controls {
            messages: self.messages.clone(),
            remains: self.remains.clone(),
        }
    }

    /// Returns if the schedule has panicked: nothing is delivered any more until a restart.
    pub async fn broken(&self) {
        self.broken.cancelled().await;
    }

    /// Everything in the queue, by id.
    pub async fn list(&self) -> Vec<Listed> {
        self.controls().list().await
    }

    /// Makes every entry that waits due now; held ones stay held.
    pub fn retry_now(&self) {
        // A queue that has stopped retries at its next start.
        let _ = self.messages.send(Message::RetryNow);
    }

    /// Starts nothing any more and waits for attempts under way, at most `patience`. What is cut off is tried again after the next start.
    pub async fn shutdown(self, patience: Duration) {
        self.lanes.shut();
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
pub struct Controls {
    messages: mpsc::UnboundedSender<Message>,
    remains: Remains,
}

impl Controls {
    /// Everything in the queue, and what is damaged, by id; empty when the queue has stopped.
    pub async fn list(&self) -> Vec<Listed> {
        let (answer, listed) = oneshot::channel();
        if self.messages.send(Message::List(answer)).is_err() {
            return Vec::new();
        }
        let mut listed = listed.await.unwrap_or_default();
        match self.look(|remains| remains.list()).await {
            Ok(damaged) => Listed::add_damaged(&mut listed, &damaged),
            // What waits is worth more than nothing.
            Err(error) => {
                tracing::error!(event = "spool_damaged", %error, "damaged messages cannot be listed")
            }
        }
        listed
    }

    /// Looks at damaged messages, on a thread that may wait for the disk.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Remains) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let remains = self.remains.clone();
        let looked = tokio::task::spawn_blocking(move || look(&remains)).await;
        looked.map_err(io::Error::other)?
    }

    /// Carries out an order on one entry; durable when it answers.
    ///
    /// # Errors
    /// [`ControlError`]: nothing was done.
    pub async fn order(&self, id: QueueId, control: Control) -> Result<(), ControlError> {
        let failed = |error: io::Error| ControlError::Spool(error.to_string());
        let damaged = self.look(move |remains| remains.get(id)).await;
        match damaged.map_err(failed)? {
            None => self.order_entry(id, control).await,
            Some(damaged) if control == Control::Drop && damaged.ended => {
                let forgotten = self.look(move |remains| remains.forget(id)).await;
                forgotten.map(|_| ()).map_err(failed)
            }
            Some(damaged) if damaged.ended => Err(ControlError::Damaged(id)),
            // Its end is being written.
            Some(_) => Err(ControlError::Busy(id)),
        }
    }

    async fn order_entry(&self, id: QueueId, control: Control) -> Result<(), ControlError> {
        let (answer, done) = oneshot::channel();
        let sent = self.messages.send(Message::Control(id, control, answer));
        sent.map_err(|_| ControlError::Stopped)?;
        done.await.map_err(|_| ControlError::Stopped)?
    }
}

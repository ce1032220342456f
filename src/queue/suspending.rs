//! Operators suspend a destination and resume it. Attempts look at the suspension themselves; here it is made, and what waits for it is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::action::ordered;
use super::attempt::is_suspended;
use super::handle::{QueueClient, SchedulerMessage};
use super::listed::EntryState;
use super::looked_up::{breathe, destination};
use super::suspensions::Suspension;
use crate::directory::Unavailable;
use crate::history::HistoryRecord;
use crate::mail::{Domain, QueueId, Timestamp};
use crate::spool::Entry;

/// Entries that the schedule is told of at once: others have their turn in between.
const AT_ONCE: usize = 200;

/// A suspended destination as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SuspendedDestination {
    /// Exactly this domain, in A-labels.
    pub domain: String,
    /// When it was ordered, RFC 3339.
    pub since: String,
    /// When it ends by itself, RFC 3339; null: when it is resumed.
    pub until: Option<String>,
    /// Who ordered it.
    pub by: String,
    /// Entries that wait for the domain now; null where the directory does not say.
    pub entries: Option<usize>,
}

/// A destination that was resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResumedDestination {
    /// The domain, in A-labels.
    pub domain: String,
    /// Entries that are tried now.
    pub entries: usize,
}

impl QueueClient {
    /// Makes no attempt at addresses of exactly `domain` any more, until it is resumed or `span` is over; durable when it answers. Attempts under way
    /// come to their end. A second order takes the place of the first.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing was done.
    pub async fn suspend(
        &self,
        domain: Domain,
        span: Option<Duration>,
        by: &str,
    ) -> Result<SuspendedDestination, Unavailable> {
        let now = self.context.clock.now();
        let suspension = Suspension {
            since: now,
            until: span.map(|span| now.plus(span)),
            by: by.to_owned(),
        };
        let (suspensions, name, kept) = (
            self.context.suspensions.clone(),
            domain.clone(),
            suspension.clone(),
        );
        let before = beside(move || suspensions.suspend(&name, kept)).await?;
        let until = suspension.until.map(|until| until.to_string());
        let shown = until.as_deref().unwrap_or("resumed");
        tracing::info!(event = "destination_suspended", %domain, until = shown, by);
        let waiting = self.waiting_for(&domain).await.ok();
        for entry in waiting.iter().flatten() {
            self.note(entry, "suspend", by);
        }
        // What waits for the end of the one before learns the new one.
        if before.is_some() {
            let asleep = waiting.iter().flatten();
            let asleep = asleep.filter(|entry| is_suspended(entry));
            self.wake(asleep.map(|entry| entry.id).collect()).await;
        }
        Ok(shown_as(domain, &suspension, waiting.map(|all| all.len())))
    }

    /// Reads again which destinations are suspended, after another node has changed that; what is resumed is tried at once.
    ///
    /// # Errors
    /// [`Unavailable`]; it stays as it was.
    pub async fn reload_suspensions(&self) -> Result<(), Unavailable> {
        let (now, suspensions) = (self.context.clock.now(), &self.context.suspensions);
        let before = suspensions.all(now);
        suspensions.reload(now).await?;
        for (domain, suspension) in before {
            if suspensions.of(&domain, now).as_ref() == Some(&suspension) {
                continue;
            }
            let waiting = self.waiting_for(&domain).await.unwrap_or_default();
            let asleep = waiting.into_iter().filter(|entry| is_suspended(entry));
            let ids: Vec<QueueId> = asleep.map(|entry| entry.id).collect();
            self.wake(ids).await;
        }
        Ok(())
    }

    /// Tries what waits for `domain` at once, and goes on as usual; durable when it answers. None: it was not suspended.
    ///
    /// # Errors
    /// [`Unavailable`]: it is resumed, but the next start may bring the suspension back.
    pub async fn resume(
        &self,
        domain: Domain,
        by: &str,
    ) -> Result<Option<ResumedDestination>, Unavailable> {
        let now = self.context.clock.now();
        let (suspensions, name) = (self.context.suspensions.clone(), domain.clone());
        let was = suspensions.of(&domain, now).is_some();
        let done = beside(move || suspensions.resume(&name, now)).await;
        if !was {
            return done.map(|_| None);
        }
        tracing::info!(event = "destination_resumed", %domain, by);
        let woken = match self.waiting_for(&domain).await {
            Ok(waiting) => waiting,
            // Rather one attempt too many than mail that sleeps on.
            Err(_) => self.deliverable().await.collect(),
        };
        let woken = woken.into_iter();
        let woken: Vec<Arc<Entry>> = woken.filter(|entry| is_suspended(entry)).collect();
        for entry in &woken {
            self.note(entry, "resume", by);
        }
        let ids: Vec<QueueId> = woken.iter().map(|entry| entry.id).collect();
        // The schedule would have to copy what is still looked at.
        drop(woken);
        let entries = ids.len();
        self.wake(ids).await;
        done?;
        Ok(Some(ResumedDestination {
            domain: domain.to_string(),
            entries,
        }))
    }

    /// Every suspended destination, by name.
    pub async fn suspended(&self) -> Vec<SuspendedDestination> {
        let all = self.context.suspensions.all(self.context.clock.now());
        if all.is_empty() {
            return Vec::new();
        }
        let waiting = self.waiting_for_each().await.ok();
        let shown = all.into_iter().map(|(domain, suspension)| {
            let entries = waiting.as_ref();
            let entries = entries.map(|each| each.get(&domain).copied().unwrap_or(0));
            shown_as(domain, &suspension, entries)
        });
        shown.collect()
    }

    /// How many destinations are suspended, and since when the one is that was suspended first; none: none is.
    #[must_use]
    pub fn suspended_count(&self) -> (usize, Option<Timestamp>) {
        let all = self.context.suspensions.all(self.context.clock.now());
        let first = all.iter().map(|(_, suspension)| suspension.since).min();
        (all.len(), first)
    }

    /// What is to be delivered, by number: neither held by an operator nor for documents.
    async fn deliverable(&self) -> impl Iterator<Item = Arc<Entry>> {
        let all = self.snapshot().await.into_iter();
        all.filter(|(entry, state)| *state != EntryState::Held && entry.to_hand_over().is_none())
            .map(|(entry, _)| entry)
    }

    /// What is to be delivered to `domain`.
    async fn waiting_for(&self, domain: &Domain) -> Result<Vec<Arc<Entry>>, Unavailable> {
        let mut waiting = Vec::new();
        for (number, entry) in self.deliverable().await.enumerate() {
            breathe(number).await;
            if destination(&self.context, &entry).await?.as_ref() == Some(domain) {
                waiting.push(entry);
            }
        }
        Ok(waiting)
    }

    /// How much is to be delivered to each domain.
    async fn waiting_for_each(&self) -> Result<HashMap<Domain, usize>, Unavailable> {
        let mut waiting = HashMap::new();
        for (number, entry) in self.deliverable().await.enumerate() {
            breathe(number).await;
            if let Some(domain) = destination(&self.context, &entry).await? {
                *waiting.entry(domain).or_default() += 1;
            }
        }
        Ok(waiting)
    }

    /// Makes entries due, some at a time: the next only when the schedule has begun these.
    async fn wake(&self, ids: Vec<QueueId>) {
        for some in ids.chunks(AT_ONCE) {
            let (answer, begun) = oneshot::channel();
            let sent = SchedulerMessage::Due(some.to_vec(), answer);
            // A queue that has stopped looks at all of them at its next start.
            if self.messages.send(sent).is_err() || begun.await.is_err() {
                return;
            }
        }
    }

    fn note(&self, entry: &Entry, order: &str, by: &str) {
        let (history, now) = (&self.context.history, self.context.clock.now());
        history.note(HistoryRecord::of(entry, now, ordered(order, by)));
    }
}

fn shown_as(
    domain: Domain,
    suspension: &Suspension,
    entries: Option<usize>,
) -> SuspendedDestination {
    SuspendedDestination {
        domain: domain.to_string(),
        since: suspension.since.to_string(),
        until: suspension.until.map(|until| until.to_string()),
        by: suspension.by.clone(),
        entries,
    }
}

/// Runs `work`, which waits for the disk, where nobody waits for the thread.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unavailable> + Send + 'static,
) -> Result<T, Unavailable> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Unavailable(error.to_string()))?
}

//! The schedule: one task that knows every entry, starts attempts when they are due, and files how they ended.
//!
//! It waits for its channels only: other servers, the spool and the receiver's address are the matter of the tasks that it starts. So a hundred
//! thousand entries need one task, and no entry is ever worked on by two.

mod incoming;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::QueueActionError;
use super::QueueContext;
use super::action::{self, QueueAction};
use super::attempt;
use super::backoff;
use super::ending::AttemptEnd;
use super::handle::{PendingAction, QueueHandle, SchedulerMessage};
use super::lanes::Lanes;
use super::listed::EntryState;
use crate::failpoint;
use crate::mail::{QueueId, Timestamp};
use crate::spool::{Entry, SpoolEvents};

/// A step back of the clock that is looked into; smaller ones do no harm (docs/threats.md#124).
const CLOCK_STEP: Duration = Duration::from_secs(60);
/// The longest sleep: a clock that is moved must be noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Actions that wait for one entry.
const MAX_PENDING_ACTIONS: usize = 16;

/// The queue itself; only its [`QueueHandle`] is seen.
pub struct Queue {
    context: QueueContext,
    /// Shared with the handle, which shuts them.
    lanes: Arc<Lanes>,
    /// Shared with the attempts under way, so that none of them copies what it only reads.
    entries: HashMap<QueueId, (Arc<Entry>, EntryState)>,
    /// The earliest first. An entry may stand here twice, or at a time that does not hold any more: what the entry itself says counts.
    due: BinaryHeap<Reverse<(Timestamp, QueueId)>>,
    /// Actions on entries that are worked on, each to be carried out after that.
    pending: HashMap<QueueId, VecDeque<PendingAction>>,
    /// The clock when it was last read.
    last: Timestamp,
    /// Everything under way, for the end to wait for.
    attempts: TaskTracker,
    /// Its own inbox, for attempts to tell how they ended. Unbounded: each entry has one word to say.
    messages: mpsc::UnboundedSender<SchedulerMessage>,
}

/// Tells that the schedule has panicked: a process that takes mail and delivers none is worse than one that ends.
struct PanicGuard(CancellationToken);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cancel();
        }
    }
}

impl Queue {
    /// Starts with the entries of an earlier run, and takes new ones as they become durable. Entries that were due meanwhile are all due now;
    /// lanes keep them from leaving all at once.
    #[must_use]
    pub fn start(
        context: QueueContext,
        recovered: Vec<Entry>,
        events: impl Into<SpoolEvents>,
    ) -> QueueHandle {
        let (messages, inbox) = mpsc::unbounded_channel();
        let lanes = Arc::new(Lanes::new(
            context.settings.per_destination,
            context.settings.total,
        ));
        let attempts = TaskTracker::new();
        let quarantine = context.spool.quarantine();
        let targets = context.targets.clone();
        let known = context.clone();
        let mut queue = Self {
            context,
            lanes: lanes.clone(),
            entries: HashMap::with_capacity(recovered.len()),
            due: BinaryHeap::new(),
            pending: HashMap::new(),
            last: Timestamp(0),
            attempts: attempts.clone(),
            messages: messages.clone(),
        };
        let now = queue.context.clock.now();
        for entry in recovered {
            queue.recover(entry, now);
        }
        let stop = CancellationToken::new();
        let broken = CancellationToken::new();
        let alarm = PanicGuard(broken.clone());
        let running = queue.run(events.into(), inbox, stop.clone());
        let task = tokio::spawn(async move {
            let _alarm = alarm;
            running.await;
        });
        QueueHandle {
            messages,
            stop,
            lanes,
            targets,
            attempts,
            broken,
            task,
            quarantine,
            context: known,
        }
    }

    /// Until it is stopped. A channel that has closed is passed over: the others go on.
    async fn run(
        mut self,
        mut events: SpoolEvents,
        mut inbox: mpsc::UnboundedReceiver<SchedulerMessage>,
        stop: CancellationToken,
    ) {
        loop {
            // After each word heard, for it may have made something due.
            let sleep = self.start_due();
            tokio::select! {
                () = stop.cancelled() => return,
                Some(event) = events.recv() => self.hear(event),
                Some(message) = inbox.recv() => self.handle_message(message),
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Opens every way out.
    fn open(&self) {
        self.lanes.open_all();
        self.context.targets.open();
    }

    /// Starts an attempt, with the message where it is in memory. The entry is active from here on.
    fn launch(&mut self, entry: Arc<Entry>, body: Option<Bytes>) {
        let id = entry.id;
        self.entries.insert(id, (entry.clone(), EntryState::Active));
        let (context, lanes, messages) = (
            self.context.clone(),
            self.lanes.clone(),
            self.messages.clone(),
        );
        self.attempts.spawn(async move {
            // An attempt that panics must not take the entry with it: it is tried again.
            let attempt =
                tokio::spawn(async move { attempt::run(&context, &lanes, &entry, body).await });
            let end = attempt.await.unwrap_or_else(|error| {
                tracing::error!(event = "attempt_panicked", queue_id = %id, %error);
                AttemptEnd::NotAttempted
            });
            // The queue is gone only when the process stops; the spool has the entry.
            let _ = messages.send(SchedulerMessage::Ended(id, end));
        });
    }

    /// Starts what is due and returns how long nothing will be.
    fn start_due(&mut self) -> Duration {
        let now = self.context.clock.now();
        if now.plus(CLOCK_STEP) < self.last {
            self.clock_went_back(now);
        }
        self.last = now;
        while let Some(Reverse((at, id))) = self.due.peek().copied() {
            if at > now {
                return at.since(now).min(LONGEST_SLEEP);
            }
            self.due.pop();
            // Gone, held, under way, or put off since.
            let waiting = self.entries.get(&id).filter(|(entry, state)| {
                *state == EntryState::Deferred && entry.progress.next_attempt <= now
            });
            if let Some((entry, _)) = waiting {
                self.launch(entry.clone(), None);
            }
        }
        LONGEST_SLEEP
    }

    /// Brings near what the old clock had put off: it would wait for as long as the clock was wrong.
    fn clock_went_back(&mut self, now: Timestamp) {
        tracing::warn!(event = "clock_went_back", from = %self.last, to = %now);
        let settings = self.context.settings.clone();
        let waiting = self.entries.iter();
        let far = waiting.filter(|(_, (entry, state))| {
            *state == EntryState::Deferred && backoff::is_beyond_schedule(&settings, entry, now)
        });
        let ids: Vec<QueueId> = far.map(|(id, _)| *id).collect();
        for id in ids {
            self.wait(id, |_| {});
        }
    }

    /// Takes one message. Nothing here waits.
    fn handle_message(&mut self, message: SchedulerMessage) {
        match message {
            SchedulerMessage::Ended(id, end) => self.end(id, end),
            SchedulerMessage::Entries(answer) => {
                let entries = self.entries.values();
                let entries = entries.map(|(entry, state)| (entry.clone(), *state));
                // Whoever asked has gone.
                let _ = answer.send(entries.collect());
            }
            SchedulerMessage::RetryNow => {
                let waiting = self.entries.iter();
                let waiting = waiting.filter(|(_, (_, state))| *state == EntryState::Deferred);
                let ids: Vec<QueueId> = waiting.map(|(id, _)| *id).collect();
                self.make_due(ids);
            }
            SchedulerMessage::Due(ids, answer) => {
                self.make_due(ids);
                // Whoever asked has gone.
                let _ = answer.send(());
            }
            SchedulerMessage::Action(id, order) => self.start_action(id, order),
        }
    }

    /// Makes those of `ids` that wait due now: an operator says that things are well again.
    fn make_due(&mut self, ids: Vec<QueueId>) {
        // Else a closed lane would answer in place of the server.
        self.open();
        let now = self.context.clock.now();
        for id in ids {
            let known = self.entries.get(&id);
            if known.is_some_and(|(_, state)| *state == EntryState::Deferred) {
                self.wait(id, |entry| entry.progress.next_attempt = now);
            }
        }
    }

    /// Carries out an operator's action on an entry that waits, or later on one that is worked on. It is durable before it is answered.
    fn start_action(&mut self, id: QueueId, pending_action: PendingAction) {
        let entry = match self.entries.get_mut(&id) {
            None => Err(QueueActionError::NoSuchEntry(id)),
            Some((_, EntryState::Active)) => {
                let waiting = self.pending.entry(id).or_default();
                if waiting.len() < MAX_PENDING_ACTIONS {
                    waiting.push_back(pending_action);
                    return;
                }
                Err(QueueActionError::Busy(id))
            }
            Some((entry, state)) => {
                *state = EntryState::Active;
                Ok(entry.clone())
            }
        };
        let PendingAction { action, by, answer } = pending_action;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                // Whoever asked has gone.
                let _ = answer.send(Err(error));
                return;
            }
        };
        // Else the closed lane would answer in place of the server, and the entry wait for its next turn.
        if matches!(action, QueueAction::Retry | QueueAction::Release) {
            self.open();
        }
        let (context, messages) = (self.context.clone(), self.messages.clone());
        self.attempts.spawn(async move {
            let (end, result) =
                action::execute(&context, Arc::unwrap_or_clone(entry), (action, &by)).await;
            let _ = messages.send(SchedulerMessage::Ended(id, end));
            let _ = answer.send(result);
        });
    }

    /// Files how an attempt or an action left an entry.
    fn end(&mut self, id: QueueId, end: AttemptEnd) {
        failpoint::pass("queue.ended");
        match end {
            AttemptEnd::Done => {
                self.entries.remove(&id);
                self.context.documents.give_back(id);
            }
            AttemptEnd::Waiting(progress) => {
                if progress.released.is_some() {
                    self.context.documents.give_back(id);
                }
                self.wait(id, |entry| entry.progress = progress);
            }
            AttemptEnd::Suspended(mut progress, number) => {
                // Whoever resumed it meanwhile saw this entry under way, and did not wake it.
                if number != self.context.suspensions.number() {
                    progress.next_attempt = self.context.clock.now();
                }
                self.wait(id, |entry| entry.progress = progress);
            }
            AttemptEnd::NotAttempted => {
                // In memory only: no attempt was made, so none is counted.
                let again = self.context.clock.now().plus(LONGEST_SLEEP);
                self.wait(id, |entry| entry.progress.next_attempt = again);
            }
        }
        self.next_action(id);
    }

    /// Carries out the action that waited for the end of what was done with an entry; of an entry that has ended, all are answered.
    fn next_action(&mut self, id: QueueId) {
        while let Some(waiting) = self.pending.get_mut(&id) {
            let pending_action = waiting.pop_front();
            if waiting.is_empty() {
                self.pending.remove(&id);
            }
            match pending_action {
                Some(pending_action) => self.start_action(id, pending_action),
                None => return,
            }
            // The others wait for this one.
            if self.entries.contains_key(&id) {
                return;
            }
        }
    }

    /// Changes an entry that nobody works on, and puts it into the schedule again, held or not: a release needs no other place.
    fn wait(&mut self, id: QueueId, change: impl FnOnce(&mut Entry)) {
        if let Some((entry, state)) = self.entries.get_mut(&id) {
            let entry = Arc::make_mut(entry);
            change(entry);
            let now = self.context.clock.now();
            if backoff::is_beyond_schedule(&self.context.settings, entry, now) {
                // The clock went back, perhaps while the attempt was under way.
                let attempts = entry.progress.attempts.max(1);
                let wait = backoff::wait(&self.context.settings, id, attempts);
                entry.progress.next_attempt = now.plus(wait);
            }
            *state = action::waiting(entry);
            self.due.push(Reverse((entry.progress.next_attempt, id)));
        }
    }
}

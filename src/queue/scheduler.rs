//! The schedule: one task that knows every entry, starts attempts when they are due, and files how they ended.
//!
//! It waits for its channels only: other servers, the spool and the receiver's address are the matter of the tasks that it starts. So a hundred
//! thousand entries need one task, and no entry is ever worked on by two.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Parts;
use super::attempt;
use super::backoff;
use super::control::{self, Control, ControlError};
use super::ending::End;
use super::handle::{Handle, Message};
use super::lanes::Lanes;
use super::listed::{Listed, State};
use crate::failpoint;
use crate::history::Line;
use crate::mail::{QueueId, Timestamp};
use crate::spool::{Durable, Entry};

/// A step back of the clock that is looked into; smaller ones do no harm (docs/threats.md#124).
const CLOCK_STEP: Duration = Duration::from_secs(60);
/// The longest sleep: a clock that is moved must be noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Actions that wait for one entry.
const MAX_PENDING_ACTIONS: usize = 16;

/// The queue itself; only its [`Handle`] is seen.
pub struct Queue {
    parts: Parts,
    /// Shared with the handle, which shuts them.
    lanes: Arc<Lanes>,
    /// Shared with the attempts under way, so that none of them copies what it only reads.
    entries: HashMap<QueueId, (Arc<Entry>, State)>,
    /// The earliest first. An entry may stand here twice, or at a time that does not hold any more: what the entry itself says counts.
    due: BinaryHeap<Reverse<(Timestamp, QueueId)>>,
    /// Orders on entries that are worked on, each to be carried out after that.
    orders: HashMap<QueueId, VecDeque<Order>>,
    /// The clock when it was last read.
    last: Timestamp,
    /// Everything under way, for the end to wait for.
    attempts: TaskTracker,
    /// Its own inbox, for attempts to tell how they ended. Unbounded: each entry has one word to say.
    messages: mpsc::UnboundedSender<Message>,
}

/// An order of an operator, and where its answer goes.
type Order = (Control, oneshot::Sender<Result<(), ControlError>>);

/// Tells that the schedule has panicked: a process that takes mail and delivers none is worse than one that ends.
struct Alarm(CancellationToken);

impl Drop for Alarm {
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
        parts: Parts,
        recovered: Vec<Entry>,
        committed: mpsc::UnboundedReceiver<Durable>,
    ) -> Handle {
        let (messages, inbox) = mpsc::unbounded_channel();
        let lanes = Arc::new(Lanes::new(
            parts.settings.per_destination,
            parts.settings.total,
        ));
        let attempts = TaskTracker::new();
        let remains = parts.spool.remains();
        let mut queue = Self {
            parts,
            lanes: lanes.clone(),
            entries: HashMap::with_capacity(recovered.len()),
            due: BinaryHeap::new(),
            orders: HashMap::new(),
            last: Timestamp(0),
            attempts: attempts.clone(),
            messages: messages.clone(),
        };
        let now = queue.parts.clock.now();
        for mut entry in recovered {
            // Put off by a clock that was ahead: it would wait until that time comes true.
            if backoff::is_absurd(&queue.parts.settings, &entry, now) {
                entry.progress.next_attempt = now;
            }
            queue
                .due
                .push(Reverse((entry.progress.next_attempt, entry.id)));
            let state = control::waiting(&entry);
            queue.entries.insert(entry.id, (Arc::new(entry), state));
        }
        let stop = CancellationToken::new();
        let broken = CancellationToken::new();
        let alarm = Alarm(broken.clone());
        let running = queue.run(committed, inbox, stop.clone());
        let task = tokio::spawn(async move {
            let _alarm = alarm;
            running.await;
        });
        Handle {
            messages,
            stop,
            lanes,
            attempts,
            broken,
            task,
            remains,
        }
    }

    /// Until it is stopped. A channel that has closed is passed over: the others go on.
    async fn run(
        mut self,
        mut committed: mpsc::UnboundedReceiver<Durable>,
        mut inbox: mpsc::UnboundedReceiver<Message>,
        stop: CancellationToken,
    ) {
        loop {
            // After each word heard, for it may have made something due.
            let sleep = self.start_due();
            tokio::select! {
                () = stop.cancelled() => return,
                Some(new) = committed.recv() => self.admit(new),
                Some(message) = inbox.recv() => self.handle_message(message),
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Takes an entry that has just become durable; its first attempt leaves at once (docs/rules.md#issue-4853). What it teaches is noted here and not
    /// before the 250, for only what is durable has happened.
    fn admit(&mut self, new: Durable) {
        failpoint::pass("queue.admitted");
        self.parts.last_used.remember(&new.entry.memory);
        failpoint::pass("queue.remembered");
        self.parts.history.note(&Line::accepted(&new.entry));
        failpoint::pass("queue.noted");
        self.launch(Arc::new(new.entry), new.body);
    }

    /// Starts an attempt, with the message where it is in memory. The entry is active from here on.
    fn launch(&mut self, entry: Arc<Entry>, body: Option<Bytes>) {
        let id = entry.id;
        self.entries.insert(id, (entry.clone(), State::Active));
        let (parts, lanes, messages) = (
            self.parts.clone(),
            self.lanes.clone(),
            self.messages.clone(),
        );
        self.attempts.spawn(async move {
            // An attempt that panics must not take the entry with it: it is tried again.
            let attempt =
                tokio::spawn(async move { attempt::run(&parts, &lanes, &entry, body).await });
            let end = attempt.await.unwrap_or_else(|error| {
                tracing::error!(event = "attempt_panicked", queue_id = %id, %error);
                End::Untried
            });
            // The queue is gone only when the process stops; the spool has the entry.
            let _ = messages.send(Message::Ended(id, end));
        });
    }

    /// Starts what is due and returns how long nothing will be.
    fn start_due(&mut self) -> Duration {
        let now = self.parts.clock.now();
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
                *state == State::Deferred && entry.progress.next_attempt <= now
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
        let settings = self.parts.settings.clone();
        let waiting = self.entries.iter();
        let far = waiting.filter(|(_, (entry, state))| {
            *state == State::Deferred && backoff::is_absurd(&settings, entry, now)
        });
        let ids: Vec<QueueId> = far.map(|(id, _)| *id).collect();
        for id in ids {
            self.wait(id, |_| {});
        }
    }

    /// Takes one message. Nothing here waits.
    fn handle_message(&mut self, message: Message) {
        match message {
            Message::Ended(id, end) => self.end(id, end),
            Message::List(answer) => {
                let mut listed: Vec<Listed> = self
                    .entries
                    .values()
                    .map(|(entry, state)| Listed::of(entry, *state))
                    .collect();
                listed.sort_by(|a, b| a.id.cmp(&b.id));
                // Whoever asked has gone.
                let _ = answer.send(listed);
            }
            Message::RetryNow => {
                self.lanes.open_all();
                let now = self.parts.clock.now();
                let waiting = self.entries.iter();
                let waiting = waiting.filter(|(_, (_, state))| *state == State::Deferred);
                let ids: Vec<QueueId> = waiting.map(|(id, _)| *id).collect();
                for id in ids {
                    self.wait(id, |entry| entry.progress.next_attempt = now);
                }
            }
            Message::Control(id, control, answer) => self.control(id, (control, answer)),
        }
    }

    /// Carries out an operator's order on an entry that waits, or later on one that is worked on. It is durable before it is answered.
    fn control(&mut self, id: QueueId, order: Order) {
        let entry = match self.entries.get_mut(&id) {
            None => Err(ControlError::NoSuchEntry(id)),
            Some((_, State::Active)) => {
                let waiting = self.orders.entry(id).or_default();
                if waiting.len() < MAX_PENDING_ACTIONS {
                    waiting.push_back(order);
                    return;
                }
                Err(ControlError::Busy(id))
            }
            Some((entry, state)) => {
                *state = State::Active;
                Ok(entry.clone())
            }
        };
        let (control, answer) = order;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                // Whoever asked has gone.
                let _ = answer.send(Err(error));
                return;
            }
        };
        // Else the closed lane would answer in place of the server.
        if control == Control::Retry {
            self.lanes.open_all();
        }
        let (parts, messages) = (self.parts.clone(), self.messages.clone());
        self.attempts.spawn(async move {
            let (end, result) =
                control::carry_out(&parts, Arc::unwrap_or_clone(entry), control).await;
            let _ = messages.send(Message::Ended(id, end));
            let _ = answer.send(result);
        });
    }

    /// Files how an attempt or an order left an entry.
    fn end(&mut self, id: QueueId, end: End) {
        failpoint::pass("queue.ended");
        match end {
            End::Done => drop(self.entries.remove(&id)),
            End::Waits(progress) => self.wait(id, |entry| entry.progress = progress),
            End::Untried => {
                // In memory only: no attempt was made, so none is counted.
                let again = self.parts.clock.now().plus(LONGEST_SLEEP);
                self.wait(id, |entry| entry.progress.next_attempt = again);
            }
        }
        self.next_order(id);
    }

    /// Carries out the order that waited for the end of what was done with an entry; of an entry that has ended, all are answered.
    fn next_order(&mut self, id: QueueId) {
        while let Some(waiting) = self.orders.get_mut(&id) {
            let order = waiting.pop_front();
            if waiting.is_empty() {
                self.orders.remove(&id);
            }
            match order {
                Some(order) => self.control(id, order),
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
            let now = self.parts.clock.now();
            if backoff::is_absurd(&self.parts.settings, entry, now) {
                // The clock went back, perhaps while the attempt was under way.
                let attempts = entry.progress.attempts.max(1);
                let wait = backoff::wait(&self.parts.settings, id, attempts);
                entry.progress.next_attempt = now.plus(wait);
            }
            *state = control::waiting(entry);
            self.due.push(Reverse((entry.progress.next_attempt, id)));
        }
    }
}

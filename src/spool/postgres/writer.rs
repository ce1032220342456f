//! What a node does on a shard: the keeper of [`crate::shards`], driven by a task with two connections.
//!
//! While a batch is on its way, the next one gathers; so nothing waits for a batch to be full, and the busier a node the larger its batches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::lanes::{Answered, Lanes, ShardSettings};
use super::order::{Announced, Attempt, Done, Order, ShardError, ShardEvent};
use crate::mail::QueueId;
use crate::shards::{Effect, Event, Filed, Keeper, Monotonic, NotReady, Outcome, Part};
use crate::spool::CommittedEntry;

/// The keeper and its clock.
struct Shared {
    keeper: Mutex<Keeper>,
    from: Instant,
}

impl Shared {
    /// The keeper. A panic elsewhere while it was held would be one of its own.
    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Monotonic {
        Monotonic::default().plus(self.from.elapsed())
    }
}

/// A node's hold on a shard. When it is dropped the node does no more there, as if it had died.
pub struct ShardWriter {
    orders: mpsc::UnboundedSender<Order>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for ShardWriter {
    fn drop(&mut self) {
        self.abort();
    }
}

impl ShardWriter {
    /// Begins; what the queue must know comes out of the receiver.
    #[must_use]
    pub fn start(settings: ShardSettings) -> (Self, mpsc::UnboundedReceiver<ShardEvent>) {
        let from = Instant::now();
        let keeper = Keeper::new(settings.rules, settings.seed, Monotonic::default());
        let shared = Arc::new(Shared {
            keeper: Mutex::new(keeper),
            from,
        });
        let (orders, received) = mpsc::unbounded_channel();
        let (events, heard) = mpsc::unbounded_channel();
        let (answers, answered) = mpsc::unbounded_channel();
        let worker = Worker {
            shared: shared.clone(),
            lanes: Lanes::new(settings, answers),
            events,
            commits: HashMap::new(),
            announced: HashMap::new(),
            settlements: HashMap::new(),
            is_drained: false,
        };
        let task = tokio::spawn(worker.run(received, answered));
        let writer = Self {
            orders,
            shared,
            task,
        };
        (writer, heard)
    }

    /// Makes all entries durable together, or none of them. Cancelling the future does not undo it.
    ///
    /// # Errors
    /// [`ShardError`].
    pub async fn commit(&self, entries: Vec<Announced>) -> Result<(), ShardError> {
        self.ask(|done| Order::Commit(entries, done)).await
    }

    /// Records where an attempt left an entry, and a report on it; durable when it answers, which is as soon as the shard takes it.
    ///
    /// # Errors
    /// [`ShardError::Fenced`]; `NotAcknowledged` where the node ends before it could be written.
    pub async fn settle(
        &self,
        id: QueueId,
        outcome: Outcome,
        report: Option<Announced>,
    ) -> Result<(), ShardError> {
        let order = |done| Order::Settle {
            id,
            outcome,
            report: report.map(Box::new),
            done,
        };
        self.ask(order).await
    }

    /// Notes that an attempt starts; false: it must not.
    #[must_use]
    pub fn begin(&self, id: QueueId) -> bool {
        let mut keeper = self.shared.keeper();
        // Asked under the lock, so that the times of the keeper do not go back.
        let now = self.shared.now();
        keeper.begin(now, id)
    }

    /// As [`Self::begin`], until what is returned is dropped.
    pub(in crate::spool) fn attempt(&self, id: QueueId) -> Option<Attempt> {
        let orders = self.orders.clone();
        self.begin(id).then(|| Attempt { orders, id })
    }

    /// Notes that an attempt has ended which says nothing about its entry.
    pub fn end(&self, id: QueueId) {
        let _ = self.orders.send(Order::End(id));
    }

    /// Whether an entry is live and this node's, as far as this node knows.
    #[must_use]
    pub fn owns(&self, id: QueueId) -> bool {
        self.shared.keeper().part_of(id).is_some()
    }

    /// Whether mail can be taken now.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), NotReady> {
        let keeper = self.shared.keeper();
        let now = self.shared.now();
        keeper.ready(now)
    }

    /// Bytes that wait to be written.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shared.keeper().bytes()
    }

    /// No more mail and no more attempts; [`ShardEvent::Drained`] says when all is written and given back. It waits for a shard that is away.
    pub fn drain(&self) {
        let _ = self.orders.send(Order::Drain);
    }

    /// Does no more, as if the node had died: for one that cannot be drained, for its shard is away. Whoever waits hears that it is not known.
    pub fn abort(&self) {
        self.task.abort();
    }

    async fn ask(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), ShardError>>) -> Order,
    ) -> Result<(), ShardError> {
        let (done, answer) = oneshot::channel();
        let _ = self.orders.send(order(done));
        // A task that is gone acknowledges nothing.
        answer.await.unwrap_or(Err(ShardError::NotAcknowledged))
    }
}

/// Somebody waits for where an attempt left an entry.
struct Settlement {
    /// The partition of the entry.
    part: Part,
    report: Option<QueueId>,
    done: Done,
}

/// The task.
struct Worker {
    shared: Arc<Shared>,
    lanes: Lanes,
    events: mpsc::UnboundedSender<ShardEvent>,
    /// Who waits for a commit, by the first id of it.
    commits: HashMap<QueueId, Done>,
    /// What the queue hears of entries once they are durable.
    announced: HashMap<QueueId, CommittedEntry>,
    /// Who waits for where an attempt left an entry, the one first that asked first: so they are written.
    settlements: HashMap<QueueId, Vec<Settlement>>,
    /// Nothing is written any more.
    is_drained: bool,
}

impl Worker {
    async fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
        mut answers: mpsc::UnboundedReceiver<Answered>,
    ) {
        self.hear(Event::Tick);
        loop {
            let wake = self.shared.keeper().wake_at();
            let wake = self.shared.from + Duration::from_millis(wake.0.min(FAR));
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.order(order),
                    None => return,
                },
                Some((call, answer)) = answers.recv() => self.hear(Event::Answered(call, answer)),
                () = sleep_until(wake) => self.hear(Event::Tick),
            }
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Commit(_, done) | Order::Settle { done, .. } if self.is_drained => {
                let _ = done.send(Err(ShardError::NotAcknowledged));
            }
            Order::Commit(entries, done) => {
                let entries: Vec<Filed> = entries.into_iter().map(|new| self.keep(new)).collect();
                let Some(first) = entries.first() else {
                    let _ = done.send(Ok(()));
                    return;
                };
                self.commits.insert(first.id, done);
                self.hear(Event::Submit(entries));
            }
            Order::Settle {
                id,
                outcome,
                report,
                done,
            } => {
                let Some(part) = self.shared.keeper().part_of(id) else {
                    let _ = done.send(Err(ShardError::Fenced));
                    self.hear(Event::End(id));
                    return;
                };
                let report = report.map(|new| self.keep(*new));
                let waiting = self.settlements.entry(id).or_default();
                waiting.push(Settlement {
                    part,
                    report: report.as_ref().map(|report| report.id),
                    done,
                });
                self.hear(Event::Settle {
                    id,
                    outcome,
                    report,
                });
            }
            Order::End(id) => self.hear(Event::End(id)),
            Order::Drain => self.hear(Event::Drain),
        }
    }

    /// Keeps what the queue is to hear.
    fn keep(&mut self, new: Announced) -> Filed {
        let Announced { filed, heard } = new;
        self.announced.extend(heard.map(|heard| (filed.id, heard)));
        filed
    }

    /// Tells the keeper, and does what it wants.
    fn hear(&mut self, event: Event) {
        let effects = {
            let mut keeper = self.shared.keeper();
            let now = self.shared.now();
            keeper.handle(now, event)
        };
        for effect in effects {
            self.act(effect);
        }
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Send(lane, call, statement) => self.lanes.send(lane, call, statement),
            Effect::Reset(lane) => self.lanes.reset(lane),
            Effect::Accepted(ids, part) => {
                let heard: Vec<_> = ids
                    .iter()
                    .filter_map(|id| self.announced.remove(id))
                    .collect();
                // The queue first: whoever was answered may ask for it.
                if part.is_some() {
                    self.tell(ShardEvent::Committed(heard));
                }
                self.answer(&ids, Ok(()));
            }
            Effect::Refused(ids) => {
                for id in &ids {
                    self.announced.remove(id);
                }
                self.answer(&ids, Err(ShardError::NotAcknowledged));
            }
            Effect::Adopt(_, entries) => self.tell(ShardEvent::Adopt(entries)),
            Effect::Disown(part) => self.disown(part),
            Effect::Settled(id) => self.settled(id),
            Effect::Drained => self.drained(),
        }
    }

    /// The entries of a partition are another's: of what waits to be written of them nothing is.
    fn disown(&mut self, part: Part) {
        for waiting in self.settlements.values_mut() {
            for gone in waiting.extract_if(.., |waiting| waiting.part == part) {
                gone.report.map(|report| self.announced.remove(&report));
                let _ = gone.done.send(Err(ShardError::Fenced));
            }
        }
        self.settlements.retain(|_, waiting| !waiting.is_empty());
        self.tell(ShardEvent::Disown);
    }

    fn settled(&mut self, id: QueueId) {
        let Some(waiting) = self.settlements.remove(&id) else {
            return;
        };
        let mut left = waiting.into_iter();
        if let Some(first) = left.next() {
            let _ = first.done.send(Ok(()));
        }
        if left.len() > 0 {
            self.settlements.insert(id, left.collect());
        }
    }

    /// Whoever still waits hears that it is not known: nothing is written any more.
    fn drained(&mut self) {
        self.is_drained = true;
        let settlements = self.settlements.drain().flat_map(|(_, waiting)| waiting);
        let settlements = settlements.map(|waiting| waiting.done);
        for done in settlements.chain(self.commits.drain().map(|(_, done)| done)) {
            let _ = done.send(Err(ShardError::NotAcknowledged));
        }
        self.tell(ShardEvent::Drained);
    }

    /// Whoever waits for these may be gone: what is committed stays so.
    fn answer(&mut self, ids: &[QueueId], answer: Result<(), ShardError>) {
        let done = ids.first().and_then(|first| self.commits.remove(first));
        if let Some(done) = done {
            let _ = done.send(answer);
        }
    }

    /// A queue that is gone is being shut down; the shard has the entries.
    fn tell(&self, event: ShardEvent) {
        let _ = self.events.send(event);
    }
}

/// No wake is arranged later than so many milliseconds after the start: thirty years.
const FAR: u64 = 30 * 365 * 24 * 3_600 * 1_000;

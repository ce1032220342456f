//! Fairness between destinations: every domain has its own few slots, and all together a limited number.
//!
//! A destination that is down holds its own slots only. After a failure to connect its lane is closed for a short while, so that a thousand
//! messages do not each wait for a time-out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::mail::{Diagnostic, Domain};

/// How long a lane is closed after its destination could not be reached.
const CLOSED: Duration = Duration::from_secs(20);
/// Lanes beyond this number are looked through for idle ones.
const MANY: usize = 10_000;

/// The slots of one domain.
struct Lane {
    /// Bounds attempts.
    slots: Arc<Semaphore>,
    /// Bounds attempts and those whose outcome is being written, together: each of them has a connection.
    open: Arc<Semaphore>,
    /// Since when the destination could not be reached, and what every message hears meanwhile.
    closed: Option<(Instant, Diagnostic)>,
}

impl Lane {
    /// Whether somebody holds one of its slots, or waits for one.
    // Asked under the lock of all lanes, where alone these are handed out. Free slots would not tell: an attempt that waits has none yet.
    fn is_used(&self) -> bool {
        Arc::strong_count(&self.slots) > 1 || Arc::strong_count(&self.open) > 1
    }
}

/// All lanes.
pub(super) struct Lanes {
    lanes: Mutex<HashMap<Domain, Lane>>,
    per_lane: usize,
    total: Arc<Semaphore>,
    total_open: Arc<Semaphore>,
}

/// Connections for every attempt at once: while an outcome is written, its connection takes no next message.
const OPEN: usize = 2;

/// A slot in a lane, held for the length of an attempt.
pub(super) struct LaneSlot {
    _lane: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
    open: Unsettled,
}

/// The slot of an attempt whose outcome is not durable yet.
pub(super) struct Unsettled {
    _lane: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
}

impl LaneSlot {
    /// The attempt has ended: the next may begin while its outcome is written.
    pub(super) fn attempted(self) -> Unsettled {
        self.open
    }
}

impl Lanes {
    pub(super) fn new(per_lane: usize, total: usize) -> Self {
        Self {
            lanes: Mutex::new(HashMap::new()),
            per_lane,
            total: Arc::new(Semaphore::new(total)),
            total_open: Arc::new(Semaphore::new(total * OPEN)),
        }
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Domain, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a slot towards `domain`; the diagnostic, if the lane is closed. None when the queue shuts down.
    pub(super) async fn enter(&self, domain: &Domain) -> Option<Result<LaneSlot, Diagnostic>> {
        let (slots, open) = {
            let mut lanes = self.lanes();
            if lanes.len() > MANY {
                lanes.retain(|_, lane| {
                    let closed = |(since, _): &(Instant, _)| since.elapsed() < CLOSED;
                    lane.is_used() || lane.closed.as_ref().is_some_and(closed)
                });
            }
            let lane = lanes.entry(domain.clone()).or_insert_with(|| Lane {
                slots: Arc::new(Semaphore::new(self.per_lane)),
                open: Arc::new(Semaphore::new(self.per_lane * OPEN)),
                closed: None,
            });
            (lane.slots.clone(), lane.open.clone())
        };
        // The slot in the lane before the one in all: who waits for a slow destination must not keep others from theirs.
        let lane = slots.acquire_owned().await.ok()?;
        // Looked at only now: the attempts in front may have found the destination dead.
        let closed = self
            .lanes()
            .get(domain)
            .and_then(|lane| lane.closed.clone());
        if let Some((since, diagnostic)) = closed
            && since.elapsed() < CLOSED
        {
            return Some(Err(diagnostic));
        }
        let total = self.total.clone().acquire_owned().await.ok()?;
        let open = Unsettled {
            _lane: open.acquire_owned().await.ok()?,
            _total: self.total_open.clone().acquire_owned().await.ok()?,
        };
        Some(Ok(LaneSlot {
            _lane: lane,
            _total: total,
            open,
        }))
    }

    /// Closes the lane of a destination that could not be reached.
    pub(super) fn close(&self, domain: &Domain, diagnostic: Diagnostic) {
        if let Some(lane) = self.lanes().get_mut(domain) {
            lane.closed = Some((Instant::now(), diagnostic));
        }
    }

    /// Opens the lane of a destination that answered.
    pub(super) fn open(&self, domain: &Domain) {
        if let Some(lane) = self.lanes().get_mut(domain) {
            lane.closed = None;
        }
    }

    /// Opens every lane: an operator says that things are well again.
    pub(super) fn open_all(&self) {
        self.lanes()
            .values_mut()
            .for_each(|lane| lane.closed = None);
    }

    /// Lets nobody in any more.
    pub(super) fn shut(&self) {
        self.total.close();
        self.lanes().values().for_each(|lane| lane.slots.close());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{EnhancedStatus, Reply};

    fn domain(number: usize) -> Domain {
        Domain::parse(&format!("d{number}.example")).unwrap()
    }

    async fn enter(lanes: &Lanes, number: usize) -> LaneSlot {
        match lanes.enter(&domain(number)).await {
            Some(Ok(slot)) => slot,
            Some(Err(_)) => panic!("the lane of {number} is closed"),
            None => panic!("the lanes are shut"),
        }
    }

    fn unreachable() -> Diagnostic {
        let reply = Reply::new(421, Some(EnhancedStatus::new(4, 4, 1)), "nobody is there");
        Diagnostic::remote(None, reply)
    }

    #[tokio::test]
    async fn idle_lanes_go_when_there_are_many_and_the_others_stay() {
        let lanes = Lanes::new(1, MANY);
        let busy = enter(&lanes, 0).await;
        // The attempt is over, its outcome is being written.
        let unsettled = enter(&lanes, 1).await.attempted();
        drop(enter(&lanes, 2).await);
        lanes.close(&domain(2), unreachable());
        for number in 3..=MANY {
            drop(enter(&lanes, number).await);
        }
        assert_eq!(
            lanes.lanes().len(),
            MANY + 1,
            "nothing is looked through before"
        );
        drop(enter(&lanes, MANY + 1).await);
        let mut left: Vec<_> = lanes.lanes().keys().map(ToString::to_string).collect();
        left.sort();
        let stays = [0, 1, 2, MANY + 1].map(|number| domain(number).to_string());
        assert_eq!(left.len(), stays.len(), "{left:?}");
        assert!(stays.iter().all(|name| left.contains(name)), "{left:?}");

        // Of a lane that is in use there is never a second one, which would have slots of its own.
        let again = crate::clock::at_once(lanes.enter(&domain(0))).await;
        assert!(again.is_none(), "a second attempt beside the first");
        assert!(matches!(lanes.enter(&domain(2)).await, Some(Err(_))));
        drop((busy, unsettled));
        drop(enter(&lanes, 0).await);
    }
}

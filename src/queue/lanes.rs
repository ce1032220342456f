//! Fairness between destinations: every domain has its own few places, and all together a limited number.
//!
//! A destination that is down holds its own places only. After a failure to connect its lane is closed for a short while, so that a thousand
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

/// The places of one domain.
struct Lane {
    /// Bounds attempts.
    places: Arc<Semaphore>,
    /// Bounds attempts and those whose outcome is being written, together: each of them has a connection.
    open: Arc<Semaphore>,
    /// Since when the destination could not be reached, and what every message hears meanwhile.
    closed: Option<(Instant, Diagnostic)>,
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

/// A place in a lane, held for the length of an attempt.
pub(super) struct Place {
    _lane: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
    open: Unsettled,
}

/// The place of an attempt whose outcome is not durable yet.
pub(super) struct Unsettled {
    _lane: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
}

impl Place {
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

    /// Waits for a place towards `domain`; the diagnostic, if the lane is closed. None when the queue shuts down.
    pub(super) async fn enter(&self, domain: &Domain) -> Option<Result<Place, Diagnostic>> {
        let (places, open) = {
            let mut lanes = self.lanes();
            if lanes.len() > MANY {
                let full = self.per_lane;
                lanes.retain(|_, lane| {
                    let closed = |(since, _): &(Instant, _)| since.elapsed() < CLOSED;
                    lane.places.available_permits() < full
                        || lane.closed.as_ref().is_some_and(closed)
                });
            }
            let lane = lanes.entry(domain.clone()).or_insert_with(|| Lane {
                places: Arc::new(Semaphore::new(self.per_lane)),
                open: Arc::new(Semaphore::new(self.per_lane * OPEN)),
                closed: None,
            });
            (lane.places.clone(), lane.open.clone())
        };
        // The place in the lane before the one in all: who waits for a slow destination must not keep others from theirs.
        let lane = places.acquire_owned().await.ok()?;
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
        Some(Ok(Place {
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
        self.lanes().values().for_each(|lane| lane.places.close());
    }
}

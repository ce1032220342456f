//! The one place that asks the machine what time it is.
//!
//! Rooms that need the time take a [`Clock`]; tests hand in one that they move by hand. Time-outs of sockets go through
//! tokio's timer instead, which tests can pause.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use crate::failpoint;
use crate::mail::Timestamp;

/// A source of wall-clock time.
pub trait Clock: Send + Sync + 'static {
    /// The time now, in UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let ahead = failpoint::number("clock.ahead_ms", 0);
        Timestamp((now + ahead).saturating_sub(failpoint::number("clock.behind_ms", 0)))
    }
}

/// What `future` has to say without any waiting; none: it would wait. A time-out of zero will not do: tokio's timer fires at the next
/// millisecond only.
pub async fn at_once<F: Future>(future: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        said = future => Some(said),
        () = std::future::ready(()) => None,
    }
}

/// A clock that stands still until it is moved: for tests.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicU64::new(start.0))
    }

    /// Moves the clock on.
    pub fn advance(&self, span: Duration) {
        let now = self.now().plus(span);
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

//! What is on its way to each destination, so that large messages do not come in faster than those before them go out.
//!
//! Taking a large message costs less than handing it on, so a busy server would take more and more of them and leave less and less of the
//! machine to delivery: memory fills, and everything arrives later. So a large message waits a moment while a destination is busy taking
//! others. (Postfix does the same for all mail: `in_flow_delay`.) Only a destination that takes mail can make anybody wait: one that is down,
//! or says nothing, slows nobody.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::mail::Domain;

/// Octets on their way to one destination beyond which large messages for it wait.
const MOST: usize = 16 * 1024 * 1024;
/// A destination that has taken nothing for so long is not busy, but slow or down: no use waiting for it.
const STILL: Duration = Duration::from_millis(250);
/// The longest that a message waits: a client is not kept from its reply for more than that (Postfix: a second, too).
const LONGEST: Duration = Duration::from_secs(1);

/// Whether a message of `octets` should ask [`Flow::ease`]: smaller ones never wait.
#[must_use]
pub const fn is_large(octets: usize) -> bool {
    octets >= 256 * 1024
}

/// All destinations that mail is on its way to.
#[derive(Default)]
pub struct Flow(Mutex<HashMap<Domain, Arc<Level>>>);

/// One destination.
#[derive(Default)]
struct Level {
    /// Octets on their way. Changed under the lock of the map only, or an empty level could be forgotten while it is filled.
    octets: AtomicUsize,
    /// When it last took a message.
    took: Mutex<Option<Instant>>,
    /// A message has arrived or failed.
    moved: Notify,
    /// Who waits, in the order of their coming: whoever has it looks, the others wait for it.
    turn: tokio::sync::Mutex<()>,
}

impl Level {
    /// Whether it has enough to do, and does it.
    fn is_busy(&self) -> bool {
        let took = *self.took.lock().unwrap_or_else(PoisonError::into_inner);
        self.octets.load(Ordering::SeqCst) > MOST && took.is_some_and(|at| at.elapsed() < STILL)
    }
}

impl Flow {
    fn levels(&self) -> MutexGuard<'_, HashMap<Domain, Arc<Level>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a message of `octets` is on its way to `domain`, until the passage is dropped.
    pub fn enter(self: &Arc<Self>, domain: &Domain, octets: usize) -> Passage {
        let level = {
            let mut levels = self.levels();
            let level = levels.entry(domain.clone()).or_default().clone();
            level.octets.fetch_add(octets, Ordering::SeqCst);
            level
        };
        Passage {
            flow: self.clone(),
            domain: domain.clone(),
            level,
            octets,
        }
    }

    /// Octets that are on their way to `domain`.
    #[cfg(test)]
    pub(crate) fn under_way(&self, domain: &Domain) -> usize {
        let levels = self.levels();
        let level = levels.get(domain);
        level.map_or(0, |level| level.octets.load(Ordering::SeqCst))
    }

    /// Returns when a large message for `domain` should go on: at once, unless the destination is busy.
    pub async fn ease(&self, domain: &Domain) {
        let Some(level) = self.levels().get(domain).cloned() else {
            return;
        };
        if level.is_busy() {
            metrics::counter!("allegromail_flow_waited_total").increment(1);
        }
        let wait = async {
            let _turn = level.turn.lock().await;
            while level.is_busy() {
                // Whatever happens, it is looked at again when the destination would count as still.
                let _ = timeout(STILL, level.moved.notified()).await;
            }
        };
        // Who has waited so long goes on in any case.
        let _ = timeout(LONGEST, wait).await;
    }
}

/// A message on its way.
pub struct Passage {
    flow: Arc<Flow>,
    domain: Domain,
    level: Arc<Level>,
    octets: usize,
}

impl Passage {
    /// The destination has taken it.
    pub fn arrived(&self) {
        let mut took = self
            .level
            .took
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *took = Some(Instant::now());
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let mut levels = self.flow.levels();
        let before = self.level.octets.fetch_sub(self.octets, Ordering::SeqCst);
        // Passages without octets may leave a level after it was forgotten, and another may stand in its place.
        let own = |level: &Arc<Level>| Arc::ptr_eq(level, &self.level);
        if before == self.octets && levels.get(&self.domain).is_some_and(own) {
            levels.remove(&self.domain);
        }
        drop(levels);
        self.level.moved.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    /// How long a large message waits.
    async fn waited(flow: &Arc<Flow>, domain: &Domain) -> Duration {
        let begun = Instant::now();
        flow.ease(domain).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_busy_destination_makes_large_messages_wait() {
        let flow = Arc::new(Flow::default());
        let shop = Domain::parse("rowery.example").unwrap();
        let other = Domain::parse("poczta.example").unwrap();
        let under_way: Vec<_> = (0..17).map(|_| flow.enter(&shop, MIB)).collect();
        let none = Duration::ZERO;
        assert_eq!(waited(&flow, &shop).await, none, "it has taken none yet");
        under_way[0].arrived();
        assert_eq!(waited(&flow, &other).await, none, "somewhere else");
        assert_eq!(waited(&flow, &shop).await, STILL, "it stands still");
        assert_eq!(waited(&flow, &shop).await, none);
        drop(under_way);
        assert!(flow.levels().is_empty());
        let (one, other) = (flow.enter(&shop, 0), flow.enter(&shop, 0));
        drop(one);
        let large = flow.enter(&shop, MIB);
        drop(other);
        assert_eq!(flow.levels().len(), 1, "the large one is still under way");
        drop(large);
        assert!(flow.levels().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_goes_on_in_turn_and_not_later_than_after_a_second() {
        let flow = Arc::new(Flow::default());
        let shop = Domain::parse("rowery.example").unwrap();
        let mut under_way: Vec<_> = (0..18).map(|_| flow.enter(&shop, MIB)).collect();
        under_way[0].arrived();
        let mut waiting: Vec<_> = (0..3)
            .map(|_| {
                let (flow, shop) = (flow.clone(), shop.clone());
                tokio::spawn(async move { waited(&flow, &shop).await })
            })
            .collect();
        // One arrives every 100 milliseconds: 17 are left, then 16, which is not too much.
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let arrived = under_way.pop().unwrap();
            arrived.arrived();
        }
        for waiting in waiting.drain(..) {
            assert_eq!(waiting.await.unwrap(), Duration::from_millis(200));
        }
        // A destination that takes one now and then, and always has more.
        let _more: Vec<_> = (0..8).map(|_| flow.enter(&shop, MIB)).collect();
        let steady = {
            let flow = flow.clone();
            let shop = shop.clone();
            tokio::spawn(async move {
                loop {
                    flow.enter(&shop, MIB).arrived();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            })
        };
        tokio::task::yield_now().await;
        assert_eq!(waited(&flow, &shop).await, LONGEST);
        steady.abort();
    }
}

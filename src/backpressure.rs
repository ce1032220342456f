//! What is on its way out and still in memory: bounded, and not filled by large messages faster than those before them go out.
//!
//! Taking a large message costs less than handing it on, so a busy server would take more and more of them and leave less and less of the
//! machine to delivery: memory fills, and everything arrives later. So a large message waits a moment while much is on its way. (Postfix does
//! the same for all mail: `in_flow_delay`.) Only mail that is being taken out there can make anybody wait: servers that are down, or say
//! nothing, slow nobody.
//!
//! All destinations are one here. A wait for one of them would tell a writer whether the address behind a mask is at a provider that he has
//! made busy himself.

mod documents;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

pub use documents::{DocumentReservation, DocumentRoom};

/// Bytes that may be on their way in memory where nothing else is said.
const CAPACITY: usize = 32 * 1024 * 1024;
/// When no server has taken anything for so long, nobody is busy, but all are slow or down: no use waiting for them.
const STALLED_AFTER: Duration = Duration::from_millis(250);
/// The longest that a message waits: a client is not kept from its reply for more than that (Postfix: a second, too).
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Whether a message of `bytes` should ask [`Backpressure::wait_for_room`]: smaller ones never wait.
#[must_use]
pub const fn is_large(bytes: usize) -> bool {
    bytes >= 256 * 1024
}

/// Messages that are in memory for their first attempt.
#[derive(Debug)]
pub struct Backpressure {
    /// Bytes that fit.
    room: usize,
    /// Bytes on their way.
    bytes: AtomicUsize,
    /// When a server last took one of them.
    took: Mutex<Option<Instant>>,
    /// One has arrived or failed.
    moved: Notify,
    /// Who waits, in the order of their coming: whoever has it looks, the others wait for it.
    turn: tokio::sync::Mutex<()>,
}

impl Default for Backpressure {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl Backpressure {
    /// One with room for so many bytes.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self {
            room,
            bytes: AtomicUsize::new(0),
            took: Mutex::new(None),
            moved: Notify::new(),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// `message` as it stays in memory, counted until the last copy of the handle is gone; none: there is no room for it now, and it is to be read
    /// back from the spool.
    pub fn hold(self: &Arc<Self>, message: Bytes) -> Option<Bytes> {
        let more = message.len();
        let fits = |held: usize| held.checked_add(more).filter(|all| *all <= self.room);
        self.bytes
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits)
            .ok()?;
        Some(Bytes::from_owner(Held {
            flow: self.clone(),
            message,
        }))
    }

    /// Bytes that are on their way.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    /// A server has taken one that was held.
    pub fn delivered(&self) {
        *self.took.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether there is enough to do, and it is being done.
    fn is_busy(&self) -> bool {
        let took = *self.took.lock().unwrap_or_else(PoisonError::into_inner);
        self.held_bytes() > self.room / 2 && took.is_some_and(|at| at.elapsed() < STALLED_AFTER)
    }

    /// Returns when a large message should go on, whomever it is for: at once, unless much is on its way.
    pub async fn wait_for_room(&self) {
        if self.is_busy() {
            metrics::counter!("allegromail_flow_waited_total").increment(1);
        }
        let wait = async {
            let _turn = self.turn.lock().await;
            while self.is_busy() {
                // Whatever happens, it is looked at again when all would count as still.
                let _ = timeout(STALLED_AFTER, self.moved.notified()).await;
            }
        };
        // Who has waited so long goes on in any case.
        let _ = timeout(MAX_WAIT, wait).await;
    }
}

/// A message and the room that it takes.
struct Held {
    flow: Arc<Backpressure>,
    message: Bytes,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.flow
            .bytes
            .fetch_sub(self.message.len(), Ordering::SeqCst);
        self.flow.moved.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    /// A message of a MiB that is on its way.
    fn held(flow: &Arc<Backpressure>) -> Bytes {
        flow.hold(Bytes::from(vec![b'x'; MIB])).unwrap()
    }

    /// How long a large message waits.
    async fn waited(flow: &Arc<Backpressure>) -> Duration {
        let begun = Instant::now();
        flow.wait_for_room().await;
        begun.elapsed()
    }

    #[test]
    fn what_is_held_counts_until_its_last_copy_is_gone_and_more_does_not_fit() {
        let flow = Arc::new(Backpressure::new(3 * MIB));
        let (one, two) = (held(&flow), held(&flow));
        let copies = [one.clone(), one.slice(10..20)];
        drop(one);
        assert_eq!(flow.held_bytes(), 2 * MIB);
        assert_eq!(copies[1].len(), 10);
        assert!(flow.hold(Bytes::from(vec![b'x'; MIB + 1])).is_none());
        assert_eq!(
            flow.held_bytes(),
            2 * MIB,
            "what does not fit is not counted"
        );
        drop(copies);
        assert_eq!(flow.held_bytes(), MIB);
        drop((two, held(&flow), flow.hold(Bytes::new()).unwrap()));
        assert_eq!(flow.held_bytes(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn large_messages_wait_while_much_is_on_its_way_and_moves() {
        let flow = Arc::new(Backpressure::new(32 * MIB));
        let mut under_way: Vec<_> = (0..17).map(|_| held(&flow)).collect();
        let none = Duration::ZERO;
        assert_eq!(waited(&flow).await, none, "none has arrived yet");
        flow.delivered();
        assert_eq!(waited(&flow).await, STALLED_AFTER, "they stand still");
        assert_eq!(waited(&flow).await, none);
        under_way.pop();
        flow.delivered();
        assert_eq!(waited(&flow).await, none, "not too much");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_goes_on_in_turn_and_not_later_than_after_a_second() {
        let flow = Arc::new(Backpressure::new(32 * MIB));
        let mut under_way: Vec<_> = (0..18).map(|_| held(&flow)).collect();
        flow.delivered();
        let mut waiting: Vec<_> = (0..3)
            .map(|_| {
                let flow = flow.clone();
                tokio::spawn(async move { waited(&flow).await })
            })
            .collect();
        // One arrives every 100 milliseconds: 17 are left, then 16, which is not too much.
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            flow.delivered();
            under_way.pop();
        }
        for waiting in waiting.drain(..) {
            assert_eq!(waiting.await.unwrap(), Duration::from_millis(200));
        }
        // Servers that take one now and then, and always have more to take.
        let _more: Vec<_> = (0..8).map(|_| held(&flow)).collect();
        let steady = {
            let flow = flow.clone();
            tokio::spawn(async move {
                loop {
                    flow.delivered();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            })
        };
        tokio::task::yield_now().await;
        assert_eq!(waited(&flow).await, MAX_WAIT);
        steady.abort();
    }

    /// A destination that takes twenty messages at once, each in a fifth of a second.
    #[derive(Clone)]
    struct Provider(Arc<tokio::sync::Semaphore>);

    impl Provider {
        fn new() -> Self {
            Self(Arc::new(tokio::sync::Semaphore::new(20)))
        }

        /// Hands a message over once there is a place, as the queue does. What finds no room in memory is read back then.
        fn deliver(&self, flow: &Arc<Backpressure>, bytes: usize) {
            let body = flow.hold(Bytes::from(vec![b'x'; bytes]));
            let (places, flow) = (self.0.clone(), flow.clone());
            tokio::spawn(async move {
                let _place = places.acquire_owned().await.unwrap();
                tokio::time::sleep(Duration::from_millis(200)).await;
                if body.is_some() {
                    flow.delivered();
                }
            });
        }
    }

    /// The z of Mann and Whitney's U for two samples, ties by their mean rank.
    fn mann_whitney(one: &[f64], other: &[f64]) -> f64 {
        let mut all: Vec<(f64, bool)> = one.iter().map(|wait| (*wait, true)).collect();
        all.extend(other.iter().map(|wait| (*wait, false)));
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut ranks, mut ties, mut at, mut rank) = (0.0, 0.0, 0, 1.0);
        while at < all.len() {
            let same = all[at..].partition_point(|(wait, _)| *wait <= all[at].0);
            let of_one = all[at..at + same].iter().filter(|(_, first)| *first);
            let (same_f, of_one) = (same_f64(same), same_f64(of_one.count()));
            ranks += of_one * (rank + (same_f - 1.0) / 2.0);
            ties += same_f.powi(3) - same_f;
            rank += same_f;
            at += same;
        }
        let (n, m) = (same_f64(one.len()), same_f64(other.len()));
        let u = ranks - n * (n + 1.0) / 2.0;
        let variance = n * m / 12.0 * (n + m + 1.0 - ties / ((n + m) * (n + m - 1.0)));
        (u - n * m / 2.0) / variance.sqrt()
    }

    fn same_f64(count: usize) -> f64 {
        f64::from(u32::try_from(count).unwrap())
    }

    /// A writer floods an account of his own at one provider, and writes in turn to somebody there and to somebody elsewhere: how long each of
    /// the two had to wait. `ease` waits as a session does.
    #[tokio::test(start_paused = true)]
    async fn h172_a_flooded_provider_makes_mail_to_it_wait_no_longer_than_other_mail() {
        let flow = Arc::new(Backpressure::new(32 * MIB));
        let (flooded, other) = (Provider::new(), Provider::new());
        let (mut there, mut elsewhere, mut number) = (Vec::new(), Vec::new(), 7_u64);
        for round in 0..400 {
            // In no step with the deliveries, and in no order that the other knows.
            number ^= number << 13;
            number ^= number >> 7;
            number ^= number << 17;
            for _ in 0..number % 14 {
                flooded.deliver(&flow, MIB);
            }
            tokio::time::sleep(Duration::from_millis(number % 97)).await;
            let to_flooded = round % 2 == 0;
            let wait = waited(&flow).await.as_secs_f64();
            if to_flooded {
                there.push(wait);
                flooded.deliver(&flow, MIB);
            } else {
                elsewhere.push(wait);
                other.deliver(&flow, MIB);
            }
        }
        let waits = there.iter().chain(&elsewhere);
        let positive = waits.filter(|wait| **wait > 0.0).count();
        assert!(
            positive > 100,
            "only {positive} have waited: nothing is shown"
        );
        let z = mann_whitney(&there, &elsewhere);
        assert!(z.abs() < 2.6, "z = {z}");
        // What it looks like where the wait does depend on it.
        let longer: Vec<f64> = there.iter().map(|wait| wait + 0.03).collect();
        assert!(mann_whitney(&longer, &elsewhere).abs() > 2.6);
    }
}

//! Memory for messages under way, in all sessions together: what is being received, and what is being judged and rewritten.
//!
//! They have budgets of their own, so that a few large messages that wait for their turn do not turn small ones away.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::limits::{BYTES_UNIT, COPIES, TURN};

/// The budgets.
pub(super) struct Memory {
    /// In [`BYTES_UNIT`]s, what messages that are read may hold.
    receiving: Arc<Semaphore>,
    /// In the same units, what judging and rewriting may take.
    working: Arc<Semaphore>,
    /// All of `working`: the most that one message may ask for.
    most_work: usize,
}

/// A share of a budget, and the octets that it stands for; given back when dropped, on every way out of a session.
#[derive(Default)]
pub(super) struct Share(Vec<OwnedSemaphorePermit>, usize);

impl Share {
    /// How many octets it stands for.
    pub(super) fn octets(&self) -> usize {
        self.1
    }
}

/// Rounded up: what is held is never more than what is counted.
fn units(octets: usize) -> u32 {
    u32::try_from(octets.div_ceil(BYTES_UNIT)).unwrap_or(u32::MAX)
}

impl Memory {
    /// Budgets of `octets` together. One message of `largest` fits at least.
    pub(super) fn new(octets: usize, largest: usize) -> Self {
        let octets = octets.max(largest.saturating_mul(COPIES + 2));
        // Two parts for receiving: a message keeps its share while it is judged, and another as large must be able to come in meanwhile.
        let whole = octets / (COPIES + 2);
        let receiving = whole * 2 / BYTES_UNIT;
        let most_work = whole * COPIES / BYTES_UNIT;
        Self {
            receiving: Arc::new(Semaphore::new(receiving.max(2))),
            working: Arc::new(Semaphore::new(most_work.max(1))),
            most_work: most_work.max(1),
        }
    }

    /// Lets `share` stand for `octets` being received; false if the budget is spent. It does not wait: sessions that hold shares and wait for
    /// each other's would never end. What the share had it keeps.
    pub(super) fn grow(&self, share: &mut Share, octets: usize) -> bool {
        while share.octets() < octets {
            let more = units(octets - share.octets());
            match self.receiving.clone().try_acquire_many_owned(more) {
                Ok(permit) => {
                    share.0.push(permit);
                    share.1 += more as usize * BYTES_UNIT;
                }
                Err(_) => return false,
            }
        }
        true
    }

    /// Waits for the turn of a message of `octets` to be judged and rewritten; none: it took too long.
    pub(super) async fn turn(&self, octets: usize) -> Option<OwnedSemaphorePermit> {
        let wanted = units(octets.saturating_mul(COPIES));
        // More than there is would be waited for without end; the largest message has all of it for itself.
        let wanted = wanted.clamp(1, u32::try_from(self.most_work).unwrap_or(u32::MAX));
        let working = self.working.clone().acquire_many_owned(wanted);
        timeout(TURN, working).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_spent_comes_back_and_the_largest_message_fits() {
        const LARGEST: usize = 1 << 20;
        let memory = Memory::new(0, LARGEST);
        let (mut one, mut two) = (Share::default(), Share::default());
        assert!(memory.grow(&mut one, LARGEST) && memory.grow(&mut two, LARGEST));
        assert!(one.octets() >= LARGEST);
        assert!(!memory.grow(&mut two, LARGEST + 1), "two fill it");
        drop(one);
        assert!(memory.grow(&mut two, LARGEST + 1));
        // All of the other budget, though more is asked for, and only once at a time.
        let turn = memory.turn(100 * LARGEST).await;
        assert!(turn.is_some() && memory.working.available_permits() == 0);
        drop(turn);
        assert!(memory.turn(0).await.is_some());
    }
}

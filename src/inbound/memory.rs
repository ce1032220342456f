//! Memory for messages under way, in all sessions together: what is being received, what is being judged and rewritten, and what is on its way
//! out.
//!
//! They have budgets of their own, so that a few large messages that wait for their turn do not turn small ones away, and that nobody is
//! refused because of where the mail of others goes. What is counted is what is held, every copy: a message has its original, the copy that is
//! being made, and copies that wait to be written; what was written is let go.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::limits::{BYTES_UNIT, COPIES, TURN};
use crate::spool::PART_SIZE;

/// The most and the least that is kept for messages on their way out.
const WAY_OUT: (usize, usize) = (16 * 1024 * 1024, 32 * 1024 * 1024);

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

/// What of `octets` is for messages on their way out, where one of `largest` octets is taken.
#[must_use]
pub const fn room_for_delivery(octets: usize, largest: usize) -> usize {
    let left = octets.saturating_sub(largest.saturating_mul(COPIES + 2));
    if left < WAY_OUT.0 {
        WAY_OUT.0
    } else if left > WAY_OUT.1 {
        WAY_OUT.1
    } else {
        left
    }
}

/// Rounded up: what is held is never more than what is counted.
fn units(octets: usize) -> u32 {
    u32::try_from(octets.div_ceil(BYTES_UNIT)).unwrap_or(u32::MAX)
}

impl Memory {
    /// Budgets of `octets` together, less what is for delivery. One message of `largest` fits at least.
    pub(super) fn new(octets: usize, largest: usize) -> Self {
        let octets = octets.saturating_sub(room_for_delivery(octets, largest));
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

    /// Waits for the turn of a message of `octets` to be judged and rewritten for so many recipients; none: it took too long.
    pub(super) async fn turn(
        &self,
        octets: usize,
        recipients: usize,
    ) -> Option<OwnedSemaphorePermit> {
        // What is gathered before it is written is less than a piece, beside the copy that is being made.
        let gathered = octets.saturating_mul(recipients).min(PART_SIZE);
        let wanted = units(octets.saturating_mul(COPIES).saturating_add(gathered));
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
    async fn memory_of_messages_comes_back_and_the_largest_one_fits() {
        const LARGEST: usize = 1 << 20;
        let memory = Memory::new(0, LARGEST);
        let (mut one, mut two) = (Share::default(), Share::default());
        assert!(memory.grow(&mut one, LARGEST) && memory.grow(&mut two, LARGEST));
        assert!(one.octets() >= LARGEST);
        assert!(!memory.grow(&mut two, LARGEST + 1), "two fill it");
        drop(one);
        assert!(memory.grow(&mut two, LARGEST + 1));
        // All of the other budget, though more is asked for, and only once at a time.
        let turn = memory.turn(100 * LARGEST, 1).await;
        assert!(turn.is_some() && memory.working.available_permits() == 0);
        drop(turn);
        assert!(memory.turn(0, 1).await.is_some());
    }

    #[test]
    fn h153_all_budgets_together_are_what_is_configured() {
        const MIB: usize = 1 << 20;
        // Octets in all, the largest message, and what is left for delivery.
        for (octets, largest, delivery) in [
            (192 * MIB, 35 * MIB, 17 * MIB),
            (191 * MIB, 35 * MIB, 16 * MIB),
            (1024 * MIB, 35 * MIB, 32 * MIB),
            (192 * MIB, MIB, 32 * MIB),
        ] {
            let room = room_for_delivery(octets, largest);
            assert_eq!(room, delivery);
            let memory = Memory::new(octets, largest);
            let permits = memory.receiving.available_permits() + memory.most_work;
            let all = permits * BYTES_UNIT + room;
            assert!(all <= octets && all > octets - 2 * MIB, "{all} of {octets}");
        }
    }

    #[tokio::test]
    async fn h153_every_copy_of_a_message_is_counted() {
        const MIB: usize = 1 << 20;
        let memory = Memory::new(1024 * MIB, 35 * MIB);
        let free = memory.working.available_permits();
        // Octets, recipients, and what is counted: the copy that is made, and those that wait for the log, which are less than a piece.
        for (octets, recipients, counted) in [
            (10 * MIB, 1, 31 * MIB),
            (10 * MIB, 16, 31 * MIB),
            (MIB / 16, 1, MIB / 4),
            (MIB / 16, 4, MIB * 7 / 16),
            (MIB / 16, 100, MIB * 19 / 16),
        ] {
            let turn = memory.turn(octets, recipients).await;
            let held = (free - memory.working.available_permits()) * BYTES_UNIT;
            assert_eq!(held, counted, "{octets} to {recipients}");
            drop(turn);
        }
    }
}

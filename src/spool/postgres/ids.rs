//! Ids that no two nodes give: 41 bits of milliseconds since 2026, 5 of the shard, 9 of the node, 9 that count.

use std::sync::{Mutex, PoisonError};

use super::quarters::BELOW;
use crate::mail::{QueueId, Timestamp};

/// Milliseconds from 1970 to 2026.
const ORIGIN: u64 = 1_767_225_600_000;
/// Bits of the milliseconds.
const TIME: u32 = 41;
/// Bits of the node.
const NODE: u32 = 9;
/// Bits that count within a millisecond.
const COUNT: u32 = 9;
/// The highest number of a node.
pub(super) const MOST_NODE: u16 = (1 << NODE) - 1;
/// How many shards ids can tell apart.
pub(super) const MOST_SHARDS: usize = 1 << (BELOW - NODE - COUNT);

/// Gives ids, each above all before it.
#[derive(Debug)]
pub(super) struct Ids {
    node: u64,
    last: Mutex<u64>,
}

impl Ids {
    /// Those of the node with this number, [`MOST_NODE`] at most.
    pub(super) fn of(node: u16) -> Self {
        Self {
            node: u64::from(node.min(MOST_NODE)),
            last: Mutex::new(0),
        }
    }

    /// The next one, for a message that is to go to the shard of this number. Where the clock has gone back, or more are wanted in a millisecond than it has,
    /// they run ahead of it.
    pub(super) fn next(&self, now: Timestamp, shard: usize) -> QueueId {
        let shard = (shard % MOST_SHARDS) as u64;
        let of = |time: u64| {
            let time = time & ((1 << TIME) - 1);
            (((time << (BELOW - NODE - COUNT)) | shard) << NODE | self.node) << COUNT
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, begun) = (*last >> COUNT, *last & ((1 << COUNT) - 1));
        let time = now.0.saturating_sub(ORIGIN).max(*last >> BELOW);
        let fresh = of(time);
        *last = if fresh > *last {
            fresh
        } else if fresh >> COUNT == counted && begun + 1 < 1 << COUNT {
            *last + 1
        } else {
            of(time + 1)
        };
        QueueId(*last)
    }
}

/// The first id that a moment may have.
pub(super) fn beginning(of: Timestamp) -> QueueId {
    QueueId(of.0.saturating_sub(ORIGIN) << BELOW)
}

/// The shard that a message was to go to when it got its id. It went to another one where that took no mail by then.
pub(super) fn shard_of(id: QueueId) -> usize {
    let shard = (id.0 >> (NODE + COUNT)) % MOST_SHARDS as u64;
    usize::try_from(shard).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_grow_whatever_the_clock_and_the_shard_do_and_tell_both() {
        let ids = Ids::of(3);
        let now = Timestamp(ORIGIN + 5_000);
        let mut last = QueueId(0);
        for turn in 0..5_000_u64 {
            let time = match turn % 7 {
                0 => Timestamp(now.0 - 1_000),
                1 => Timestamp(0),
                _ => Timestamp(now.0 + turn / 2_000),
            };
            let shard = usize::try_from(turn / 3 % 31).unwrap();
            let next = ids.next(time, shard);
            assert!(next > last, "{turn}");
            assert_eq!(shard_of(next), shard);
            assert_eq!((next.0 >> COUNT) & u64::from(MOST_NODE), 3);
            last = next;
        }
        let later = ids.next(Timestamp(ORIGIN + 1_000_000), 0);
        assert_eq!(later.0 >> BELOW, 1_000_000);
    }

    #[test]
    fn nodes_never_give_the_same() {
        let now = Timestamp(ORIGIN + 1);
        let nodes = [Ids::of(1), Ids::of(2), Ids::of(MOST_NODE)];
        let all: BTreeSet<QueueId> = nodes
            .iter()
            .flat_map(|ids| (0..2_000).map(|_| ids.next(now, 0)))
            .collect();
        assert_eq!(all.len(), 6_000);
    }
}

//! What goes wrong in a simulated run, and what may be planted in it.

use super::dice::Dice;

/// A fault that a test plants, to see that the simulation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    /// No statement looks at the epoch.
    NoEpoch,
    /// A node takes its wall clock for the time by which it owns a lease.
    NodeClock,
    /// Nobody looks at the list of standbys.
    NoStandbyCheck,
    /// A lease is taken as soon as it has lapsed by the database's clock.
    NoDelay,
}

/// What goes wrong, and for how many milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// A node is killed, and starts again.
    Kill(usize, u64),
    /// A node is frozen, and thawed.
    Freeze(usize, u64),
    /// A node is told to end, and starts again once it has.
    Terminate(usize, u64),
    /// A node cannot reach a shard.
    Cut(usize, usize, u64),
    /// A shard's primary dies, and the standby takes its place.
    Failover(usize, u64),
    /// A shard's standby is frozen.
    StandbyFrozen(usize, u64),
    /// Whoever waits for a standby is told not to.
    Cancel(usize),
    /// A shard's list of standbys is empty.
    ListEmptied(usize, u64),
    /// A shard's clock jumps by so many milliseconds.
    ServerClock(usize, i64),
    /// A node's wall clock jumps.
    NodeClock(usize, i64),
}

impl Fault {
    /// One at random.
    pub(super) fn any(dice: &mut Dice, nodes: usize, shards: usize) -> Self {
        let below =
            |dice: &mut Dice, bound: usize| usize::try_from(dice.below(bound as u64)).unwrap();
        let node = below(dice, nodes);
        let shard = below(dice, shards);
        let span = 200 + dice.below(30_000);
        let jump = i64::try_from(dice.below(80_000)).unwrap() - 40_000;
        match dice.below(10) {
            0 => Self::Kill(node, span),
            1 => Self::Freeze(node, span),
            2 => Self::Terminate(node, 500 + span / 20),
            3 => Self::Cut(node, shard, span),
            4 => Self::Failover(shard, span / 2),
            5 => Self::StandbyFrozen(shard, span),
            6 => Self::Cancel(shard),
            7 => Self::ListEmptied(shard, span / 4),
            8 => Self::ServerClock(shard, jump),
            _ => Self::NodeClock(node, jump),
        }
    }
}

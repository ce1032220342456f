//! A node of the simulation: a keeper for each shard, and a queue of entries.

use std::collections::BTreeMap;

use super::{Keeper, Monotonic, Part, QueueId};

/// An entry in a node's queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queued {
    pub(super) shard: usize,
    pub(super) part: Part,
    /// When it is tried, in milliseconds of the simulation; none: an attempt is under way, or its outcome is being written.
    pub(super) due: Option<u64>,
}

/// What a node has in memory.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) keepers: Vec<Keeper>,
    /// When each keeper is woken, as far as that is arranged.
    pub(super) wakes: Vec<u64>,
    pub(super) queue: BTreeMap<QueueId, Queued>,
    pub(super) drained: usize,
}

/// A machine.
#[derive(Debug)]
pub(super) struct Node {
    /// Counts its starts.
    pub(super) life: u32,
    pub(super) memory: Option<Memory>,
    pub(super) is_frozen: bool,
    /// Shards that it cannot reach.
    pub(super) cut: Vec<bool>,
    /// How much faster its clock runs, in millionths.
    pub(super) drift: i64,
    /// What its wall clock shows beyond its monotonic one; of interest only where that is planted.
    pub(super) wall: i64,
    pub(super) is_by_wall: bool,
    /// Told to end: it starts again so many milliseconds after it has.
    pub(super) restart: u64,
}

impl Node {
    /// Its own clock at the time `now` of the simulation.
    pub(super) fn clock(&self, now: u64) -> Monotonic {
        let now = i64::try_from(now).unwrap();
        let own = 1_000_000 + now + now * self.drift / 1_000_000;
        let shown = own + if self.is_by_wall { self.wall } else { 0 };
        Monotonic(u64::try_from(shown).unwrap())
    }

    /// The time of the simulation at which its clock will show `at`, but at most five seconds ahead.
    pub(super) fn when(&self, now: u64, at: Monotonic) -> u64 {
        let own = self.clock(now);
        let wait = at.0.saturating_sub(own.0).clamp(1, 5_000);
        // Its clock may be slower.
        now + wait + wait / 20
    }
}

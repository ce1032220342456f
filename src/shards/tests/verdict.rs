//! What must hold in every run, judged with the knowledge of everything.

use std::collections::{BTreeMap, BTreeSet};

use super::shard::{Sender, Shard};
use super::{Fence, Part, QueueId};

/// A node since one of its starts.
pub(super) type Life = (usize, u32);

/// An attempt that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Started {
    pub(super) life: Life,
    pub(super) shard: usize,
    pub(super) id: QueueId,
    /// How often the partition had been taken.
    pub(super) taking: u64,
}

#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// By whom each partition is owned, and how often it was taken.
    owners: BTreeMap<(usize, Part), (Life, u64)>,
    /// What the client has heard 250 for, and reports that were told to be durable.
    pub(super) acknowledged: BTreeSet<QueueId>,
    /// What it has heard 451 for, and from whom.
    pub(super) refused: BTreeMap<QueueId, Life>,
    effects: BTreeMap<QueueId, Vec<Started>>,
    settled: BTreeSet<QueueId>,
    pub(super) attempts: u64,
    pub(super) duplicates: u64,
    pub(super) takings: u64,
    /// What was found wrong; the first is kept.
    pub(super) wrong: Option<String>,
}

impl Verdict {
    pub(super) fn blame(&mut self, text: impl FnOnce() -> String) {
        if self.wrong.is_none() {
            self.wrong = Some(text());
        }
    }

    /// A partition was made or taken, and the standby knows.
    pub(super) fn owned(&mut self, shard: usize, by: &Sender, fence: Fence) {
        let owner = self.owners.entry((shard, fence.part)).or_default();
        self.takings += u64::from(owner.1 > 0);
        *owner = ((by.node, by.life), owner.1 + 1);
    }

    /// An attempt starts.
    pub(super) fn starts(&mut self, life: Life, shard: usize, part: Part, id: QueueId) -> Started {
        self.attempts += 1;
        let (owner, taking) = self.owners.get(&(shard, part)).copied().unwrap_or_default();
        if owner != life {
            self.blame(|| {
                format!("{life:?} starts an attempt of {id:?}, whose partition {part:?} {owner:?} has taken")
            });
        }
        if self.settled.contains(&id) {
            self.blame(|| format!("{life:?} starts an attempt of {id:?}, which is settled"));
        }
        Started {
            life,
            shard,
            id,
            taking,
        }
    }

    /// The recipient has it.
    pub(super) fn effect(&mut self, started: Started) {
        let id = started.id;
        if self.refused.get(&id) == Some(&started.life) && started.taking == 1 {
            self.blame(|| {
                format!(
                    "{id:?} was answered 451 by {:?}, which delivers it",
                    started.life
                )
            });
        }
        let effects = self.effects.entry(id).or_default();
        let is_again = effects.iter().any(|before| before.taking == started.taking);
        self.duplicates += u64::from(!effects.is_empty());
        effects.push(started);
        if is_again {
            self.blame(|| format!("{:?} delivers {id:?} twice", started.life));
        }
    }

    /// An outcome is durable, or so the node was told.
    pub(super) fn settled(&mut self, id: QueueId, shard: &Shard) {
        if !shard.primary.is_done(id) {
            self.blame(|| format!("{id:?} is said to be settled, and is not"));
        }
        self.settled.insert(id);
    }

    /// Whether nothing is left to do.
    pub(super) fn is_over(shards: &[Shard]) -> bool {
        let entries = |shard: &Shard| {
            let mut ids = shard.primary.entries.keys();
            ids.all(|id| shard.primary.is_done(*id))
        };
        shards.iter().all(entries)
    }

    /// The faults have ended long ago.
    pub(super) fn end(&mut self, shards: &[Shard]) {
        for shard in shards {
            let live: Vec<_> = shard.primary.entries.keys().copied().collect();
            for id in live.into_iter().filter(|id| !shard.primary.is_done(*id)) {
                let (part, _) = shard.primary.entries[&id];
                let lease = shard.primary.leases.get(&part).copied();
                self.blame(|| format!("{id:?} of {part:?} ({lease:?}) is nobody's"));
            }
        }
        let mut lost = self.acknowledged.iter();
        let lost = lost.find(|id| !self.effects.contains_key(id)).copied();
        if let Some(id) = lost {
            self.blame(|| format!("{id:?} was acknowledged, and is lost"));
        }
    }
}

//! The partitions that a node owns on a shard, and the live entries in them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::moment::Monotonic;
use super::statement::{Fence, Kept, Part};
use crate::mail::QueueId;

/// A partition that this node owns.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) fence: Fence,
    /// When the last renewal was sent that was answered.
    pub(super) sent: Monotonic,
    /// Whether this node made it: then new mail goes there. One that was adopted only runs dry.
    pub(super) is_own: bool,
    /// Its entries are being read, so far; none: they are all known.
    pub(super) reading: Option<QueueId>,
    live: BTreeSet<QueueId>,
    /// What was done while its entries were being read: an answer that is on its way may still have it.
    gone: BTreeSet<QueueId>,
}

/// The partitions that a node owns on a shard, and whose each live entry is.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    all: BTreeMap<Part, Partition>,
    home: BTreeMap<QueueId, Part>,
}

impl Partitions {
    /// Takes in a partition, by a statement that was sent at `sent`.
    pub(super) fn enter(&mut self, fence: Fence, sent: Monotonic, is_own: bool) {
        let partition = Partition {
            fence,
            sent,
            is_own,
            reading: (!is_own).then_some(QueueId(0)),
            live: BTreeSet::new(),
            gone: BTreeSet::new(),
        };
        self.all.insert(fence.part, partition);
    }

    pub(super) fn get_mut(&mut self, part: Part) -> Option<&mut Partition> {
        self.all.get_mut(&part)
    }

    /// Whether it is owned in this very epoch.
    pub(super) fn has(&self, fence: Fence) -> bool {
        self.fence(fence.part) == Some(fence)
    }

    pub(super) fn fence(&self, part: Part) -> Option<Fence> {
        self.all.get(&part).map(|partition| partition.fence)
    }

    pub(super) fn fences(&self) -> Vec<Fence> {
        self.all.values().map(|partition| partition.fence).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Own partitions: those that were not adopted.
    pub(super) fn own(&self) -> impl Iterator<Item = &Partition> {
        self.all.values().filter(|partition| partition.is_own)
    }

    /// One whose entries are still being read.
    pub(super) fn unread(&self) -> Option<(Fence, QueueId)> {
        let mut all = self.all.values();
        all.find_map(|partition| Some((partition.fence, partition.reading?)))
    }

    /// Adopted ones that have run dry.
    pub(super) fn dry(&self) -> impl Iterator<Item = Fence> {
        let adopted = self.all.values().filter(|partition| !partition.is_own);
        let dry =
            adopted.filter(|partition| partition.reading.is_none() && partition.live.is_empty());
        dry.map(|partition| partition.fence)
    }

    /// Forgets a partition and its entries.
    pub(super) fn forget(&mut self, part: Part) {
        for id in self
            .all
            .remove(&part)
            .into_iter()
            .flat_map(|gone| gone.live)
        {
            self.home.remove(&id);
        }
    }

    /// Adds a live entry, if the partition is owned and it is new.
    pub(super) fn add(&mut self, part: Part, id: QueueId) -> bool {
        let Some(partition) = self.all.get_mut(&part) else {
            return false;
        };
        self.home.insert(id, part);
        partition.live.insert(id)
    }

    /// Adds live entries that were read, and says which are new. They are read up to `reading`; none: that were the last.
    pub(super) fn adopt(
        &mut self,
        part: Part,
        mut entries: Vec<Kept>,
        reading: Option<QueueId>,
    ) -> Vec<Kept> {
        let Some(partition) = self.all.get_mut(&part) else {
            return Vec::new();
        };
        partition.reading = reading;
        entries
            .retain(|entry| !partition.gone.contains(&entry.id) && partition.live.insert(entry.id));
        if reading.is_none() {
            partition.gone.clear();
        }
        self.home
            .extend(entries.iter().map(|entry| (entry.id, part)));
        entries
    }

    /// Takes out an entry that is done.
    pub(super) fn remove(&mut self, id: QueueId) {
        if let Some(part) = self.home.remove(&id)
            && let Some(partition) = self.all.get_mut(&part)
        {
            partition.live.remove(&id);
            if partition.reading.is_some() {
                partition.gone.insert(id);
            }
        }
    }

    /// Whose an entry is.
    pub(super) fn home(&self, id: QueueId) -> Option<Part> {
        self.home.get(&id).copied()
    }

    /// Whether an attempt may start for an entry: its partition is this node's, for certain.
    pub(super) fn is_certain(&self, id: QueueId, now: Monotonic, stop: Duration) -> bool {
        let partition = self.home(id).and_then(|part| self.all.get(&part));
        partition.is_some_and(|partition| now <= partition.sent.plus(stop))
    }
}

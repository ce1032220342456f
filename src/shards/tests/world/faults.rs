//! What breaks, and how it is mended.

use super::super::Event;
use super::super::agenda::{Local, What};
use super::super::fault::Fault;
use super::World;

impl World {
    /// A node's memory is gone; it starts again so many milliseconds later.
    pub(super) fn kill(&mut self, number: usize, wait: u64) {
        let node = &mut self.nodes[number];
        node.life += 1;
        node.memory = None;
        let life = node.life;
        self.backlog[number].clear();
        self.after(wait, What::At((number, life), Local::Start));
    }

    pub(super) fn mend_after(&mut self, wait: u64, fault: Fault) {
        self.broken += 1;
        self.after(wait, What::Mend(fault));
    }

    pub(super) fn break_down(&mut self, fault: Fault) {
        match fault {
            Fault::Kill(number, wait) => {
                // It is thawed by its end, if it was frozen.
                self.nodes[number].is_frozen = false;
                self.kill(number, wait);
            }
            Fault::Freeze(number, wait) => {
                self.nodes[number].is_frozen = true;
                self.mend_after(wait, fault);
            }
            Fault::Terminate(number, wait) => {
                let node = &mut self.nodes[number];
                if node.memory.is_some() && !node.is_frozen {
                    node.restart = wait;
                    for shard in 0..self.shards.len() {
                        self.hear(number, shard, Event::Drain);
                    }
                }
            }
            Fault::Cut(number, shard, wait) => {
                self.nodes[number].cut[shard] = true;
                self.mend_after(wait, fault);
            }
            Fault::Failover(shard, wait) => {
                for told in self.shards[shard].fail() {
                    self.tell(shard, told);
                }
                self.mend_after(wait, fault);
            }
            Fault::StandbyFrozen(shard, wait) => {
                self.shards[shard].is_standby_frozen = true;
                self.mend_after(wait, fault);
            }
            Fault::Cancel(shard) => {
                if let Some(told) = self.shards[shard].cancel(true) {
                    self.tell(shard, told);
                }
                self.work(shard);
            }
            Fault::ListEmptied(shard, wait) => {
                self.shards[shard].is_listed = false;
                if let Some(told) = self.shards[shard].cancel(false) {
                    self.tell(shard, told);
                }
                self.work(shard);
                self.mend_after(wait, fault);
            }
            Fault::ServerClock(shard, jump) => self.shards[shard].ahead += jump * 1_000,
            Fault::NodeClock(number, jump) => self.nodes[number].wall += jump,
        }
    }

    pub(super) fn mend(&mut self, fault: Fault) {
        self.broken -= 1;
        match fault {
            Fault::Freeze(number, _) => {
                self.nodes[number].is_frozen = false;
                for what in std::mem::take(&mut self.backlog[number]) {
                    self.happen(what);
                }
            }
            Fault::Cut(number, shard, _) => self.nodes[number].cut[shard] = false,
            Fault::Failover(shard, _) if self.shards[shard].is_down => {
                let more = self.shards[shard].unreplicated() as u64;
                let more = usize::try_from(self.dice.below(more + 1)).unwrap();
                self.shards[shard].ahead +=
                    (i64::try_from(self.dice.below(40_000)).unwrap() - 20_000) * 1_000;
                for (by, fence) in self.shards[shard].promote(more) {
                    self.verdict.owned(shard, &by, fence);
                }
            }
            Fault::StandbyFrozen(shard, _) => {
                self.shards[shard].is_standby_frozen = false;
                let last = self.shards[shard].last();
                if !self.shards[shard].is_down {
                    self.replicated(shard, last);
                }
            }
            Fault::ListEmptied(shard, _) => {
                self.shards[shard].is_listed = true;
                self.work(shard);
            }
            _ => {}
        }
    }
}

//! Shards: what they take up, what reaches the standby, and whom they tell.

use super::super::agenda::{Local, What};
use super::super::shard::{Taken, Told};
use super::World;

impl World {
    pub(super) fn tell(&mut self, shard: usize, (to, answer): Told) {
        let delay = self.delay();
        if self.nodes[to.node].cut[shard] {
            return;
        }
        let local = Local::Answered(shard, to.call, answer);
        self.after(delay, What::At((to.node, to.life), local));
    }

    pub(super) fn work(&mut self, shard: usize) {
        for taken in self.shards[shard].work(self.now) {
            match taken {
                Taken::Told(told) => self.tell(shard, told),
                Taken::Sent(number) => {
                    let generation = self.shards[shard].generation;
                    let delay = self.delay();
                    self.after(delay, What::Replicate(shard, generation, number));
                }
            }
        }
    }

    pub(super) fn replicated(&mut self, shard: usize, number: u64) {
        let (told, owners) = self.shards[shard].replicated(number);
        for (by, fence) in owners {
            self.verdict.owned(shard, &by, fence);
        }
        if let Some(told) = told {
            self.tell(shard, told);
        }
        self.work(shard);
    }
}

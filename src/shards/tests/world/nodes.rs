//! Nodes: what they hear, what their keepers want of them, and the attempts that they make.

use std::collections::BTreeMap;

use super::super::agenda::{Local, What};
use super::super::node::{Memory, Queued};
use super::super::shard::Sender;
use super::super::{Effect, Event, Keeper, Outcome, Part, QueueId};
use super::World;
use super::correspondents::filed;

impl World {
    /// A node hears something.
    pub(super) fn hear(&mut self, number: usize, shard: usize, event: Event) {
        let clock = self.nodes[number].clock(self.now);
        let Some(memory) = &mut self.nodes[number].memory else {
            return;
        };
        let effects = memory.keepers[shard].handle(clock, event);
        for effect in effects {
            self.effect(number, shard, effect);
        }
        self.arrange_wake(number, shard);
    }

    pub(super) fn arrange_wake(&mut self, number: usize, shard: usize) {
        let node = &mut self.nodes[number];
        let Some(memory) = &node.memory else { return };
        let at = node.when(self.now, memory.keepers[shard].wake_at());
        let life = node.life;
        let memory = node.memory.as_mut().unwrap();
        // One that is arranged already, and soon enough, does.
        if memory.wakes[shard] <= self.now || at < memory.wakes[shard] {
            memory.wakes[shard] = at;
            self.after(at - self.now, What::At((number, life), Local::Wake(shard)));
        }
    }

    pub(super) fn effect(&mut self, number: usize, shard: usize, effect: Effect) {
        let life = (number, self.nodes[number].life);
        match effect {
            Effect::Send(_, call, statement) => {
                let generation = self.shards[shard].generation;
                let from = Sender {
                    node: number,
                    life: life.1,
                    call,
                };
                let delay = self.delay();
                if !self.nodes[number].cut[shard] {
                    self.after(delay, What::Arrive(shard, generation, from, statement));
                }
            }
            // What was sent may come to the shard all the same, and later.
            Effect::Reset(_) => {}
            Effect::Accepted(ids, part) => {
                for id in ids {
                    self.verdict.acknowledged.insert(id);
                    if let Some(part) = part {
                        self.queue(number, shard, part, id);
                    }
                }
            }
            Effect::Refused(ids) => {
                let refused = ids.into_iter().map(|id| (id, life));
                self.verdict.refused.extend(refused);
            }
            Effect::Adopt(part, entries) => {
                for entry in entries {
                    self.queue(number, shard, part, entry.id);
                }
            }
            Effect::Disown(part) => {
                let memory = self.nodes[number].memory.as_mut().unwrap();
                memory
                    .queue
                    .retain(|_, queued| queued.shard != shard || queued.part != part);
            }
            Effect::Settled(id) => {
                let memory = self.nodes[number].memory.as_mut().unwrap();
                let Some(queued) = memory.queue.get_mut(&id) else {
                    return;
                };
                if self.shards[shard].primary.progress.contains_key(&id)
                    && !self.shards[shard].primary.is_done(id)
                {
                    let due = self.now + 1_000;
                    queued.due = Some(due);
                    self.after(1_000, What::At(life, Local::Try(id)));
                } else {
                    memory.queue.remove(&id);
                    self.verdict.settled(id, &self.shards[shard]);
                }
            }
            Effect::Drained => {
                let memory = self.nodes[number].memory.as_mut().unwrap();
                memory.drained += 1;
                if memory.drained == self.shards.len() {
                    self.kill(number, self.nodes[number].restart);
                }
            }
        }
    }

    pub(super) fn queue(&mut self, number: usize, shard: usize, part: Part, id: QueueId) {
        let life = self.nodes[number].life;
        let due = Some(self.now);
        let queued = Queued { shard, part, due };
        let memory = self.nodes[number].memory.as_mut().unwrap();
        memory.queue.insert(id, queued);
        self.after(1, What::At((number, life), Local::Try(id)));
    }

    pub(super) fn at_node(&mut self, number: usize, local: Local) {
        match local {
            Local::Start => self.start(number),
            Local::Wake(shard) => {
                if let Some(memory) = &mut self.nodes[number].memory {
                    memory.wakes[shard] = 0;
                }
                self.hear(number, shard, Event::Tick);
            }
            Local::Answered(shard, call, answer) => {
                self.hear(number, shard, Event::Answered(call, answer));
            }
            Local::Try(id) => self.attempt(number, id),
            Local::Outcome(shard, id, is_done, report) => {
                let outcome = match is_done {
                    true => Outcome::Done,
                    false => Outcome::Deferred(bytes::Bytes::new()),
                };
                let event = Event::Settle {
                    id,
                    outcome,
                    report: report.map(filed),
                };
                self.hear(number, shard, event);
            }
        }
    }

    pub(super) fn start(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let clock = node.clock(self.now);
        let shards = self.shards.len();
        let keeper = |shard: usize| {
            let seed = (number as u64) << 32 | u64::from(node.life) << 8 | shard as u64;
            Keeper::new(self.rules, seed + 1, clock)
        };
        node.memory = Some(Memory {
            keepers: (0..shards).map(keeper).collect(),
            wakes: vec![0; shards],
            queue: BTreeMap::new(),
            drained: 0,
        });
        for shard in 0..shards {
            self.hear(number, shard, Event::Tick);
        }
    }

    pub(super) fn attempt(&mut self, number: usize, id: QueueId) {
        let clock = self.nodes[number].clock(self.now);
        let life = (number, self.nodes[number].life);
        let Some(memory) = &mut self.nodes[number].memory else {
            return;
        };
        let Some(queued) = memory.queue.get_mut(&id) else {
            return;
        };
        if queued.due.is_none_or(|due| due > self.now) {
            return;
        }
        let Queued { shard, part, .. } = *queued;
        if memory.keepers[shard].begin(clock, id) {
            queued.due = None;
            let started = self.verdict.starts(life, shard, part, id);
            let delay = match self.dice.below(6) {
                0 => 1 + self.dice.below(15_000),
                _ => self.delay(),
            };
            self.after(delay, What::Deliver(started));
        } else {
            queued.due = Some(self.now + 1_500);
            self.after(1_500, What::At(life, Local::Try(id)));
        }
    }
}

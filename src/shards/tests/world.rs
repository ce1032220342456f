//! The simulation: nodes, shards, a client and a recipient, and a network that delays, loses and reorders. One seed, one course of events.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use super::agenda::{Later, Local, What};
use super::dice::Dice;
use super::fault::{Fault, Planted};
use super::node::{Memory, Node, Queued};
use super::shard::{Sender, Shard, Taken, Told};
use super::tables::Tables;
use super::verdict::{Started, Verdict};
use super::{
    Candidate, Effect, Event, Failure, Filed, Keeper, Outcome, Part, QueueId, Rules, choose,
};

/// When the faults end and the client writes no more, in milliseconds.
const FAULTS: u64 = 30_000;
/// When everything must have ended.
const END: u64 = 420_000;

pub(super) struct World {
    now: u64,
    dice: Dice,
    rules: Rules,
    nodes: Vec<Node>,
    backlog: Vec<Vec<What>>,
    shards: Vec<Shard>,
    later: BinaryHeap<Reverse<Later>>,
    numbers: u64,
    ids: u64,
    pub(super) verdict: Verdict,
    faults: Vec<Fault>,
    /// How many of them are still to be mended.
    broken: u32,
    events: u64,
}

impl World {
    pub(super) fn new(seed: u64, planted: Option<Planted>) -> Self {
        let mut dice = Dice::new(seed + 1);
        for _ in 0..8 {
            dice.below(2);
        }
        let nodes = 2 + dice.below(2);
        let shards = 1 + usize::try_from(dice.below(2)).unwrap();
        let seconds = Duration::from_secs;
        let rules = Rules {
            partitions: 1 + usize::try_from(dice.below(2)).unwrap(),
            look: seconds(3),
            spread: seconds(2),
            page: 3,
            ..Rules::default()
        };
        let rules = match planted {
            Some(Planted::NoDelay) => Rules {
                watch: seconds(0),
                spread: seconds(0),
                ..rules
            },
            _ => rules,
        };
        let mut tables = Tables::default();
        tables.forgets_epochs = planted == Some(Planted::NoEpoch);
        let shard = |_| {
            let mut shard = Shard::new(rules.lease, tables.clone());
            shard.trusts_any_list = planted == Some(Planted::NoStandbyCheck);
            shard
        };
        let node = |dice: &mut Dice| Node {
            life: 0,
            memory: None,
            is_frozen: false,
            cut: vec![false; shards],
            drift: i64::try_from(dice.below(60_000)).unwrap() - 30_000,
            wall: 0,
            is_by_wall: planted == Some(Planted::NodeClock),
            restart: 0,
        };
        let nodes: Vec<Node> = (0..nodes).map(|_| node(&mut dice)).collect();
        let mut world = Self {
            now: 0,
            rules,
            backlog: nodes.iter().map(|_| Vec::new()).collect(),
            nodes,
            shards: (0..shards).map(shard).collect(),
            later: BinaryHeap::new(),
            numbers: 0,
            ids: 0,
            verdict: Verdict::default(),
            faults: Vec::new(),
            broken: 0,
            events: 0,
            dice,
        };
        world.arrange();
        world
    }

    /// What will happen in any case.
    fn arrange(&mut self) {
        for number in 0..self.nodes.len() {
            self.after(1, What::At((number, 0), Local::Start));
        }
        for _ in 0..5 + self.dice.below(12) {
            let at = 500 + self.dice.below(FAULTS);
            self.after(at, What::Write);
        }
        for _ in 0..1 + self.dice.below(6) {
            let at = 1_000 + self.dice.below(FAULTS - 1_000);
            let fault = Fault::any(&mut self.dice, self.nodes.len(), self.shards.len());
            self.faults.push(fault);
            self.after(at, What::Break(fault));
        }
    }

    /// Lets everything happen; what was wrong, in a sentence.
    pub(super) fn run(&mut self) -> Result<(), String> {
        while let Some(Reverse(next)) = self.later.pop() {
            self.now = next.at;
            self.events += 1;
            if self.events > 200_000 {
                self.verdict.blame(|| "it goes round and round".to_owned());
            }
            self.happen(*next.what);
            if self.verdict.wrong.is_some() {
                break;
            }
            // Whether all is done is asked now and then.
            let is_quiet = self.now > FAULTS && self.broken == 0;
            let is_over =
                is_quiet && self.events.is_multiple_of(16) && Verdict::is_over(&self.shards);
            if is_over || self.now > END {
                break;
            }
        }
        if self.verdict.wrong.is_none() {
            self.verdict.end(&self.shards);
        }
        match &self.verdict.wrong {
            None => Ok(()),
            Some(wrong) => Err(format!(
                "at {} ms: {wrong}; faults: {:?}",
                self.now, self.faults
            )),
        }
    }

    fn after(&mut self, wait: u64, what: What) {
        self.numbers += 1;
        let (at, number) = (self.now + wait, self.numbers);
        let what = Box::new(what);
        self.later.push(Reverse(Later { at, number, what }));
    }

    /// How long something is under way: mostly short, at times not.
    fn delay(&mut self) -> u64 {
        match self.dice.below(20) {
            0 => 1 + self.dice.below(2_000),
            _ => 1 + self.dice.below(20),
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Write => self.client_writes(),
            What::Break(fault) => self.break_down(fault),
            What::Mend(fault) => self.mend(fault),
            What::At((number, life), local) => {
                let node = &self.nodes[number];
                if node.life != life {
                    return;
                }
                match node.is_frozen {
                    true => self.backlog[number].push(What::At((number, life), local)),
                    false => self.at_node(number, local),
                }
            }
            What::Arrive(shard, generation, from, statement) => {
                if self.shards[shard].is_down || self.shards[shard].generation != generation {
                    let lost = Err(Failure::Unknown("connection lost".to_owned()));
                    self.tell(shard, (from, lost));
                } else {
                    self.shards[shard].arrive(from, statement);
                    self.work(shard);
                }
            }
            What::Replicate(shard, generation, number) => {
                let there = &self.shards[shard];
                if there.generation == generation && !there.is_standby_frozen {
                    self.replicated(shard, number);
                }
            }
            What::Deliver(started) => self.recipient_takes(started),
        }
    }

    /// A node hears something.
    fn hear(&mut self, number: usize, shard: usize, event: Event) {
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

    fn arrange_wake(&mut self, number: usize, shard: usize) {
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

    fn effect(&mut self, number: usize, shard: usize, effect: Effect) {
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

    fn queue(&mut self, number: usize, shard: usize, part: Part, id: QueueId) {
        let life = self.nodes[number].life;
        let due = Some(self.now);
        let queued = Queued { shard, part, due };
        let memory = self.nodes[number].memory.as_mut().unwrap();
        memory.queue.insert(id, queued);
        self.after(1, What::At((number, life), Local::Try(id)));
    }

    fn at_node(&mut self, number: usize, local: Local) {
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

    fn start(&mut self, number: usize) {
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

    fn attempt(&mut self, number: usize, id: QueueId) {
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

    /// The recipient takes a message, or puts it off; at times it refuses it, and a report goes to its writer.
    fn recipient_takes(&mut self, started: Started) {
        let Started {
            life, shard, id, ..
        } = started;
        let is_taken = self.dice.below(4) > 0;
        let mut report = None;
        if is_taken {
            self.verdict.effect(started);
            if self.dice.below(8) == 0 {
                report = Some(self.next_id());
            }
        }
        let delay = self.delay();
        self.after(
            delay,
            What::At(life, Local::Outcome(shard, id, is_taken, report)),
        );
    }

    fn next_id(&mut self) -> QueueId {
        self.ids += 1;
        QueueId(self.ids)
    }

    fn client_writes(&mut self) {
        let number = usize::try_from(self.dice.below(self.nodes.len() as u64)).unwrap();
        let node = &self.nodes[number];
        let clock = node.clock(self.now);
        let Some(memory) = node.memory.as_ref().filter(|_| !node.is_frozen) else {
            return;
        };
        let candidate = |keeper: &Keeper| Candidate {
            is_ready: keeper.ready(clock).is_ok(),
            is_near: true,
            bytes: keeper.bytes(),
        };
        let candidates: Vec<_> = memory.keepers.iter().map(candidate).collect();
        let turn = usize::try_from(self.ids).unwrap();
        let Some(shard) = choose(&candidates, turn) else {
            return;
        };
        let entries = (0..1 + self.dice.below(3)).map(|_| filed(self.next_id()));
        let entries = entries.collect();
        self.hear(number, shard, Event::Submit(entries));
    }

    fn tell(&mut self, shard: usize, (to, answer): Told) {
        let delay = self.delay();
        if self.nodes[to.node].cut[shard] {
            return;
        }
        let local = Local::Answered(shard, to.call, answer);
        self.after(delay, What::At((to.node, to.life), local));
    }

    fn work(&mut self, shard: usize) {
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

    fn replicated(&mut self, shard: usize, number: u64) {
        let (told, owners) = self.shards[shard].replicated(number);
        for (by, fence) in owners {
            self.verdict.owned(shard, &by, fence);
        }
        if let Some(told) = told {
            self.tell(shard, told);
        }
        self.work(shard);
    }

    /// A node's memory is gone; it starts again so many milliseconds later.
    fn kill(&mut self, number: usize, wait: u64) {
        let node = &mut self.nodes[number];
        node.life += 1;
        node.memory = None;
        let life = node.life;
        self.backlog[number].clear();
        self.after(wait, What::At((number, life), Local::Start));
    }

    fn mend_after(&mut self, wait: u64, fault: Fault) {
        self.broken += 1;
        self.after(wait, What::Mend(fault));
    }

    fn break_down(&mut self, fault: Fault) {
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

    fn mend(&mut self, fault: Fault) {
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

/// An entry; what stands in it is of no interest here.
fn filed(id: QueueId) -> Filed {
    let (head, body) = (bytes::Bytes::new(), bytes::Bytes::new());
    Filed { id, head, body }
}

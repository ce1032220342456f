//! The simulation: nodes, shards, a client and a recipient, and a network that delays, loses and reorders. One seed, one course of events.

mod correspondents;
mod faults;
mod nodes;
mod shards;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::agenda::{Later, Local, What};
use super::dice::Dice;
use super::fault::{Fault, Planted};
use super::node::Node;
use super::shard::Shard;
use super::tables::Tables;
use super::verdict::Verdict;
use super::{Failure, Rules};

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
}

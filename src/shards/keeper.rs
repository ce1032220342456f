//! What one node knows of one shard: the machine that hears events and says what is to be done.

mod leasing;
mod writing;

use leasing::Asking;
use writing::Writing;

use super::dice::Dice;
use super::effect::{Call, Effect, Event, Lane, NotReady};
use super::moment::Monotonic;
use super::outbox::{Item, Outbox, Work};
use super::partitions::Partitions;
use super::rules::Rules;
use super::statement::{Filed, Outcome, Part};
use super::watch::Watch;
use crate::mail::QueueId;
use std::collections::BTreeSet;

/// One node's side of one shard. All of it is in memory: a node that starts again makes another, with partitions of its own.
#[derive(Debug)]
pub struct Keeper {
    rules: Rules,
    dice: Dice,
    partitions: Partitions,
    watch: Watch,
    outbox: Outbox,
    /// Attempts that have begun and not ended.
    under_way: BTreeSet<QueueId>,
    calls: u64,
    /// Counts what is put off: of two records the later one counts.
    turns: u64,
    writing: Option<Writing>,
    asking: Option<Asking>,
    /// No write, or no statement about leases, before: the last one has failed.
    write_at: Monotonic,
    ask_at: Monotonic,
    renew_at: Monotonic,
    look_at: Monotonic,
    /// When a look last found standbys enough.
    replicated: Option<Monotonic>,
    /// Since when the node ends, and whether it is done with that.
    draining: Option<Monotonic>,
    is_drained: bool,
    effects: Vec<Effect>,
}

impl Keeper {
    /// One that owns nothing yet; it makes its partitions by itself. `seed` must differ from node to node.
    #[must_use]
    pub fn new(rules: Rules, seed: u64, now: Monotonic) -> Self {
        Self {
            rules,
            dice: Dice::new(seed),
            partitions: Partitions::default(),
            watch: Watch::default(),
            outbox: Outbox::default(),
            under_way: BTreeSet::new(),
            calls: 0,
            turns: 0,
            writing: None,
            asking: None,
            write_at: now,
            ask_at: now,
            renew_at: now,
            look_at: now,
            replicated: None,
            draining: None,
            is_drained: false,
            effects: Vec::new(),
        }
    }

    /// Takes an event in, and says what is to be done. `now` must never be before that of an earlier call.
    pub fn handle(&mut self, now: Monotonic, event: Event) -> Vec<Effect> {
        match event {
            Event::Tick => {}
            Event::Submit(entries) => self.submit(now, entries),
            Event::Settle {
                id,
                outcome,
                report,
            } => self.settle(now, id, outcome, report),
            Event::End(id) => {
                self.under_way.remove(&id);
            }
            Event::Answered(call, answer) => {
                if self.writing.as_ref().is_some_and(|one| one.call == call) {
                    self.written(now, answer);
                } else if self.asking.as_ref().is_some_and(|one| one.call == call) {
                    self.answered(now, answer);
                }
                // Else a connection that was given up.
            }
            Event::Drain => {
                self.draining.get_or_insert(now);
            }
        }
        self.give_up(now);
        if !self.is_drained {
            self.write(now);
            self.ask(now);
        }
        std::mem::take(&mut self.effects)
    }

    /// Notes that an attempt starts; false: it must not, for the entry is not this node's for certain, or the node ends.
    #[must_use]
    pub fn begin(&mut self, now: Monotonic, id: QueueId) -> bool {
        let may = self.draining.is_none()
            && !self.under_way.contains(&id)
            && self.partitions.is_certain(id, now, self.rules.stop);
        if may {
            self.under_way.insert(id);
        }
        may
    }

    /// The partition of a live entry, while this node owns it.
    #[must_use]
    pub fn part_of(&self, id: QueueId) -> Option<Part> {
        self.partitions.home(id)
    }

    /// Whether mail can be taken now.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self, now: Monotonic) -> Result<(), NotReady> {
        if self.draining.is_some() {
            return Err(NotReady::Draining);
        }
        if self.open_part(now).is_none() {
            return Err(NotReady::NoLease);
        }
        let looked = self.replicated;
        if looked.is_none_or(|at| at.plus(self.rules.look + self.rules.answer) < now) {
            return Err(NotReady::NotReplicated);
        }
        let oldest = self.outbox.oldest().into_iter();
        let oldest = oldest
            .chain(self.writing.as_ref().map(|one| one.sent))
            .min();
        if oldest.is_some_and(|at| at.plus(self.rules.stall) < now) {
            return Err(NotReady::Stalled);
        }
        if self.bytes() >= self.rules.bytes {
            return Err(NotReady::Full);
        }
        Ok(())
    }

    /// Bytes that wait to be written, those on their way among them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.outbox.bytes() + self.writing.as_ref().map_or(0, |one| one.bytes)
    }

    /// When time alone brings something to do; a [`Event::Tick`] is wanted then.
    #[must_use]
    pub fn wake_at(&self) -> Monotonic {
        let far = Monotonic(u64::MAX);
        if self.is_drained {
            return far;
        }
        let patience = |since: Monotonic| since.plus(self.rules.patience);
        let ask = match &self.asking {
            Some(asking) => asking.sent.plus(self.rules.answer),
            None => self.next_ask().max(self.ask_at),
        };
        let write = match &self.writing {
            Some(writing) => patience(writing.oldest().unwrap_or(writing.sent)),
            None if self.outbox.is_empty() => far,
            None => self.write_at,
        };
        let commit = self.outbox.oldest_commit().map_or(far, patience);
        ask.min(write).min(commit)
    }

    /// A partition for new mail, by turns.
    fn open_part(&self, now: Monotonic) -> Option<Part> {
        let own = self.partitions.own();
        let certain: Vec<Part> = own
            .filter(|partition| now <= partition.sent.plus(self.rules.stop))
            .map(|partition| partition.fence.part)
            .collect();
        let turn = usize::try_from(self.turns).unwrap_or_default();
        certain.get(turn.checked_rem(certain.len())?).copied()
    }

    fn submit(&mut self, now: Monotonic, entries: Vec<Filed>) {
        let part = match self.ready(now) {
            Ok(()) => self.open_part(now),
            Err(_) => None,
        };
        let Some(part) = part else {
            let ids = entries.iter().map(|entry| entry.id).collect();
            self.effects.push(Effect::Refused(ids));
            return;
        };
        self.turns += 1;
        let work = Work::Commit {
            entries,
            is_refused: false,
        };
        self.outbox.push(Item {
            part,
            since: now,
            work,
        });
    }

    fn settle(&mut self, now: Monotonic, id: QueueId, outcome: Outcome, report: Option<Filed>) {
        self.under_way.remove(&id);
        // Of one that was disowned its new owner says what becomes of it.
        let Some(part) = self.partitions.home(id) else {
            return;
        };
        self.turns += 1;
        let work = Work::Outcome {
            id,
            outcome,
            turn: self.turns,
            report,
        };
        self.outbox.push(Item {
            part,
            since: now,
            work,
        });
    }

    /// A partition is another's: what was still to be written of it cannot be.
    fn disown(&mut self, part: Part) {
        self.partitions.forget(part);
        for item in self.outbox.take_out(|item| item.part == part) {
            if let Some(ids) = item.awaited() {
                self.effects.push(Effect::Refused(ids));
            }
        }
        self.effects.push(Effect::Disown(part));
    }

    /// Sends a statement under a number of its own.
    fn send(&mut self, lane: Lane, statement: super::Statement) -> Call {
        self.calls += 1;
        let call = Call(self.calls);
        self.effects.push(Effect::Send(lane, call, statement));
        call
    }
}

//! Writes: batches go out one behind the other; what becomes of those that fail, or are not answered.

use super::super::effect::{Call, Effect, Lane};
use super::super::moment::Monotonic;
use super::super::outbox::{Item, Work};
use super::super::statement::{Answer, Failure, Fence, Outcome, Statement};
use super::Keeper;

/// The write that is under way.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) call: Call,
    pub(super) sent: Monotonic,
    pub(super) bytes: usize,
    pub(super) items: Vec<(Fence, Item)>,
}

impl Writing {
    /// When the oldest commit was asked for whose client still waits.
    pub(super) fn oldest(&self) -> Option<Monotonic> {
        let items = self.items.iter();
        let awaited = items.filter(|(_, item)| item.awaited().is_some());
        awaited.map(|(_, item)| item.since).min()
    }
}

impl Keeper {
    /// Sends the next batch, when there is one and nothing is under way.
    pub(super) fn write(&mut self, now: Monotonic) {
        if self.writing.is_some() || self.outbox.is_empty() || now < self.write_at {
            return;
        }
        let before = self.outbox.bytes();
        let partitions = &self.partitions;
        let (items, rows) = self.outbox.gather(|part| partitions.fence(part));
        if items.is_empty() {
            return;
        }
        let bytes = before.saturating_sub(self.outbox.bytes());
        let call = self.send(Lane::Writes, Statement::Write(rows));
        self.writing = Some(Writing {
            call,
            sent: now,
            bytes,
            items,
        });
    }

    /// Hears what came of the batch.
    pub(super) fn written(&mut self, now: Monotonic, answer: Result<Answer, Failure>) {
        let Some(Writing { items, .. }) = self.writing.take() else {
            return;
        };
        match answer {
            Ok(Answer::Held(held)) => {
                for (fence, item) in items {
                    match held.contains(&fence) {
                        true => self.durable(now, item),
                        false => self.fenced(fence, &item),
                    }
                }
            }
            Err(Failure::Undone(_)) => self.again(now, items, false),
            // An answer to another question says as little as none.
            Ok(_) | Err(Failure::Unknown(_)) => self.again(now, items, true),
        }
    }

    /// An item is written.
    fn durable(&mut self, now: Monotonic, item: Item) {
        let part = item.part;
        match item.work {
            Work::Commit {
                entries,
                is_refused: false,
            } => {
                let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
                let added = ids.iter().filter(|id| self.partitions.add(part, **id));
                // Disowned meanwhile: whoever has taken it reads these entries.
                let is_mine = added.count() > 0;
                let part = is_mine.then_some(part);
                self.effects.push(Effect::Accepted(ids, part));
            }
            Work::Commit { entries, .. } => {
                for entry in entries {
                    self.discard(now, part, entry.id);
                }
            }
            Work::Outcome {
                id,
                outcome,
                report,
                ..
            } => {
                if let Some(report) = report {
                    let is_mine = self.partitions.add(part, report.id);
                    let part = is_mine.then_some(part);
                    self.effects.push(Effect::Accepted(vec![report.id], part));
                }
                if outcome == Outcome::Done {
                    self.partitions.remove(id);
                }
                self.effects.push(Effect::Settled(id));
            }
            Work::Discard(_) => {}
        }
    }

    /// An item was not written, for the partition is another's.
    fn fenced(&mut self, fence: Fence, item: &Item) {
        if let Some(ids) = item.awaited() {
            self.effects.push(Effect::Refused(ids));
        }
        if self.partitions.has(fence) {
            self.disown(fence.part);
        }
    }

    /// A batch failed: clients hear 451, outcomes are said again. `is_unknown`: it may have been done all the same, so that what the clients were refused
    /// must be taken back.
    fn again(&mut self, now: Monotonic, items: Vec<(Fence, Item)>, is_unknown: bool) {
        let mut left = Vec::new();
        for (_, item) in items {
            if let Some(ids) = item.awaited() {
                self.effects.push(Effect::Refused(ids));
            }
            let Item { part, work, .. } = item;
            match work {
                Work::Commit { entries, .. } if is_unknown => {
                    left.extend(entries.iter().map(|entry| Item {
                        part,
                        since: now,
                        work: Work::Discard(entry.id),
                    }));
                }
                Work::Commit { .. } => {}
                work => left.push(Item {
                    part,
                    since: item.since,
                    work,
                }),
            }
        }
        // What is another's by now cannot be said any more.
        left.retain(|item| self.partitions.fence(item.part).is_some());
        self.outbox.put_back(left);
        self.write_at = now.plus(self.rules.retry);
    }

    fn discard(&mut self, now: Monotonic, part: super::Part, id: super::QueueId) {
        if self.partitions.fence(part).is_some() {
            self.outbox.push(Item {
                part,
                since: now,
                work: Work::Discard(id),
            });
        }
    }

    /// What has taken too long: clients hear 451, and connections that say nothing are given up.
    pub(super) fn give_up(&mut self, now: Monotonic) {
        let (patience, answer) = (self.rules.patience, self.rules.answer);
        let is_late = |since: Monotonic| since.plus(patience) <= now;
        for item in self
            .outbox
            .take_out(|item| item.awaited().is_some() && is_late(item.since))
        {
            let ids = item.awaited().unwrap_or_default();
            self.effects.push(Effect::Refused(ids));
        }
        if let Some(writing) = &mut self.writing {
            for (_, item) in &mut writing.items {
                if is_late(item.since)
                    && let Some(ids) = item.awaited()
                    && let Work::Commit { is_refused, .. } = &mut item.work
                {
                    *is_refused = true;
                    self.effects.push(Effect::Refused(ids));
                }
            }
            if is_late(writing.sent) {
                self.effects.push(Effect::Reset(Lane::Writes));
                let text = "no answer in time".to_owned();
                self.written(now, Err(Failure::Unknown(text)));
            }
        }
        if self
            .asking
            .as_ref()
            .is_some_and(|asking| asking.sent.plus(answer) <= now)
        {
            self.effects.push(Effect::Reset(Lane::Leases));
            let text = "no answer in time".to_owned();
            self.answered(now, Err(Failure::Unknown(text)));
        }
    }
}

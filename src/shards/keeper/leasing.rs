//! Leases: made, renewed, looked at, taken, read, given back and removed, one statement at a time.

use super::super::effect::{Call, Effect, Lane};
use super::super::moment::Monotonic;
use super::super::statement::{Answer, Failure, Fence, Kept, Statement};
use super::Keeper;

/// The statement about leases that is under way.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) call: Call,
    pub(super) sent: Monotonic,
    what: Ask,
}

/// What it is about.
#[derive(Debug)]
enum Ask {
    Open,
    Renew(Vec<Fence>),
    Look,
    Take,
    Read(Fence),
    Release,
    Remove(Fence),
}

impl Keeper {
    /// Whether this node may own more than it does.
    fn lacks_partitions(&self) -> bool {
        self.draining.is_none() && self.partitions.own().count() < self.rules.partitions
    }

    /// An adopted partition that has run dry. An entry lives until its outcome is written, so that nothing waits to be written of it either.
    fn dry(&self) -> Option<Fence> {
        self.partitions.dry().next()
    }

    /// Whether all is written, so that leases can be given back; or that has lasted too long.
    fn may_release(&self, now: Monotonic) -> bool {
        let Some(since) = self.draining else {
            return false;
        };
        let is_idle = self.under_way.is_empty() && self.outbox.is_empty() && self.writing.is_none();
        is_idle || since.plus(self.rules.patience) <= now
    }

    /// When the next statement is due, should none be under way and the last one not have failed.
    pub(super) fn next_ask(&self) -> Monotonic {
        let at_once = self.lacks_partitions()
            || self.draining.is_none()
                && (self.partitions.unread().is_some() || self.dry().is_some());
        if at_once {
            return self.ask_at;
        }
        let mut next = self.renew_at;
        if let Some(since) = self.draining {
            next = next.min(since.plus(self.rules.patience));
        } else {
            next = next.min(self.look_at);
            next = next.min(self.watch.due().unwrap_or(next));
        }
        next
    }

    /// Sends the next statement that is due.
    pub(super) fn ask(&mut self, now: Monotonic) {
        if self.asking.is_some() || now < self.ask_at {
            return;
        }
        let fences = self.partitions.fences();
        let is_ending = self.draining.is_some();
        let (what, statement) = if self.may_release(now) {
            if fences.is_empty() {
                self.drained();
                return;
            }
            (Ask::Release, Statement::Release(fences))
        } else if self.renew_at <= now && !self.partitions.is_empty() {
            (Ask::Renew(fences.clone()), Statement::Renew(fences))
        } else if self.lacks_partitions() {
            (Ask::Open, Statement::Open)
        } else if is_ending {
            self.renew_at = self.renew_at.max(now.plus(self.rules.renew));
            return;
        } else if self.look_at <= now {
            (Ask::Look, Statement::Look)
        } else if let Some((fence, after)) = self.partitions.unread() {
            let most = self.rules.page;
            (Ask::Read(fence), Statement::Read { fence, after, most })
        } else if let Some((fence, until)) = self.watch.take(now) {
            (Ask::Take, Statement::Take(fence, until))
        } else if let Some(fence) = self.dry() {
            (Ask::Remove(fence), Statement::Remove(fence))
        } else {
            return;
        };
        match what {
            Ask::Renew(_) => self.renew_at = now.plus(self.rules.renew),
            Ask::Look => self.look_at = now.plus(self.rules.look),
            _ => {}
        }
        let call = self.send(Lane::Leases, statement);
        self.asking = Some(Asking {
            call,
            sent: now,
            what,
        });
    }

    /// Hears what came of it.
    pub(super) fn answered(&mut self, now: Monotonic, answer: Result<Answer, Failure>) {
        let Some(Asking { sent, what, .. }) = self.asking.take() else {
            return;
        };
        match (what, answer) {
            (Ask::Release, Ok(_)) => self.drained(),
            (Ask::Open, Ok(Answer::Opened(fence))) => self.partitions.enter(fence, sent, true),
            (Ask::Renew(asked), Ok(Answer::Held(held))) => self.renewed(sent, &asked, &held),
            (
                Ask::Look,
                Ok(Answer::Looked {
                    leases,
                    is_replicated,
                }),
            ) => {
                self.watch.see(&leases, now);
                self.replicated = is_replicated.then_some(sent);
                let partitions = &self.partitions;
                self.watch.plan(now, &self.rules, &mut self.dice, |part| {
                    partitions.fence(part).is_none()
                });
            }
            (Ask::Take, Ok(Answer::Taken(taken))) => {
                if let Some(fence) = taken {
                    self.partitions.enter(fence, sent, false);
                }
            }
            (Ask::Read(fence), Ok(Answer::Read(entries))) => self.read(fence, entries),
            (Ask::Remove(fence), Ok(Answer::Held(held))) => self.removed(fence, &held),
            _ => {
                // Not done, or not known to be: what is still wanted is said again, each in a manner that bears it.
                let wait = self.rules.retry + self.dice.span(self.rules.retry);
                self.ask_at = now.plus(wait);
                self.renew_at = self.renew_at.min(self.ask_at);
            }
        }
    }

    fn renewed(&mut self, sent: Monotonic, asked: &[Fence], held: &[Fence]) {
        for fence in asked {
            if !self.partitions.has(*fence) {
                continue;
            }
            if !held.contains(fence) {
                self.disown(fence.part);
            } else if let Some(partition) = self.partitions.get_mut(fence.part) {
                partition.sent = partition.sent.max(sent);
            }
        }
    }

    fn read(&mut self, fence: Fence, entries: Option<Vec<Kept>>) {
        if !self.partitions.has(fence) {
            return;
        }
        let Some(entries) = entries else {
            self.disown(fence.part);
            return;
        };
        let is_last = entries.len() < self.rules.page;
        let last = entries.last().map(|entry| entry.id);
        let reading = last.filter(|_| !is_last);
        let adopted = self.partitions.adopt(fence.part, entries, reading);
        if !adopted.is_empty() {
            self.effects.push(Effect::Adopt(fence.part, adopted));
        }
    }

    fn removed(&mut self, fence: Fence, held: &[Fence]) {
        if held.contains(&fence) {
            self.partitions.forget(fence.part);
        } else if let Some(partition) = self.partitions.get_mut(fence.part) {
            // Another's by now, or there are entries that this node does not know: reading it anew tells.
            partition.reading = Some(super::QueueId(0));
        }
    }

    fn drained(&mut self) {
        self.is_drained = true;
        self.effects.push(Effect::Drained);
    }
}

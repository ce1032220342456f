//! What the schedule is told: how attempts ended, and what operators want.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{LONGEST_SLEEP, Order, Queue};
use crate::failpoint;
use crate::mail::QueueId;
use crate::queue::backoff;
use crate::queue::control::{self, Control, ControlError};
use crate::queue::ending::End;
use crate::queue::handle::Message;
use crate::queue::listed::{Listed, State};
use crate::spool::Entry;

/// Orders that wait for one entry.
const MOST_ORDERS: usize = 16;

impl Queue {
    /// Takes one message. Nothing here waits.
    pub(super) fn hear(&mut self, message: Message) {
        match message {
            Message::Ended(id, end) => self.end(id, end),
            Message::List(answer) => {
                let mut listed: Vec<Listed> = self
                    .entries
                    .values()
                    .map(|(entry, state)| Listed::of(entry, *state))
                    .collect();
                listed.sort_by(|a, b| a.id.cmp(&b.id));
                // Whoever asked has gone.
                let _ = answer.send(listed);
            }
            Message::RetryNow => {
                self.lanes.open_all();
                let now = self.parts.clock.now();
                let waiting = self.entries.iter();
                let waiting = waiting.filter(|(_, (_, state))| *state == State::Deferred);
                let ids: Vec<QueueId> = waiting.map(|(id, _)| *id).collect();
                for id in ids {
                    self.wait(id, |entry| entry.progress.next_attempt = now);
                }
            }
            Message::Control(id, control, answer) => self.control(id, (control, answer)),
        }
    }

    /// Carries out an operator's order on an entry that waits, or later on one that is worked on. It is durable before it is answered.
    fn control(&mut self, id: QueueId, order: Order) {
        let entry = match self.entries.get_mut(&id) {
            None => Err(ControlError::NoSuchEntry(id)),
            Some((_, State::Active)) => {
                let waiting = self.orders.entry(id).or_default();
                if waiting.len() < MOST_ORDERS {
                    waiting.push_back(order);
                    return;
                }
                Err(ControlError::Busy(id))
            }
            Some((entry, state)) => {
                *state = State::Active;
                Ok(entry.clone())
            }
        };
        let (control, answer) = order;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                // Whoever asked has gone.
                let _ = answer.send(Err(error));
                return;
            }
        };
        // Else the closed lane would answer in place of the server.
        if control == Control::Retry {
            self.lanes.open_all();
        }
        let (parts, messages) = (self.parts.clone(), self.messages.clone());
        self.attempts.spawn(async move {
            let (end, result) =
                control::carry_out(&parts, Arc::unwrap_or_clone(entry), control).await;
            let _ = messages.send(Message::Ended(id, end));
            let _ = answer.send(result);
        });
    }

    /// Files how an attempt or an order left an entry.
    fn end(&mut self, id: QueueId, end: End) {
        failpoint::pass("queue.ended");
        match end {
            End::Done => drop(self.entries.remove(&id)),
            End::Waits(progress) => self.wait(id, |entry| entry.progress = progress),
            End::Untried => {
                // In memory only: no attempt was made, so none is counted.
                let again = self.parts.clock.now().plus(LONGEST_SLEEP);
                self.wait(id, |entry| entry.progress.next_attempt = again);
            }
        }
        self.next_order(id);
    }

    /// Carries out the order that waited for the end of what was done with an entry; of an entry that has ended, all are answered.
    fn next_order(&mut self, id: QueueId) {
        while let Some(waiting) = self.orders.get_mut(&id) {
            let order = waiting.pop_front();
            if waiting.is_empty() {
                self.orders.remove(&id);
            }
            match order {
                Some(order) => self.control(id, order),
                None => return,
            }
            // The others wait for this one.
            if self.entries.contains_key(&id) {
                return;
            }
        }
    }

    /// Changes an entry that nobody works on, and puts it into the schedule again, held or not: a release needs no other place.
    pub(super) fn wait(&mut self, id: QueueId, change: impl FnOnce(&mut Entry)) {
        if let Some((entry, state)) = self.entries.get_mut(&id) {
            let entry = Arc::make_mut(entry);
            change(entry);
            let now = self.parts.clock.now();
            if backoff::is_absurd(&self.parts.settings, entry, now) {
                // The clock went back, perhaps while the attempt was under way.
                let attempts = entry.progress.attempts.max(1);
                let wait = backoff::wait(&self.parts.settings, id, attempts);
                entry.progress.next_attempt = now.plus(wait);
            }
            *state = control::waiting(entry);
            self.due.push(Reverse((entry.progress.next_attempt, id)));
        }
    }
}

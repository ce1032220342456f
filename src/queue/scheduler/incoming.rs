//! What the spool says: new entries, those of an earlier run or of another node, and those that are another node's by now.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::Queue;
use crate::failpoint;
use crate::history::HistoryRecord;
use crate::mail::{QueueId, Timestamp};
use crate::queue::listed::EntryState;
use crate::queue::{action, attempt, backoff};
use crate::spool::{CommittedEntry, Entry, SpoolEvent};

/// How long after a start nothing that is held for its documents goes to its recipient.
const GRACE: Duration = Duration::from_secs(3_600);
/// The longest that anything is held: `[handover] give_up` takes no more.
const LONGEST_HELD: Duration = Duration::from_secs(10 * 86_400);

impl Queue {
    /// Takes in an entry of an earlier run, or of another node that has left it behind.
    pub(super) fn recover(&mut self, mut entry: Entry, now: Timestamp) {
        // Put off by a clock that was ahead: it would wait until that time comes true.
        if backoff::is_beyond_schedule(&self.context.settings, &entry, now) {
            entry.progress.next_attempt = now;
        }
        // The suspension may be over, resumed or lost since: the attempt looks.
        if attempt::is_suspended(&entry) {
            entry.progress.next_attempt = now;
        }
        // What waited to be taken goes to where the configuration of today says.
        if entry.to_hand_over().is_some() {
            entry.progress.next_attempt = now;
            // Nobody could say that it was taken while this server was down, and no clock that was wrong keeps it for years.
            if let Some(held) = &mut entry.held {
                held.until = held.until.max(now.plus(GRACE)).min(now.plus(LONGEST_HELD));
            }
        }
        self.due
            .push(Reverse((entry.progress.next_attempt, entry.id)));
        self.count_documents(&entry);
        let state = action::waiting(&entry);
        self.entries.insert(entry.id, (Arc::new(entry), state));
    }

    /// Takes what the spool says.
    pub(super) fn hear(&mut self, event: SpoolEvent) {
        match event {
            SpoolEvent::Committed(new) => self.admit(new),
            SpoolEvent::Adopt(entries) => self.adopt(entries),
            SpoolEvent::Disown => self.disown(),
        }
    }

    /// Takes entries that another node has left behind. What they teach that node may not have told any more.
    fn adopt(&mut self, entries: Vec<Entry>) {
        let now = self.context.clock.now();
        for entry in entries {
            // One that went and came back, and that is worked on: its end is still to come.
            let known = self.entries.get(&entry.id);
            if known.is_some_and(|(_, state)| *state == EntryState::Active) {
                continue;
            }
            self.context.last_used.remember(&entry.memory);
            self.context.last_used.accepted(&entry);
            self.recover(entry, now);
        }
    }

    /// Forgets entries that are another node's by now. Attempts under way go on, and what they leave is not written.
    fn disown(&mut self) {
        let gone: Vec<QueueId> = self
            .entries
            .keys()
            .filter(|id| !self.context.spool.owns(**id))
            .copied()
            .collect();
        for id in gone {
            self.entries.remove(&id);
            self.context.documents.give_back(id);
            self.next_action(id);
        }
    }

    /// Takes an entry that has just become durable; its first attempt leaves at once (docs/rules.md#issue-4853). What it teaches is noted here and not
    /// before the 250, for only what is durable has happened.
    fn admit(&mut self, mut new: CommittedEntry) {
        failpoint::pass("queue.admitted");
        self.context.last_used.remember(&new.entry.memory);
        self.context.last_used.accepted(&new.entry);
        failpoint::pass("queue.remembered");
        self.context
            .history
            .note(HistoryRecord::accepted(&new.entry));
        new.entry.came = None;
        failpoint::pass("queue.noted");
        self.count_documents(&new.entry);
        self.launch(Arc::new(new.entry), new.body);
    }

    /// Counts the documents of an entry that are to be handed over.
    fn count_documents(&self, entry: &Entry) {
        if let Some(held) = entry.to_hand_over() {
            let room = &self.context.documents;
            room.count(entry.id, &held.seller, held.octets, entry.arrived);
        }
    }
}

//! What is to be written to a shard: gathered into batches, each one transaction.

use std::collections::VecDeque;

use super::moment::Monotonic;
use super::statement::{Fence, Filed, Outcome, Part, Row};
use crate::mail::QueueId;

/// The most entries and outcomes of one batch.
const MOST: usize = 64;
/// The most bytes of one batch; a single item may have more.
const MOST_BYTES: usize = 16 << 20;

/// Written together or not at all.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) part: Part,
    /// When it was asked for.
    pub(super) since: Monotonic,
    pub(super) work: Work,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Work {
    /// New mail, whose client waits. Never written again: the client does that.
    Commit {
        entries: Vec<Filed>,
        /// The client has heard 451 while it was being written.
        is_refused: bool,
    },
    /// Where an attempt left an entry; said again until it is written.
    Outcome {
        id: QueueId,
        outcome: Outcome,
        turn: u64,
        report: Option<Filed>,
    },
    /// An entry of a commit that was never answered is to be as if it had not been.
    Discard(QueueId),
}

impl Item {
    fn size(&self) -> usize {
        match &self.work {
            Work::Commit { entries, .. } => entries.iter().map(Filed::size).sum(),
            Work::Outcome {
                outcome, report, ..
            } => {
                let kept = match outcome {
                    Outcome::Done => 0,
                    Outcome::Deferred(progress) => progress.len(),
                };
                kept + report.as_ref().map_or(0, Filed::size)
            }
            Work::Discard(_) => 0,
        }
    }

    fn count(&self) -> usize {
        match &self.work {
            Work::Commit { entries, .. } => entries.len(),
            Work::Outcome { report, .. } => 1 + usize::from(report.is_some()),
            Work::Discard(_) => 1,
        }
    }

    /// The rows that say it, by `fence`.
    fn rows(&self, fence: Fence, rows: &mut Vec<Row>) {
        match &self.work {
            Work::Commit { entries, .. } => {
                rows.extend(entries.iter().map(|entry| Row::Entry(fence, entry.clone())));
            }
            Work::Outcome {
                id,
                outcome,
                turn,
                report,
            } => {
                rows.extend(report.iter().map(|entry| Row::Report(fence, entry.clone())));
                rows.push(match outcome {
                    Outcome::Done => Row::Done(fence, *id),
                    Outcome::Deferred(progress) => Row::Progress {
                        fence,
                        id: *id,
                        turn: *turn,
                        progress: progress.clone(),
                    },
                });
            }
            Work::Discard(id) => rows.push(Row::Done(fence, *id)),
        }
    }

    /// The ids of new mail whose client still waits.
    pub(super) fn awaited(&self) -> Option<Vec<QueueId>> {
        match &self.work {
            Work::Commit {
                entries,
                is_refused: false,
            } => Some(entries.iter().map(|entry| entry.id).collect()),
            _ => None,
        }
    }
}

/// What waits to be written, in order.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    items: VecDeque<Item>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn push(&mut self, item: Item) {
        self.bytes += item.size();
        self.items.push_back(item);
    }

    /// Puts back what was not written, before what came since.
    pub(super) fn put_back(&mut self, items: Vec<Item>) {
        for item in items.into_iter().rev() {
            self.bytes += item.size();
            self.items.push_front(item);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the oldest was asked for.
    pub(super) fn oldest(&self) -> Option<Monotonic> {
        self.items.iter().map(|item| item.since).min()
    }

    /// When the oldest commit was asked for.
    pub(super) fn oldest_commit(&self) -> Option<Monotonic> {
        let commits = self.items.iter().filter(|item| item.awaited().is_some());
        commits.map(|item| item.since).min()
    }

    /// Takes out the items that `is_wanted` says.
    pub(super) fn take_out(&mut self, is_wanted: impl Fn(&Item) -> bool) -> Vec<Item> {
        let (out, left): (Vec<Item>, Vec<Item>) =
            self.items.drain(..).partition(|item| is_wanted(item));
        self.items = left.into();
        self.bytes = self.items.iter().map(Item::size).sum();
        out
    }

    /// The next batch, each item with the fence by which it is written, and its rows. `fence` must know every partition of which there are items.
    pub(super) fn gather(
        &mut self,
        fence: impl Fn(Part) -> Option<Fence>,
    ) -> (Vec<(Fence, Item)>, Vec<Row>) {
        let (mut batch, mut rows) = (Vec::new(), Vec::new());
        let (mut count, mut bytes) = (0, 0);
        while let Some(item) = self.items.pop_front() {
            let (size, more) = (item.size(), item.count());
            if !batch.is_empty() && (count + more > MOST || bytes + size > MOST_BYTES) {
                self.items.push_front(item);
                break;
            }
            self.bytes = self.bytes.saturating_sub(size);
            (count, bytes) = (count + more, bytes + size);
            if let Some(fence) = fence(item.part) {
                item.rows(fence, &mut rows);
                batch.push((fence, item));
            }
        }
        (batch, rows)
    }
}

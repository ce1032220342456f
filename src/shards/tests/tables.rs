//! The tables of a shard in memory: what each statement does to them. `tests/nodes/shards.rs` holds PostgreSQL to the same answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Answer, Epoch, Fence, Filed, Kept, Part, QueueId, Row, Seen, ServerTime, Statement};

/// What is kept of an attempt that was put off.
type Progress = (Epoch, u64, bytes::Bytes);

/// The tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) leases: BTreeMap<Part, (Epoch, ServerTime)>,
    pub(super) entries: BTreeMap<QueueId, (Part, Filed)>,
    done: BTreeSet<(Part, QueueId)>,
    pub(super) progress: BTreeMap<QueueId, Progress>,
    parts: u64,
    /// A planted fault: writes do not look at the epoch.
    pub(super) forgets_epochs: bool,
}

impl Tables {
    fn holds(&self, fence: Fence) -> bool {
        let lease = self.leases.get(&fence.part);
        lease.is_some_and(|(epoch, _)| *epoch == fence.epoch || self.forgets_epochs)
    }

    fn holding(&self, fences: &[Fence]) -> Vec<Fence> {
        let held = fences.iter().filter(|fence| self.holds(**fence));
        held.copied().collect()
    }

    /// Whether an entry is done, by what its own partition says.
    pub(super) fn is_done(&self, id: QueueId) -> bool {
        let home = self.entries.get(&id).map(|(home, _)| *home);
        home.is_some_and(|home| self.done.contains(&(home, id)))
    }

    /// Live entries of a partition.
    pub(super) fn live(&self, part: Part) -> impl Iterator<Item = &Filed> {
        let entries = self.entries.values();
        let of_part = entries.filter(move |(home, _)| *home == part);
        of_part
            .map(|(_, entry)| entry)
            .filter(|entry| !self.is_done(entry.id))
    }

    /// Whether a statement is undone as a whole: it has new mail of an id that there is.
    pub(super) fn undoes(&self, statement: &Statement) -> bool {
        let Statement::Write(rows) = statement else {
            return false;
        };
        rows.iter().any(|row| match row {
            Row::Entry(fence, entry) => self.holds(*fence) && self.entries.contains_key(&entry.id),
            _ => false,
        })
    }

    /// Runs a statement at `now`, in microseconds of this shard's clock.
    pub(super) fn run(&mut self, now: i64, lease: Duration, statement: &Statement) -> Answer {
        let latest = now + i64::try_from(lease.as_micros()).unwrap();
        let until = ServerTime(latest);
        let is_lapsed = |until: &ServerTime| until.0 < now || until.0 > latest;
        match statement {
            Statement::Open => {
                self.parts += 1;
                let fence = Fence {
                    part: Part(self.parts),
                    epoch: Epoch(1),
                };
                self.leases.insert(fence.part, (fence.epoch, until));
                Answer::Opened(fence)
            }
            Statement::Renew(fences) => self.extend(fences, until),
            Statement::Release(fences) => self.extend(fences, ServerTime::RELEASED),
            Statement::Look => {
                let seen = self.leases.iter().map(|(part, (epoch, until))| Seen {
                    fence: Fence {
                        part: *part,
                        epoch: *epoch,
                    },
                    until: *until,
                    is_lapsed: is_lapsed(until),
                });
                Answer::Looked {
                    leases: seen.collect(),
                    is_replicated: true,
                }
            }
            Statement::Take(fence, seen) => {
                let lease = self.leases.get_mut(&fence.part);
                let lease = lease.filter(|(epoch, runs)| {
                    *epoch == fence.epoch && runs == seen && is_lapsed(runs)
                });
                Answer::Taken(lease.map(|lease| {
                    let epoch = Epoch(fence.epoch.0 + 1);
                    *lease = (epoch, until);
                    Fence {
                        part: fence.part,
                        epoch,
                    }
                }))
            }
            Statement::Read { fence, after, most } => Answer::Read(
                self.holds(*fence)
                    .then(|| self.read(fence.part, *after, *most)),
            ),
            Statement::Write(rows) => self.write(rows),
            Statement::Remove(fence) => {
                let goes = self.holds(*fence) && self.live(fence.part).next().is_none();
                if goes {
                    self.leases.remove(&fence.part);
                }
                Answer::Held(goes.then_some(*fence).into_iter().collect())
            }
        }
    }

    fn extend(&mut self, fences: &[Fence], until: ServerTime) -> Answer {
        let mut held = Vec::new();
        for fence in fences {
            if let Some((epoch, runs)) = self.leases.get_mut(&fence.part)
                && *epoch == fence.epoch
            {
                *runs = until;
                held.push(*fence);
            }
        }
        Answer::Held(held)
    }

    fn read(&self, part: Part, after: QueueId, most: usize) -> Vec<Kept> {
        let live = self.live(part).filter(|entry| entry.id > after);
        let kept = live.take(most).map(|entry| Kept {
            id: entry.id,
            head: entry.head.clone(),
            progress: self
                .progress
                .get(&entry.id)
                .map(|(_, _, kept)| kept.clone()),
        });
        kept.collect()
    }

    fn write(&mut self, rows: &[Row]) -> Answer {
        let mut fences: Vec<Fence> = rows.iter().map(Row::fence).collect();
        fences.sort_unstable();
        fences.dedup();
        let held = self.holding(&fences);
        for row in rows.iter().filter(|row| held.contains(&row.fence())) {
            match row {
                Row::Entry(fence, entry) | Row::Report(fence, entry) => {
                    let filed = (fence.part, entry.clone());
                    self.entries.entry(entry.id).or_insert(filed);
                }
                Row::Done(fence, id) => {
                    self.done.insert((fence.part, *id));
                }
                Row::Progress {
                    fence,
                    id,
                    turn,
                    progress,
                } => {
                    let before = self.progress.get(id);
                    if before
                        .is_none_or(|(epoch, before, _)| (*epoch, *before) < (fence.epoch, *turn))
                    {
                        let kept = (fence.epoch, *turn, progress.clone());
                        self.progress.insert(*id, kept);
                    }
                }
            }
        }
        Answer::Held(held)
    }
}

//! Reads the log at start: what is live, what is torn, what is damaged.
//!
//! Heads are checked everywhere; bodies in the last segment only, where a crash can have torn them, and else when they are read. Damage in
//! the middle is copied to `damaged/` and passed over: the entries behind it are not given up.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::index::{Index, Place};
use super::record::{Kind, More};
use super::search::{Tail, next_record, set_aside, stamp, whole};
use super::segment::Segment;
use super::writer::apply;
use super::{Entry, Progress};
use crate::failpoint;
use crate::mail::QueueId;

/// What a start found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Live entries.
    pub live: usize,
    /// Octets of an unfinished commit that were cut off: nothing in them was ever acknowledged.
    pub torn_bytes: u64,
    /// Damaged stretches that were set aside under `spool/damaged`.
    pub damaged: usize,
    /// Entries that were being delivered when the process ended: each may have arrived already and arrive once more.
    pub in_flight: usize,
}

/// The state after reading.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) next_id: u64,
    pub(super) report: Recovery,
    /// The heads of all entries in the log, the latest copy of each.
    pub(super) heads: BTreeMap<QueueId, Vec<u8>>,
}

/// Reads every segment of `dir`.
pub(super) fn read(dir: &Path) -> io::Result<Recovered> {
    let mut recovered = Recovered {
        index: Index::default(),
        next_id: 1,
        report: Recovery::default(),
        heads: BTreeMap::new(),
    };
    let numbers = Segment::list(dir)?;
    for number in &numbers {
        let mut segment = Segment::open(dir, *number)?;
        let size = segment.len()?;
        if let Some(stamp) = stamp(&segment, size)? {
            segment.stamp = stamp;
        }
        let segment = Arc::new(segment);
        recovered.index.add_segment(segment.clone(), size);
        let tail = if Some(number) == numbers.last() {
            Tail::May
        } else {
            Tail::MustNot
        };
        let end = scan(dir, &segment, size, tail, &mut recovered)?;
        if let Some(usage) = recovered.index.segments.get_mut(number) {
            usage.size = end;
        }
    }
    recovered.report.live = recovered.index.len();
    failpoint::pass("spool.recovered");
    Ok(recovered)
}

/// Reads one segment and returns where its good part ends.
fn scan(
    dir: &Path,
    segment: &Segment,
    size: u64,
    tail: Tail,
    into: &mut Recovered,
) -> io::Result<u64> {
    let mut at = 0;
    let mut commit: Vec<(Kind, QueueId, Place, Vec<u8>)> = Vec::new();
    let mut commit_at = 0;
    while at < size {
        let read = segment
            .record(at, size)?
            .filter(|read| whole(segment, at, &read.fixed, tail));
        let Some(read) = read else {
            commit.clear();
            match next_record(segment, at + 1, size, tail)? {
                Some(next) => {
                    set_aside(dir, segment, commit_at.min(at), next)?;
                    into.report.damaged += 1;
                    at = next;
                    commit_at = next;
                    continue;
                }
                None if tail == Tail::May => {
                    into.report.torn_bytes += torn(segment, commit_at, at, size)?;
                    return cut(segment, commit_at);
                }
                None => {
                    set_aside(dir, segment, at, size)?;
                    into.report.damaged += 1;
                    return Ok(size);
                }
            }
        };
        let place = Place {
            segment: segment.number,
            at,
            size: read.fixed.size(),
        };
        commit.push((read.fixed.kind, read.fixed.id, place, read.head));
        at += place.size;
        if read.fixed.more == More::No {
            for (kind, id, place, head) in commit.drain(..) {
                let next = if kind == Kind::Sequence {
                    id.0
                } else {
                    // An id that none can follow was never given out.
                    id.0.checked_add(1).unwrap_or_default()
                };
                into.next_id = into.next_id.max(next);
                apply(&mut into.index, kind, id, place);
                if kind == Kind::Entry {
                    into.heads.insert(id, head);
                }
            }
            commit_at = at;
        }
    }
    if commit_at < size && tail == Tail::May {
        into.report.torn_bytes += size - commit_at;
        cut(segment, commit_at)
    } else {
        Ok(commit_at)
    }
}

/// How much was written of a commit that never was finished: whole records from `commit_at` on, and one that is torn at `at`. Behind them stands
/// what the file held before.
fn torn(segment: &Segment, commit_at: u64, at: u64, size: u64) -> io::Result<u64> {
    if !segment.stamp.over {
        return Ok(size - commit_at);
    }
    let front = segment.front(at)?;
    let end = front.map_or(at, |front| size.min(at + front.size()));
    Ok(end - commit_at)
}

fn cut(segment: &Segment, at: u64) -> io::Result<u64> {
    segment.truncate(at)?;
    failpoint::hit("spool.tail_cut")?;
    segment.sync()?;
    Ok(at)
}

/// The live entries with their latest progress, and those that are done, oldest first. One whose head cannot be read is told and left
/// out.
pub(super) fn entries(
    index: &Index,
    heads: BTreeMap<QueueId, Vec<u8>>,
) -> (Vec<Entry>, Vec<Entry>) {
    let progress = |place: Place| -> Option<Progress> {
        let segment = index.segment(place.segment)?;
        let read = segment.record(place.at, place.at + place.size).ok()??;
        serde_json::from_slice(&read.head).ok()
    };
    let (mut waiting, mut done) = (Vec::with_capacity(index.len()), Vec::new());
    // Each head goes when its entry stands: a long queue is not held twice.
    for (id, head) in heads {
        let Ok(mut entry) = serde_json::from_slice::<Entry>(&head) else {
            tracing::error!(event = "spool_damaged", queue_id = %id, "the entry cannot be read; its bytes stay in the spool");
            continue;
        };
        match index.get(id) {
            None => done.push(entry),
            Some(live) => {
                if let Some(progress) = live.progress.and_then(progress) {
                    entry.progress = progress;
                }
                waiting.push(entry);
            }
        }
    }
    (waiting, done)
}

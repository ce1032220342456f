//! Reads the log at start: what is live, what is torn, what is damaged.
//!
//! Heads are checked everywhere; bodies in the last segment only, where a crash can have torn them, and else when they are read. A batch is
//! written when all before it is synced. So what is wrong before the last batch is damage: it is copied to `damaged/` and passed over, and every
//! good record around it counts. What is wrong in the last batch was torn by a crash of the machine, which writes the sectors of a batch
//! in any order: commits that are whole stay, all else of it never happened, and is taken out of the log, so that it never does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::damaged_range::{DamagedRange, quarantine, quarantine_segment};
use super::index::{Index, RecordPosition};
use super::record::Boundaries;
use super::record::{END, Kind, Record};
use super::segment::{Access, Segment};
use super::walk::{SegmentScan, TornTail, walk};
use super::writer::apply;
use super::{Entry, Progress, segment};
use crate::failpoint;
use crate::mail::QueueId;

/// What a start found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Live entries.
    pub live: usize,
    /// Bytes of an unfinished batch that were taken out: nothing in them was ever acknowledged.
    pub torn_bytes: u64,
    /// Damaged ranges that were quarantined under `spool/damaged`.
    pub damaged: usize,
    /// Damaged messages whose writers are to be told.
    pub damaged_entries: usize,
    /// Entries that were being delivered when the process ended: each may have arrived already and arrive once more.
    pub in_flight: usize,
}

/// The state after reading.
pub(super) struct RecoveredLog {
    pub(super) index: Index,
    pub(super) next_id: u64,
    pub(super) report: RecoveryReport,
    /// The heads of all entries in the log, the latest copy of each.
    pub(super) heads: BTreeMap<QueueId, Vec<u8>>,
    /// Heads of entries whose commit is not finished so far.
    pieces: HashMap<QueueId, Vec<u8>>,
    /// Where the last damage is: the segment, and how far into it.
    damage: Option<(u32, u64)>,
    /// The ends of commits that had none.
    pub(super) unfinished: Vec<Record>,
    /// Live entries whose bytes are known to have changed.
    pub(super) unread: BTreeSet<QueueId>,
    /// Entries that are done and whose own record was not found.
    pub(super) settled: HashSet<QueueId>,
    /// What was quarantined.
    pub(super) damaged_ranges: Vec<DamagedRange>,
    /// Where the log goes on.
    pub(super) last: LogEnd,
}

/// Where a log goes on.
pub(super) enum LogEnd {
    /// Behind the last record of its last segment.
    Segment(Arc<Segment>, u64),
    /// In a new segment of this number.
    New(u32),
}

/// The next id of a log that names none.
pub(super) const NO_ID_YET: u64 = 1;

/// Reads every segment of `dir` into an empty `index`.
pub(super) fn read(dir: &Path, access: Access, index: Index) -> io::Result<RecoveredLog> {
    let mut recovered = RecoveredLog {
        index,
        next_id: NO_ID_YET,
        report: RecoveryReport::default(),
        heads: BTreeMap::new(),
        pieces: HashMap::new(),
        damage: None,
        unfinished: Vec::new(),
        unread: BTreeSet::new(),
        settled: HashSet::new(),
        damaged_ranges: Vec::new(),
        last: LogEnd::New(1),
    };
    let numbers = segment::segment_numbers(dir)?;
    for number in &numbers {
        let mut segment = Segment::open(dir, *number, access)?;
        let tail = if Some(number) == numbers.last() {
            if access == Access::Repair {
                segment.agree_with_disk()?;
            }
            TornTail::Allowed
        } else {
            TornTail::Forbidden
        };
        let size = segment.len()?;
        let Some(stamp) = segment::read_stamp(&segment, size)? else {
            if size < segment::HEAD_SIZE && tail == TornTail::Allowed {
                // No commit ever went into it. The next segment takes its place.
                recovered.report.torn_bytes += size;
                recovered.last = LogEnd::New(*number);
            } else {
                recovered.report.damaged += 1;
                recovered.damage = Some((*number, u64::MAX));
                let range = quarantine_segment(dir, &segment, access);
                recovered.damaged_ranges.extend(range);
                recovered.last = LogEnd::New(number.saturating_add(1));
            }
            continue;
        };
        segment.stamp = stamp;
        let segment = Arc::new(segment);
        recovered.index.add_segment(segment.clone(), size);
        let end = scan((dir, access), &segment, size, tail, &mut recovered)?;
        if let Some(usage) = recovered.index.segments.get_mut(number) {
            usage.size = end;
        }
        recovered.last = LogEnd::Segment(segment, end);
    }
    end_unfinished(&mut recovered);
    recovered.report.live = recovered.index.len();
    let (index, unread) = (&recovered.index, &mut recovered.unread);
    // Damage in a message that has ended before concerns nobody.
    unread.retain(|id| index.get(*id).is_some());
    recovered.report.damaged += unread.len();
    failpoint::pass("spool.recovered");
    Ok(recovered)
}

/// Reads one segment and returns where its good part ends.
fn scan(
    (dir, access): (&Path, Access),
    segment: &Segment,
    size: u64,
    tail: TornTail,
    into: &mut RecoveredLog,
) -> io::Result<u64> {
    let mut walked = walk(segment, size, tail)?;
    // Up to here all was synced once.
    let synced = match tail {
        TornTail::Allowed => walked.last_batch,
        TornTail::Forbidden => size,
    };
    for (from, to) in walked.holes.iter().filter(|hole| hole.0 < synced) {
        into.report.damaged += 1;
        let range = quarantine(dir, segment, *from, *to, access);
        into.damaged_ranges.extend(range);
        into.damage = Some((segment.number, *to));
    }
    // Of an entry whose head is good all is known but its message: it stays live, and is ended as what it is.
    let mut unread = std::mem::take(&mut walked.unread);
    unread.retain(|found| found.place.at < synced);
    walked
        .found
        .retain(|found| found.whole || found.place.at < synced);
    let entries = unread
        .iter()
        .filter(|found| matches!(found.kind, Kind::Entry | Kind::Part));
    into.unread.extend(entries.map(|found| found.id));
    walked.found.append(&mut unread);
    walked.found.sort_by_key(|found| found.place.at);
    let kept: Vec<RecordPosition> = walked.found.iter().map(|found| found.place).collect();
    for found in std::mem::take(&mut walked.found) {
        let next = if found.kind == Kind::Sequence {
            found.id.0
        } else {
            // An id that none can follow was never given out.
            found.id.0.checked_add(1).unwrap_or_default()
        };
        into.next_id = into.next_id.max(next);
        let ended = apply(
            &mut into.index,
            found.kind,
            found.id,
            &found.head,
            found.place,
        );
        match found.kind {
            Kind::Entry => drop(into.heads.insert(found.id, found.head)),
            Kind::Part => drop(into.pieces.insert(found.id, found.head)),
            Kind::Done if !into.heads.contains_key(&found.id) => {
                into.settled.insert(found.id);
            }
            kind => ended.iter().for_each(|id| into.ended(kind, *id)),
        }
    }
    match tail {
        TornTail::Allowed if access == Access::ReadOnly => Ok(walked.end),
        TornTail::Allowed => repair_tail(dir, segment, size, (&walked, &kept), &mut into.report),
        TornTail::Forbidden => {
            if walked.end < size {
                into.report.damaged += 1;
                let range = quarantine(dir, segment, walked.end, size, access);
                into.damaged_ranges.extend(range);
                into.damage = Some((segment.number, size));
            }
            Ok(size)
        }
    }
}

/// Takes out of the log what was torn: fills the places between the records that were kept, and cuts off what is behind them. Returns where the log
/// ends then. Left as it is it would look like damage once another batch stands behind it.
fn repair_tail(
    dir: &Path,
    segment: &Segment,
    size: u64,
    (walked, kept): (&SegmentScan, &[RecordPosition]),
    report: &mut RecoveryReport,
) -> io::Result<u64> {
    let mut end = walked.last_batch;
    let mut filled = false;
    for place in kept.iter().filter(|place| place.at >= walked.last_batch) {
        let gap = place.at - end;
        match Record::filler(gap).and_then(|filler| {
            let front = filler.front(Boundaries::OWN_COMMIT, segment.stamp)?;
            Some((front, filler))
        }) {
            Some((front, filler)) => {
                segment.write(end, &[&front, &filler.body, END])?;
                report.torn_bytes += gap;
                filled = true;
            }
            // Too short for a record: no crash does that.
            None if gap > 0 => {
                report.damaged += 1;
                quarantine(dir, segment, end, place.at, Access::Repair);
            }
            None => {}
        }
        end = place.at + place.size;
    }
    if end == size && !filled {
        return Ok(end);
    }
    report.torn_bytes += torn(segment, end, walked.end, size)?;
    segment.truncate(end)?;
    failpoint::hit("spool.tail_cut")?;
    segment.sync()?;
    Ok(end)
}

/// How much was written of commits that never were finished: whole records from `kept` to `at`, and one that is torn behind them. What stands
/// after that the file may have held before.
fn torn(segment: &Segment, kept: u64, at: u64, size: u64) -> io::Result<u64> {
    if !segment.stamp.over {
        return Ok(size - kept);
    }
    let at = at.max(kept);
    let front = segment.front(at)?;
    let end = front.map_or(at, |front| size.min(at + front.size()));
    Ok(end - kept)
}

impl RecoveredLog {
    /// The commit of an entry has come to its end.
    fn ended(&mut self, kind: Kind, id: QueueId) {
        if let Some(head) = self.pieces.remove(&id)
            && kind == Kind::Finish
        {
            self.heads.insert(id, head);
        }
    }
}

/// Ends the commits that have no end: a crash came before it, so nothing of them was acknowledged. Only where there is damage behind them the
/// end may have been lost with that; then they count, for an acknowledged message must not go with one byte.
fn end_unfinished(recovered: &mut RecoveredLog) {
    for (commit, last) in recovered.index.unfinished() {
        let damaged = recovered.damage > Some((last.segment, last.at));
        let (kind, ended) = if damaged {
            tracing::error!(event = "spool_damaged", commit = %commit, "its end may have been lost; it counts");
            (Kind::Finish, recovered.index.finish(commit))
        } else {
            (Kind::Abandon, recovered.index.abandon(commit))
        };
        tracing::info!(event = "spool_unfinished", commit = %commit, entries = ended.len(), kept = damaged);
        ended.iter().for_each(|id| recovered.ended(kind, *id));
        recovered.unfinished.push(Record::end(kind, commit));
    }
}

/// The live entries with their latest progress, and those that are done, oldest first. One whose head cannot be read is told and left
/// out.
pub(super) fn entries(
    index: &Index,
    heads: BTreeMap<QueueId, Vec<u8>>,
) -> (Vec<Entry>, Vec<Entry>) {
    let progress = |place: RecordPosition| -> Option<Progress> {
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

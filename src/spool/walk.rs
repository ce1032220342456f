//! Walks through one segment: which records are good, which of them make a whole commit, and what lies between.

use std::io;

use super::index::RecordPosition;
use super::read::ReadRecord;
use super::record::Boundaries;
use super::record::{FIXED_LEN, FixedPart, Kind, MAGIC};
use super::segment::Segment;
use crate::mail::QueueId;

/// Whether the tail may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TornTail {
    /// The last segment: a crash may have torn it.
    Allowed,
    /// An older one: whatever is wrong is damage.
    Forbidden,
}

/// A good record.
pub(super) struct FoundRecord {
    pub(super) kind: Kind,
    pub(super) id: QueueId,
    pub(super) place: RecordPosition,
    pub(super) head: Vec<u8>,
    boundaries: Boundaries,
    /// All of its commit is there.
    pub(super) whole: bool,
}

/// What a segment holds.
pub(super) struct SegmentScan {
    /// In the order of the file.
    pub(super) found: Vec<FoundRecord>,
    /// Entries whose head is good and whose body is not: no good records, and no holes.
    pub(super) unread: Vec<FoundRecord>,
    /// From and to, of stretches that are no records and have good ones behind them.
    pub(super) holes: Vec<(u64, u64)>,
    /// Where the last good record ends.
    pub(super) end: u64,
    /// Where the last batch begins, as far as can be seen: all before it was synced before a record was written behind it.
    pub(super) last_batch: u64,
}

/// Reads a segment of `size` bytes.
pub(super) fn walk(segment: &Segment, size: u64, tail: TornTail) -> io::Result<SegmentScan> {
    let mut walked = SegmentScan {
        found: Vec::new(),
        unread: Vec::new(),
        holes: Vec::new(),
        end: 0,
        last_batch: 0,
    };
    // Where the commit that is being read begins among those that were found.
    let mut begun = None;
    let mut at = 0;
    while at < size {
        let read = segment.record(at, size)?;
        let good = read
            .as_ref()
            .is_some_and(|read| whole(segment, at, &read.fixed, tail));
        let found = match read.map(|read| found(segment, at, read)) {
            Some(found) if good => found,
            // The head is good, and with it the word where the next record begins.
            Some(found) => {
                begun = None;
                at += found.place.size;
                walked.unread.push(found);
                continue;
            }
            None => {
                begun = None;
                let Some(next) = next_record(segment, at + 1, size, tail)? else {
                    break;
                };
                walked.holes.push((at, next));
                at = next;
                continue;
            }
        };
        if found.boundaries.starts_batch {
            walked.last_batch = at;
        }
        at += found.place.size;
        walked.end = at;
        walked.found.push(found);
        begun = note(&mut walked.found, begun);
    }
    Ok(walked)
}

fn found(segment: &Segment, at: u64, read: ReadRecord) -> FoundRecord {
    let ReadRecord { fixed, head } = read;
    FoundRecord {
        kind: fixed.kind,
        id: fixed.id,
        place: RecordPosition {
            segment: segment.number,
            at,
            size: fixed.size(),
        },
        head,
        boundaries: fixed.boundaries,
        whole: false,
    }
}

/// Follows the commit that the last one found belongs to; `begun` is where the first record of it is. A commit that has come to its end is whole.
fn note(found: &mut [FoundRecord], begun: Option<usize>) -> Option<usize> {
    let at = found.len().checked_sub(1)?;
    let boundaries = found.get(at)?.boundaries;
    let begun = if boundaries.starts_commit {
        Some(at)
    } else {
        begun
    }?;
    if !boundaries.ends_commit {
        return Some(begun);
    }
    for record in found.get_mut(begun..)? {
        record.whole = true;
    }
    None
}

/// Whether the body of a record at `at` needs no look, or is the one that was written. One that the disk does not give out now may be whole: it
/// must not be cut off.
fn whole(segment: &Segment, at: u64, fixed: &FixedPart, tail: TornTail) -> bool {
    tail == TornTail::Forbidden || !matches!(segment.body(at, fixed), Ok(None))
}

/// Where the next good record begins.
fn next_record(segment: &Segment, from: u64, size: u64, tail: TornTail) -> io::Result<Option<u64>> {
    find(segment, from, size, |at| {
        let read = segment.record(at, size)?;
        Ok(read.is_some_and(|read| whole(segment, at, &read.fixed, tail)))
    })
}

/// The first place from `from` on that begins as records do and is `good`.
fn find(
    segment: &Segment,
    from: u64,
    size: u64,
    mut good: impl FnMut(u64) -> io::Result<bool>,
) -> io::Result<Option<u64>> {
    const WINDOW: usize = 1024 * 1024;
    let mut at = from;
    while at + (FIXED_LEN as u64) < size {
        let len = WINDOW.min(usize::try_from(size - at).unwrap_or(WINDOW));
        let window = segment.bytes(at, len)?;
        for found in memchr::memmem::find_iter(&window, MAGIC) {
            let candidate = at + found as u64;
            if good(candidate)? {
                return Ok(Some(candidate));
            }
        }
        if len < WINDOW {
            return Ok(None);
        }
        // The mark may lie across the edge of the window.
        at += (len - MAGIC.len() + 1) as u64;
    }
    Ok(None)
}

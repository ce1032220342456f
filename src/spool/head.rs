//! What every segment begins with: the next free id and the salt, twice and far apart.
//!
//! Nobody could tell the records of a segment from what a message or an earlier use of the file holds without its salt. Damage that takes one
//! of the two copies leaves the other, at a place where nothing else ever stands: page and sector are not the same.

use std::io;

use super::link::Link;
use super::record::{END, Kind, OLD_MAGIC, Record, Stamp};
use super::segment::Segment;

/// Where the second copy begins.
const SECOND: u64 = 4_096;
/// Octets of a record without head and body.
const BARE: u64 = 44;
/// Where the first record of a batch can stand.
pub(super) const SIZE: u64 = SECOND + BARE;

/// Writes the head and makes it durable.
pub(super) fn write(segment: &Segment, next: u64) -> io::Result<()> {
    let first = Record::sequence(next);
    let filler = Record::filler(SECOND - BARE).ok_or(io::ErrorKind::InvalidInput)?;
    for (record, at) in [(&first, 0), (&filler, BARE), (&first, SECOND)] {
        let front = record
            .front(Link::ALONE, segment.stamp)
            .ok_or(io::ErrorKind::InvalidInput)?;
        segment.write(at, &[&front, &record.body, END])?;
    }
    segment.sync()
}

/// What the records of a segment have in common; none where both copies are damaged.
///
/// # Errors
/// It cannot be read, or is of an earlier version of the format.
pub(super) fn stamp(segment: &Segment, size: u64) -> io::Result<Option<Stamp>> {
    let len = OLD_MAGIC
        .len()
        .min(usize::try_from(size).unwrap_or_default());
    if segment.bytes(0, len)? == OLD_MAGIC {
        let text = "the log is of an earlier version of allegromail; let that one deliver it first";
        return Err(io::Error::other(text));
    }
    for at in [0, SECOND] {
        let read = segment.any_record(at, size, |_| true)?;
        if let Some(read) = read.filter(|read| read.fixed.kind == Kind::Sequence) {
            return Ok(Some(read.fixed.stamp));
        }
    }
    Ok(None)
}

/// Whether the last record before `end` says that all before it was synced: a head, or what an orderly end leaves.
pub(super) fn marks_end(segment: &Segment, end: u64) -> io::Result<bool> {
    let at = end.saturating_sub(BARE);
    let read = segment.record(at, end)?;
    Ok(read.is_some_and(|read| read.fixed.kind == Kind::Sequence && read.fixed.link.opens))
}

//! Walks through one segment: which records are good, which of them make a whole commit, and what lies between.

use std::io;

use super::index::Place;
use super::link::Link;
use super::record::Kind;
use super::search::{Tail, next_record, whole};
use super::segment::Segment;
use crate::mail::QueueId;

/// A good record.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) id: QueueId,
    pub(super) place: Place,
    pub(super) head: Vec<u8>,
    link: Link,
    /// All of its commit is there.
    pub(super) whole: bool,
}

/// What a segment holds.
pub(super) struct Walked {
    /// In the order of the file.
    pub(super) found: Vec<Found>,
    /// From and to, of stretches that are no records and have good ones behind them.
    pub(super) holes: Vec<(u64, u64)>,
    /// Where the last good record ends.
    pub(super) end: u64,
    /// Where the last batch begins, as far as can be seen: all before it was synced before a record was written behind it.
    pub(super) last_batch: u64,
}

/// Reads a segment of `size` octets.
pub(super) fn walk(segment: &Segment, size: u64, tail: Tail) -> io::Result<Walked> {
    let mut walked = Walked {
        found: Vec::new(),
        holes: Vec::new(),
        end: 0,
        last_batch: 0,
    };
    // Where the commit that is being read begins among those that were found.
    let mut begun = None;
    let mut at = 0;
    while at < size {
        let read = segment
            .record(at, size)?
            .filter(|read| whole(segment, at, &read.fixed, tail));
        let Some(read) = read else {
            begun = None;
            let Some(next) = next_record(segment, at + 1, size, tail)? else {
                break;
            };
            walked.holes.push((at, next));
            at = next;
            continue;
        };
        let (fixed, place) = (
            read.fixed,
            Place {
                segment: segment.number,
                at,
                size: read.fixed.size(),
            },
        );
        if fixed.link.opens {
            walked.last_batch = at;
        }
        walked.found.push(Found {
            kind: fixed.kind,
            id: fixed.id,
            place,
            head: read.head,
            link: fixed.link,
            whole: false,
        });
        begun = note(&mut walked.found, begun);
        at += place.size;
        walked.end = at;
    }
    Ok(walked)
}

/// Follows the commit that the last one found belongs to; `begun` is where the first record of it is. A commit that has come to its end is whole.
fn note(found: &mut [Found], begun: Option<usize>) -> Option<usize> {
    let at = found.len().checked_sub(1)?;
    let link = found.get(at)?.link;
    let begun = if link.first { Some(at) } else { begun }?;
    if !link.last {
        return Some(begun);
    }
    for record in found.get_mut(begun..)? {
        record.whole = true;
    }
    None
}

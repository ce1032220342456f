//! Makes a log that a start has read one that can be gone on with: nothing torn is left in it, and what is damaged is set aside.

use std::io;
use std::path::Path;

use super::index::Place;
use super::link::Link;
use super::record::{END, Record};
use super::recover::Recovery;
use super::search::{Stretch, set_all_aside, set_aside};
use super::segment::Segment;
use super::walk::Walked;
use crate::failpoint;

/// Takes out of the log what was torn: fills the places between the records that were kept, and cuts off what is behind them. Returns where the log
/// ends then. Not mended it would look like damage once another batch stands behind it.
pub(super) fn mend(
    dir: &Path,
    segment: &Segment,
    size: u64,
    (walked, kept): (&Walked, &[Place]),
    report: &mut Recovery,
) -> io::Result<u64> {
    let mut end = walked.last_batch;
    let mut filled = false;
    for place in kept.iter().filter(|place| place.at >= walked.last_batch) {
        let gap = place.at - end;
        match Record::filler(gap).and_then(|filler| {
            let front = filler.front(Link::INSIDE, segment.stamp)?;
            Some((front, filler))
        }) {
            Some((front, filler)) => {
                segment.write(end, &[&front, &filler.body, END])?;
                report.torn_bytes += gap;
                filled = true;
            }
            // Too short for a record: no crash does that.
            None if gap > 0 => drop(aside(dir, segment, end, place.at, report)),
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

/// Sets a damaged stretch aside and counts it; none where it cannot be. That is so on a full disk, and no reason not to start.
pub(super) fn aside(
    dir: &Path,
    segment: &Segment,
    from: u64,
    to: u64,
    report: &mut Recovery,
) -> Option<Stretch> {
    report.damaged += 1;
    let aside = set_aside(dir, segment, from, to);
    aside
        .inspect_err(|error| {
            tracing::error!(event = "spool_damaged", segment = segment.number, from, to, %error, "it could not be set aside");
        })
        .ok()
}

/// Takes a segment out of the log whose records cannot be told from what is none. Where that fails it stays, and is met again at the next start.
pub(super) fn take_away(dir: &Path, segment: &Segment) -> Option<Stretch> {
    let number = segment.number;
    match set_all_aside(dir, segment) {
        Ok(stretch) => {
            tracing::error!(
                event = "spool_damaged",
                segment = number,
                file = stretch.file,
                "its head is damaged, so that its records cannot be believed: the file was taken out of the log"
            );
            Some(stretch)
        }
        Err(error) => {
            tracing::error!(event = "spool_damaged", segment = number, %error, "its head is damaged, and it could not be set aside");
            None
        }
    }
}

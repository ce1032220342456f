//! Finds good records in a segment that may be damaged, and sets aside what lies between them.

use std::io::{self, Write};
use std::path::Path;

use super::folder;
use super::record::{FIXED, Fixed, MAGIC};
use super::segment::Segment;
use crate::failpoint;
use crate::files;

/// Whether the tail may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// The last segment: a crash may have torn it.
    May,
    /// An older one: whatever is wrong is damage.
    MustNot,
}

/// Whether the body of a record at `at` needs no look, or is the one that was written. One that the disk does not give out now may be whole: it
/// must not be cut off.
pub(super) fn whole(segment: &Segment, at: u64, fixed: &Fixed, tail: Tail) -> bool {
    tail == Tail::MustNot || !matches!(segment.body(at, fixed), Ok(None))
}

/// Where the next good record begins.
pub(super) fn next_record(
    segment: &Segment,
    from: u64,
    size: u64,
    tail: Tail,
) -> io::Result<Option<u64>> {
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
    while at + (FIXED as u64) < size {
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

/// Keeps a damaged stretch for a person to look at; durable, for the segment may go next.
pub(super) fn set_aside(dir: &Path, segment: &Segment, from: u64, to: u64) -> io::Result<()> {
    let folder = dir.join("damaged");
    files::folder(&folder)?;
    let name = format!("{:08}-{from}.bin", segment.number);
    tracing::error!(
        event = "spool_damaged",
        segment = segment.number,
        from,
        to,
        file = name,
        "set aside; other entries are untouched"
    );
    let len = usize::try_from(to - from).map_err(io::Error::other)?;
    let mut file = files::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(folder.join(name))?;
    file.write_all(&segment.bytes(from, len)?)?;
    file.sync_all()?;
    folder::sync(&folder)?;
    folder::sync(dir)?;
    failpoint::hit("spool.set_aside")
}

/// Takes the file of a segment out of the log, for a person to look at, and returns its new name.
pub(super) fn set_all_aside(dir: &Path, segment: &Segment) -> io::Result<String> {
    let folder = dir.join("damaged");
    files::folder(&folder)?;
    let name = folder::name(segment.number);
    segment.rename(&folder.join(&name))?;
    folder::sync(&folder)?;
    folder::sync(dir)?;
    Ok(name)
}

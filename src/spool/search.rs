//! Finds good records in a segment that may be damaged, and sets aside what lies between them.

use std::io::{self, Write};
use std::path::Path;

use super::folder;
use super::record::{FIXED, Fixed, MAGIC};
use super::segment::Segment;
use crate::failpoint;
use crate::files;
use crate::mail::QueueId;

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

/// A damaged stretch of the log that was copied.
#[derive(Debug)]
pub(super) struct Stretch {
    /// The name of the copy under `damaged`.
    pub(super) file: String,
    /// The numbers that stand where those of entries stand. The octets around them are damaged: what has such a number has to be known from elsewhere.
    /// Beside each, whether it is one of two of which only one was written.
    pub(super) numbers: Vec<(QueueId, bool)>,
}

/// Keeps a damaged stretch for a person to look at; durable, for the segment may go next.
pub(super) fn set_aside(dir: &Path, segment: &Segment, from: u64, to: u64) -> io::Result<Stretch> {
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
        .open(folder.join(&name))?;
    let octets = segment.bytes(from, len)?;
    file.write_all(&octets)?;
    file.sync_all()?;
    folder::sync(&folder)?;
    folder::sync(dir)?;
    failpoint::hit("spool.set_aside")?;
    let numbers = numbers(&octets);
    Ok(Stretch {
        file: name,
        numbers,
    })
}

/// The numbers of the entries that may have stood in a stretch, which begins where a record did: in the fixed part, and in what the head says. Of
/// the two one has survived, wherever a single bit or sector has changed.
fn numbers(octets: &[u8]) -> Vec<(QueueId, bool)> {
    /// Where the number of an entry stands in its record.
    const NUMBER: std::ops::Range<usize> = 8..16;
    #[derive(serde::Deserialize)]
    struct Numbered {
        id: QueueId,
    }
    let mut found = Vec::new();
    let others = memchr::memmem::find_iter(octets, MAGIC).filter(|at| *at > 0);
    for at in std::iter::once(0).chain(others) {
        let record = octets.get(at..).unwrap_or_default();
        let is_entry = matches!(record.get(4), Some(1 | 5));
        let fixed = record
            .get(NUMBER)
            .filter(|_| is_entry)
            .and_then(|octets| octets.try_into().ok())
            .map(|octets| QueueId(u64::from_le_bytes(octets)));
        let head = record.get(FIXED..).unwrap_or_default();
        let mut heads = serde_json::Deserializer::from_slice(head).into_iter::<Numbered>();
        let head = heads.next().and_then(Result::ok).map(|head| head.id);
        let unsure = fixed.is_some() && head.is_some() && fixed != head;
        found.extend(fixed.map(|id| (id, unsure)));
        found.extend(head.map(|id| (id, unsure)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Takes the file of a segment out of the log, for a person to look at, and returns what became of it.
pub(super) fn set_all_aside(dir: &Path, segment: &Segment) -> io::Result<Stretch> {
    let len = usize::try_from(segment.len()?).map_err(io::Error::other)?;
    let octets = segment.bytes(0, len)?;
    let folder = dir.join("damaged");
    files::folder(&folder)?;
    let name = folder::name(segment.number);
    segment.rename(&folder.join(&name))?;
    folder::sync(&folder)?;
    folder::sync(dir)?;
    Ok(Stretch {
        file: name,
        numbers: numbers(&octets),
    })
}

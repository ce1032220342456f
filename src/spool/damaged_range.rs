//! Damaged ranges of the log: copied to `spool/damaged` for a person to look at, and searched for the numbers of entries that stood in them.

use std::io::{self, Write};
use std::path::Path;

use super::record::{FIXED_LEN, MAGIC};
use super::segment;
use super::segment::{Access, Segment};
use crate::failpoint;
use crate::files;
use crate::mail::QueueId;

/// A damaged range of the log.
#[derive(Debug)]
pub(super) struct DamagedRange {
    /// The name of its copy under `damaged`.
    pub(super) file: String,
    /// The numbers that stand where those of entries stand. The bytes around them are damaged: what has such a number has to be known from elsewhere.
    /// Beside each, whether it is one of two of which only one was written.
    pub(super) numbers: Vec<(QueueId, bool)>,
}

/// Quarantines a damaged range of a segment; none where that fails. That is so on a full disk, and no reason not to start.
pub(super) fn quarantine(
    dir: &Path,
    segment: &Segment,
    from: u64,
    to: u64,
    access: Access,
) -> Option<DamagedRange> {
    copy(dir, segment, from, to, access)
        .inspect_err(|error| {
            tracing::error!(event = "spool_damaged", segment = segment.number, from, to, %error, "it could not be quarantined");
        })
        .ok()
}

/// Copies the range; durable, for the segment may go next.
fn copy(
    dir: &Path,
    segment: &Segment,
    from: u64,
    to: u64,
    access: Access,
) -> io::Result<DamagedRange> {
    let len = usize::try_from(to - from).map_err(io::Error::other)?;
    let bytes = segment.bytes(from, len)?;
    let range = DamagedRange {
        file: format!("{:08}-{from}.bin", segment.number),
        numbers: numbers(&bytes),
    };
    if access == Access::ReadOnly {
        return Ok(range);
    }
    let folder = dir.join("damaged");
    files::create_folder(&folder)?;
    tracing::error!(
        event = "spool_damaged",
        segment = segment.number,
        from,
        to,
        file = range.file,
        "quarantined; other entries are untouched"
    );
    let mut file = files::private_file()
        .write(true)
        .create(true)
        .truncate(true)
        .open(folder.join(&range.file))?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    segment::sync_folder(&folder)?;
    segment::sync_folder(dir)?;
    failpoint::hit("spool.set_aside")?;
    Ok(range)
}

/// Takes a segment out of the log whose records cannot be told from what is none. Where that fails it stays, and is met again at the next start.
pub(super) fn quarantine_segment(
    dir: &Path,
    segment: &Segment,
    access: Access,
) -> Option<DamagedRange> {
    let number = segment.number;
    match take_out(dir, segment, access) {
        Ok(range) => {
            tracing::error!(
                event = "spool_damaged",
                segment = number,
                file = range.file,
                "its head is damaged, so that its records cannot be believed: the file was taken out of the log"
            );
            Some(range)
        }
        Err(error) => {
            tracing::error!(event = "spool_damaged", segment = number, %error, "its head is damaged, and it could not be quarantined");
            None
        }
    }
}

/// Moves the file of a segment to the quarantine.
fn take_out(dir: &Path, segment: &Segment, access: Access) -> io::Result<DamagedRange> {
    let len = usize::try_from(segment.len()?).map_err(io::Error::other)?;
    let range = DamagedRange {
        file: segment::file_name(segment.number),
        numbers: numbers(&segment.bytes(0, len)?),
    };
    if access == Access::Repair {
        let folder = dir.join("damaged");
        files::create_folder(&folder)?;
        segment.rename(&folder.join(&range.file))?;
        segment::sync_folder(&folder)?;
        segment::sync_folder(dir)?;
    }
    Ok(range)
}

/// The numbers of the entries that may have stood in a range, which begins where a record did: in the fixed part, and in what the head says. Of
/// the two one has survived, wherever a single bit or sector has changed.
fn numbers(bytes: &[u8]) -> Vec<(QueueId, bool)> {
    /// Where the number of an entry stands in its record.
    const NUMBER: std::ops::Range<usize> = 8..16;
    #[derive(serde::Deserialize)]
    struct Numbered {
        id: QueueId,
    }
    let mut found = Vec::new();
    let others = memchr::memmem::find_iter(bytes, MAGIC).filter(|at| *at > 0);
    for at in std::iter::once(0).chain(others) {
        let record = bytes.get(at..).unwrap_or_default();
        let is_entry = matches!(record.get(4), Some(1 | 5));
        let fixed = record
            .get(NUMBER)
            .filter(|_| is_entry)
            .and_then(|bytes| bytes.try_into().ok())
            .map(|bytes| QueueId(u64::from_le_bytes(bytes)));
        let head = record.get(FIXED_LEN..).unwrap_or_default();
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

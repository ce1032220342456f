//! Segment files, and the folder that they are in: begun, appended to, kept for another use, deleted. The only file of the spool that syncs what a segment
//! holds.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::Advice;
use rustix::io::Errno;

use super::record::{Boundaries, END, Kind, OLD_MAGIC, Record, Stamp};
use crate::failpoint;

/// Slices that one call may take (IOV_MAX on Linux).
const MAX_SLICES: usize = 1024;

/// Whether reading a log may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The start of a server: what is torn is taken out, and what is damaged is quarantined.
    Repair,
    /// A command that looks: nothing is written.
    ReadOnly,
}

/// One file of the log.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u32,
    /// What its records have in common.
    pub(super) stamp: Stamp,
    path: PathBuf,
    pub(super) file: File,
}

impl Segment {
    /// Begins a segment in the file of `spare`; `next` is the next free id. It gets its name last: a file that has one begins with a head of
    /// its own, and what stands in it of an earlier use is not taken for its own. The name is durable once the folder is synced.
    pub(super) fn begin(spare: Spare, dir: &Path, number: u32, next: u64) -> io::Result<Self> {
        let path = dir.join(file_name(number));
        let (file, from) = spare.open()?;
        let segment = Self {
            number,
            stamp: Stamp::new(spare.over)?,
            path,
            file,
        };
        write_head(&segment, next)?;
        failpoint::pass("spool.segment_begun");
        std::fs::rename(from, &segment.path)?;
        Ok(segment)
    }

    /// Opens a file that is there. Its stamp is a new one, until its head has told its own.
    pub(super) fn open(dir: &Path, number: u32, access: Access) -> io::Result<Self> {
        let path = dir.join(file_name(number));
        let file = OpenOptions::new()
            .read(true)
            .write(access == Access::Repair)
            .open(&path)?;
        Ok(Self {
            number,
            stamp: Stamp::new(false)?,
            path,
            file,
        })
    }

    /// Bytes in the file.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Writes all slices at `at`. Nothing is durable before [`Segment::sync`].
    pub(super) fn write(&self, at: u64, slices: &[&[u8]]) -> io::Result<()> {
        failpoint::hit("spool.writing")?;
        if failpoint::fails("spool.tear_write") {
            self.write_at(at, slices.get(..slices.len() / 2).unwrap_or_default())?;
            failpoint::hit("spool.write_torn")?;
        }
        self.write_at(at, slices)
    }

    fn write_at(&self, at: u64, slices: &[&[u8]]) -> io::Result<()> {
        let mut at = at;
        for chunk in slices.chunks(MAX_SLICES) {
            let mut slices: Vec<IoSlice<'_>> =
                chunk.iter().map(|slice| IoSlice::new(slice)).collect();
            let mut rest = slices.as_mut_slice();
            while !rest.is_empty() {
                match rustix::io::pwritev(&self.file, rest, at) {
                    Ok(0) if rest.iter().all(|slice| slice.is_empty()) => break,
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(written) => {
                        at += written as u64;
                        IoSlice::advance_slices(&mut rest, written);
                    }
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// `fdatasync`: contents and size reach the disk. A failure is final (docs/threats.md#122): it must not be tried again.
    pub(super) fn sync(&self) -> io::Result<()> {
        failpoint::hit("spool.syncing")?;
        self.file.sync_data()?;
        failpoint::pass("spool.synced");
        Ok(())
    }

    /// Makes memory and disk agree before a start reads the last segment. What a killed process wrote and never synced is durable then, for
    /// older segments go once their living are read from here; and what the disk refused is not read from memory, where it still stands.
    pub(super) fn agree_with_disk(&self) -> io::Result<()> {
        self.file.sync_data()?;
        // Advice only: a file system that does not take it has told of no error either.
        let _ = rustix::fs::fadvise(&self.file, 0, None, Advice::DontNeed);
        Ok(())
    }

    /// Cuts the file to `len` bytes.
    pub(super) fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    /// Takes the file out of the log under another name; false if it had been taken away already.
    pub(super) fn rename(&self, to: &Path) -> io::Result<bool> {
        gone_is_false(std::fs::rename(&self.path, to))
    }

    /// Deletes the file, if it is there. That is durable once the folder is synced.
    pub(super) fn remove(&self) -> io::Result<()> {
        gone_is_false(std::fs::remove_file(&self.path))?;
        failpoint::pass("spool.segment_removed");
        Ok(())
    }
}

/// What a try before this one did, which failed later, is no reason to fail for ever.
fn gone_is_false(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        result => result.map(|()| true),
    }
}

// Every segment begins with its head: the next free id and the salt, twice and far apart. Nobody could tell the records of a segment from what a message
// or an earlier use of the file holds without its salt. Damage that takes one of the two copies leaves the other, at a place where nothing else ever
// stands: page and sector are not the same.

/// Where the second copy begins.
const SECOND: u64 = 4_096;
/// Bytes of a record without head and body.
const BARE: u64 = 44;
/// Where the first record of a batch can stand.
pub(super) const HEAD_SIZE: u64 = SECOND + BARE;

/// Writes the head and makes it durable.
fn write_head(segment: &Segment, next: u64) -> io::Result<()> {
    let first = Record::sequence(next);
    let filler = Record::filler(SECOND - BARE).ok_or(io::ErrorKind::InvalidInput)?;
    for (record, at) in [(&first, 0), (&filler, BARE), (&first, SECOND)] {
        let front = record
            .front(Boundaries::OWN_BATCH, segment.stamp)
            .ok_or(io::ErrorKind::InvalidInput)?;
        segment.write(at, &[&front, &record.body, END])?;
    }
    segment.sync()
}

/// What the records of a segment have in common; none where both copies are damaged.
///
/// # Errors
/// It cannot be read, or is of an earlier version of the format.
pub(super) fn read_stamp(segment: &Segment, size: u64) -> io::Result<Option<Stamp>> {
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
pub(super) fn ends_with_mark(segment: &Segment, end: u64) -> io::Result<bool> {
    let at = end.saturating_sub(BARE);
    let read = segment.record(at, end)?;
    Ok(read.is_some_and(|read| {
        read.fixed.kind == Kind::Sequence && read.fixed.boundaries.starts_batch
    }))
}

/// The name of the file while it is no segment. It is not read then; one that a crash left behind goes at the next start.
const SPARE_NAME: &str = "spare";

/// A file that becomes the next segment: a new one, or that of a dead segment, kept to be written over.
///
/// Blocks that a file has already cost the file system less than half of what new ones cost, and a sync of them has nothing to tell of the file itself.
/// Records of the old segment have another salt than those of the new one.
#[derive(Debug)]
pub(super) struct Spare {
    path: PathBuf,
    /// It was a segment before.
    pub(super) over: bool,
}

impl Spare {
    /// Deletes what an earlier process has left.
    pub(super) fn clear(dir: &Path) -> io::Result<()> {
        match std::fs::remove_file(dir.join(SPARE_NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes a new file.
    pub(super) fn make(dir: &Path) -> io::Result<Self> {
        // One that is there is what is left of a try that failed.
        Self::clear(dir)?;
        let path = dir.join(SPARE_NAME);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        failpoint::hit("spool.segment_made")?;
        file.sync_all()?;
        Ok(Self { path, over: false })
    }

    /// Takes the file of a dead segment, of which at most `len` bytes are kept: a long batch at its end is not paid for again and again. None
    /// where an earlier try took it away already.
    pub(super) fn keep(dir: &Path, segment: &Segment, len: u64) -> io::Result<Option<Self>> {
        let path = dir.join(SPARE_NAME);
        let kept = segment.rename(&path)?;
        failpoint::pass("spool.segment_kept");
        // Before the file changes: its old name, come back after a crash, would stand for a cut segment, or for a newer one out of its turn.
        sync_folder(dir)?;
        if !kept {
            return Ok(None);
        }
        if segment.len()? > len {
            segment.truncate(len)?;
        }
        Ok(Some(Self { path, over: true }))
    }

    /// The file, and its path.
    pub(super) fn open(&self) -> io::Result<(File, &Path)> {
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        Ok((file, &self.path))
    }
}

/// The name of a segment.
pub(super) fn file_name(number: u32) -> String {
    format!("{number:08}.seg")
}

/// The numbers of all segments in `dir`, ascending.
pub(super) fn segment_numbers(dir: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let file_name = entry?.file_name();
        let stem = file_name
            .to_str()
            .and_then(|text| text.strip_suffix(".seg"));
        numbers.extend(
            stem.filter(|stem| stem.len() == 8)
                .and_then(|stem| stem.parse::<u32>().ok()),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes names in a folder durable.
pub(super) fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

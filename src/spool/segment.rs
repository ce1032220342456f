//! Segment files: created, appended to, read, deleted. The only file of the spool that syncs.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::io::Errno;

use super::record::{END, FIXED, Fixed, More, Record, Stamp};
use super::spare::Spare;
use crate::failpoint;

/// Slices that one call may take (IOV_MAX on Linux).
const MAX_SLICES: usize = 1024;

/// One file of the log.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u32,
    /// What its records have in common.
    pub(super) stamp: Stamp,
    path: PathBuf,
    file: File,
}

/// A record as it was read.
pub(super) struct Read {
    pub(super) fixed: Fixed,
    pub(super) head: Vec<u8>,
}

impl Segment {
    /// Begins a segment in a new file; `next` is the next free id.
    pub(super) fn begin(dir: &Path, number: u32, next: u64) -> io::Result<(Self, u64)> {
        let segment = Self::create(dir, number)?;
        let end = segment.write_first(next)?;
        Ok((segment, end))
    }

    /// Begins one in a file that was a segment before. It gets its name last: a file that has one begins with a record of its own, and what
    /// stands in it of another is not taken for its own.
    pub(super) fn begin_over(
        spare: Spare,
        dir: &Path,
        number: u32,
        next: u64,
    ) -> io::Result<(Self, u64)> {
        let path = dir.join(name(number));
        let (file, from) = spare.open()?;
        let segment = Self {
            number,
            stamp: Stamp::new(true)?,
            path,
            file,
        };
        let end = segment.write_first(next)?;
        failpoint::pass("spool.spare_begun");
        std::fs::rename(from, &segment.path)?;
        sync_folder(dir)?;
        Ok((segment, end))
    }

    /// Writes the next free id at the head and returns where that ends.
    fn write_first(&self, next: u64) -> io::Result<u64> {
        let record = Record::sequence(next);
        let front = record
            .front(More::No, self.stamp)
            .ok_or(io::ErrorKind::InvalidInput)?;
        self.write(0, &[&front, END])?;
        self.sync()?;
        Ok(record.size())
    }

    /// Makes a new file, and makes its name durable, too: a synced file that no folder names is lost.
    fn create(dir: &Path, number: u32) -> io::Result<Self> {
        let path = dir.join(name(number));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            // One that is there is what is left of a try that failed: nothing was ever taken into it.
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        failpoint::hit("spool.segment_made")?;
        file.sync_all()?;
        sync_folder(dir)?;
        failpoint::pass("spool.segment_named");
        Ok(Self {
            number,
            stamp: Stamp::new(false)?,
            path,
            file,
        })
    }

    /// Opens a file that is there. Its stamp is a new one, until its records have told theirs.
    pub(super) fn open(dir: &Path, number: u32) -> io::Result<Self> {
        let path = dir.join(name(number));
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        Ok(Self {
            number,
            stamp: Stamp::new(false)?,
            path,
            file,
        })
    }

    /// The numbers of all segments in `dir`, ascending.
    pub(super) fn list(dir: &Path) -> io::Result<Vec<u32>> {
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

    /// Octets in the file.
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

    /// `fdatasync`: contents and size reach the disk. A failure is final (DESIGN.md): it must not be tried again.
    pub(super) fn sync(&self) -> io::Result<()> {
        failpoint::hit("spool.syncing")?;
        self.file.sync_data()?;
        failpoint::pass("spool.synced");
        Ok(())
    }

    /// Cuts the file to `len` octets.
    pub(super) fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    /// Reads `len` octets at `at`.
    pub(super) fn bytes(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        failpoint::hit("spool.reading")?;
        let mut octets = Vec::with_capacity(len);
        while octets.len() < len {
            let from = at + octets.len() as u64;
            match rustix::io::pread(&self.file, spare_capacity(&mut octets), from) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // There may have been room for more.
        octets.truncate(len);
        Ok(octets)
    }

    /// The record of this segment at `at`, its head checked; none where no whole one stands.
    pub(super) fn record(&self, at: u64, end: u64) -> io::Result<Option<Read>> {
        self.any_record(at, end, |stamp| stamp.salt == self.stamp.salt)
    }

    /// The fixed part of a record of this segment at `at`, whatever of the record is there.
    pub(super) fn front(&self, at: u64) -> io::Result<Option<Fixed>> {
        let mut front = [0; FIXED];
        match self.file.read_exact_at(&mut front, at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        Ok(Fixed::parse(&front).filter(|fixed| fixed.stamp.salt == self.stamp.salt))
    }

    /// The record at `at`, if its stamp is one that is wanted.
    pub(super) fn any_record(
        &self,
        at: u64,
        end: u64,
        wanted: impl Fn(Stamp) -> bool,
    ) -> io::Result<Option<Read>> {
        let mut front = [0; FIXED];
        if at + (FIXED + END.len()) as u64 > end {
            return Ok(None);
        }
        self.file.read_exact_at(&mut front, at)?;
        let Some(fixed) = Fixed::parse(&front).filter(|fixed| wanted(fixed.stamp)) else {
            return Ok(None);
        };
        if at + fixed.size() > end {
            return Ok(None);
        }
        let head = self.bytes(at + FIXED as u64, fixed.head_len as usize)?;
        let mark = self.bytes(at + fixed.size() - END.len() as u64, END.len())?;
        Ok((fixed.head_matches(&front, &head) && mark == END).then_some(Read { fixed, head }))
    }

    /// The body of the record at `at`; none where it does not match its checksum.
    pub(super) fn body(&self, at: u64, fixed: &Fixed) -> io::Result<Option<Vec<u8>>> {
        let body = self.bytes(
            at + FIXED as u64 + u64::from(fixed.head_len),
            fixed.body_len as usize,
        )?;
        Ok(fixed.body_matches(&body).then_some(body))
    }

    /// Takes the file out of the log under another name.
    pub(super) fn rename(&self, to: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, to)
    }

    /// Deletes the file.
    pub(super) fn remove(&self) -> io::Result<()> {
        std::fs::remove_file(&self.path)?;
        failpoint::pass("spool.segment_removed");
        Ok(())
    }
}

fn name(number: u32) -> String {
    format!("{number:08}.seg")
}

/// Makes names in a folder durable.
pub(super) fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

//! Segment files: begun, appended to, deleted. The only file of the spool that syncs what a segment holds.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use rustix::fs::Advice;
use rustix::io::Errno;

use super::record::Stamp;
use super::spare::Spare;
use super::{folder, head};
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
        let path = dir.join(folder::name(number));
        let (file, from) = spare.open()?;
        let segment = Self {
            number,
            stamp: Stamp::new(spare.over)?,
            path,
            file,
        };
        head::write(&segment, next)?;
        failpoint::pass("spool.segment_begun");
        std::fs::rename(from, &segment.path)?;
        Ok(segment)
    }

    /// Opens a file that is there. Its stamp is a new one, until its head has told its own.
    pub(super) fn open(dir: &Path, number: u32, access: Access) -> io::Result<Self> {
        let path = dir.join(folder::name(number));
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

    /// Cuts the file to `len` octets.
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

//! A file that becomes the next segment: a new one, or that of a dead segment, kept to be written over.
//!
//! Blocks that a file has already cost the file system less than half of what new ones cost, and a sync of them has nothing to tell of the
//! file itself. Records of the old segment have another salt than those of the new one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::folder;
use super::segment::Segment;
use crate::failpoint;

/// The name of the file while it is no segment. It is not read then; one that a crash left behind goes at the next start.
const NAME: &str = "spare";

/// A file with room for a segment.
#[derive(Debug)]
pub(super) struct Spare {
    path: PathBuf,
    /// It was a segment before.
    pub(super) over: bool,
}

impl Spare {
    /// Deletes what an earlier process has left.
    pub(super) fn clear(dir: &Path) -> io::Result<()> {
        match std::fs::remove_file(dir.join(NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes a new file.
    pub(super) fn make(dir: &Path) -> io::Result<Self> {
        // One that is there is what is left of a try that failed.
        Self::clear(dir)?;
        let path = dir.join(NAME);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        failpoint::hit("spool.segment_made")?;
        file.sync_all()?;
        Ok(Self { path, over: false })
    }

    /// Takes the file of a dead segment, of which at most `len` octets are kept: a long batch at its end is not paid for again and again. None
    /// where an earlier try took it away already.
    pub(super) fn keep(dir: &Path, segment: &Segment, len: u64) -> io::Result<Option<Self>> {
        let path = dir.join(NAME);
        let kept = segment.rename(&path)?;
        failpoint::pass("spool.segment_kept");
        // Before the file changes: its old name, come back after a crash, would stand for a cut segment, or for a newer one out of its turn.
        folder::sync(dir)?;
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

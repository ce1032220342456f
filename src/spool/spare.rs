//! The file of one dead segment, kept to be written over as the next one.
//!
//! Blocks that a file has already cost the file system less than half of what new ones cost, and a sync of them has nothing to tell of the
//! file itself. Records of the old segment have another salt than those of the new one.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::segment::Segment;
use crate::failpoint;

/// The name of the file while it is no segment. It is not read then; one that a crash left behind goes at the next start.
const NAME: &str = "spare";

/// A file with room for a segment.
#[derive(Debug)]
pub(super) struct Spare(PathBuf);

impl Spare {
    /// Deletes what an earlier process has left.
    pub(super) fn clear(dir: &Path) -> io::Result<()> {
        match std::fs::remove_file(dir.join(NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes the file of a dead segment, of which at most `len` octets are kept: a long batch at its end is not paid for again and again.
    pub(super) fn keep(dir: &Path, segment: &Segment, len: u64) -> io::Result<Self> {
        let path = dir.join(NAME);
        segment.rename(&path)?;
        failpoint::pass("spool.segment_kept");
        if segment.len()? > len {
            segment.truncate(len)?;
        }
        Ok(Self(path))
    }

    /// The file, and its path.
    pub(super) fn open(&self) -> io::Result<(File, &Path)> {
        let file = OpenOptions::new().read(true).write(true).open(&self.0)?;
        Ok((file, &self.0))
    }
}

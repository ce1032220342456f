//! Room that is kept for the ends of messages: a file that is given up when the disk is full.
//!
//! What was delivered has to be written down, or it would be delivered again; and a start needs a little room, too. So with a full disk the queue
//! drains, while mail is refused. The file is made again once there is room for it beside all else.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use crate::failpoint;
use crate::files;

/// Bytes for the ends of messages: tens of thousands of deliveries, or hundreds of reports.
pub const ENDS: u64 = 2 * 1024 * 1024;
/// The name of the file in the folder of the log.
const NAME: &str = "reserve";

/// The room that is kept.
#[derive(Debug, Clone)]
pub struct Reserve(PathBuf);

impl Reserve {
    /// What is kept in the folder of a log, which need not be there yet.
    #[must_use]
    pub fn of(spool: &Path) -> Self {
        Self(spool.join(NAME))
    }

    /// Gives the room to whoever writes next; false if there is none kept.
    #[must_use]
    pub fn give_up(&self) -> bool {
        let given = std::fs::remove_file(&self.0);
        failpoint::pass("spool.reserve_given");
        match given {
            Ok(()) => {
                tracing::warn!(
                    event = "reserve_given",
                    "the disk is full: what was kept for the ends of messages is used now"
                );
                true
            }
            Err(_) => false,
        }
    }

    /// Whether room is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.0.exists()
    }

    /// Keeps `bytes`, if there is none kept, and if `beyond` are free beside them.
    ///
    /// # Errors
    /// The disk. Nothing is kept then.
    pub fn keep(&self, bytes: u64, beyond: u64) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or_else(|| Path::new("."));
        if self.is_kept() || files::free_space(folder)? < bytes.saturating_add(beyond) {
            return Ok(());
        }
        self.make(bytes).inspect_err(|_| {
            // Part of it is no use to anybody.
            let _ = std::fs::remove_file(&self.0);
        })
    }

    fn make(&self, bytes: u64) -> io::Result<()> {
        let mut file = files::private_file()
            .write(true)
            .create_new(true)
            .open(&self.0)?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes) {
            Err(Errno::OPNOTSUPP) => {
                let block = [0; 64 * 1024];
                for _ in 0..bytes.div_ceil(block.len() as u64) {
                    file.write_all(&block)?;
                }
                file.sync_all()
            }
            done => Ok(done?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h175_room_is_kept_once_and_given_once() {
        let dir = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(dir.path());
        assert!(!reserve.give_up());
        reserve.keep(100_000, u64::MAX / 2).unwrap();
        assert!(!reserve.is_kept(), "there is not that much room");
        for _ in 0..2 {
            reserve.keep(100_000, 0).unwrap();
            let known = std::fs::metadata(dir.path().join(NAME)).unwrap();
            assert!(known.len() >= 100_000);
        }
        assert!(reserve.give_up());
        assert!(!reserve.give_up());
    }
}

//! May more mail be taken? Looks at free disk and inodes, at most once a second.
//!
//! The watermark is also the reserve: above it entries are taken; below it only the small records that end them are written, so that
//! delivery goes on and makes room.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::SpoolError;
use super::reserve::{ENDS, Reserve};
use crate::failpoint;

/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(1);

/// The watermark of one folder.
pub(super) struct Watermark {
    dir: PathBuf,
    min_bytes: u64,
    min_inodes: u64,
    last: Mutex<Option<(Instant, Result<(), SpoolError>)>>,
}

impl Watermark {
    pub(super) fn new(dir: PathBuf, min_bytes: u64, min_inodes: u64) -> Self {
        Self {
            dir,
            min_bytes,
            min_inodes,
            last: Mutex::new(None),
        }
    }

    /// `Full` below the watermark.
    pub(super) fn check(&self) -> Result<(), SpoolError> {
        let Ok(mut last) = self.last.lock() else {
            return self.look();
        };
        match last.as_ref() {
            Some((at, answer)) if at.elapsed() < FRESH => answer.clone(),
            _ => {
                let answer = self.look();
                *last = Some((Instant::now(), answer.clone()));
                answer
            }
        }
    }

    fn look(&self) -> Result<(), SpoolError> {
        let disk = rustix::fs::statvfs(&self.dir)
            .map_err(|error| SpoolError::Unhealthy(format!("{}: {error}", self.dir.display())))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let free = failpoint::number("spool.free_bytes", free);
        let free_inodes = failpoint::number("spool.free_inodes", disk.f_favail);
        // What was given up for the ends of messages is not for new mail.
        let given = if Reserve::of(&self.dir).is_kept() {
            0
        } else {
            ENDS
        };
        let wanted = self.min_bytes.saturating_add(given);
        if self.min_bytes > 0 && free < wanted {
            return Err(SpoolError::Full(format!(
                "{free} bytes free, {wanted} wanted"
            )));
        }
        // Some file systems have no fixed number of inodes and say 0 of 0.
        if disk.f_files > 0 && free_inodes < self.min_inodes {
            return Err(SpoolError::Full(format!(
                "{free_inodes} inodes free, {} wanted",
                self.min_inodes
            )));
        }
        Ok(())
    }
}

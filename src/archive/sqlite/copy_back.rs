//! The log of changes ([WAL](https://www.sqlite.org/wal.html#ckpt)) is copied back into the tables beside the batches, not within one of them: a
//! message that comes meanwhile is seen as soon as any other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use rusqlite::Connection;

use crate::archive::ArchiveError;

/// Messages and states that are recorded between two times: a page that is changed again and again is copied once.
const ROWS: usize = 4_096;
/// Pages of 4 KiB after which a commit copies back by itself, should none of this have happened.
pub(super) const MOST_PAGES: u32 = 32_768;

/// A connection for that alone.
pub(super) struct CopyBack {
    connection: Mutex<Connection>,
    rows: AtomicUsize,
}

impl CopyBack {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
            rows: AtomicUsize::new(0),
        }
    }

    /// Counts what was recorded; true: it is time.
    pub(super) fn is_due(&self, recorded: usize) -> bool {
        let before = self.rows.fetch_add(recorded, Ordering::Relaxed);
        before + recorded >= ROWS
    }

    /// Copies what is in the log by now, and then, while nobody writes, the little that came meanwhile: only a log that is copied as a whole begins anew.
    ///
    /// # Errors
    /// The disk's. What is in the log stays there, and is read from there.
    pub(super) fn run(&self, writer: &Mutex<Connection>) -> Result<(), ArchiveError> {
        let connection = match self.connection.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Another thread is at it.
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        self.rows.store(0, Ordering::Relaxed);
        copy(&connection)?;
        copy(&writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// As much as can be copied without waiting for anybody.
fn copy(connection: &Connection) -> Result<(), ArchiveError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

//! What is being delivered at this moment: a file of slots, one for each attempt under way, each with the id of its entry or zero.
//!
//! It is written in place and never synced, so that it costs a microsecond: it outlives the process and not the machine. It only tells, at
//! the next start, which messages may arrive twice; the log alone says what is delivered.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::postgres::Attempt;
use crate::mail::QueueId;

/// Bytes of a slot.
const SLOT: usize = 8;
/// Slots; attempts beyond are not noted.
const SLOTS: usize = 4_096;

/// The slots of a running spool.
pub(super) struct InFlightSlots {
    file: File,
    free: Mutex<Vec<usize>>,
}

impl InFlightSlots {
    /// Opens the file in `dir`, made if it is missing, and returns what an earlier process left in it. All slots are free then.
    pub(super) fn open(dir: &Path) -> io::Result<(Arc<Self>, Vec<QueueId>)> {
        let path = dir.join("flights");
        let left = match std::fs::read(&path) {
            Ok(bytes) => bytes.chunks_exact(SLOT).filter_map(parse).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let file = File::options()
            .create(true)
            // The room that it has is room on a disk that may be full.
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        // Room for all of them now: no attempt waits for a disk that is full.
        file.write_all_at(&[0; SLOT * SLOTS], 0)?;
        let flights = Self {
            file,
            free: Mutex::new((0..SLOTS).rev().collect()),
        };
        Ok((Arc::new(flights), left))
    }

    /// Notes that an attempt for `id` is under way.
    pub(super) fn take(self: &Arc<Self>, id: QueueId) -> InFlight {
        let slot = self.free().pop();
        self.write(slot, id.0);
        let taken = Taken {
            flights: self.clone(),
            slot,
        };
        InFlight {
            _noted: Noted::Slot { _taken: taken },
        }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, slot: Option<usize>, id: u64) {
        if let Some(slot) = slot {
            // A failure costs a count after the next crash, nothing else.
            let _ = self
                .file
                .write_all_at(&id.to_le_bytes(), (slot * SLOT) as u64);
        }
    }
}

fn parse(slot: &[u8]) -> Option<QueueId> {
    let id = u64::from_le_bytes(slot.try_into().ok()?);
    (id != 0).then_some(QueueId(id))
}

/// An attempt under way, until it is dropped.
pub struct InFlight {
    _noted: Noted,
}

/// Where it is noted.
enum Noted {
    Slot { _taken: Taken },
    Shard { _attempt: Attempt },
}

/// A slot that is taken.
struct Taken {
    flights: Arc<InFlightSlots>,
    slot: Option<usize>,
}

impl InFlight {
    /// One that a shard's owner has noted.
    pub(super) fn on_shard(attempt: Attempt) -> Self {
        Self {
            _noted: Noted::Shard { _attempt: attempt },
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.flights.write(self.slot, 0);
        if let Some(slot) = self.slot {
            self.flights.free().push(slot);
        }
    }
}

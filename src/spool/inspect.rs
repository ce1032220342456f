//! [`ReadOnlySpool`]: the log as commands see it while no server runs. Nothing is made, written or repaired.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::index::{Index, RecordPosition};
use super::local::raw_bytes;
use super::quarantine::{DamagedMessage, Quarantine};
use super::recover;
use super::segment::{Access, Segment};
use super::{Entry, SpoolError, content, triage};
use crate::files;
use crate::mail::QueueId;

/// The log of a server that does not run.
pub struct ReadOnlySpool {
    index: Index,
    quarantine: Quarantine,
    /// Entries that wait, with their progress, oldest first.
    pub entries: Vec<Entry>,
    /// Damaged messages that have not ended.
    pub damaged: Vec<DamagedMessage>,
    /// Keeps a server from starting meanwhile; none where no server has ever run.
    _lock: Option<File>,
}

impl ReadOnlySpool {
    /// Reads the log in `dir`; empty where there is none.
    ///
    /// # Errors
    /// `Locked` while a server runs; `Unhealthy` for whatever else keeps it from being read.
    pub fn open(dir: &Path) -> Result<Self, SpoolError> {
        let failed = |error: io::Error| SpoolError::Unhealthy(files::describe(dir, &error));
        let quarantine = Quarantine::of(dir);
        if !dir.try_exists().map_err(failed)? {
            return Ok(Self {
                index: Index::default(),
                quarantine,
                entries: Vec::new(),
                damaged: Vec::new(),
                _lock: None,
            });
        }
        let lock = lock(dir)?;
        let mut recovered =
            recover::read(dir, Access::ReadOnly, Index::default()).map_err(failed)?;
        let heads = std::mem::take(&mut recovered.heads);
        let (mut entries, done) = recover::entries(&recovered.index, heads);
        let damaged = triage::open(
            &quarantine,
            &mut recovered,
            &mut entries,
            &done,
            Access::ReadOnly,
        );
        Ok(Self {
            index: recovered.index,
            quarantine,
            entries,
            damaged,
            _lock: lock,
        })
    }

    /// As [`Self::open`], and nobody else may look meanwhile: a server that keeps its mail elsewhere has the folder.
    ///
    /// # Errors
    /// As of that.
    pub fn open_alone(dir: &Path) -> Result<Self, SpoolError> {
        let mut log = Self::open(dir)?;
        // Of the file that is open: what is shared becomes exclusive.
        if let Some(lock) = &log._lock {
            rustix::fs::flock(lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
                .map_err(|_| SpoolError::Locked(dir.display().to_string()))?;
        }
        log.index = Index::default();
        Ok(log)
    }

    fn place(&self, id: QueueId) -> Option<(RecordPosition, Arc<Segment>)> {
        let live = self.index.get(id)?;
        Some((live.entry, self.index.segment(live.entry.segment)?))
    }

    /// The message of an entry.
    ///
    /// # Errors
    /// `NoSuchEntry`, `Damaged`, `Unhealthy`.
    pub async fn body(&self, id: QueueId) -> Result<Bytes, SpoolError> {
        let (place, segment) = self.place(id).ok_or(SpoolError::NoSuchEntry(id))?;
        content::find(id, place, segment).await?.whole().await
    }

    /// What is left of a message, as it is: of a damaged one that was copied, else of a live one.
    ///
    /// # Errors
    /// `NoSuchEntry`, `Unhealthy`.
    pub fn raw_bytes(&self, id: QueueId) -> Result<Bytes, SpoolError> {
        let read = raw_bytes(&self.quarantine, id, self.place(id));
        read.map_err(|error| SpoolError::Unhealthy(error.to_string()))?
            .map(Bytes::from)
            .ok_or(SpoolError::NoSuchEntry(id))
    }

    /// Damaged messages that are kept to be looked at.
    #[must_use]
    pub const fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }
}

/// Shared with others that look; a running server has it alone.
fn lock(dir: &Path) -> Result<Option<File>, SpoolError> {
    let path = dir.join("lock");
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| SpoolError::Unhealthy(files::describe(&path, &error)))?,
    };
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockShared)
        .map_err(|_| SpoolError::Locked(dir.display().to_string()))?;
    Ok(Some(file))
}

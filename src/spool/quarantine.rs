//! Messages whose bytes have changed on the disk: what is left of each, and what is known of it, under `spool/damaged`.
//!
//! `ID.json` tells what is known, and whether the message was ended; the file that it names has what is left. It is written before the message is
//! ended in the log, and stays until an operator drops it: so the end is told once, whatever crash comes between, and the message is never
//! out of sight.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Entry, segment};
use crate::failpoint;
use crate::files;
use crate::mail::QueueId;

/// A message whose bytes have changed on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedMessage {
    /// Its number.
    pub id: QueueId,
    /// What is known of it; none where its head was lost and nobody else knows.
    pub entry: Option<Entry>,
    /// The file in the same folder that has what is left of it.
    pub file: String,
    /// Whether it has ended: its writer was told, or nobody is to be.
    #[serde(default)]
    pub ended: bool,
    /// Its number is one of two that may have been meant: it is nothing unless others know it.
    #[serde(skip)]
    pub unsure: bool,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Quarantine(PathBuf);

impl Quarantine {
    /// Those beside the log in `dir`.
    pub(super) fn of(dir: &Path) -> Self {
        Self(dir.join("damaged"))
    }

    fn note(&self, id: QueueId) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }

    /// Keeps what is known, and with `bytes` what is left, durably.
    ///
    /// # Errors
    /// The disk.
    pub fn keep(&self, damaged: &DamagedMessage, bytes: Option<&[u8]>) -> io::Result<()> {
        files::create_folder(&self.0)?;
        if let Some(bytes) = bytes {
            write(&self.0.join(&damaged.file), bytes)?;
        }
        let unfinished = self.0.join(format!("{}.unfinished", damaged.id));
        write(&unfinished, &serde_json::to_vec(damaged)?)?;
        std::fs::rename(unfinished, self.note(damaged.id))?;
        segment::sync_folder(&self.0)?;
        if let Some(above) = self.0.parent() {
            segment::sync_folder(above)?;
        }
        failpoint::hit("spool.damaged_kept")
    }

    /// What is known of one; none where it is not among them.
    ///
    /// # Errors
    /// The disk.
    pub fn get(&self, id: QueueId) -> io::Result<Option<DamagedMessage>> {
        match std::fs::read(self.note(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            bytes => Ok(Some(serde_json::from_slice(&bytes?)?)),
        }
    }

    /// Everything that is kept, by id. What cannot be read is told and passed over.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<DamagedMessage>> {
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|kind| kind != "json") {
                continue;
            }
            let read = std::fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
            match read {
                Ok(damaged) => found.push(damaged),
                Err(error) => {
                    tracing::error!(event = "spool_damaged", file = %path.display(), %error, "what is known of a damaged message cannot be read");
                }
            }
        }
        found.sort_by_key(|damaged: &DamagedMessage| damaged.id);
        Ok(found)
    }

    /// The bytes that are left of one; none where it is not among them.
    ///
    /// # Errors
    /// The disk.
    pub fn bytes(&self, id: QueueId) -> io::Result<Option<Vec<u8>>> {
        match self.get(id)? {
            None => Ok(None),
            Some(damaged) => std::fs::read(self.0.join(damaged.file)).map(Some),
        }
    }

    /// Notes that one has ended.
    ///
    /// # Errors
    /// The disk; it is noted again after the next start.
    pub fn end(&self, id: QueueId) -> io::Result<()> {
        match self.get(id)? {
            Some(damaged) if !damaged.ended => self.keep(
                &DamagedMessage {
                    ended: true,
                    ..damaged
                },
                None,
            ),
            _ => Ok(()),
        }
    }

    /// Deletes what is known of one and what is left of it; false where it is not among them.
    ///
    /// # Errors
    /// The disk.
    pub fn forget(&self, id: QueueId) -> io::Result<bool> {
        let Some(damaged) = self.get(id)? else {
            return Ok(false);
        };
        // A stretch of the log may hold what is left of others, too.
        if damaged.file == own_file(id) {
            match std::fs::remove_file(self.0.join(damaged.file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        std::fs::remove_file(self.note(id))?;
        segment::sync_folder(&self.0)?;
        Ok(true)
    }
}

/// The file of a message that was told from others.
pub(super) fn own_file(id: QueueId) -> String {
    format!("{id}.bin")
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = files::private_file()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

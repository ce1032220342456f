//! Room on the disk that is kept for what must be written when it is full.

use std::path::{Path, PathBuf};

use super::StartError;
use crate::config::Config;
use crate::files::{self, Fault};
use crate::spool::{ENDS, Reserve};

/// Bytes that a start needs beside what the stores say.
const START: u64 = 1024 * 1024;

/// What is kept, and for what.
#[derive(Debug, Clone)]
pub(super) struct ReservedSpace {
    reserve: Reserve,
    /// On the same disk.
    data_dir: PathBuf,
    bytes: u64,
    /// What has to be free beside it.
    beyond: u64,
}

impl ReservedSpace {
    /// The room of a configuration, of which `beyond` bytes must be free for new mail.
    pub(super) fn of(config: &Config, beyond: u64) -> Self {
        let stores = ["directory", "state"].map(|name| snapshots(&config.data_dir.join(name)));
        Self {
            reserve: Reserve::of(&config.data_dir.join("spool")),
            data_dir: config.data_dir.clone(),
            bytes: ENDS + 2 * stores.iter().sum::<u64>(),
            beyond,
        }
    }

    /// Gives up what is kept if a start would hardly find room else.
    pub(super) fn prepare(&self, data_dir: &Path) {
        let needed = START + self.bytes.saturating_sub(ENDS);
        if files::free_space(data_dir).is_ok_and(|free| free < needed) {
            let _ = self.reserve.give_up();
        }
    }

    /// Opens something; where that finds no room, once more with what is kept.
    pub(super) fn open<T>(
        &self,
        open: impl Fn() -> Result<T, StartError>,
    ) -> Result<T, StartError> {
        let opened = open();
        let full = opened
            .as_ref()
            .err()
            .and_then(|error| Fault::in_text(&error.text));
        if full.is_some_and(Fault::is_full) && self.reserve.give_up() {
            return open();
        }
        opened
    }

    /// Keeps room again, once there is enough of it, and tells what is left.
    pub(super) fn keep(&self) {
        if let Ok(free) = files::free_space(&self.data_dir) {
            metrics::gauge!("allegromail_disk_free_bytes").set(free as f64);
        }
        if let Err(error) = self.reserve.keep(self.bytes, self.beyond) {
            tracing::debug!(event = "reserve_not_kept", %error);
        }
    }
}

/// Bytes that are free while mail is taken: room for a few of the largest messages, so that 452 comes before a write fails.
#[must_use]
pub const fn min_free(config: &Config) -> u64 {
    3 * config.smtp.max_message_size as u64
}

/// Bytes that sled writes anew when it opens a database.
fn snapshots(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let snapshots = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("snap"));
    let known = snapshots.filter_map(|entry| entry.metadata().ok());
    known.map(|known| known.len()).sum()
}

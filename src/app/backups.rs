//! Exports directory and state now and then, so that a lost store can be made again.
//!
//! The last is written when the server stops. Both in one go, so that what is loaded again belongs together.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::lost;
use super::stores::Stores;
use crate::clock::Clock;
use crate::directory::{Backup, RestorableDirectory, SledState, rows};
use crate::failpoint;
use crate::files::{self, Fault};

/// How often it is looked whether an export is due. Looking costs two comparisons.
const LOOK: Duration = Duration::from_secs(1);
/// Seconds from the start, and between two exports of many changes, that are waited at least.
const SOON: u64 = 60;
/// Seconds between two exports of few changes. Without any there is none: the last one has everything.
const LATE: u64 = 3_600;
/// Bytes that an export leaves free.
const SPARE: u64 = 1024 * 1024;
/// Changes of the directory that are many: more than these nobody wants to load again by hand.
const MANY: u64 = 1_000;

/// Both stores and where their exports go.
pub(super) struct Backups {
    /// The directory without its cache, and where its exports go.
    directory: (Arc<RestorableDirectory>, Backup),
    /// The same for the state.
    state: (Arc<SledState>, Backup),
    /// Where both are.
    data_dir: PathBuf,
    /// Names the exports.
    clock: Arc<dyn Clock>,
    /// What the last export has; none before the first.
    exported: Option<Contents>,
    /// Seconds since the last export, or since the start.
    since: u64,
}

/// How far both stores had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Contents {
    /// Changes of the directory.
    changes: u64,
    /// The revision of the state.
    revision: u64,
}

impl Backups {
    /// Exports of the stores of a relay; none: a database keeps them, and has backups of its own.
    pub(super) fn of(stores: &Stores) -> Option<Self> {
        let local = stores.kept.local()?;
        let exports = |kind| lost::exports(&stores.config, kind);
        Some(Self {
            directory: (local.directory.clone(), exports("directory")),
            state: (local.state.clone(), exports("state")),
            data_dir: stores.config.data_dir.clone(),
            clock: stores.clock.clone(),
            exported: None,
            since: 0,
        })
    }

    /// Works until `shutdown`, and gives itself back for [`at_stop`]; none after a fault of the program.
    pub(super) async fn run(mut self, shutdown: CancellationToken) -> Option<Self> {
        let mut ticks = tokio::time::interval(LOOK);
        // An export of minutes is not followed by a burst of looks.
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Some(self),
                _ = ticks.tick() => {}
            }
            self.since += LOOK.as_secs();
            // Asked before the export is written: changes during it count for the next.
            let Some(contents) = self.due() else {
                continue;
            };
            let work = move || {
                let written = self.write(&AtomicBool::new(false));
                (self, written)
            };
            // Reads whole stores and writes files. `self` goes along and comes back, so there are never two exports at once.
            match tokio::task::spawn_blocking(work).await {
                Ok((back, written)) => {
                    self = back;
                    // One that failed is tried again, also if nothing changes.
                    self.exported = if written {
                        Some(contents)
                    } else {
                        self.exported
                    };
                }
                Err(error) => {
                    tracing::error!(event = "export_panicked", %error);
                    return None;
                }
            }
            self.since = 0;
        }
    }

    /// What an export now would have.
    fn contents(&self) -> Option<Contents> {
        // While the directory is lost, or not loaded, there is nothing to export, and the export that it is made from must stay the newest.
        let directory = self.directory.0.get()?;
        directory.answers().ok()?;
        Some(Contents {
            changes: directory.applied(),
            revision: self.state.0.revision(),
        })
    }

    /// The same, if an export is due.
    fn due(&self) -> Option<Contents> {
        let now = self.contents()?;
        let soon = failpoint::number("app.export_soon", SOON);
        let late = failpoint::number("app.export_late", LATE);
        let due = match self.exported {
            None => self.since >= soon,
            Some(exported) => {
                let many = now.changes >= exported.changes + MANY;
                (many && self.since >= soon) || (now != exported && self.since >= late)
            }
        };
        due.then_some(now)
    }

    /// Writes both, and says whether they stand. A failure leaves the older exports, is told, and is tried again when the next is due. `cut` ends it
    /// as a failure.
    fn write(&self, cut: &AtomicBool) -> bool {
        let now = self.clock.now();
        // What is left of a disk that is nearly full is for mail.
        let wanted = 2 * (self.directory.1.size() + self.state.1.size()) + SPARE;
        if files::free_space(&self.data_dir).is_ok_and(|free| free < wanted) {
            tracing::error!(event = "export_failed", what = "directory and state", error = %Fault::Full);
            return false;
        }
        let told = |what, written: std::io::Result<u64>| {
            match &written {
                Ok(records) => tracing::info!(event = "exported", what, records),
                Err(error) => tracing::error!(event = "export_failed", what, %error),
            }
            written.is_ok()
        };
        let mut all = true;
        if let Some(directory) = self.directory.0.get() {
            let rows = |output: &mut dyn Write| rows(directory, &mut Cuttable { output, cut });
            all &= told("directory", self.directory.1.write(now, rows));
        }
        let rows = |output: &mut dyn Write| self.state.0.export(&mut Cuttable { output, cut });
        all & told("state", self.state.1.write(now, rows))
    }
}

/// Writes a last export within `patience` if anything has changed since the one before: a clean stop leaves nothing that only the stores have.
pub(super) async fn at_stop(task: JoinHandle<Option<Backups>>, patience: Duration) {
    // A task that has panicked has told so.
    let Ok(Some(backups)) = task.await else {
        return;
    };
    let now = backups.contents();
    if now.is_none() || now == backups.exported {
        return;
    }
    let cut = Arc::new(AtomicBool::new(false));
    let written = tokio::task::spawn_blocking({
        let cut = cut.clone();
        move || backups.write(&cut)
    });
    if tokio::time::timeout(patience, written).await.is_err() {
        // What is half written goes, and the older export stays.
        cut.store(true, Ordering::Relaxed);
        tracing::warn!(
            event = "export_cut",
            "the last export stays as old as it is"
        );
    }
}

/// An output that breaks once there is no time any more.
struct Cuttable<'a> {
    output: &'a mut dyn Write,
    cut: &'a AtomicBool,
}

impl Write for Cuttable<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.cut.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("the server stops"));
        }
        self.output.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

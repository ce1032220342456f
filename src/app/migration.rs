//! Moves what a single machine has kept to the database that many nodes share: accounts and orders, what mail has taught, and what was accepted.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;

use super::data_dir;
use super::lost::exports;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, SharedDirectory};
use crate::directory::{
    MoveError, Moved, MovedCounts, MovedRecord, MovedRow, MovedValue, OpenError, PostgresTarget,
    RecordRules, SledDirectory, SledState, import,
};
use crate::files;
use crate::history::{History, HistoryRecord};
use crate::mail::Timestamp;
use crate::masking::MaskedDomains;

/// Rows that are on their way at once, and how often.
const BATCH: usize = 1_000;
const BATCHES: usize = 8;
/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// There is nothing to move, or it cannot be read.
    #[error("{0}")]
    Source(String),
    /// The database.
    #[error(transparent)]
    Target(#[from] MoveError),
}

/// What was moved, or would be.
#[derive(Debug)]
pub struct Migration {
    /// Rows by table.
    pub counts: MovedCounts,
    /// Records that nobody can read, here neither.
    pub unreadable: u64,
    /// A server has the stores open: what was moved is what it exported so long ago, and the database gives no answers yet. None: all of it.
    pub behind: Option<Duration>,
}

/// What is to be moved.
struct Source {
    directory: SledDirectory,
    state: SledState,
    history: History,
    /// The first day whose messages other servers may still report on.
    from: u16,
    behind: Option<Duration>,
    unreadable: u64,
    /// What stores are made again in from exports; gone with it.
    _folder: Option<tempfile::TempDir>,
}

/// Moves what is under `data_dir` to the database of `target`, or with `is_dry` only looks whether that could be. `progress` hears of how many rows were read.
///
/// # Errors
/// [`MigrationError`]; nothing was moved.
pub async fn migrate(
    config: &Config,
    target: &SharedDirectory,
    is_dry: bool,
    progress: impl Fn(u64),
) -> Result<Migration, MigrationError> {
    data_dir::refuse_root(config).map_err(|error| MigrationError::Source(error.0))?;
    let name = format!("{} {}", config.hostname, config.data_dir.display());
    let database = PostgresTarget::new(target.settings.clone(), name);
    // Asked first: to open the stores may take a while.
    database.look().await?;
    let source = Source::open(config).await.map_err(MigrationError::Source)?;
    let (behind, unreadable) = (source.behind, source.unreadable);
    let (sender, rows) = mpsc::channel(BATCHES);
    let reading = tokio::task::spawn_blocking(move || source.send(&Sender::new(sender)));
    let counts = match is_dry {
        true => count(rows, progress).await,
        false => database.take(rows, progress).await,
    };
    // Why it came to no end is known by whoever read.
    let read = reading.await.map_err(io::Error::other).flatten();
    let passed_over = match (read, &counts) {
        (Err(error), Err(MoveError::Broken(_)) | Ok(_)) => {
            return Err(MigrationError::Source(format!(
                "what is kept cannot be read: {error}; nothing was moved"
            )));
        }
        (read, _) => read.unwrap_or_default(),
    };
    Ok(Migration {
        counts: counts?,
        unreadable: unreadable + passed_over,
        behind,
    })
}

/// Takes rows and keeps none.
async fn count(
    mut rows: mpsc::Receiver<Moved>,
    progress: impl Fn(u64),
) -> Result<MovedCounts, MoveError> {
    let (mut counts, mut all) = (MovedCounts::new(), 0);
    while let Some(Moved::Rows(rows)) = rows.recv().await {
        for row in rows {
            *counts.entry(row.table).or_default() += 1;
            all += 1;
        }
        progress(all);
    }
    Ok(counts)
}

impl Source {
    /// Opens the stores, or makes them from the last exports of a server that has them open.
    async fn open(config: &Config) -> Result<Self, String> {
        let folders = ["directory", "state"].map(|kind| config.data_dir.join(kind));
        for folder in &folders {
            match folder.join("db").try_exists() {
                Ok(true) => {}
                Ok(false) => {
                    let folder = folder.display();
                    return Err(format!(
                        "{folder} is not there: name the data_dir of the machine whose accounts are to be moved"
                    ));
                }
                Err(error) => return Err(files::describe(folder, &error)),
            }
        }
        let now = SystemClock.now();
        let kept = u64::from(config.delivery.token_days()) + 1;
        let from = (now.0 / DAY_MS).saturating_sub(kept);
        let history = History::inspect(&config.data_dir.join("trace"));
        let [directory, state] = &folders;
        let opened = SledDirectory::open(directory)
            .and_then(|directory| Ok((directory, SledState::open(state)?)));
        let (directory, state, made) = match opened {
            Ok((directory, state)) => (directory, state, None),
            Err(OpenError::Inaccessible(why)) => {
                let made = Exported::open(config, now).await;
                let (directory, state, made) = made.map_err(|error| {
                    format!("{why}; and where a server has it, its exports are read: {error}")
                })?;
                (directory, state, Some(made))
            }
            Err(error) => {
                return Err(format!(
                    "{error}; start the server once on this machine, which makes it again from its last export"
                ));
            }
        };
        let (behind, unreadable, folder) = match made {
            None => (None, 0, None),
            Some(made) => (Some(made.age), made.bad, Some(made.folder)),
        };
        Ok(Self {
            directory,
            state,
            history,
            from: u16::try_from(from).unwrap_or(u16::MAX),
            behind,
            unreadable,
            _folder: folder,
        })
    }

    /// Sends every row, and returns how many records could not be read.
    fn send(&self, sender: &Sender) -> io::Result<u64> {
        let (mut unreadable, mut batch) = (0, Vec::with_capacity(BATCH));
        let mut take = |record: MovedRecord| match record {
            MovedRecord::Row(row) => {
                batch.push(row);
                if batch.len() >= BATCH {
                    sender.send(Moved::Rows(std::mem::take(&mut batch)))?;
                }
                Ok(())
            }
            MovedRecord::Own => Ok(()),
            MovedRecord::Unreadable => {
                unreadable += 1;
                Ok(())
            }
        };
        self.state.each_moved(&mut take)?;
        self.history
            .accepted(self.from, |line| match record(line) {
                Some(row) => take(MovedRecord::Row(row)),
                None => Ok(()),
            })?;
        self.directory.each_moved(&mut take)?;
        sender.send(Moved::Rows(batch))?;
        let loaded = match (self.behind, self.directory.answers()) {
            (None, Ok(())) => Some("1"),
            _ => Some("0"),
        };
        sender.send(Moved::All { loaded })?;
        Ok(unreadable)
    }
}

/// What a running server has exported.
struct Exported {
    folder: tempfile::TempDir,
    age: Duration,
    /// Lines that today's rules refuse.
    bad: u64,
}

impl Exported {
    async fn open(
        config: &Config,
        now: Timestamp,
    ) -> Result<(SledDirectory, SledState, Self), String> {
        let newest = |kind| {
            let exports = exports(config, kind);
            let newest = exports.newest().map_err(|error| error.to_string())?;
            let none = "there is none yet, a minute after a start there is; or stop the server";
            let newest = newest.ok_or_else(|| none.to_owned())?;
            let written = exports.written_at(&newest).unwrap_or_default();
            Ok::<_, String>((newest, written))
        };
        let ((accounts, one), (taught, other)) = (newest("directory")?, newest("state")?);
        let told =
            |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let open = |path: &Path| File::open(path).map_err(|error| told(path, &error));
        let directory = SledDirectory::open(&folder.path().join("directory"))
            .map_err(|error| error.to_string())?;
        let domains = config.domains.iter().map(|domain| domain.masked.clone());
        let rules = RecordRules {
            domains: MaskedDomains::new(domains.collect()),
            roles: config.policy.roles.clone(),
        };
        let input = BufReader::new(open(&accounts)?);
        let loaded = import(&directory, &rules, input, |_| {}).await;
        let loaded = loaded.map_err(|error| told(&accounts, &error))?;
        let state =
            SledState::open(&folder.path().join("state")).map_err(|error| error.to_string())?;
        let input = BufReader::new(open(&taught)?);
        state.import(input).map_err(|error| told(&taught, &error))?;
        let made = Self {
            folder,
            age: now.since(one.min(other)),
            bad: loaded.bad_lines,
        };
        Ok((directory, state, made))
    }
}

/// What other nodes have to know of a message that was accepted here (`shared_updates.rs` tells them the same of a new one).
fn record(line: HistoryRecord) -> Option<MovedRow> {
    let id = line.id?;
    let day = i32::try_from(line.at.0 / DAY_MS).ok()?;
    let line = HistoryRecord {
        came: None,
        sealed: None,
        hidden: None,
        ..line
    };
    Some(MovedRow {
        table: "records",
        values: vec![
            MovedValue::Long(id.0.cast_signed()),
            MovedValue::Int(day),
            MovedValue::Text(serde_json::to_string(&line).ok()?),
        ],
    })
}

/// The way to the database.
struct Sender(mpsc::Sender<Moved>);

impl Sender {
    const fn new(sender: mpsc::Sender<Moved>) -> Self {
        Self(sender)
    }

    fn send(&self, moved: Moved) -> io::Result<()> {
        let sent = self.0.blocking_send(moved);
        sent.map_err(|_| io::Error::other("nobody takes it"))
    }
}

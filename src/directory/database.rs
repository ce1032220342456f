//! sled with its edges guarded (sled 0.34's `flush` is no fsync on Linux; an I/O error is for good; corruption can panic).
//!
//! After a flush the database file is synced through a handle of our own, since a sync is per file and not per handle. Any error or panic
//! marks the store bad: from then on every answer is [`Unavailable`], until a restart.

use std::any::Any;
use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::FallocateFlags;

use super::Unavailable;
use super::creation::CreationMarker;
use super::flusher::Flusher;
use crate::failpoint;
use crate::files::{self, Fault};

/// Pages that sled keeps in memory, in bytes. Its default of 1 GiB is meant for a machine of its own.
const CACHE: u64 = 32 * 1024 * 1024;
/// The longest value in bytes: far below what sled would put into files that it never syncs.
pub(super) const MAX_VALUE: usize = 16 * 1024;

/// Bytes that stay free when something is written: what sled may write by the way.
const MARGIN: u64 = 1024 * 1024;
/// Bytes behind the end of the file that are its own: what was taken while there was room is written later, when somebody else may have filled the
/// disk, and sled cannot go on after that. Four of its segments.
const AHEAD: u64 = 4 * 512 * 1024;

/// How often and how far apart a locked database is tried.
const LOCK_ATTEMPTS: u32 = 40;
const LOCK_WAIT: std::time::Duration = std::time::Duration::from_millis(50);

/// The key of the record that every database of ours holds.
const MARK: &[u8] = b"!allegromail";

/// Why a database was not opened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// Another process has it, or the system does not let us at it.
    #[error("{0}")]
    Inaccessible(String),
    /// Its contents are lost.
    #[error("{0}")]
    Damaged(String),
}

impl From<OpenError> for Unavailable {
    fn from(broken: OpenError) -> Self {
        Self(broken.to_string())
    }
}

/// An open database.
pub(super) struct Database {
    // First, for it ends first: what it holds of the database must be gone when the database is opened again.
    flusher: Flusher,
    open: Arc<SharedDatabase>,
}

/// What the keeper has, too.
struct SharedDatabase {
    db: sled::Db,
    file: File,
    folder: PathBuf,
    bad: AtomicBool,
    /// How often there was something to bring to the disk.
    brought: AtomicU64,
    /// The bytes of the file that it has room for.
    room: AtomicU64,
}

impl Database {
    /// Opens or makes the database in `folder`; `point` is where tests make that fail.
    pub(super) fn open(folder: &Path, point: &'static str) -> Result<Self, OpenError> {
        let shown = folder.display();
        let out_of_reach =
            |error: std::io::Error| OpenError::Inaccessible(files::describe(folder, &error));
        failpoint::hit(point).map_err(out_of_reach)?;
        let mut creation = CreationMarker::of(folder);
        creation.clear().map_err(out_of_reach)?;
        // That it cannot be looked for does not mean that it is gone.
        let fresh = !folder.join("db").try_exists().map_err(out_of_reach)?;
        if fresh && holds_something(folder).map_err(out_of_reach)? {
            let text = format!(
                "{shown} is not empty and holds no database; move it away, then import the last export"
            );
            return Err(OpenError::Damaged(text));
        }
        if fresh {
            creation.begin().map_err(out_of_reach)?;
        }
        // sled would make it as the umask says.
        files::create_folder(folder).map_err(out_of_reach)?;
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE)
            .mode(sled::Mode::LowSpace)
            // The keeper does that.
            .flush_every_ms(None);
        let db = open_patiently(&config, folder)?;
        // sled opens a file of rubbish as an empty database: everybody would be unknown. The mark, made durable when the
        // folder was made, tells an empty directory from a lost one.
        let marked = catch_unwind(AssertUnwindSafe(|| {
            if fresh {
                db.insert(MARK, b"1")?;
                db.flush().map(|_| true)
            } else {
                db.contains_key(MARK)
            }
        }));
        match marked {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return Err(refused(folder, &"its contents are lost")),
            Ok(Err(error)) => return Err(refused(folder, &error)),
            Err(panic) => return Err(refused(folder, &words(&*panic))),
        }
        let mut open = || -> std::io::Result<File> {
            let file = File::options()
                .read(true)
                .write(true)
                .open(folder.join("db"))?;
            if fresh {
                File::open(folder.join("conf"))?.sync_all()?;
                file.sync_all()?;
                File::open(folder)?.sync_all()?;
                creation.end()?;
            }
            Ok(file)
        };
        let file = open().map_err(out_of_reach)?;
        // The files that sled makes when it opens a database; later it makes none.
        files::repair_modes(folder).map_err(out_of_reach)?;
        let open = Arc::new(SharedDatabase {
            db,
            file,
            folder: folder.to_owned(),
            bad: AtomicBool::new(false),
            brought: AtomicU64::new(0),
            room: AtomicU64::new(0),
        });
        open.take_room();
        let kept = open.clone();
        let flusher = Flusher::start(move || kept.keep()).map_err(out_of_reach)?;
        Ok(Self { flusher, open })
    }

    /// Runs `work` on the database; an error or a panic ends the use of it in this process. What it changes is on the disk soon after, and no
    /// promise before [`Database::sync`].
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&sled::Db) -> sled::Result<T>,
    ) -> Result<T, Unavailable> {
        let done = self.open.with(work);
        self.flusher.wake();
        done
    }

    /// Whether there is room for a change of `bytes`. To be asked first: sled cannot go on after a write that found none, and everything that is
    /// known would be out of reach until a restart.
    pub(super) fn room_for(&self, bytes: usize) -> Result<(), Unavailable> {
        let folder = &self.open.folder;
        // sled writes some of it more than once, and moves other pages meanwhile.
        let wanted = MARGIN + 4 * bytes as u64;
        match files::free_space(folder) {
            Ok(free) if free < wanted => {
                let text = format!("{}: {}", folder.display(), Fault::Full);
                Err(Unavailable(text))
            }
            // What the system does not say is found out by trying.
            _ => Ok(()),
        }
    }

    /// Calls `visit` for every record but the mark, in the order of keys, until it fails.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(&[u8], &[u8]) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let rows = self
            .with(|db| Ok(db.iter()))
            .map_err(std::io::Error::other)?;
        for row in rows {
            let (key, value) = row.map_err(std::io::Error::other)?;
            if key != MARK {
                visit(&key, &value)?;
            }
        }
        Ok(())
    }

    /// A number that grows when something was written: two that are equal have nothing between them, but what is not on the disk yet.
    pub(super) fn revision(&self) -> u64 {
        self.open.brought.load(Ordering::SeqCst)
    }

    /// Makes everything that was written durable.
    pub(super) fn sync(&self) -> Result<(), Unavailable> {
        self.open.flush()?;
        let synced = failpoint::hit("directory.flushed").and_then(|()| self.open.file.sync_data());
        synced.map_err(|error| self.open.spoil(&error))?;
        self.open.take_room();
        failpoint::pass("directory.synced");
        Ok(())
    }
}

impl SharedDatabase {
    fn with<T>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Unavailable> {
        if self.bad.load(Ordering::SeqCst) {
            return Err(Unavailable(
                "an earlier access failed; restart the server".to_owned(),
            ));
        }
        match catch_unwind(AssertUnwindSafe(|| work(&self.db))) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.spoil(&error)),
            Err(panic) => Err(self.spoil(&words(&*panic))),
        }
    }

    /// Hands to the system what was written, and says whether there was anything.
    fn flush(&self) -> Result<bool, Unavailable> {
        let bytes = self.with(|db| db.flush())?;
        if bytes > 0 {
            self.brought.fetch_add(1, Ordering::SeqCst);
        }
        Ok(bytes > 0)
    }

    /// Brings what was written to the disk; nothing is done where nothing was. A failure is told and marks the store bad.
    fn keep(&self) {
        let brought = !self.bad.load(Ordering::SeqCst) && self.flush().unwrap_or(false);
        if brought && let Err(error) = self.file.sync_data() {
            self.spoil(&error);
        }
        self.take_room();
    }

    /// Keeps room behind the end of the file, once half of it has been written to. Where none is to be had, or the file system keeps none, it is asked
    /// for again.
    fn take_room(&self) {
        let Ok(known) = self.file.metadata() else {
            return;
        };
        let length = known.len();
        if self.room.load(Ordering::SeqCst) >= length + AHEAD / 2 {
            return;
        }
        if rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, length, AHEAD).is_ok() {
            self.room.store(length + AHEAD, Ordering::SeqCst);
        }
    }

    fn spoil(&self, error: &dyn std::fmt::Display) -> Unavailable {
        self.bad.store(true, Ordering::SeqCst);
        let text = match Fault::in_text(&error.to_string()) {
            Some(fault) => format!("{fault} ({error})"),
            None => error.to_string(),
        };
        tracing::error!(event = "directory_failed", folder = %self.folder.display(), error = text);
        Unavailable(text)
    }
}

/// Opens the database; a lock is waited for a little, since sled's threads let go of it some time after the last handle.
fn open_patiently(config: &sled::Config, folder: &Path) -> Result<sled::Db, OpenError> {
    let shown = folder.display();
    for attempt in 1.. {
        match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(sled::Error::Io(error))) if error.to_string().contains("lock") => {
                if attempt == LOCK_ATTEMPTS {
                    return Err(OpenError::Inaccessible(format!(
                        "{shown} is in use by another process; is the server running?"
                    )));
                }
                std::thread::sleep(LOCK_WAIT);
            }
            Ok(Err(error)) => return Err(refused(folder, &error)),
            Err(panic) => return Err(refused(folder, &words(&*panic))),
        }
    }
    Err(refused(folder, &"it could not be opened"))
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    format!("sled panicked: {}", text.unwrap_or_default())
}

/// Whether a folder that has no database has anything else.
fn holds_something(folder: &Path) -> std::io::Result<bool> {
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        entries => Ok(entries?.next().transpose()?.is_some()),
    }
}

/// Why a database was not opened. Damage is what is left when everything in the folder can be read and something can be written there.
fn refused(folder: &Path, error: &dyn std::fmt::Display) -> OpenError {
    if Fault::in_text(&error.to_string()).is_some() {
        return OpenError::Inaccessible(files::describe_text(folder, error));
    }
    match probe(folder) {
        Err(error) => OpenError::Inaccessible(files::describe(folder, &error)),
        Ok(()) => damaged(folder, error),
    }
}

/// Reads and writes in a folder as sled would.
fn probe(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            let mut file = File::options().read(true).write(true).open(&path)?;
            std::io::copy(&mut file, &mut std::io::sink())?;
        }
    }
    let path = folder.join("probe");
    let written = files::private_file()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .and_then(|mut file| {
            file.write_all(&[0; 4_096])?;
            file.sync_all()
        });
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

fn damaged(folder: &Path, error: &dyn std::fmt::Display) -> OpenError {
    let shown = folder.display();
    OpenError::Damaged(format!(
        "{shown} cannot be read ({error}); move it away, then import the last export"
    ))
}

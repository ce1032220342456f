//! Brings what a store was told to the disk a moment later, and rests when it was told nothing.
//!
//! sled has a thread of its own for that, which is not used: beside it sled moves pages about to make its file shorter, and counts segments that it has
//! cut off long ago as free ones, for ever. A file that was once twice as long as what lives in it is then written anew without end (sled 0.34.7:
//! `SegmentAccountant::truncate` leaves `segments` as long as it was, and `deactivate_segment` goes by the share of free ones). Without that
//! thread pages move only when others are written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long what was written may wait: what a killed process may lose of a store that nothing else makes durable.
const WAIT: Duration = Duration::from_millis(200);

/// What the thread and its owner share.
#[derive(Default)]
struct WakeSignal {
    /// Somebody was at the store since it was last brought to the disk.
    stirred: AtomicBool,
    ended: Mutex<bool>,
    told: Condvar,
}

impl WakeSignal {
    fn ended(&self) -> MutexGuard<'_, bool> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that sleeps until the store is used.
pub(super) struct Flusher {
    wish: Arc<WakeSignal>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread; `keep` brings the store to the disk, and costs little where there is nothing to bring.
    pub(super) fn start(keep: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let wish = Arc::new(WakeSignal::default());
        let shared = wish.clone();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || run(&shared, keep))?;
        Ok(Self {
            wish,
            thread: Some(thread),
        })
    }

    /// The store was used, and may have changed.
    pub(super) fn wake(&self) {
        if !self.wish.stirred.swap(true, Ordering::SeqCst) {
            let _ended = self.wish.ended();
            self.wish.told.notify_one();
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        *self.wish.ended() = true;
        self.wish.told.notify_one();
        // One that panicked has ended, too.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn run(wish: &WakeSignal, keep: impl Fn()) {
    loop {
        let mut ended = wish.ended();
        while !*ended && !wish.stirred.load(Ordering::SeqCst) {
            ended = wish
                .told
                .wait(ended)
                .unwrap_or_else(PoisonError::into_inner);
        }
        // More is told meanwhile, and brought together with this.
        let (ended, _) = wish
            .told
            .wait_timeout_while(ended, WAIT, |ended| !*ended)
            .unwrap_or_else(PoisonError::into_inner);
        if *ended {
            return;
        }
        drop(ended);
        // Before the work: what comes during it is brought the next time.
        wish.stirred.store(false, Ordering::SeqCst);
        keep();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use crate::directory::database::Database;

    /// Length, time of the last change, and contents of every file.
    fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime, u32)> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let known = entry.metadata().unwrap();
            if known.is_dir() {
                found.extend(files(&entry.path()));
            } else {
                let sum = crc32fast::hash(&fs::read(entry.path()).unwrap());
                let modified = known.modified().unwrap();
                found.insert(entry.path(), (known.len(), modified, sum));
            }
        }
        found
    }

    /// Two looks, fifteen times the wait of the keeper apart.
    #[track_caller]
    fn rests(folder: &Path, when: &str) {
        let before = files(folder);
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(files(folder), before, "written to {when}");
    }

    fn put(disk: &Database, keys: std::ops::Range<u32>, bytes: usize) {
        let value = vec![b'x'; bytes];
        for key in keys {
            disk.with(|db| db.insert(format!("k{key:06}"), value.as_slice()))
                .unwrap();
        }
    }

    fn export(disk: &Database) {
        let mut records = 0;
        disk.each(|_, _| {
            records += 1;
            Ok(())
        })
        .unwrap();
        assert!(records > 0);
    }

    #[test]
    fn h183_a_store_that_nobody_writes_to_rests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let disk = Database::open(&path, "store.opening").unwrap();
        put(&disk, 0..4_000, 8_000);
        disk.sync().unwrap();
        export(&disk);
        rests(&path, "after an import and an export");
        // A file of sixty segments, of which a quarter is wanted.
        for key in 0..3_000 {
            disk.with(|db| db.remove(format!("k{key:06}"))).unwrap();
        }
        disk.sync().unwrap();
        export(&disk);
        rests(&path, "after most was removed");
        for _ in 0..5 {
            put(&disk, 3_000..4_000, 2_000);
            disk.sync().unwrap();
        }
        rests(&path, "after a load that has ended");
        drop(disk);
        let disk = Database::open(&path, "store.opening").unwrap();
        export(&disk);
        rests(&path, "after a restart");
    }

    #[test]
    fn h183_what_nobody_syncs_is_on_the_disk_soon_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let disk = Database::open(&path, "store.opening").unwrap();
        let before = files(&path);
        put(&disk, 0..10, 100);
        let begun = std::time::Instant::now();
        while files(&path) == before || disk.revision() == 0 {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "it was kept in memory"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

//! A start that takes long says so to whoever sits before it. Under a service manager, and in a log, there is nobody.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cli::progress::QUIET;

/// How often it is said again.
const EVERY: Duration = Duration::from_secs(5);

/// A start under way; it says nothing any more once this is dropped.
pub(super) struct Opening {
    ended: Option<Sender<()>>,
    telling: Option<JoinHandle<()>>,
}

/// Tells of the start of a server whose spool is below `data_dir`, where standard error is a terminal. From a thread of its own: opening the stores may
/// keep the runtime's threads busy.
pub(super) fn opening(data_dir: &Path) -> Opening {
    let (ended, wait) = mpsc::channel();
    let spool = data_dir.join("spool");
    let telling = io::stderr().is_terminal().then(|| {
        let tell = move || tell(&spool, &wait);
        std::thread::Builder::new().spawn(tell).ok()
    });
    Opening {
        ended: Some(ended),
        telling: telling.flatten(),
    }
}

fn tell(spool: &Path, wait: &mpsc::Receiver<()>) {
    let (mut waited, mut next) = (Duration::ZERO, QUIET);
    while wait.recv_timeout(next) == Err(RecvTimeoutError::Timeout) {
        waited += next;
        next = EVERY;
        // A line and no bar: the log is written between.
        eprintln!(
            "opening the stores since {} s; {} MB in the spool",
            waited.as_secs(),
            octets(spool) / 1_000_000
        );
    }
}

/// What the files in a folder have together; one that goes meanwhile has none.
fn octets(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let lengths = entries.filter_map(|entry| Some(entry.metadata().ok()?.len()));
    lengths.sum()
}

impl Drop for Opening {
    fn drop(&mut self) {
        drop(self.ended.take());
        let _ = self.telling.take().map(JoinHandle::join);
    }
}

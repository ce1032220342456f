//! Opens the log: locks the folder, reads what is live, and makes the writer ready.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, mpsc};

use super::group_commit::GroupCommit;
use super::in_flight::InFlightSlots;
use super::index::Index;
use super::quarantine::{DamagedMessage, Quarantine};
use super::recover::{self, LogEnd, NO_ID_YET, RecoveredLog, RecoveryReport};
use super::segment::Spare;
use super::segment::{Access, Segment};
use super::watermark::Watermark;
use super::writer::{Checkpoint, SharedState, Writer};
use super::{CommittedEntry, Entry, LocalSpool, SpoolError, segment, triage};
use crate::backpressure::Backpressure;
use crate::failpoint;
use crate::files;
use crate::mail::QueueId;

/// Where the log is and how large things may become.
#[derive(Debug, Clone)]
pub struct SpoolSettings {
    /// The folder of the segments; made if it is missing.
    pub dir: PathBuf,
    /// Size in bytes at which a new segment is begun.
    pub segment_bytes: u64,
    /// Free bytes below which no mail is taken.
    pub min_free_bytes: u64,
    /// Free inodes below which no mail is taken.
    pub min_free_inodes: u64,
    /// The first id where the log names none: it is new, or all of it is damaged.
    pub first_id: u64,
    /// Room in memory for what waits for its first attempt.
    pub flow: Arc<Backpressure>,
    /// How many octets the reader of the log ([`LogReader`](super::LogReader)) may be behind before no mail is taken; what it has not had stays in the
    /// log. None: nobody reads it.
    pub most_unread: Option<u64>,
}

/// A spool that was opened.
pub struct Opened {
    /// The spool.
    pub spool: Arc<LocalSpool>,
    /// Entries as they become durable, for the queue.
    pub committed: mpsc::UnboundedReceiver<CommittedEntry>,
    /// Entries that wait from before, with their progress, oldest first.
    pub recovered: Vec<Entry>,
    /// Entries that are done and still stand in the log: what they taught may not have reached the state store.
    pub done: Vec<Entry>,
    /// Damaged messages that have not ended yet: their writers are to be told.
    pub damaged: Vec<DamagedMessage>,
    /// What the start found.
    pub report: RecoveryReport,
}

impl LocalSpool {
    /// Opens the log, reads what is live, and starts the writer. `checkpoint` is called before a segment is deleted.
    ///
    /// # Errors
    /// `Locked` if another process has it; `Unhealthy` for whatever else keeps it from being read.
    pub fn open(settings: SpoolSettings, checkpoint: Checkpoint) -> Result<Opened, SpoolError> {
        let dir = &settings.dir;
        let failed = |error: io::Error| SpoolError::Unhealthy(files::describe(dir, &error));
        failpoint::hit("spool.opening").map_err(failed)?;
        files::create_folder(dir).map_err(failed)?;
        let lock = lock(dir)?;
        let mut recovered = read(dir, settings.most_unread.is_some()).map_err(failed)?;
        let (flights, left) = InFlightSlots::open(dir).map_err(failed)?;
        let mut report = recovered.report;
        report.in_flight = in_flight(&recovered.index, &left);
        let heads = std::mem::take(&mut recovered.heads);
        let (mut waiting, done) = recover::entries(&recovered.index, heads);
        let quarantine = Quarantine::of(dir);
        let damaged = triage::open(
            &quarantine,
            &mut recovered,
            &mut waiting,
            &done,
            Access::Repair,
        );
        if recovered.next_id == NO_ID_YET {
            recovered.next_id = settings.first_id;
        }
        report.damaged_entries = damaged.len();
        let (writer, committed) = writer(&settings, checkpoint, recovered).map_err(failed)?;
        let (requests, receiver) = std::sync::mpsc::channel();
        let shared = writer.shared.clone();
        let thread = std::thread::Builder::new()
            .name("spool".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(failed)?;
        let watermark = Watermark::new(
            dir.clone(),
            settings.min_free_bytes,
            settings.min_free_inodes,
        );
        let spool = Self {
            shared,
            watermark,
            flow: settings.flow,
            flights,
            quarantine,
            most_unread: settings.most_unread,
            requests: Mutex::new(Some(requests)),
            thread: Mutex::new(Some(thread)),
            _lock: lock,
        };
        Ok(Opened {
            spool: Arc::new(spool),
            committed,
            recovered: waiting,
            done,
            damaged,
            report,
        })
    }
}

/// Reads the log, without what a crash left that is none of it.
pub(super) fn read(dir: &Path, followed: bool) -> io::Result<RecoveredLog> {
    Spare::clear(dir)?;
    let index = match followed {
        true => Index::followed(),
        false => Index::default(),
    };
    recover::read(dir, Access::Repair, index)
}

/// The writer of a log that was read, and where it announces what has become durable.
pub(super) fn writer(
    settings: &SpoolSettings,
    checkpoint: Checkpoint,
    recovered: RecoveredLog,
) -> io::Result<(Writer, mpsc::UnboundedReceiver<CommittedEntry>)> {
    let (dir, next_id) = (&settings.dir, recovered.next_id);
    let mut index = recovered.index;
    let (active, end) = match recovered.last {
        LogEnd::Segment(segment, end) => (segment, end),
        LogEnd::New(number) => {
            let segment = Segment::begin(Spare::make(dir)?, dir, number, next_id)?;
            segment::sync_folder(dir)?;
            let segment = Arc::new(segment);
            index.add_segment(segment.clone(), segment::HEAD_SIZE);
            (segment, segment::HEAD_SIZE)
        }
    };
    let (announce, committed) = mpsc::unbounded_channel();
    let marked = segment::ends_with_mark(&active, end)?;
    let mut writer = Writer {
        dir: dir.clone(),
        shared: Arc::new(SharedState {
            index: Mutex::new(index),
            next_id: AtomicU64::new(next_id),
            unhealthy: AtomicBool::new(false),
            grown: Notify::new(),
        }),
        active,
        end,
        segment_bytes: settings.segment_bytes,
        marked,
        spare: None,
        announce,
        checkpoint,
        group_commit: GroupCommit::default(),
    };
    writer.end_unfinished(recovered.unfinished);
    Ok((writer, committed))
}

/// Tells and counts what was being delivered when the last process ended and is not done.
fn in_flight(index: &Index, left: &[QueueId]) -> usize {
    let live = left.iter().filter(|id| index.get(**id).is_some());
    live.inspect(|id| tracing::warn!(event = "possible_duplicate", queue_id = %id, "it was being delivered when the server ended"))
        .count()
}

fn lock(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join("lock");
    let failed = |error: io::Error| SpoolError::Unhealthy(files::describe(&path, &error));
    let file = files::private_file()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| SpoolError::Locked(dir.display().to_string()))?;
    Ok(file)
}

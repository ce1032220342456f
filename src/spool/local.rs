//! [`LocalSpool`]: the log on local disk behind the [`Spool`] seam.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::flight::{Flight, Flights};
use super::index::Index;
use super::record::{Kind, Record};
use super::recover::{self, Recovery};
use super::segment::Segment;
use super::spare::Spare;
use super::watermark::Watermark;
use super::writer::{Checkpoint, Request, Shared, Writer};
use super::{Answer, Committed, Entry, Settlement, Spool, SpoolError};
use crate::failpoint;
use crate::mail::QueueId;

/// Where the log is and how large things may become.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of the segments; made if it is missing.
    pub dir: PathBuf,
    /// Size in octets at which a new segment is begun.
    pub segment_bytes: u64,
    /// Free octets below which no mail is taken.
    pub min_free_bytes: u64,
    /// Free inodes below which no mail is taken.
    pub min_free_inodes: u64,
}

/// The log on local disk.
pub struct LocalSpool {
    shared: Arc<Shared>,
    watermark: Watermark,
    flights: Arc<Flights>,
    requests: Mutex<Option<Sender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Held for as long as the process uses the folder.
    _lock: File,
}

/// A spool that was opened.
pub struct Opened {
    /// The spool.
    pub spool: Arc<LocalSpool>,
    /// Entries as they become durable, for the queue.
    pub committed: mpsc::UnboundedReceiver<Committed>,
    /// Entries that wait from before, with their progress, oldest first.
    pub recovered: Vec<Entry>,
    /// Entries that are done and still stand in the log: what they taught may not have reached the state store.
    pub done: Vec<Entry>,
    /// What the start found.
    pub report: Recovery,
}

impl LocalSpool {
    /// Opens the log, reads what is live, and starts the writer. `checkpoint` is called before a segment is deleted.
    ///
    /// # Errors
    /// `Locked` if another process has it; `Unhealthy` for whatever else keeps it from being read.
    pub fn open(settings: Settings, checkpoint: Checkpoint) -> Result<Opened, SpoolError> {
        let dir = &settings.dir;
        let failed =
            |error: std::io::Error| SpoolError::Unhealthy(format!("{}: {error}", dir.display()));
        std::fs::create_dir_all(dir).map_err(failed)?;
        let lock = lock(dir)?;
        Spare::clear(dir).map_err(failed)?;
        let mut recovered = recover::read(dir).map_err(failed)?;
        let (flights, left) = Flights::open(dir).map_err(failed)?;
        recovered.report.in_flight = in_flight(&recovered.index, &left);
        let (entries, done) = recover::entries(&recovered.index, recovered.heads);
        let mut index = recovered.index;
        let active = match index.segments.last_key_value() {
            Some((_, usage)) => (usage.segment.clone(), usage.size),
            None => {
                let (first, end) = Segment::begin(dir, 1, recovered.next_id).map_err(failed)?;
                let first = Arc::new(first);
                index.add_segment(first.clone(), end);
                (first, end)
            }
        };
        let shared = Arc::new(Shared {
            index: Mutex::new(index),
            next_id: AtomicU64::new(recovered.next_id),
            unhealthy: AtomicBool::new(false),
        });
        let (announce, committed) = mpsc::unbounded_channel();
        let (requests, receiver) = std::sync::mpsc::channel();
        let writer = Writer {
            dir: dir.clone(),
            shared: shared.clone(),
            active: active.0,
            end: active.1,
            segment_bytes: settings.segment_bytes,
            spare: None,
            announce,
            checkpoint,
        };
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
            flights,
            requests: Mutex::new(Some(requests)),
            thread: Mutex::new(Some(thread)),
            _lock: lock,
        };
        Ok(Opened {
            spool: Arc::new(spool),
            committed,
            recovered: entries,
            done,
            report: recovered.report,
        })
    }

    /// Writes what was asked for so far and stops. Later requests are refused.
    pub fn close(&self) {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(event = "spool_writer_panicked");
        }
    }

    /// Hands a request to the writer; false if it has stopped.
    fn hand_over(&self, request: Request) -> bool {
        let sender = self
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        failpoint::pass("spool.requested");
        sender.is_some_and(|sender| sender.send(request).is_ok())
    }

    fn request(&self, records: Vec<Record>, announce: Vec<Committed>) -> Answer<'_, ()> {
        let (done, answer) = oneshot::channel();
        let sent = self.hand_over(Request {
            records,
            announce,
            done,
        });
        Box::pin(async move {
            if failpoint::fails("spool.acknowledge_early") {
                return Ok(());
            }
            let gone = || SpoolError::Unhealthy("the writer has stopped".to_owned());
            if !sent {
                return Err(gone());
            }
            answer.await.map_err(|_| gone())?
        })
    }
}

impl Drop for LocalSpool {
    fn drop(&mut self) {
        self.close();
    }
}

/// Tells and counts what was being delivered when the last process ended and is not done.
fn in_flight(index: &Index, left: &[QueueId]) -> usize {
    let live = left.iter().filter(|id| index.get(**id).is_some());
    live.inspect(|id| tracing::warn!(event = "possible_duplicate", queue_id = %id, "it was being delivered when the server ended"))
        .count()
}

fn lock(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join("lock");
    let failed =
        |error: std::io::Error| SpoolError::Unhealthy(format!("{}: {error}", path.display()));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| SpoolError::Locked(dir.display().to_string()))?;
    Ok(file)
}

fn head(value: &impl serde::Serialize) -> Result<Vec<u8>, SpoolError> {
    serde_json::to_vec(value)
        .map_err(|error| SpoolError::Full(format!("an entry cannot be written: {error}")))
}

fn entry_record(committed: &Committed) -> Result<Record, SpoolError> {
    let entry = &committed.entry;
    Ok(Record {
        kind: Kind::Entry,
        id: entry.id,
        head: head(entry)?,
        body: committed.body.clone(),
    })
}

fn settled_record(id: QueueId, settlement: &Settlement) -> Result<Record, SpoolError> {
    let (kind, head) = match settlement {
        Settlement::Done => (Kind::Done, Vec::new()),
        Settlement::Deferred(progress) => (Kind::Progress, head(progress)?),
    };
    Ok(Record {
        kind,
        id,
        head,
        body: Bytes::new(),
    })
}

impl Spool for LocalSpool {
    fn next_id(&self) -> QueueId {
        QueueId(self.shared.next_id.fetch_add(1, Ordering::SeqCst))
    }

    fn commit(&self, entries: Vec<Committed>) -> Answer<'_, ()> {
        match entries.iter().map(entry_record).collect() {
            Ok(records) => self.request(records, entries),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn settle(&self, id: QueueId, settlement: Settlement) -> Answer<'_, ()> {
        match settled_record(id, &settlement) {
            Ok(record) => self.request(vec![record], Vec::new()),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn report(&self, about: QueueId, settlement: Settlement, report: Committed) -> Answer<'_, ()> {
        let records = entry_record(&report)
            .and_then(|record| Ok(vec![record, settled_record(about, &settlement)?]));
        match records {
            Ok(records) => self.request(records, vec![report]),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn begin(&self, id: QueueId) -> Result<Flight, SpoolError> {
        if self.shared.unhealthy.load(Ordering::SeqCst) {
            return Err(SpoolError::Unhealthy(
                "a write failed; restart the server".to_owned(),
            ));
        }
        Ok(self.flights.take(id))
    }

    fn body(&self, id: QueueId) -> Answer<'_, Bytes> {
        let found = {
            let index = self.shared.index();
            index
                .get(id)
                .and_then(|live| Some((live.entry, index.segment(live.entry.segment)?)))
        };
        Box::pin(async move {
            let (place, segment) = found.ok_or(SpoolError::NoSuchEntry(id))?;
            let read = tokio::task::spawn_blocking(move || -> std::io::Result<Option<Vec<u8>>> {
                let Some(read) = segment.record(place.at, place.at + place.size)? else {
                    return Ok(None);
                };
                segment.body(place.at, &read.fixed)
            });
            let read = read
                .await
                .map_err(|error| SpoolError::Unhealthy(error.to_string()))?;
            let body = read.map_err(|error| SpoolError::Unhealthy(error.to_string()))?;
            body.map(Bytes::from).ok_or(SpoolError::Damaged(id))
        })
    }

    fn ready(&self) -> Result<(), SpoolError> {
        if self.shared.unhealthy.load(Ordering::SeqCst) {
            return Err(SpoolError::Unhealthy(
                "a write failed; restart the server".to_owned(),
            ));
        }
        self.watermark.check()
    }
}

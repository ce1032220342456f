//! The one thread that writes: takes what is queued as one batch, writes it, syncs once, answers everybody.
//!
//! While one sync runs, the next batch gathers by itself; where many come, it waits half a millisecond for more ([`GroupCommit`]). A failed sync is the end of acknowledging in this
//! process (fsyncgate): what the kernel dropped cannot be known, so only a restart that reads the log may go on.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};

use super::group_commit::GroupCommit;
use super::index::{Index, RecordPosition};
use super::record::Boundaries;
use super::record::{END, Kind, Record};
use super::request::{self, Request};
use super::reserve::Reserve;
use super::segment::Segment;
use super::segment::Spare;
use super::{CommittedEntry, SpoolError};
use crate::failpoint;
use crate::mail::QueueId;

/// The most requests of one batch.
const MAX_BATCH: usize = 512;
/// The most bytes of one batch.
const MAX_BATCH_BYTES: u64 = 32 * 1024 * 1024;

/// What the writer shares with the rest of the spool.
pub(super) struct SharedState {
    pub(super) index: Mutex<Index>,
    pub(super) next_id: AtomicU64,
    pub(super) unhealthy: AtomicBool,
    /// Tells the reader of the log that there is more.
    pub(super) grown: Notify,
}

impl SharedState {
    /// The index. A panic elsewhere while it was held leaves it whole: every change of it is a single step.
    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the spool unhealthy if its writer panics.
struct PanicGuard(Arc<SharedState>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.unhealthy.store(true, Ordering::SeqCst);
            tracing::error!(event = "spool_unhealthy", what = "the writer panicked");
        }
    }
}

/// Called before a segment is deleted: what was written through the log must then be durable elsewhere.
pub(super) type Checkpoint = Box<dyn Fn() -> Result<(), String> + Send>;

/// The writer's own state.
pub(super) struct Writer {
    pub(super) dir: PathBuf,
    pub(super) shared: Arc<SharedState>,
    pub(super) active: Arc<Segment>,
    pub(super) end: u64,
    pub(super) segment_bytes: u64,
    /// The last batch is a mark that all before it was synced.
    pub(super) marked: bool,
    /// The file for the next segment, where one is left over.
    pub(super) spare: Option<Spare>,
    pub(super) announce: mpsc::UnboundedSender<CommittedEntry>,
    pub(super) checkpoint: Checkpoint,
    pub(super) group_commit: GroupCommit,
}

impl Writer {
    /// Works until every sender of requests is gone.
    pub(super) fn run(mut self, requests: &Receiver<Request>) {
        let _alarm = PanicGuard(self.shared.clone());
        while let Ok(first) = requests.recv() {
            let mut bytes = first.size();
            let mut batch = vec![first];
            match self.group_commit.wait() {
                Some(wait) => std::thread::sleep(wait),
                // Whoever is ready to run may add to the batch: on a busy machine that saves syncs, on an idle one it costs nothing.
                None => std::thread::yield_now(),
            }
            while batch.len() < MAX_BATCH && bytes < MAX_BATCH_BYTES {
                match requests.try_recv() {
                    Ok(request) => {
                        bytes += request.size();
                        batch.push(request);
                    }
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            self.group_commit.gathered(batch.len());
            failpoint::pass("spool.batch_gathered");
            self.commit(batch);
            self.compact();
        }
        self.leave();
    }

    /// Ends the log with a batch of its own, so that the next start knows all before it to be synced, and cuts off what an earlier use of the file
    /// left behind that.
    fn leave(&mut self) {
        if self.shared.unhealthy.load(Ordering::SeqCst) {
            return;
        }
        let marked = if self.marked { Ok(()) } else { self.mark() };
        let cut = || self.active.truncate(self.end).map_err(|e| e.to_string());
        if let Err(error) = marked.map_err(|e| e.to_string()).and_then(|()| cut()) {
            tracing::warn!(event = "spool_tidy_failed", %error, "the next start passes old records over");
        }
    }

    fn mark(&mut self) -> Result<(), SpoolError> {
        let next = self.shared.next_id.load(Ordering::SeqCst);
        self.write(&[Request::of(Record::sequence(next))])
    }

    fn commit(&mut self, batch: Vec<Request>) {
        let result = if self.shared.unhealthy.load(Ordering::SeqCst) {
            Err(SpoolError::Unhealthy(
                "an earlier write failed; restart the server".to_owned(),
            ))
        } else {
            self.write(&batch)
        };
        let Err(SpoolError::Full(_)) = &result else {
            self.answer(batch, &result);
            return;
        };
        // New mail is refused. What ends messages or puts them off gets the room that is kept for it, or the queue would never drain.
        let (ends, mail): (Vec<Request>, Vec<Request>) =
            batch.into_iter().partition(Request::settles);
        let alone = !mail.is_empty() && !ends.is_empty();
        self.answer(mail, &result);
        let mut result = if alone { self.write(&ends) } else { result };
        while matches!(&result, Err(SpoolError::Full(_))) && !ends.is_empty() && self.make_room() {
            result = self.write(&ends);
        }
        self.answer(ends, &result);
    }

    /// Gives up what this process keeps on the disk and does not need; false if there is nothing more.
    fn make_room(&mut self) -> bool {
        // What is to become the next segment can be made again.
        if let Some(spare) = self.spare.take() {
            drop(spare);
            return Spare::clear(&self.dir).is_ok();
        }
        Reserve::of(&self.dir).give_up()
    }

    fn answer(&self, batch: Vec<Request>, result: &Result<(), SpoolError>) {
        for request in batch {
            if result.is_err() {
                self.forget(&request);
            }
            let Request {
                records,
                announce,
                done,
            } = request;
            // Before anybody is told: whoever goes on holds more.
            drop(records);
            if result.is_ok() {
                // A queue that is gone is being shut down; the log has the entry.
                announce
                    .into_iter()
                    .for_each(|durable| drop(self.announce.send(durable)));
                failpoint::pass("spool.announced");
            }
            // Nobody waits any more: the client went away. What is committed stays committed.
            let _ = done.send(result.clone());
        }
        failpoint::pass("spool.answered");
    }

    /// What was to be given up is that also where the log cannot say so: a start finds a commit without an end then.
    fn forget(&self, request: &Request) {
        let ends = request.records.iter();
        for end in ends.filter(|record| record.kind == Kind::Abandon) {
            self.shared.index().abandon(end.id);
        }
    }

    /// Ends the commits that a start found without an end, for good: damage that is met later must not look like the loss of one.
    pub(super) fn end_unfinished(&mut self, ends: Vec<Record>) {
        if ends.is_empty() {
            return;
        }
        let batch: Vec<Request> = ends.into_iter().map(Request::of).collect();
        if let Err(error) = self.write(&batch) {
            tracing::warn!(event = "spool_tidy_failed", %error, "the next start ends what was not finished");
            batch.iter().for_each(|request| self.forget(request));
        }
    }

    /// Writes and syncs a batch, then files it.
    pub(super) fn write(&mut self, batch: &[Request]) -> Result<(), SpoolError> {
        let mut fronts = Vec::new();
        for request in batch {
            let last = request.records.len().saturating_sub(1);
            for (at, record) in request.records.iter().enumerate() {
                let boundaries = Boundaries {
                    starts_batch: fronts.is_empty(),
                    starts_commit: at == 0,
                    ends_commit: at == last,
                };
                let front = record
                    .front(boundaries, self.active.stamp)
                    .ok_or_else(|| SpoolError::Full(format!("entry {} is too large", record.id)))?;
                fronts.push((front, record));
            }
        }
        let mut slices: Vec<&[u8]> = Vec::with_capacity(fronts.len() * 3);
        for (front, record) in &fronts {
            slices.extend([front.as_slice(), record.body.as_ref(), END.as_slice()]);
        }
        let begun = Instant::now();
        self.active
            .write(self.end, &slices)
            .map_err(|error| self.write_failed(&error))?;
        failpoint::pass("spool.written");
        self.active
            .sync()
            .map_err(|error| self.poison("sync", &error))?;
        metrics::histogram!("allegromail_spool_commit_seconds").record(begun.elapsed());
        metrics::histogram!("allegromail_spool_commit_records").record(fronts.len() as f64);
        self.marked = matches!(fronts.as_slice(), [(_, only)] if only.kind == Kind::Sequence);
        let mut index = self.shared.index();
        for (_, record) in &fronts {
            let place = RecordPosition {
                segment: self.active.number,
                at: self.end,
                size: record.size(),
            };
            apply(&mut index, record.kind, record.id, &record.head, place);
            self.end += record.size();
        }
        if let Some(usage) = index.segments.get_mut(&self.active.number) {
            usage.size = self.end;
        }
        metrics::gauge!("allegromail_spool_entries").set(index.len() as f64);
        drop(index);
        self.shared.grown.notify_one();
        failpoint::pass("spool.filed");
        Ok(())
    }

    /// A full disk is no disaster: the half-written batch is cut off again. Anything else is.
    fn write_failed(&self, error: &io::Error) -> SpoolError {
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        // Durable before anybody hears of it: who is refused comes again, and a crash must not bring the first try back.
        let cut = || {
            self.active
                .truncate(self.end)
                .and_then(|()| self.active.sync())
        };
        if full && cut().is_ok() {
            return SpoolError::Full(error.to_string());
        }
        self.poison("write", error)
    }

    pub(super) fn poison(&self, what: &str, error: &io::Error) -> SpoolError {
        self.shared.unhealthy.store(true, Ordering::SeqCst);
        metrics::gauge!("allegromail_spool_unhealthy").set(1);
        tracing::error!(event = "spool_unhealthy", what, %error, "nothing is acknowledged any more; repair the disk and restart");
        SpoolError::Unhealthy(format!("{what}: {error}"))
    }
}

/// What a durable record means for the index.
///
/// Returns the entries of a commit in pieces that has come to its end with this record.
pub(super) fn apply(
    index: &mut Index,
    kind: Kind,
    id: QueueId,
    head: &[u8],
    place: RecordPosition,
) -> Vec<QueueId> {
    match kind {
        Kind::Finish => return index.finish(id),
        Kind::Abandon => return index.abandon(id),
        Kind::Part => match request::piece_of(head) {
            Some(commit) => index.hold(commit, id, place),
            None => {
                tracing::error!(event = "spool_damaged", queue_id = %id, "the entry cannot be read; its bytes stay in the spool");
            }
        },
        Kind::Entry => index.add(id, place),
        Kind::Progress => index.progress(id, place),
        Kind::Done => index.remove(id),
        Kind::Sequence => {}
    }
    Vec::new()
}

//! [`LocalSpool`]: the log on local disk behind the [`Spool`] seam.

use std::fs::File;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::in_flight::{InFlight, InFlightSlots};
use super::index::RecordPosition;
use super::quarantine::{DamagedMessage, Quarantine, own_file};
use super::record::{FIXED_LEN, Kind, Record};
use super::request::{self, Request};
use super::segment::Segment;
use super::watermark::Watermark;
use super::writer::SharedState;
use super::{
    CommittedEntry, Content, Entry, NewEntry, Settlement, Spool, SpoolError, SpoolFuture, content,
};
use crate::backpressure::Backpressure;
use crate::failpoint;
use crate::mail::QueueId;

/// The log on local disk.
pub struct LocalSpool {
    pub(super) shared: Arc<SharedState>,
    pub(super) watermark: Watermark,
    /// Where messages are counted that stay in memory.
    pub(super) flow: Arc<Backpressure>,
    pub(super) flights: Arc<InFlightSlots>,
    pub(super) quarantine: Quarantine,
    pub(super) most_unread: Option<u64>,
    pub(super) requests: Mutex<Option<Sender<Request>>>,
    pub(super) thread: Mutex<Option<JoinHandle<()>>>,
    /// Held for as long as the process uses the folder.
    pub(super) _lock: File,
}

impl LocalSpool {
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

    /// Where the record of a live entry stands.
    fn place(&self, id: QueueId) -> Option<(RecordPosition, Arc<Segment>)> {
        let index = self.shared.index();
        let live = index.get(id)?;
        Some((live.entry, index.segment(live.entry.segment)?))
    }

    /// The entry as the queue hears of it, with its message where there is room for it.
    fn durable(&self, committed: NewEntry) -> CommittedEntry {
        CommittedEntry {
            body: self.flow.hold(committed.body),
            entry: committed.entry,
        }
    }

    /// Asks for all records, if they can be made.
    fn ask(
        &self,
        records: Result<Vec<Record>, SpoolError>,
        announce: impl FnOnce() -> Vec<CommittedEntry>,
    ) -> SpoolFuture<'_, ()> {
        match records {
            Ok(records) => self.request(records, announce()),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn request(&self, records: Vec<Record>, announce: Vec<CommittedEntry>) -> SpoolFuture<'_, ()> {
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
            let Ok(answer) = answer.await else {
                // It has panicked, and says so itself in a moment: whoever hears of it here must not find mail taken after that.
                self.shared.unhealthy.store(true, Ordering::SeqCst);
                return Err(gone());
            };
            answer
        })
    }
}

/// Work on files, on a thread that may wait for them.
fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> SpoolFuture<'static, T> {
    Box::pin(async move {
        let failed = |error: String| SpoolError::Unhealthy(error);
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.map_err(|error| failed(error.to_string()))?;
        done.map_err(|error| failed(error.to_string()))
    })
}

/// What is left of a message: of a damaged one that was copied, else of the record at `place`; none where there is neither.
pub(super) fn raw_bytes(
    quarantine: &Quarantine,
    id: QueueId,
    place: Option<(RecordPosition, Arc<Segment>)>,
) -> std::io::Result<Option<Vec<u8>>> {
    match (quarantine.bytes(id)?, place) {
        (Some(bytes), _) => Ok(Some(bytes)),
        (None, Some((place, segment))) => raw(&segment, place).map(Some),
        (None, None) => Ok(None),
    }
}

/// The message of a record as the file has it now: the body where the head says where that is, else everything.
pub(super) fn raw(segment: &Segment, place: RecordPosition) -> std::io::Result<Vec<u8>> {
    let end = (place.at + place.size).min(segment.len()?);
    let head = match segment.record(place.at, end) {
        Ok(read) => read.map(|read| (read.fixed.head_len, read.fixed.body_len)),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
        Err(error) => return Err(error),
    };
    let (from, to) = match head {
        Some((head, body)) => {
            let from = place.at + FIXED_LEN as u64 + u64::from(head);
            (from, from + u64::from(body))
        }
        None => (place.at, end),
    };
    let len = usize::try_from(to.min(end).saturating_sub(from)).map_err(std::io::Error::other)?;
    segment.bytes(from, len)
}

impl Drop for LocalSpool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Spool for LocalSpool {
    fn next_id(&self) -> QueueId {
        QueueId(self.shared.next_id.fetch_add(1, Ordering::SeqCst))
    }

    fn commit(&self, entries: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        let records = entries.iter().map(request::entry).collect();
        let announce = || entries.into_iter().map(|new| self.durable(new)).collect();
        self.ask(records, announce)
    }

    fn write_part(&self, number: QueueId, entries: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        let records = entries.iter().map(|new| request::part(number, new));
        self.ask(records.collect(), Vec::new)
    }

    fn finish(
        &self,
        number: QueueId,
        written: Vec<Entry>,
        last: Vec<NewEntry>,
    ) -> SpoolFuture<'_, ()> {
        let end = Ok(Record::end(Kind::Finish, number));
        let records = last.iter().map(|new| request::part(number, new));
        // The queue hears of them in the order in which they came.
        let announce = || {
            let written = written
                .into_iter()
                .map(|entry| CommittedEntry { entry, body: None });
            written
                .chain(last.iter().cloned().map(|new| self.durable(new)))
                .collect()
        };
        self.ask(records.chain([end]).collect(), announce)
    }

    fn abandon(&self, number: QueueId) {
        failpoint::pass("spool.abandoning");
        self.hand_over(Request::of(Record::end(Kind::Abandon, number)));
    }

    fn settle(&self, id: QueueId, settlement: Settlement) -> SpoolFuture<'_, ()> {
        let record = request::settled(id, &settlement);
        self.ask(record.map(|record| vec![record]), Vec::new)
    }

    fn report(
        &self,
        about: QueueId,
        settlement: Settlement,
        report: NewEntry,
    ) -> SpoolFuture<'_, ()> {
        let records = request::entry(&report)
            .and_then(|record| Ok(vec![record, request::settled(about, &settlement)?]));
        self.ask(records, || vec![self.durable(report)])
    }

    fn begin_attempt(&self, id: QueueId) -> Result<InFlight, SpoolError> {
        if self.shared.unhealthy.load(Ordering::SeqCst) {
            return Err(SpoolError::Unhealthy(
                "a write failed; restart the server".to_owned(),
            ));
        }
        Ok(self.flights.take(id))
    }

    fn content(&self, id: QueueId) -> SpoolFuture<'_, Content> {
        let found = self.place(id);
        Box::pin(async move {
            let (place, segment) = found.ok_or(SpoolError::NoSuchEntry(id))?;
            content::find(id, place, segment).await
        })
    }

    fn body(&self, id: QueueId) -> SpoolFuture<'_, Bytes> {
        let content = self.content(id);
        Box::pin(async move { content.await?.whole().await })
    }

    fn quarantine(&self) -> Quarantine {
        self.quarantine.clone()
    }

    fn quarantine_message(&self, entry: &Entry) -> SpoolFuture<'_, ()> {
        let (quarantine, place, entry) =
            (self.quarantine.clone(), self.place(entry.id), entry.clone());
        blocking(move || {
            let known = quarantine.get(entry.id)?;
            if known.as_ref().is_some_and(|known| known.entry.is_some()) {
                return Ok(());
            }
            let bytes = match (&known, place) {
                (Some(_), _) => None,
                (None, Some((place, segment))) => Some(raw(&segment, place)?),
                // The log has lost it altogether.
                (None, None) => Some(Vec::new()),
            };
            let damaged = DamagedMessage {
                id: entry.id,
                file: known.map_or_else(|| own_file(entry.id), |known| known.file),
                entry: Some(entry),
                ended: false,
                unsure: false,
            };
            quarantine.keep(&damaged, bytes.as_deref())
        })
    }

    fn raw_bytes(&self, id: QueueId) -> SpoolFuture<'_, Bytes> {
        let (quarantine, place) = (self.quarantine.clone(), self.place(id));
        let read = blocking(move || raw_bytes(&quarantine, id, place));
        Box::pin(async move {
            read.await?
                .map(Bytes::from)
                .ok_or(SpoolError::NoSuchEntry(id))
        })
    }

    fn ready(&self) -> Result<(), SpoolError> {
        if self.shared.unhealthy.load(Ordering::SeqCst) {
            return Err(SpoolError::Unhealthy(
                "a write failed; restart the server".to_owned(),
            ));
        }
        let most = self.most_unread.unwrap_or(u64::MAX);
        if self.most_unread.is_some() && self.shared.index().unread_bytes() > most {
            return Err(SpoolError::Full(format!(
                "whoever reads the log is more than {most} octets behind"
            )));
        }
        self.watermark.check()
    }
}

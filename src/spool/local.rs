//! [`LocalSpool`]: the log on local disk behind the [`Spool`] seam.

use std::fs::File;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::flight::{Flight, Flights};
use super::record::Record;
use super::request::{self, Request};
use super::watermark::Watermark;
use super::writer::Shared;
use super::{Answer, Committed, Settlement, Spool, SpoolError};
use crate::failpoint;
use crate::mail::QueueId;

/// The log on local disk.
pub struct LocalSpool {
    pub(super) shared: Arc<Shared>,
    pub(super) watermark: Watermark,
    pub(super) flights: Arc<Flights>,
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

impl Spool for LocalSpool {
    fn next_id(&self) -> QueueId {
        QueueId(self.shared.next_id.fetch_add(1, Ordering::SeqCst))
    }

    fn commit(&self, entries: Vec<Committed>) -> Answer<'_, ()> {
        match entries.iter().map(request::entry).collect() {
            Ok(records) => self.request(records, entries),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn settle(&self, id: QueueId, settlement: Settlement) -> Answer<'_, ()> {
        match request::settled(id, &settlement) {
            Ok(record) => self.request(vec![record], Vec::new()),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn report(&self, about: QueueId, settlement: Settlement, report: Committed) -> Answer<'_, ()> {
        let records = request::entry(&report)
            .and_then(|record| Ok(vec![record, request::settled(about, &settlement)?]));
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

//! Between two commits: a full segment is followed by a new one, and dead ones are given back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::index::LiveEntry;
use super::local::raw;
use super::quarantine::{DamagedMessage, Quarantine, own_file};
use super::record::{Kind, Record};
use super::request::Request;
use super::segment;
use super::segment::Segment;
use super::segment::Spare;
use super::writer::Writer;
use super::{Entry, Progress};
use crate::failpoint;
use crate::mail::QueueId;

/// The part of a segment that is copied forward with one sync.
const COPY_SHARE: u64 = 16;

/// Who has a segment that is dead and not read any more: the index, and the writer while it looks.
const OWN_HANDLES: usize = 2;

impl Writer {
    /// Begins a new segment when this one is full, and gives old ones back.
    pub(super) fn compact(&mut self) {
        if self.shared.unhealthy.load(Ordering::SeqCst) {
            return;
        }
        let kept = if self.end >= self.segment_bytes {
            self.rotate().and_then(|()| self.reclaim())
        } else {
            self.reclaim()
        };
        if let Err(error) = kept {
            tracing::warn!(event = "spool_tidy_failed", %error, "old segments stay for now");
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        let (number, next_id) = (
            self.active.number + 1,
            self.shared.next_id.load(Ordering::SeqCst),
        );
        let spare = match self.spare.take() {
            Some(spare) => spare,
            None => Spare::make(&self.dir)?,
        };
        let next = Segment::begin(spare, &self.dir, number, next_id)?;
        // Once the next one has a name, a start takes this one for finished: nothing may be written to it any more, nor to one without a name.
        segment::sync_folder(&self.dir).inspect_err(|error| {
            self.poison("sync of the folder", error);
        })?;
        failpoint::pass("spool.segment_named");
        self.active = Arc::new(next);
        self.end = segment::HEAD_SIZE;
        self.shared
            .index()
            .add_segment(self.active.clone(), self.end);
        failpoint::pass("spool.rotated");
        Ok(())
    }

    /// Deletes dead segments, oldest first only: the record that ends an entry must not go before the entry does. An oldest segment that is
    /// mostly dead has its living copied forward.
    fn reclaim(&mut self) -> io::Result<()> {
        loop {
            let (number, segment, live) = {
                let index = self.shared.index();
                let Some((number, usage)) = index.segments.first_key_value() else {
                    return Ok(());
                };
                if *number == self.active.number
                    || usage.open > 0
                    || usage.unread > 0
                    || (usage.live > 0 && usage.live_bytes * 4 > usage.size)
                {
                    return Ok(());
                }
                (*number, usage.segment.clone(), index.in_segment(*number))
            };
            if !live.is_empty() {
                self.copy_forward(&segment, &live)?;
                failpoint::pass("spool.copied_forward");
            }
            (self.checkpoint)().map_err(io::Error::other)?;
            failpoint::pass("spool.checkpointed");
            // A reader that still has the file must find in it what was there.
            let shared = Arc::strong_count(&segment) > OWN_HANDLES;
            if self.spare.is_some() || shared || failpoint::fails("spool.keep_none") {
                segment.remove()?;
                segment::sync_folder(&self.dir)?;
            } else {
                self.spare = Spare::keep(&self.dir, &segment, self.segment_bytes)?;
            }
            self.shared.index().segments.remove(&number);
        }
    }

    /// Writes the living of `from` again at the end of the log, with their latest progress inside: many with one sync, for mail waits meanwhile.
    /// One that is damaged is quarantined, or the log would grow behind it without end.
    fn copy_forward(&mut self, from: &Segment, live: &[(QueueId, LiveEntry)]) -> io::Result<()> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for (id, live) in live {
            let Some(record) = self.again(from, *id, live)? else {
                tracing::error!(event = "spool_damaged", queue_id = %id, "the message cannot be read any more");
                self.quarantine_message(from, *id, live)?;
                continue;
            };
            bytes += record.size();
            batch.push(Request::of(record));
            if bytes >= self.segment_bytes / COPY_SHARE {
                self.write(&std::mem::take(&mut batch))
                    .map_err(io::Error::other)?;
                bytes = 0;
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.write(&batch).map_err(io::Error::other)
    }

    /// Keeps what is left of a living entry that is damaged, with what its head says: its attempts find it there, or the next start does.
    fn quarantine_message(&self, from: &Segment, id: QueueId, live: &LiveEntry) -> io::Result<()> {
        let quarantine = Quarantine::of(&self.dir);
        if quarantine.get(id)?.is_some() {
            return Ok(());
        }
        let read = from.record(live.entry.at, live.entry.at + live.entry.size)?;
        let damaged = DamagedMessage {
            id,
            entry: read.and_then(|read| serde_json::from_slice(&read.head).ok()),
            file: own_file(id),
            ended: false,
            unsure: false,
        };
        quarantine.keep(&damaged, Some(&raw(from, live.entry)?))
    }

    /// The record of a living entry as it is to be written again; none if it is damaged.
    fn again(&self, from: &Segment, id: QueueId, live: &LiveEntry) -> io::Result<Option<Record>> {
        let Some(read) = from.record(live.entry.at, live.entry.at + live.entry.size)? else {
            return Ok(None);
        };
        let Some(body) = from.body(live.entry.at, &read.fixed)? else {
            return Ok(None);
        };
        let progress = self.progress(live)?;
        // A head that this version cannot read goes as it is.
        let with_progress = progress.and_then(|progress| {
            let mut entry: Entry = serde_json::from_slice(&read.head).ok()?;
            entry.progress = progress;
            serde_json::to_vec(&entry).ok()
        });
        let head = with_progress.unwrap_or(read.head);
        Ok(Some(Record {
            kind: Kind::Entry,
            id,
            head,
            body: Bytes::from(body),
        }))
    }

    /// The latest progress of an entry; none if there was none, or if it is damaged: the entry is then tried earlier, which does no harm.
    fn progress(&self, live: &LiveEntry) -> io::Result<Option<Progress>> {
        let Some(place) = live.progress else {
            return Ok(None);
        };
        let Some(segment) = self.shared.index().segment(place.segment) else {
            return Ok(None);
        };
        let read = segment.record(place.at, place.at + place.size)?;
        Ok(read.and_then(|read| serde_json::from_slice(&read.head).ok()))
    }
}

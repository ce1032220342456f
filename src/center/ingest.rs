//! From the log to the view, exactly once: what the spool has made durable is digested, archived and told, in the order of the log.
//!
//! The log keeps an entry until the archive has it durable; the archive passes over what it has. So a crash at any point, on either side, leaves each
//! message once. Where the archive fails the mail goes on, and the log grows, up to `[center] behind`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::fate::Fate;
use super::ids::Ids;
use super::letter::{self, Correspondents, Named};
use super::news::News;
use super::prepared::{Prepared, digested};
use crate::archive::{Archive, ArchiveError, EntryKey, MailState, NewMessage};
use crate::clock::Clock;
use crate::directory::{Directory, Unavailable};
use crate::failpoint;
use crate::mail::QueueId;
use crate::masking::ParticipantId;
use crate::message::Message;
use crate::spool::{LogReader, ReadEntry, SpoolError};

/// The most messages of one batch: one sync is for all of them.
const BATCH: usize = 128;
/// How long messages gather behind a batch.
const GATHER: Duration = Duration::from_millis(50);
/// How long to wait before the archive or the log is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// Messages of a thread whose texts are looked for in a new one.
const EARLIER: usize = 8;
/// The node of a single machine.
pub(super) const NODE: u32 = 0;

/// How much a step had to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Nothing,
    Some,
    /// As much as a batch takes: there is more.
    Full,
}

/// Why a batch waits.
#[derive(Debug, thiserror::Error)]
enum Behind {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(transparent)]
    Directory(#[from] Unavailable),
    #[error("a batch could not be read: {0}")]
    Panicked(#[from] JoinError),
}

/// How far the log has been read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// How often something was archived or passed over.
    pub(super) steps: u64,
    /// Whether all that the log had at the start is archived.
    pub(super) caught_up: bool,
}

/// Reads the log into the archive.
pub(super) struct Ingest {
    pub(super) archive: Arc<dyn Archive>,
    pub(super) log: LogReader,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) news: News,
    pub(super) ids: Ids,
    pub(super) fates: mpsc::UnboundedReceiver<(QueueId, Fate)>,
    /// For whoever waits for a message.
    pub(super) progress: watch::Sender<Progress>,
    /// What happened to entries that are not in the archive yet.
    pub(super) early: HashMap<QueueId, MailState>,
    /// By how many octets it may be behind before it gives up what it has not got.
    pub(super) skip_beyond: Option<u64>,
    /// What became of mail, and is not in the archive yet.
    pub(super) states: Vec<(EntryKey, MailState)>,
    /// Entries that are held for their documents: whether anybody gets them is not known.
    pub(super) held: HashSet<QueueId>,
    /// Those of them that go to their recipient after all.
    pub(super) released: HashSet<QueueId>,
    /// Whether the history knows that one was released.
    pub(super) was_released: Arc<dyn Fn(QueueId) -> bool + Send + Sync>,
}

impl Ingest {
    /// Works until `shutdown`; what is unread then, the next start reads.
    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let worked = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                worked = self.step() => worked,
            };
            match worked {
                Ok(Step::Full) => {}
                Ok(Step::Some) => self.gather(&shutdown).await,
                Ok(Step::Nothing) => {
                    self.progress
                        .send_modify(|progress| progress.caught_up = true);
                    tokio::select! {
                        () = shutdown.cancelled() => return,
                        () = self.log.grown() => {}
                        fate = self.fates.recv() => {
                            // Nobody tells any more: the relay is being stopped.
                            let Some((id, fate)) = fate else { return };
                            self.file(id, fate);
                            self.gather(&shutdown).await;
                        }
                    }
                }
                Err(error) => self.behind(&error, &shutdown).await,
            }
        }
    }

    /// Lets the next batch grow: a sync is dearer than a message.
    async fn gather(&self, shutdown: &CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(GATHER) => {}
        }
    }

    /// Tells that the archive is behind, and waits a moment.
    async fn behind(&self, error: &Behind, shutdown: &CancellationToken) {
        metrics::counter!("allegromail_center_failed_total").increment(1);
        tracing::error!(event = "center_behind", %error, unread_bytes = self.log.unread_bytes(), "the log keeps what the archive has not got; it is tried again");
        self.skip();
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
    }

    /// Gives up what is unread, where that is more than may be: the log has it no longer then, and the archive never.
    fn skip(&self) {
        let unread_bytes = self.log.unread_bytes();
        if self.skip_beyond.is_none_or(|most| unread_bytes <= most) {
            return;
        }
        let ids = self.log.unread();
        let (first, last) = (ids.first(), ids.last());
        if let (Some(first), Some(last)) = (first, last) {
            metrics::counter!("allegromail_center_skipped_total").increment(ids.len() as u64);
            tracing::error!(event = "center_skipped", messages = ids.len(), %first, %last, "they are not in the Message Center; `allegromail center replay` brings back what the log still has");
        }
        self.log.mark_read(ids);
    }

    /// Archives what is unread, one batch of it, and what became of mail.
    async fn step(&mut self) -> Result<Step, Behind> {
        let read = self.log.read(BATCH, &self.held).await?;
        metrics::gauge!("allegromail_center_unread_bytes").set(self.log.unread_bytes() as f64);
        let step = match read.len() {
            0 => Step::Nothing,
            BATCH => Step::Full,
            _ => Step::Some,
        };
        if step != Step::Nothing {
            failpoint::pass("center.read");
            self.archive_batch(read).await?;
        }
        // Nothing has come since, or little: it waits for the next batch where there is one.
        if step == Step::Nothing {
            self.hear();
            self.record(Vec::new()).await?;
        }
        Ok(step)
    }

    async fn archive_batch(&mut self, read: Vec<ReadEntry>) -> Result<(), Behind> {
        let ids: Vec<QueueId> = read.iter().map(|read| read.id).collect();
        let missing = self.missing(&ids).await?;
        let mut messages = Vec::new();
        for read in read {
            if missing.contains(&read.id) {
                messages.extend(self.prepare(read).await?);
            }
        }
        let messages = digested(self.ids.clone(), messages).await?;
        self.hear();
        self.record(messages).await?;
        failpoint::pass("center.added");
        let held = &self.held;
        let done: Vec<QueueId> = ids.into_iter().filter(|id| !held.contains(id)).collect();
        for id in &done {
            self.early.remove(id);
        }
        self.log.mark_read(done);
        self.progress.send_modify(|progress| progress.steps += 1);
        Ok(())
    }

    /// Which of these are not archived. After a start all that the log has is unread, and most of it is archived; later nothing is.
    async fn missing(&self, ids: &[QueueId]) -> Result<HashSet<QueueId>, Behind> {
        if self.progress.borrow().caught_up {
            return Ok(ids.iter().copied().collect());
        }
        let entries = ids.iter().copied().map(key).collect();
        let missing = self.archive.missing(entries).await?;
        Ok(missing.into_iter().map(|entry| entry.id).collect())
    }

    /// Adds messages with what is known of their mail by now, and what became of mail before: one sync is for all. Where it fails, all is tried again.
    async fn record(&mut self, mut messages: Vec<NewMessage>) -> Result<(), Behind> {
        if messages.is_empty() && self.states.is_empty() {
            return Ok(());
        }
        for message in &mut messages {
            if let Some(state) = self.early.get(&message.entry.id) {
                message.mail = state.clone();
            }
        }
        let (count, states) = (messages.len() as u64, self.states.clone());
        let recorded = self.archive.record(messages, states, self.clock.now());
        let published = recorded.await?;
        self.states.clear();
        metrics::counter!("allegromail_center_messages_total").increment(count);
        self.news.tell(published);
        Ok(())
    }

    /// Files all that has happened so far.
    fn hear(&mut self) {
        while let Ok((id, fate)) = self.fates.try_recv() {
            self.file(id, fate);
        }
    }

    /// Files what happened to an entry: for its message, if that is to be archived, else for the archive.
    fn file(&mut self, id: QueueId, fate: Fate) {
        match fate {
            Fate::Released => self.release(id),
            Fate::HandedOver => {
                self.held.remove(&id);
                self.log.mark_read([id]);
                self.progress.send_modify(|progress| progress.steps += 1);
            }
            Fate::Mail(state) if self.log.is_unread(id) => {
                // What is tried or has failed goes to its recipient, or would have.
                self.release(id);
                self.early.insert(id, state);
            }
            Fate::Mail(state) => self.states.push((key(id), state)),
        }
    }

    fn release(&mut self, id: QueueId) {
        if self.held.remove(&id) {
            self.released.insert(id);
        }
    }

    /// Whether an entry with documents is not to be shown now, if ever.
    fn is_held(&mut self, id: QueueId) -> bool {
        if self.released.remove(&id) {
            return false;
        }
        if self.log.is_live(id) {
            self.held.insert(id);
            return true;
        }
        // It ended while nobody heard of it.
        !(self.was_released)(id)
    }

    /// What is to be digested of an entry; none: it is no message.
    async fn prepare(&mut self, read: ReadEntry) -> Result<Option<Prepared>, Behind> {
        let Some((entry, body)) = read.read else {
            // Its writer is told by the queue, if it has not ended.
            tracing::error!(event = "center_damaged", queue_id = %read.id, "the message is damaged in the log, and will not be in the Message Center");
            return Ok(None);
        };
        let Some(between) = letter::between(&entry) else {
            return Ok(None);
        };
        if entry.to_hand_over().is_some() && self.is_held(entry.id) {
            return Ok(None);
        }
        let message = match Message::parse(body) {
            Ok(message) => message,
            Err(error) => {
                // We wrote it, so that is a fault of ours; the mail itself goes on.
                tracing::error!(event = "center_unreadable", queue_id = %entry.id, %error);
                return Ok(None);
            }
        };
        let named = self.named(&between).await?;
        let thread = letter::thread(&self.ids, &between, named);
        // Quotes of what is in the thread can be in answers only.
        let answers = ["In-Reply-To", "References"];
        let earlier = match answers
            .iter()
            .any(|name| message.named(name).next().is_some())
        {
            true => self.archive.latest(thread.id, EARLIER).await?,
            false => Vec::new(),
        };
        Ok(Some(Prepared {
            entry,
            writer: between.writer,
            thread,
            message,
            earlier,
        }))
    }

    async fn named(&self, between: &Correspondents) -> Result<Named, Unavailable> {
        let buyer = match &between.order {
            Some(order) => self.directory.transaction(order).await?,
            None => None,
        };
        Ok(Named {
            buyer: buyer.map(|order| order.buyer.clone()),
            writer_login: match &between.writer {
                Some(writer) => self.login(writer).await?,
                None => String::new(),
            },
            reader_login: self.login(&between.reader).await?,
        })
    }

    /// The login of an account; none of one that is gone.
    async fn login(&self, id: &ParticipantId) -> Result<String, Unavailable> {
        let account = self.directory.participant(id).await?;
        Ok(account
            .map(|account| account.login.clone())
            .unwrap_or_default())
    }
}

pub(super) const fn key(id: QueueId) -> EntryKey {
    EntryKey { node: NODE, id }
}

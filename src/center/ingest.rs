//! From the log to the view, exactly once: what the spool has made durable is digested, archived and told, in the order of the log.
//!
//! The log keeps an entry until the archive has it durable; the archive passes over what it has. So a crash at any point, on either side, leaves each
//! message once. Where the archive fails the mail goes on, and the log grows, up to `[center] behind`.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::fate::Fate;
use super::ids::Ids;
use super::letter::{self, Correspondents, Known, Named};
use super::news::News;
use crate::archive::{
    Archive, ArchiveError, EntryKey, LatestMessage, MailState, NewMessage, Thread,
};
use crate::clock::Clock;
use crate::directory::{Directory, Unavailable};
use crate::failpoint;
use crate::mail::QueueId;
use crate::masking::ParticipantId;
use crate::message::Message;
use crate::spool::{Entry, LogReader, ReadEntry, SpoolError};

/// The most messages of one batch: one sync is for all of them.
const BATCH: usize = 64;
/// How long to wait before the archive or the log is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// Messages of a thread whose texts are looked for in a new one.
const EARLIER: usize = 8;
/// The node of a single machine.
pub(super) const NODE: u32 = 0;

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
    Panicked(String),
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
                Ok(true) => {}
                Ok(false) => {
                    self.progress
                        .send_modify(|progress| progress.caught_up = true);
                    tokio::select! {
                        () = shutdown.cancelled() => return,
                        () = self.log.grown() => {}
                        fate = self.fates.recv() => match fate {
                            Some((id, fate)) => {
                                let noted = self.note(vec![(id, fate)]).await;
                                if let Err(error) = noted {
                                    self.behind(&error, &shutdown).await;
                                }
                            }
                            // Nobody tells any more: the relay is being stopped.
                            None => return,
                        },
                    }
                }
                Err(error) => self.behind(&error, &shutdown).await,
            }
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

    /// Archives what is unread, one batch of it; false: there was nothing.
    async fn step(&mut self) -> Result<bool, Behind> {
        let read = self.log.read(BATCH, &self.held).await?;
        metrics::gauge!("allegromail_center_unread_bytes").set(self.log.unread_bytes() as f64);
        if read.is_empty() {
            return Ok(false);
        }
        failpoint::pass("center.read");
        let ids: Vec<QueueId> = read.iter().map(|read| read.id).collect();
        // After a start all that the log has is unread, and most of it is archived.
        let missing: HashSet<EntryKey> = self
            .archive
            .missing(ids.iter().copied().map(key).collect())
            .await?
            .into_iter()
            .collect();
        let mut messages = Vec::new();
        for read in read {
            if missing.contains(&key(read.id)) {
                messages.extend(self.prepare(read).await?);
            }
        }
        let messages = digested(self.ids.clone(), messages).await?;
        if !messages.is_empty() {
            self.add(messages).await?;
        }
        failpoint::pass("center.added");
        let done: Vec<QueueId> = ids
            .into_iter()
            .filter(|id| !self.held.contains(id))
            .collect();
        for id in &done {
            self.early.remove(id);
        }
        self.log.mark_read(done);
        self.progress.send_modify(|progress| progress.steps += 1);
        self.drain().await?;
        Ok(true)
    }

    /// Adds messages with what is known of their mail by now.
    async fn add(&mut self, mut messages: Vec<NewMessage>) -> Result<(), Behind> {
        while let Ok((id, fate)) = self.fates.try_recv() {
            self.file(id, fate);
        }
        for message in &mut messages {
            if let Some(state) = self.early.get(&message.entry.id) {
                message.mail = state.clone();
            }
        }
        let count = messages.len() as u64;
        let published = self.archive.add(messages, self.clock.now()).await?;
        metrics::counter!("allegromail_center_messages_total").increment(count);
        self.news.tell(published);
        Ok(())
    }

    /// Files what happened to an entry that is unread; gives back what is for the archive.
    fn file(&mut self, id: QueueId, fate: Fate) -> Option<(EntryKey, MailState)> {
        match fate {
            Fate::Released => {
                self.release(id);
                None
            }
            Fate::HandedOver => {
                self.held.remove(&id);
                self.log.mark_read([id]);
                self.progress.send_modify(|progress| progress.steps += 1);
                None
            }
            Fate::Mail(state) if self.log.is_unread(id) => {
                // What is tried or has failed goes to its recipient, or would have.
                self.release(id);
                self.early.insert(id, state);
                None
            }
            Fate::Mail(state) => Some((key(id), state)),
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

    /// Notes what happened to entries.
    async fn note(&mut self, fates: Vec<(QueueId, Fate)>) -> Result<(), Behind> {
        let fates = fates.into_iter();
        let states: Vec<_> = fates.filter_map(|(id, fate)| self.file(id, fate)).collect();
        if states.is_empty() {
            return Ok(());
        }
        let at = self.clock.now();
        // What a failure loses here is found again at the next start.
        let published = self.archive.mail_states(states, at).await?;
        self.news.tell(published);
        Ok(())
    }

    /// Notes what has happened so far.
    async fn drain(&mut self) -> Result<(), Behind> {
        let mut fates = Vec::new();
        while let Ok(fate) = self.fates.try_recv() {
            fates.push(fate);
        }
        self.note(fates).await
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

/// A message before it is digested.
struct Prepared {
    entry: Entry,
    writer: Option<ParticipantId>,
    thread: Thread,
    message: Message,
    earlier: Vec<LatestMessage>,
}

/// Digests messages, off the threads that serve sessions.
async fn digested(ids: Ids, prepared: Vec<Prepared>) -> Result<Vec<NewMessage>, Behind> {
    if prepared.is_empty() {
        return Ok(Vec::new());
    }
    let digested = tokio::task::spawn_blocking(move || {
        let digested = prepared.into_iter().map(|prepared| {
            let id = prepared.entry.id;
            // One that we cannot read must not keep all behind it.
            let digested = catch_unwind(AssertUnwindSafe(|| prepared.digested(&ids)));
            digested.unwrap_or_else(|_| {
                tracing::error!(event = "center_unreadable", queue_id = %id, error = "a panic");
                None
            })
        });
        digested.flatten().collect()
    });
    digested
        .await
        .map_err(|error| Behind::Panicked(error.to_string()))
}

impl Prepared {
    fn digested(self, ids: &Ids) -> Option<NewMessage> {
        let shared = letter::without_threading(&self.message);
        // Fields were taken away, so it can be read as before.
        let message = Message::parse(shared).ok()?;
        let earlier: Vec<&str> = self.earlier.iter().map(|one| one.text.as_str()).collect();
        let known = Known {
            key: key(self.entry.id),
            entry: &self.entry,
            thread: self.thread,
            writer: self.writer,
            earlier: &earlier,
        };
        Some(letter::archived(ids, known, &message))
    }
}

pub(super) const fn key(id: QueueId) -> EntryKey {
    EntryKey { node: NODE, id }
}

//! [`ShardedSpool`]: shards behind the [`Spool`] seam.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::heard::hear;
use super::ids::{Ids, MOST_NODE, MOST_SHARDS, shard_of};
use super::lanes::ShardSettings;
use super::order::{Announced, ShardError};
use super::reader::Reader;
use super::sweep::sweep;
use super::writer::ShardWriter;
use crate::backpressure::Backpressure;
use crate::clock::Clock;
use crate::mail::QueueId;
use crate::shards::{Candidate, Filed, NotReady, Outcome, choose};
use crate::spool::in_flight::InFlight;
use crate::spool::{
    CommittedEntry, Content, Entry, NewEntry, Quarantine, Settlement, Spool, SpoolError,
    SpoolEvent, SpoolFuture,
};

/// The most bytes of messages in memory that are pieces of commits. Beyond that clients hear 452: a shard writes a commit in one transaction.
const MOST_PIECES: usize = 256 << 20;

/// Tells when what entries teach has reached where all nodes find it.
pub trait Learnt: Send + Sync + 'static {
    /// Waits until everything is written there that was told before.
    fn written(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// What a spool over shards is made of.
pub struct ShardedSettings {
    /// The shards, in an order that is the same at all nodes.
    pub shards: Vec<ShardSettings>,
    /// The number of this node, 511 at most, which no other has.
    pub node: u16,
    /// The time, for ids.
    pub clock: Arc<dyn Clock>,
    /// Where messages are counted that stay in memory.
    pub flow: Arc<Backpressure>,
    /// A folder for messages that are damaged; nothing is made there.
    pub dir: PathBuf,
    /// Asked before an entry is done.
    pub learnt: Arc<dyn Learnt>,
}

/// One shard.
struct Shard {
    writer: ShardWriter,
    reader: Reader,
    /// Told once everything there is given back.
    drained: Arc<Notify>,
    /// What hears of it, and what drops its old tables.
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Entries on shards, each a database with synchronous standbys; this node has the index of its own in memory.
pub struct ShardedSpool {
    shards: Vec<Shard>,
    ids: Ids,
    /// Counts commits, so that shards take turns.
    turn: AtomicUsize,
    /// Pieces of commits that are not finished, and their bytes.
    pieces: Mutex<HashMap<QueueId, Pieces>>,
    clock: Arc<dyn Clock>,
    flow: Arc<Backpressure>,
    learnt: Arc<dyn Learnt>,
    quarantine: Quarantine,
}

/// What there is of a commit.
#[derive(Default)]
struct Pieces {
    entries: Vec<NewEntry>,
    bytes: usize,
}

impl ShardedSpool {
    /// Begins. What the queue must know comes out of the receiver: what this node commits, what others leave behind, and what is others' by now.
    ///
    /// # Errors
    /// A sentence: too many shards or nodes for the ids.
    pub fn start(
        settings: ShardedSettings,
    ) -> Result<(Arc<Self>, mpsc::UnboundedReceiver<SpoolEvent>), String> {
        if settings.shards.len() > MOST_SHARDS {
            return Err(format!("there may be {MOST_SHARDS} shards"));
        }
        if settings.node > MOST_NODE {
            return Err(format!(
                "there were more than {MOST_NODE} nodes; delete old rows of the table nodes and set the counter slot back, with all nodes stopped"
            ));
        }
        let (events, heard) = mpsc::unbounded_channel();
        let clock = settings.clock.clone();
        let shards = settings.shards.into_iter().map(|settings| {
            let reader = Reader::new(settings.postgres.clone());
            let drained = Arc::new(Notify::new());
            let swept = tokio::spawn(sweep(settings.clone(), clock.clone()));
            let number = settings.number;
            let (writer, told) = ShardWriter::start(settings);
            let hearing = hear(number, told, events.clone(), drained.clone());
            Shard {
                writer,
                reader,
                drained,
                tasks: [tokio::spawn(hearing), swept],
            }
        });
        let spool = Self {
            shards: shards.collect(),
            ids: Ids::of(settings.node),
            turn: AtomicUsize::new(0),
            pieces: Mutex::default(),
            clock: settings.clock,
            flow: settings.flow,
            learnt: settings.learnt,
            quarantine: Quarantine::of(&settings.dir),
        };
        Ok((Arc::new(spool), heard))
    }

    /// Gives back what this node owns, so that others deliver it at once; what is not given back by then they take later.
    pub async fn close(&self, patience: Duration) {
        for shard in &self.shards {
            shard.writer.drain();
        }
        let all = async {
            for shard in &self.shards {
                shard.drained.notified().await;
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!(
                event = "shards_not_drained",
                "other nodes take over what is left when its leases have lapsed"
            );
        }
        for shard in &self.shards {
            shard.writer.abort();
        }
    }

    /// The shard that has an entry of this node's.
    fn home(&self, id: QueueId) -> Option<&Shard> {
        let first = self.shards.get(shard_of(id));
        let owns = |shard: &&Shard| shard.writer.owns(id);
        first.filter(owns).or_else(|| self.shards.iter().find(owns))
    }

    /// The number of the shard that new mail goes to now.
    fn chosen(&self) -> Option<usize> {
        let candidates = self.shards.iter().map(|shard| Candidate {
            is_ready: shard.writer.ready().is_ok(),
            is_near: true,
            bytes: shard.writer.bytes() >> BYTES_ALIKE,
        });
        let candidates: Vec<Candidate> = candidates.collect();
        choose(&candidates, self.turn.load(Ordering::Relaxed))
    }

    /// The shard that a commit goes to: that of its first id, or another one.
    fn taking(&self, first: QueueId) -> Option<&Shard> {
        let meant = self.shards.get(shard_of(first));
        let ready = meant.filter(|shard| shard.writer.ready().is_ok());
        ready.or_else(|| self.shards.get(self.chosen()?))
    }

    /// What is written of an entry, and what the queue hears of it.
    fn announced(&self, new: NewEntry) -> Result<Announced, SpoolError> {
        let filed = Filed {
            id: new.entry.id,
            head: json(&new.entry)?,
            body: new.body.clone(),
        };
        let heard = CommittedEntry {
            body: self.flow.hold(new.body),
            entry: new.entry,
        };
        Ok(Announced {
            filed,
            heard: Some(heard),
        })
    }

    async fn commit_all(&self, entries: Vec<NewEntry>) -> Result<(), SpoolError> {
        let Some(first) = entries.first().map(|new| new.entry.id) else {
            return Ok(());
        };
        let shard = self.taking(first).ok_or_else(|| self.unready())?;
        self.turn.fetch_add(1, Ordering::Relaxed);
        let entries = entries.into_iter().map(|new| self.announced(new));
        let entries = entries.collect::<Result<_, _>>()?;
        shard.writer.commit(entries).await.map_err(refused)
    }

    async fn settle_all(
        &self,
        id: QueueId,
        settlement: Settlement,
        report: Option<NewEntry>,
    ) -> Result<(), SpoolError> {
        let fenced = || SpoolError::Fenced(id);
        let shard = self.home(id).ok_or_else(fenced)?;
        let outcome = match settlement {
            Settlement::Done => {
                // Nobody reads an entry again that is done.
                self.learnt.written().await;
                Outcome::Done
            }
            Settlement::Deferred(progress) => Outcome::Deferred(json(&progress)?),
        };
        let report = report.map(|new| self.announced(new)).transpose()?;
        let settled = shard.writer.settle(id, outcome, report).await;
        settled.map_err(|error| match error {
            ShardError::Fenced => fenced(),
            ShardError::NotAcknowledged => refused(error),
        })
    }

    async fn read(&self, id: QueueId) -> Result<Bytes, SpoolError> {
        let shard = self.home(id).ok_or(SpoolError::Fenced(id))?;
        let read = shard.reader.body(id).await;
        match read.map_err(SpoolError::Unavailable)? {
            Some(body) => Ok(body),
            // Of one that is this node's it must be there.
            None if shard.writer.owns(id) => Err(SpoolError::NoSuchEntry(id)),
            None => Err(SpoolError::Fenced(id)),
        }
    }

    /// Why no shard takes mail.
    fn unready(&self) -> SpoolError {
        let why = self.shards.iter().enumerate();
        let why = why.filter_map(|(number, shard)| {
            let error = shard.writer.ready().err()?;
            Some(format!("shard {number} {}", words(error)))
        });
        SpoolError::Unavailable(why.collect::<Vec<_>>().join(", "))
    }
}

/// Shards whose waiting bytes differ by less than a batch take turns.
const BYTES_ALIKE: u32 = 20;

fn words(why: NotReady) -> &'static str {
    match why {
        NotReady::Draining => "is given back, for this node ends",
        NotReady::NoLease => "does not answer, or this node's leases have run out",
        NotReady::NotReplicated => "has too few synchronous standbys",
        NotReady::Stalled => "has not written for too long",
        NotReady::Full => "has too much waiting to be written",
    }
}

fn refused(error: ShardError) -> SpoolError {
    SpoolError::Unavailable(error.to_string())
}

fn json(value: &impl serde::Serialize) -> Result<Bytes, SpoolError> {
    let written = serde_json::to_vec(value);
    let written = written.map_err(|error| SpoolError::Full(error.to_string()))?;
    Ok(written.into())
}

impl Spool for ShardedSpool {
    fn next_id(&self) -> QueueId {
        let shard = self.chosen().unwrap_or_default();
        self.ids.next(self.clock.now(), shard)
    }

    fn commit(&self, entries: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        Box::pin(self.commit_all(entries))
    }

    fn write_part(&self, number: QueueId, entries: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        let bytes: usize = entries.iter().map(|new| new.body.len()).sum();
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let held: usize = pieces.values().map(|pieces| pieces.bytes).sum();
        let kept = if held + bytes > MOST_PIECES {
            let text = "too many large messages to many recipients at once".to_owned();
            Err(SpoolError::Full(text))
        } else {
            let of = pieces.entry(number).or_default();
            of.entries.extend(entries);
            of.bytes += bytes;
            Ok(())
        };
        Box::pin(std::future::ready(kept))
    }

    fn finish(&self, number: QueueId, _: Vec<Entry>, last: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        Box::pin(async move {
            let taken = {
                let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
                pieces.remove(&number)
            };
            let mut entries = taken.unwrap_or_default().entries;
            entries.extend(last);
            self.commit_all(entries).await
        })
    }

    fn abandon(&self, number: QueueId) {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.remove(&number);
    }

    fn begin_attempt(&self, id: QueueId) -> Result<InFlight, SpoolError> {
        let shard = self.home(id).ok_or(SpoolError::Fenced(id))?;
        let begun = shard.writer.attempt(id).map(InFlight::on_shard);
        begun.ok_or(SpoolError::Fenced(id))
    }

    fn settle(&self, id: QueueId, settlement: Settlement) -> SpoolFuture<'_, ()> {
        Box::pin(self.settle_all(id, settlement, None))
    }

    fn report(
        &self,
        about: QueueId,
        settlement: Settlement,
        report: NewEntry,
    ) -> SpoolFuture<'_, ()> {
        Box::pin(self.settle_all(about, settlement, Some(report)))
    }

    fn content(&self, id: QueueId) -> SpoolFuture<'_, Content> {
        Box::pin(async move { self.read(id).await.map(Content::from) })
    }

    fn body(&self, id: QueueId) -> SpoolFuture<'_, Bytes> {
        Box::pin(self.read(id))
    }

    fn raw_bytes(&self, id: QueueId) -> SpoolFuture<'_, Bytes> {
        Box::pin(self.read(id))
    }

    fn quarantine(&self) -> Quarantine {
        self.quarantine.clone()
    }

    fn owns(&self, id: QueueId) -> bool {
        self.home(id).is_some()
    }

    fn ready(&self) -> Result<(), SpoolError> {
        let mut shards = self.shards.iter();
        match shards.any(|shard| shard.writer.ready().is_ok()) {
            true => Ok(()),
            false => Err(self.unready()),
        }
    }
}

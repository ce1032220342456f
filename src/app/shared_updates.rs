//! What entries of the log teach, on its way to the database: the log has it, so nobody waits, and what fails is tried until it is written.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::clock::Clock;
use crate::directory::{
    AddressMark, Answer, LastWrote, MessageRecord, PostgresRecords, PostgresState, State,
    Unavailable,
};
use crate::history::{FoundRecord, HistoryRecord, LocalRecords, Records};
use crate::mail::QueueId;
use crate::masking::{ParticipantId, TransactionId};
use crate::queue::LastUsed;
use crate::spool::postgres::Learnt;
use crate::spool::{Entry, StateUpdates};

/// How long a database that does not answer is left alone.
const REST: Duration = Duration::from_millis(500);
/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;
/// How often it is looked whether all is written.
const LOOK: Duration = Duration::from_millis(20);

/// Writes what entries teach.
pub(super) struct SharedUpdates {
    state: Arc<PostgresState>,
    waiting: mpsc::UnboundedSender<Update>,
    /// How many were told.
    told: AtomicU64,
    /// How many of those, the first ones, are written.
    written: watch::Receiver<u64>,
}

/// What is to be written.
enum Update {
    /// What an entry teaches.
    Learnt(Box<StateUpdates>),
    /// That a message was accepted.
    Accepted(MessageRecord),
}

/// Records that are written in one statement.
const MOST_RECORDS: usize = 256;

impl SharedUpdates {
    /// Writes until nobody tells it anything any more.
    pub(super) fn start(state: Arc<PostgresState>, records: PostgresRecords) -> Arc<Self> {
        let (waiting, told) = mpsc::unbounded_channel();
        let (counted, written) = watch::channel(0);
        tokio::spawn(write(state.clone(), records, (told, counted)));
        Arc::new(Self {
            state,
            waiting,
            told: AtomicU64::new(0),
            written,
        })
    }

    fn tell(&self, update: Update) {
        self.state.will_write();
        self.told.fetch_add(1, Ordering::SeqCst);
        // It ends with the program only.
        let _ = self.waiting.send(update);
    }

    /// Waits until everything that was told is written.
    pub(super) async fn is_written(&self) {
        while self.state.is_behind() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Learnt for SharedUpdates {
    fn written(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let told = self.told.load(Ordering::SeqCst);
        let mut written = self.written.clone();
        Box::pin(async move {
            // It ends with the program only.
            let _ = written.wait_for(|written| *written >= told).await;
        })
    }
}

impl LastUsed for SharedUpdates {
    fn last_used(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<AddressMark>> {
        self.state.last_writer(transaction, participant)
    }

    fn remember(&self, memory: &StateUpdates) {
        self.tell(Update::Learnt(Box::new(memory.clone())));
    }

    fn accepted(&self, entry: &Entry) {
        match record(entry) {
            Ok(record) => self.tell(Update::Accepted(record)),
            Err(error) => {
                tracing::error!(event = "state_write_failed", queue_id = %entry.id, %error);
            }
        }
    }
}

/// What other nodes have to know of an entry that is durable here: what a report on it needs. How it came is left to this node's history.
fn record(entry: &Entry) -> serde_json::Result<MessageRecord> {
    let line = HistoryRecord {
        came: None,
        hidden: None,
        ..HistoryRecord::accepted(entry)
    };
    Ok(MessageRecord {
        id: entry.id,
        day: u16::try_from(entry.arrived.0 / DAY_MS).unwrap_or(u16::MAX),
        line: serde_json::to_string(&line)?,
    })
}

/// Writes what is told, one after another: of two last writers the later one stays. Records that wait are written together.
async fn write(
    state: Arc<PostgresState>,
    records: PostgresRecords,
    (mut told, counted): (mpsc::UnboundedReceiver<Update>, watch::Sender<u64>),
) {
    let mut batch = Vec::with_capacity(MOST_RECORDS);
    while told.recv_many(&mut batch, MOST_RECORDS).await > 0 {
        let count = batch.len() as u64;
        let mut accepted = Vec::new();
        for update in batch.drain(..) {
            match update {
                Update::Accepted(record) => accepted.push(record),
                Update::Learnt(memory) => {
                    while let Err(error) = apply(&*state, &memory).await {
                        again(&error).await;
                    }
                    state.has_written();
                }
            }
        }
        while !accepted.is_empty()
            && let Err(error) = records.write(&accepted).await
        {
            again(&error).await;
        }
        accepted.iter().for_each(|_| state.has_written());
        counted.send_modify(|written| *written += count);
    }
}

async fn again(error: &Unavailable) {
    tracing::warn!(event = "state_write_failed", %error, "tried again; the log has it meanwhile");
    tokio::time::sleep(REST).await;
}

/// What this node has accepted, or another one.
pub(super) struct SharedRecords {
    pub(super) local: LocalRecords,
    pub(super) shared: PostgresRecords,
    pub(super) clock: Arc<dyn Clock>,
}

impl Records for SharedRecords {
    fn find(&self, number: QueueId, day: u16) -> FoundRecord<'_> {
        Box::pin(async move {
            if let Some(found) = self.local.find(number, day).await? {
                return Ok(Some(found));
            }
            let line = self.shared.find(number).await.map_err(io::Error::other)?;
            let Some(line) = line else {
                // The node that has it may be behind. Whoever brings a report comes again.
                let today = self.clock.now().0 / DAY_MS;
                return match u64::from(day) + 1 < today {
                    true => Ok(None),
                    false => Err(io::Error::other("no node has told of the message yet")),
                };
            };
            let line: HistoryRecord = serde_json::from_str(&line)?;
            let stored = line.stored().cloned();
            Ok(stored.map(|stored| (line, stored)))
        })
    }
}

/// Each of these may be told again: what is known is not changed by it.
async fn apply(state: &dyn State, memory: &StateUpdates) -> Result<(), Unavailable> {
    if let Some(last) = &memory.last_writer {
        let remembered = state.remember(&last.transaction, &last.participant, last.address);
        remembered.await?;
    }
    for mark in memory.once.iter().chain(&memory.counted) {
        state.mark((mark.day, mark.digest)).await?;
    }
    if let Some(kept) = &memory.kept_id {
        let value = serde_json::to_string(kept).map_err(|error| Unavailable(error.to_string()))?;
        state.keep_id(&kept.digest, &value).await?;
    }
    if let Some(new) = &memory.delivery {
        let pair = (&new.writer, &new.reader);
        state.bring(pair, new.key, new.at, &new.brought).await?;
    }
    if let Some(wrote) = &memory.wrote {
        let last = LastWrote {
            at: wrote.at,
            document: wrote.document,
        };
        let noted = state.note_wrote(&wrote.transaction, &wrote.participant, last);
        noted.await?;
    }
    for document in &memory.documents {
        state.note_document(&document.digest, document.at).await?;
    }
    for document in &memory.lost_documents {
        state.lose_document(&document.digest, document.at).await?;
    }
    Ok(())
}

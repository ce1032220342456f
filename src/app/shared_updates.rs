//! What entries of the log teach, on its way to the database: the log has it, so nobody waits, and what fails is tried until it is written.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::directory::{AddressMark, Answer, LastWrote, PostgresState, State, Unavailable};
use crate::masking::{ParticipantId, TransactionId};
use crate::queue::LastUsed;
use crate::spool::StateUpdates;

/// How long a database that does not answer is left alone.
const REST: Duration = Duration::from_millis(500);
/// How often it is looked whether all is written.
const LOOK: Duration = Duration::from_millis(20);

/// Writes what entries teach.
pub(super) struct SharedUpdates {
    state: Arc<PostgresState>,
    waiting: mpsc::UnboundedSender<StateUpdates>,
}

impl SharedUpdates {
    /// Writes until nobody tells it anything any more.
    pub(super) fn start(state: Arc<PostgresState>) -> Arc<Self> {
        let (waiting, mut told) = mpsc::unbounded_channel::<StateUpdates>();
        let writes = state.clone();
        tokio::spawn(async move {
            // One after another: of two last writers the later one stays.
            while let Some(memory) = told.recv().await {
                while let Err(error) = apply(&*writes, &memory).await {
                    tracing::warn!(event = "state_write_failed", %error, "tried again; the log has it meanwhile");
                    tokio::time::sleep(REST).await;
                }
                writes.has_written();
            }
        });
        Arc::new(Self { state, waiting })
    }

    /// Waits until everything that was told is written.
    pub(super) async fn is_written(&self) {
        while self.state.is_behind() {
            tokio::time::sleep(LOOK).await;
        }
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
        self.state.will_write();
        // It ends with the program only.
        let _ = self.waiting.send(memory.clone());
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

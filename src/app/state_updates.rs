//! What entries teach, kept in the state store.

use std::sync::Arc;

use crate::directory::{AddressMark, Answer, LastWrote, SledState, Unavailable};
use crate::masking::{ParticipantId, TransactionId};
use crate::queue::LastUsed;
use crate::spool::StateUpdates;

/// Writes what an entry teaches into the state store.
/// Each of these may be learnt again: the same entry is read at every start for as long as its segment is there.
pub(super) fn apply_updates(state: &SledState, memory: &StateUpdates) -> Result<(), Unavailable> {
    if let Some(last) = &memory.last_writer {
        state.remember(&last.transaction, &last.participant, last.address)?;
    }
    for mark in memory.once.iter().chain(&memory.counted) {
        state.mark(mark.day, &mark.digest)?;
    }
    if let Some(kept) = &memory.kept_id {
        let value = serde_json::to_string(kept).map_err(|error| Unavailable(error.to_string()))?;
        state.keep_id(&kept.digest, &value)?;
    }
    if let Some(new) = &memory.delivery {
        let pair = (&new.writer, &new.reader);
        state.bring(pair, new.key, new.at, &new.brought)?;
    }
    if let Some(wrote) = &memory.wrote {
        let last = LastWrote {
            at: wrote.at,
            document: wrote.document,
        };
        state.note_wrote(&wrote.transaction, &wrote.participant, last)?;
    }
    for document in &memory.documents {
        state.note_document(&document.digest, document.at)?;
    }
    for document in &memory.lost_documents {
        state.lose_document(&document.digest, document.at)?;
    }
    Ok(())
}

/// The address that a party last wrote from, kept in the state store.
pub(super) struct LastAddresses(pub(super) Arc<SledState>);

impl LastUsed for LastAddresses {
    fn last_used(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<AddressMark>> {
        Answer::known(self.0.last_writer(transaction, participant))
    }

    fn remember(&self, memory: &StateUpdates) {
        if let Err(error) = apply_updates(&self.0, memory) {
            tracing::error!(event = "state_write_failed", %error);
        }
    }
}

//! When a party last wrote about a transaction, so that the other may answer.

use super::{SledState, key, time};
use crate::directory::{LastWrote, Unavailable};
use crate::masking::{ParticipantId, TransactionId};

impl SledState {
    /// When `participant` last wrote about `transaction`; none: never, or 0.1.0 took it.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn last_wrote(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Result<Option<LastWrote>, Unavailable> {
        let found = self
            .disk
            .with(|db| db.get(key("a", participant, transaction)))?;
        Ok(found.and_then(|value| {
            let (document, at) = value.split_last()?;
            Some(LastWrote {
                at: time(at)?,
                document: *document != 0,
            })
        }))
    }

    /// Remembers that `participant` wrote about `transaction`, unless a later message is known. Durable through the spool's log.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn note_wrote(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
        last: LastWrote,
    ) -> Result<(), Unavailable> {
        let known = self.last_wrote(transaction, participant)?;
        if known.is_some_and(|known| known.at >= last.at) {
            return Ok(());
        }
        self.room()?;
        let value = [
            last.at.0.to_be_bytes().as_slice(),
            &[u8::from(last.document)],
        ]
        .concat();
        let key = key("a", participant, transaction);
        self.disk.with(|db| db.insert(key, value)).map(|_| ())
    }
}

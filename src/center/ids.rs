//! The ids of threads and messages, made with a key: mail and API meet without asking, a replay makes the same ones, and nobody guesses another's.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::archive::{EntryKey, MessageId, ThreadId};
use crate::masking::{ParticipantId, TransactionId};

/// Makes ids.
#[derive(Clone)]
pub(super) struct Ids([u8; 32]);

impl Ids {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The thread of two participants about an order, or about none; whoever of them is named first.
    pub(super) fn talk(
        &self,
        one: &ParticipantId,
        other: &ParticipantId,
        order: Option<&TransactionId>,
    ) -> ThreadId {
        let (one, other) = (one.min(other), one.max(other));
        ThreadId(self.digest(&format!("talk/{one}/{other}/{}", name(order))))
    }

    /// The thread of what couriers write to a participant about an order, or about none.
    pub(super) fn courier(
        &self,
        reader: &ParticipantId,
        order: Option<&TransactionId>,
    ) -> ThreadId {
        ThreadId(self.digest(&format!("courier/{reader}/{}", name(order))))
    }

    /// The message that an entry of a spool is.
    pub(super) fn message(&self, entry: EntryKey) -> MessageId {
        MessageId(self.digest(&format!("message/{}/{}", entry.node, entry.id.0)))
    }

    /// The first half of a digest: 128 bits.
    fn digest(&self, text: &str) -> [u8; 16] {
        let mut digest = [0; 16];
        // A key of any length is good for an HMAC.
        if let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            hmac.update(text.as_bytes());
            let whole = hmac.finalize().into_bytes();
            digest
                .iter_mut()
                .zip(whole)
                .for_each(|(to, from)| *to = from);
        }
        digest
    }
}

/// No slash is in an id.
fn name(order: Option<&TransactionId>) -> String {
    order.map(ToString::to_string).unwrap_or_default()
}

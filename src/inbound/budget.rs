//! Budgets of `[limits]`: how often is too often.
//!
//! A spent budget is always a 450, for it fills up again. What is counted of refusals, and against whom, is in `budget/refusals.rs`.

mod bucket;
mod refusals;

use std::time::Duration;

use sha2::{Digest, Sha256};

use bucket::{Limiter, limiter, spend};
pub(super) use refusals::{Proven, Refusals, Standing};

use crate::config::{Budget, Limits};
use crate::mail::Mailbox;
use crate::masking::TransactionId;
use crate::message::Message;
use crate::policy::{Reason, Refusal};

/// Masks that one signed message may reach in an hour. More is a copy that goes round (hostile-inputs 81).
const COPIES: Budget = Budget {
    count: 200,
    period: Duration::from_secs(3_600),
};

/// The budgets of one server.
pub(super) struct Budgets {
    /// Refusals of clients, and of what they proved.
    pub(super) refusals: Refusals,
    /// Masks reached, by the digest of a message's signatures.
    copies: Option<Limiter<Vec<u8>>>,
    /// Messages by From.
    sender: Option<Limiter<String>>,
    /// Messages by order, of both sides and couriers together.
    transaction: Option<Limiter<TransactionId>>,
}

impl Budgets {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            refusals: Refusals::new(limits.refusals_per_client),
            copies: limiter(Some(COPIES)),
            sender: limiter(limits.messages_per_sender),
            transaction: limiter(limits.messages_per_transaction),
        }
    }

    /// Counts a message of a proven sender, once for each recipient. Unproven ones must not come here: they would spend somebody else's budget.
    pub(super) fn spend_message(
        &self,
        from: &Mailbox,
        transaction: Option<&TransactionId>,
    ) -> Result<(), Refusal> {
        if !spend(self.sender.as_ref(), &from.key()) {
            let text = format!("{from} has sent too many messages lately; please try again later.");
            return Err(Refusal::new(Reason::Rate, text));
        }
        if transaction.is_some_and(|transaction| !spend(self.transaction.as_ref(), transaction)) {
            let text = "too many messages were sent about this transaction lately; please try again later.";
            return Err(Refusal::new(Reason::Rate, text));
        }
        Ok(())
    }

    /// Counts one more mask that a signed message reaches; the same signatures are the same message. Whoever holds a copy can send it again, and
    /// changing what the signatures do not cover, the envelope above all, gives no new budget.
    pub(super) fn spend_copy(&self, letter: &Message) -> Result<(), Refusal> {
        let mut digest = Sha256::new();
        for field in letter.named("DKIM-Signature") {
            digest.update(field.value);
        }
        if spend(self.copies.as_ref(), &digest.finalize().to_vec()) {
            return Ok(());
        }
        let text =
            "this message has been sent to too many recipients lately; please try again later.";
        Err(Refusal::new(Reason::Rate, text))
    }
}

#[cfg(test)]
mod tests;

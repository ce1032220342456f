//! Puts together what policy decides on, for one recipient.

use super::arrival::{Arrival, Purpose};
use super::intake::Intake;
use super::recipient::MaskedRecipient;
use super::sender::Sender;
use crate::auth::Proof;
use crate::masking::TransactionId;
use crate::policy::{Facts, Refusal, Settings, TransactionFact};

impl Intake {
    /// All facts about a message from `sender` to `recipient`. What the directory cannot tell is no fact: the error is 451, never "unknown"
    /// (hostile-inputs 128).
    pub(super) async fn gather(
        &self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        recipient: &MaskedRecipient,
    ) -> Result<Facts, Refusal> {
        let beside_others = match sender.own_mask(recipient) {
            Some(writer) => self.beside_others(arrival, &writer.id).await?,
            None => false,
        };
        let transaction = match &recipient.address.local.transaction {
            None => TransactionFact::Absent,
            // Taken whichever order it names, and no time begins to run for one.
            Some(_) if beside_others => TransactionFact::Absent,
            Some(id) => match self.tools.directory.transaction(id).await? {
                Some(transaction) => TransactionFact::Known(transaction),
                None => TransactionFact::Unknown {
                    within_grace: self.within_grace(sender, (recipient, id), arrival.purpose)?,
                },
            },
        };
        let policy = &self.tools.config.policy;
        Ok(Facts {
            reverse_path: sender.reverse_path.clone(),
            from: sender.from.clone(),
            proof: sender.proof.clone(),
            recipient: recipient.address.clone(),
            receiver: recipient.receiver.clone(),
            beside_others,
            mask_counterparty: recipient.counterparty.clone(),
            transaction,
            writer: sender.writer.clone(),
            courier: sender.courier.clone(),
            return_path: sender.return_path.clone(),
            return_path_aligned: sender.return_path_aligned,
            reply_to: sender.reply_to.clone(),
            kind: sender.kind,
            settings: Settings {
                require_transaction: policy.require_transaction,
                courier_recipients: policy.courier_recipients,
            },
        })
    }

    /// Whether an unknown transaction is still waited for. Its time runs from the first proven request, so that nobody who
    /// proves nothing can start it or fill the store with guesses.
    fn within_grace(
        &self,
        sender: &Sender,
        (recipient, id): (&MaskedRecipient, &TransactionId),
        purpose: Purpose,
    ) -> Result<bool, Refusal> {
        let known = sender.writer.is_some() || sender.courier.is_some();
        // Policy refuses this sender for another reason; the answer here must not depend on what the store holds.
        if !known || !matches!(sender.proof, Proof::Proven(_) | Proof::NotAsked) {
            return Ok(true);
        }
        let now = self.tools.clock.now();
        let first = match purpose {
            Purpose::Mail => {
                let (state, asker) = (&self.tools.state, asker(sender, recipient));
                state.note_first_seen(&recipient.receiver.id, id, &asker, now)?
            }
            // A question neither starts the time nor finds it run out where no mail has come.
            Purpose::Question => self
                .tools
                .state
                .first_seen(&recipient.receiver.id, id)?
                .unwrap_or(now),
        };
        Ok(now.since(first) < self.tools.config.policy.transaction_grace)
    }
}

/// Who asks, as it has been proven. A courier asks about many orders of many buyers: it is counted by buyer.
fn asker(sender: &Sender, recipient: &MaskedRecipient) -> String {
    match &sender.writer {
        Some(writer) => writer.id.to_string(),
        None => format!("{}/{}", sender.from.domain(), recipient.receiver.id),
    }
}

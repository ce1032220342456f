//! Puts together what policy decides on, for one recipient.

use super::arrival::{Arrival, Purpose};
use super::owners::Owners;
use super::recipient::{MaskedRecipient, Names};
use crate::auth::Proof;
use crate::directory::State;
use crate::masking::TransactionId;
use crate::policy::{Facts, Options, Refusal, Sender, TransactionFact};

/// All facts about a message from `sender` to `recipient`. What the directory cannot tell is no fact: the error is 451, never "unknown"
/// (docs/threats.md#128).
pub(super) async fn gather<'a>(
    (owners, state): (Owners<'_>, &dyn State),
    names: Names<'_>,
    arrival: &Arrival<'_>,
    sender: &'a Sender,
    recipient: &'a MaskedRecipient,
) -> Result<Facts<'a>, Refusal> {
    let beside_others = match sender.own_mask(&recipient.receiver) {
        Some(writer) => owners.beside_others(names, arrival, &writer.id).await?,
        None => false,
    };
    let transaction = match &recipient.address.local.transaction {
        None => TransactionFact::Absent,
        // Taken whichever order it names, and no time begins to run for one.
        Some(_) if beside_others => TransactionFact::Absent,
        Some(id) => match owners.directory.transaction(id).await? {
            Some(transaction) => TransactionFact::Known(transaction),
            None => TransactionFact::Unknown {
                within_grace: within_grace(names, state, sender, (recipient, id), arrival.purpose)
                    .await?,
            },
        },
    };
    Ok(Facts {
        sender,
        recipient: &recipient.address,
        receiver: &recipient.receiver,
        beside_others,
        mask_counterparty: recipient.counterparty.as_ref(),
        transaction,
        options: Options {
            require_transaction: names.policy.require_transaction,
            courier_recipients: names.policy.courier_recipients,
            has_contact: names.policy.contact.is_some()
                && names.policy.roles.iter().any(|role| role == "postmaster"),
        },
    })
}

/// Whether an unknown transaction is still waited for. Its time runs from the first proven request, so that nobody who
/// proves nothing can start it or fill the store with guesses.
async fn within_grace(
    names: Names<'_>,
    state: &dyn State,
    sender: &Sender,
    (recipient, id): (&MaskedRecipient, &TransactionId),
    purpose: Purpose,
) -> Result<bool, Refusal> {
    let known = sender.writer.is_some() || sender.courier.is_some();
    // Policy refuses this sender for another reason; the answer here must not depend on what the store holds.
    if !known || !matches!(sender.proof, Proof::Proven(_) | Proof::NotAsked) {
        return Ok(true);
    }
    let (now, receiver) = (names.now, &recipient.receiver.id);
    let first = match purpose {
        Purpose::Mail => {
            let asker = asker(sender, recipient);
            state.note_first_seen(receiver, id, &asker, now).await?
        }
        // A question neither starts the time nor finds it run out where no mail has come.
        Purpose::Question => state.first_seen(receiver, id).await?.unwrap_or(now),
    };
    Ok(now.since(first) < names.policy.transaction_grace)
}

/// Who asks, as it has been proven. A courier asks about many orders of many buyers: it is counted by buyer.
fn asker(sender: &Sender, recipient: &MaskedRecipient) -> String {
    match &sender.writer {
        Some(writer) => writer.id.to_string(),
        None => format!("{}/{}", sender.from.domain(), recipient.receiver.id),
    }
}

//! Where an entry goes now: the address last used in the transaction if it still is registered, else the primary one.

use super::QueueContext;
use crate::directory::{AccountStatus, Unavailable};
use crate::mail::{Diagnostic, EnhancedStatus, Mailbox};
use crate::spool::{Entry, Target};

/// The address for this attempt; a diagnostic, if the participant takes no mail any more (docs/rules.md#where-mail-goes).
///
/// # Errors
/// [`Unavailable`]: the directory cannot be asked, so nothing is known of the participant.
pub(super) async fn find(
    context: &QueueContext,
    entry: &Entry,
) -> Result<Result<Mailbox, Diagnostic>, Unavailable> {
    let (participant, transaction) = match &entry.target {
        Target::Address(mailbox) => return Ok(Ok(mailbox.clone())),
        // Settled when it was accepted: what is left is the report.
        Target::Refused(diagnostic) | Target::Delayed(diagnostic) => {
            return Ok(Err(diagnostic.clone()));
        }
        Target::Participant {
            participant,
            transaction,
        } => (participant, transaction),
    };
    let found = context.directory.participant_now(participant).await?;
    let Some(account) = found.filter(|account| account.status == AccountStatus::Active) else {
        let text = "the recipient's account takes no mail any more";
        return Ok(Err(Diagnostic::local(EnhancedStatus::DISABLED_5_2_1, text)));
    };
    let mark = match transaction {
        Some(transaction) => {
            context
                .last_used
                .last_used(transaction, participant)
                .await?
        }
        None => None,
    };
    // The mark fits no address that was removed since.
    let last = mark.and_then(|mark| mark.find(&account).cloned());
    let address = last.unwrap_or_else(|| account.primary.clone());
    // Refused at import, but a domain may have become ours since (docs/threats.md#111).
    if context.reporter.domains.find(address.domain()).is_some() {
        let text = "the recipient's registered address is a masked one, so mail to it would go in a circle";
        return Ok(Err(Diagnostic::local(EnhancedStatus::LOOP_5_4_6, text)));
    }
    Ok(Ok(address))
}

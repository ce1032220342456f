//! Where entries go, whose they are and who wrote them: asked of the directory for operators. Beside the schedule, which waits for nobody.

use super::{QueueContext, target};
use crate::directory::Unavailable;
use crate::mail::Domain;
use crate::masking::{MaskedAddress, ParticipantId, TransactionId};
use crate::spool::{Entry, Origin, Target};

/// Entries that are looked up between two moments in which others may use the thread.
const AT_ONCE: usize = 64;

/// Lets others use the thread, now and then.
pub(super) async fn breathe(number: usize) {
    if number.is_multiple_of(AT_ONCE) {
        tokio::task::yield_now().await;
    }
}

/// The domain that `entry` would be sent to now; none: it goes nowhere.
pub(super) async fn destination(
    context: &QueueContext,
    entry: &Entry,
) -> Result<Option<Domain>, Unavailable> {
    let found = target::find(context, entry).await?;
    Ok(found.ok().map(|address| address.domain().clone()))
}

/// The transaction that an entry is about.
fn transaction(entry: &Entry) -> Option<&TransactionId> {
    let of_target = match &entry.target {
        Target::Participant { transaction, .. } => transaction.as_ref(),
        _ => None,
    };
    of_target.or(match &entry.origin {
        Origin::Participant { transaction, .. } => transaction.as_ref(),
        _ => None,
    })
}

/// The seller of the transaction that `entry` is about.
pub(super) async fn seller(
    context: &QueueContext,
    entry: &Entry,
) -> Result<Option<ParticipantId>, Unavailable> {
    let Some(transaction) = transaction(entry) else {
        return Ok(None);
    };
    let found = context.directory.transaction(transaction).await?;
    Ok(found.map(|transaction| transaction.seller.clone()))
}

/// Who is told of the end of `entry`, as others see them: a mask, or a courier's own address. None: nobody.
pub(super) async fn sender(
    context: &QueueContext,
    entry: &Entry,
) -> Result<Option<String>, Unavailable> {
    let (participant, transaction) = match &entry.origin {
        Origin::Nobody => return Ok(None),
        Origin::Address(mailbox) => return Ok(Some(mailbox.to_string())),
        Origin::Participant {
            participant,
            transaction,
        } => (participant, transaction.as_ref()),
    };
    let account = context.directory.participant(participant).await?;
    let mask = context.directory.mask_of(participant, None).await?;
    let (Some(account), Some(mask)) = (account, mask) else {
        return Ok(None);
    };
    let domains = &context.reporter.domains;
    let address = domains.address(&mask, transaction, &account.marketplace);
    let own = address.as_ref().and_then(MaskedAddress::mailbox);
    Ok(own.map(|own| own.to_string()))
}

//! The message of ours that a bounce token names, and what is added to its life.

use super::entry::Taken;
use super::fault::internal;
use super::masked::mask_of;
use crate::directory::Directory;
use crate::failpoint;
use crate::history::{Accepted, History, HistoryEvent, HistoryRecord, Records};
use crate::mail::{Mailbox, QueueId, Timestamp};
use crate::masking::{BounceToken, MaskedDomains, TokenKind};
use crate::policy::{Reason, Refusal};
use crate::spool::{Origin, Target};

/// A message of ours that something comes back for.
pub(super) struct Sent {
    /// The token that names it.
    pub(super) token: BounceToken,
    /// Its first line in the history.
    pub(super) line: HistoryRecord,
    /// What is kept of it.
    pub(super) about: Accepted,
    /// The mask of who wrote it, as the other side knows it; none at a courier's, to whom nothing of a participant's ever goes.
    pub(super) mask: Option<Mailbox>,
}

/// What is known of the message that a token names.
pub(super) async fn found(
    records: &dyn Records,
    token: &BounceToken,
) -> Result<(HistoryRecord, Accepted), Refusal> {
    let found = records.find(QueueId(token.number), token.day).await;
    let found = found.map_err(|error| internal(&error.to_string()))?;
    let found = found.ok_or_else(|| {
        let text = "the message that this bounce address belongs to is not known any more.";
        Refusal::new(Reason::BadToken, text)
    })?;
    failpoint::pass("inbound.bounce_found");
    Ok(found)
}

/// The message that a token names, with the mask of its writer.
pub(super) async fn sent(
    directory: &dyn Directory,
    domains: &MaskedDomains,
    token: &BounceToken,
    (line, about): (HistoryRecord, Accepted),
) -> Result<Sent, Refusal> {
    let mask = match token.kind {
        TokenKind::Participant => mask_of_writer(directory, domains, &about).await?,
        TokenKind::Courier => None,
    };
    Ok(Sent {
        token: *token,
        line,
        about,
        mask,
    })
}

/// The mask of who wrote a message, as its receiver saw it in From; none where either is gone.
async fn mask_of_writer(
    directory: &dyn Directory,
    domains: &MaskedDomains,
    about: &Accepted,
) -> Result<Option<Mailbox>, Refusal> {
    let Target::Participant { participant, .. } = &about.target else {
        return Ok(None);
    };
    let Origin::Participant {
        participant: writer,
        transaction,
    } = &about.origin
    else {
        return Ok(None);
    };
    let Some(writer) = directory.participant(writer).await? else {
        return Ok(None);
    };
    let order = transaction.as_ref();
    match mask_of(directory, domains, &writer, Some(participant), order).await {
        // A mask or a marketplace that is gone: reports on the message are taken all the same.
        Err(refusal) if refusal.reason == Reason::Internal => Ok(None),
        mask => mask.map(Some),
    }
}

/// Tells that mail was taken and goes nowhere.
pub(super) fn discard(
    history: &History,
    now: Timestamp,
    line: &HistoryRecord,
    why: &'static str,
) -> Taken {
    let event = HistoryEvent::Discarded {
        text: why.to_owned(),
    };
    note(history, now, line, event);
    Taken::Discarded(why)
}

/// Adds to the life of a message.
pub(super) fn note(history: &History, now: Timestamp, line: &HistoryRecord, event: HistoryEvent) {
    let (trace, to) = (line.trace.clone(), line.to.clone());
    history.note(HistoryRecord::new(now, trace, line.id, to, event));
}

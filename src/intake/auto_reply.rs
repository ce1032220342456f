//! Automatic replies: one a day for each pair and direction, masked, with a null sender.

use super::arrival::{Arrival, Purpose};
use super::dedup::{Claim, Claims, mark};
use super::entry::{Taken, without};
use super::masked::{Masking, rewritten};
use super::sent::Sent;
use crate::directory::Directory;
use crate::mail::Timestamp;
use crate::masking::ParticipantId;
use crate::policy::{Masked, Reason, Refusal, Sender};
use crate::spool::{Entry, NewEntry, Origin, StateUpdates, Target};

/// Why an automatic reply is not passed on.
pub(super) const ONE_A_DAY: &str =
    "an automatic reply between these two was passed on today already";

const DAY_MS: u64 = 86_400_000;

/// Whose automatic reply to a message came back to its bounce address, and to whom it goes; the error tells why it goes to nobody.
///
/// The token proves that it answers, and not who wrote it: everybody who got the message has it. So `sender` is proven, and must be registered to
/// the other side, or it could not be masked.
pub(super) async fn of_answer(
    directory: &dyn Directory,
    sent: &Sent,
    sender: &Sender,
) -> Result<Result<Masked, &'static str>, Refusal> {
    let (
        Target::Participant { participant, .. },
        Origin::Participant {
            participant: reader,
            transaction,
        },
    ) = (&sent.about.target, &sent.about.origin)
    else {
        return Ok(Err(
            "an automatic reply to a message that nobody is told about",
        ));
    };
    // Somebody whose mailbox forwards may answer from elsewhere; that address is in no list of needles, and would show.
    if sender.writer.as_ref().map(|writer| &writer.id) != Some(participant) {
        let text = format!(
            "{} is not registered to whom the message went to; set the responder to write from an address that is.",
            sender.from
        );
        return Err(Refusal::new(Reason::SenderNotRegistered, text));
    }
    let writer = directory.participant(participant).await?;
    let receiver = directory.participant(reader).await?;
    let (Some(writer), Some(receiver)) = (writer, receiver) else {
        return Ok(Err("an automatic reply of an account that is gone"));
    };
    Ok(Ok(Masked {
        writer,
        receiver,
        transaction: transaction.clone(),
    }))
}

/// The entry of an automatic reply; none: one has passed today. `from_name` is the name beside the From, as it came.
pub(super) async fn auto_reply(
    masking: Masking<'_>,
    claims: &Claims,
    arrival: &Arrival<'_>,
    plan: &Masked,
    from_name: Option<&str>,
) -> Result<Option<Taken>, Refusal> {
    let now = masking.entries.clock.now();
    let (writer, reader) = (&plan.writer.id, &plan.receiver.id);
    // By pair and not by order: a mask with another transaction is the same two people (docs/threats.md#p75).
    let Some(claim) = claim(claims, (writer, reader), now, arrival.purpose).await? else {
        return Ok(None);
    };
    let committed = entry(masking, arrival, plan, from_name, &claim).await?;
    Ok(Some(Taken::Entry(Box::new(committed), Some(claim))))
}

/// The right to pass on the one automatic reply of a pair and day, in one direction (RFC 3834 2; two responders that face each other
/// end after one exchange).
async fn claim(
    claims: &Claims,
    (writer, reader): (&ParticipantId, &ParticipantId),
    now: Timestamp,
    purpose: Purpose,
) -> Result<Option<Claim>, Refusal> {
    // Days since the epoch fit until 2149.
    let day = u16::try_from(now.0 / DAY_MS).unwrap_or(u16::MAX);
    let mark = mark(day, &format!("reply/{writer}/{reader}"));
    Ok(claims.claim(mark, purpose).await?)
}

/// With a null sender, so that nothing answers it or reports on it (RFC 3834 3.3).
async fn entry(
    masking: Masking<'_>,
    arrival: &Arrival<'_>,
    plan: &Masked,
    from_name: Option<&str>,
    claim: &Claim,
) -> Result<NewEntry, Refusal> {
    let id = masking.entries.spool.next_id();
    let outgoing = rewritten(masking, arrival, id, plan, (from_name, &[], false)).await?;
    let target = Target::Participant {
        participant: plan.receiver.id.clone(),
        transaction: plan.transaction.clone(),
    };
    let recipient = outgoing.to.to_string();
    let blank = masking.entries.blank(arrival, id, target, &recipient);
    let (addresses, shown) = (&plan.writer.addresses, outgoing.from.to_string());
    let entry = Entry {
        eight_bit: !outgoing.body.is_ascii(),
        about: without(blank.about, addresses, &shown),
        sent_as: outgoing.sent_as,
        memory: StateUpdates {
            once: Some(claim.mark),
            kept_id: outgoing.kept_id,
            delivery: Some(outgoing.delivery),
            // Its null sender brings nothing back.
            ..StateUpdates::default()
        },
        ..blank
    };
    Ok(NewEntry {
        entry,
        body: outgoing.body,
    })
}

//! Automatic replies: one a day for each pair and direction, masked, with a null sender.

use super::about::without;
use super::arrival::{Arrival, Taken};
use super::crossing::Crossing;
use super::intake::Intake;
use super::once::{self, Claim, ONE_REPLY};
use super::payer::Payer;
use super::returned::Sent;
use crate::masking::ParticipantId;
use crate::policy::{self, Reason, Refusal};
use crate::spool::{Committed, Entry, Memory, Origin, Target};

const DAY_MS: u64 = 86_400_000;

impl Intake {
    /// An automatic reply of the account that the message went to: masked, to whoever wrote. The token proves that it answers, and not who wrote
    /// it: everybody who got the message has it. So the From must be proven, and only then is it looked at whose it is. It must be registered
    /// to the other side, or it could not be masked.
    pub(super) async fn answered(
        &self,
        arrival: &Arrival<'_>,
        payer: &mut Payer,
        sent: &Sent,
    ) -> Result<Taken, Refusal> {
        let (line, about) = (&sent.line, &sent.about);
        let sender = self.prove_returned(arrival, payer, sent).await?;
        if let Some(refusal) = policy::unproven(&sender.proof) {
            return Err(refusal);
        }
        let nobody = "an automatic reply to a message that nobody is told about";
        let Target::Participant { participant, .. } = &about.target else {
            return Ok(self.discard(line, nobody));
        };
        let Origin::Participant {
            participant: reader,
            transaction,
        } = &about.origin
        else {
            return Ok(self.discard(line, nobody));
        };
        // Somebody whose mailbox forwards may answer from elsewhere; that address is in no list of needles, and would show.
        if sender.writer.as_ref().map(|writer| &writer.id) != Some(participant) {
            let text = format!(
                "{} is not registered to whom the message went to; set the responder to write from an address that is.",
                sender.from
            );
            return Err(Refusal::new(Reason::SenderNotRegistered, text));
        }
        let writer = self.tools.directory.participant(participant).await?;
        let receiver = self.tools.directory.participant(reader).await?;
        let (Some(writer), Some(receiver)) = (writer, receiver) else {
            return Ok(self.discard(line, "an automatic reply of an account that is gone"));
        };
        let Some(claim) = self.claim_reply(arrival, &writer.id, &receiver.id)? else {
            return Ok(self.discard(line, ONE_REPLY));
        };
        let crossing = Crossing {
            writer: &writer,
            receiver: &receiver,
            order: transaction.as_ref(),
            from_name: None,
        };
        let committed = self.reply_entry(arrival, &crossing, &claim).await?;
        Ok(Taken::Entry(Box::new(committed), Some(claim)))
    }

    /// The right to pass on the one automatic reply of a pair and day, in one direction (RFC 3834 2; two responders that face each other
    /// end after one exchange).
    pub(super) fn claim_reply(
        &self,
        arrival: &Arrival<'_>,
        writer: &ParticipantId,
        reader: &ParticipantId,
    ) -> Result<Option<Claim>, Refusal> {
        let today = self.tools.clock.now().0 / DAY_MS;
        // Days since the epoch fit until 2149.
        let day = u16::try_from(today).unwrap_or(u16::MAX);
        let mark = once::mark(day, &format!("reply/{writer}/{reader}"));
        Ok(self
            .claims
            .claim(&self.tools.state, mark, arrival.purpose)?)
    }

    /// The entry of an automatic reply: with a null sender, so that nothing answers it or reports on it (RFC 3834 3.3).
    pub(super) async fn reply_entry(
        &self,
        arrival: &Arrival<'_>,
        crossing: &Crossing<'_>,
        claim: &Claim,
    ) -> Result<Committed, Refusal> {
        let id = self.tools.spool.next_id();
        let masked = self.cross(arrival, id, crossing).await?;
        let target = Target::Participant {
            participant: crossing.receiver.id.clone(),
            transaction: crossing.order.cloned(),
        };
        let blank = self.blank(arrival, id, target, &masked.to.to_string());
        let (addresses, shown) = (&crossing.writer.addresses, masked.from.to_string());
        let entry = Entry {
            eight_bit: !masked.body.is_ascii(),
            about: without(blank.about, addresses, &shown),
            sent_as: masked.sent_as,
            memory: Memory {
                once: Some(claim.mark),
                kept_id: masked.kept_id,
                delivery: Some(masked.delivery),
                // Its null sender brings nothing back.
                ..Memory::default()
            },
            ..blank
        };
        Ok(Committed {
            entry,
            body: masked.body,
        })
    }
}

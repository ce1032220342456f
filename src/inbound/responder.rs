//! Automatic replies: one a day for each pair and direction, masked, with a null sender.

use super::about::without;
use super::arrival::{Arrival, Taken};
use super::crossing::Crossing;
use super::intake::Intake;
use super::once::{self, Claim, ONE_REPLY};
use crate::history::{Accepted, Line};
use crate::masking::ParticipantId;
use crate::policy::Refusal;
use crate::spool::{Committed, Entry, Memory, Origin, Target};

const DAY_MS: u64 = 86_400_000;

impl Intake {
    /// An automatic reply of the account that the message went to: masked, to whoever wrote. The token proves that it answers; the address
    /// must be registered, or it could not be masked.
    pub(super) async fn answered(
        &self,
        arrival: &Arrival<'_>,
        line: &Line,
        sent: &Accepted,
    ) -> Result<Taken, Refusal> {
        let no_report = "mail to a bounce address that is no report";
        let Target::Participant { participant, .. } = &sent.target else {
            return Ok(self.discard(line, no_report));
        };
        let Origin::Participant {
            participant: reader,
            transaction,
        } = &sent.origin
        else {
            return Ok(self.discard(line, no_report));
        };
        // A person's answer to the envelope's address is none of the forms that may pass here; the mask in From is where answers go.
        if !arrival
            .letter
            .automatic(&arrival.transaction.reverse_path)
            .by_program()
        {
            return Ok(self.discard(line, no_report));
        }
        let owner = match arrival.letter.from() {
            Ok(from) => self.tools.directory.owner(&from.mailbox).await?,
            Err(_) => None,
        };
        // Somebody whose mailbox forwards may answer from elsewhere; that address is in no list of needles, and would show.
        if owner.as_ref() != Some(participant) {
            let why = "an automatic reply from an address that is not registered";
            return Ok(self.discard(line, why));
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

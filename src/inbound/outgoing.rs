//! Makes of an accepted message the entry that will be delivered: rewritten, checked for leaks, with its envelope.
//!
//! A message that cannot be rewritten is refused. It never goes on as it came.

use bytes::Bytes;

use super::about::{about, origin, without};
use super::arrival::{Arrival, Refused, Taken};
use super::crossing::Crossing;
use super::intake::{Intake, internal};
use super::once::ONE_REPLY;
use super::recipient::MaskedRecipient;
use super::sender::Sender;
use crate::directory::{AddressMark, Participant};
use crate::mail::{Diagnostic, Domain, Mailbox, QueueId, ReversePath};
use crate::masking::{HandedTo, TokenKind};
use crate::policy::{Plan, Refusal};
use crate::rewrite::Trace;
use crate::spool::{Committed, Entry, LastWriter, Memory, Origin, Progress, Target};

impl Intake {
    /// Carries out `plan`, up to the entry; nothing is durable before the caller commits it. Also run for `explain`, which throws the entry away:
    /// what is used up here are queue ids, of which there are enough.
    pub(super) async fn prepare(
        &self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        masked: &MaskedRecipient,
        plan: &Plan,
    ) -> Result<Taken, Refusal> {
        match plan {
            Plan::OwnMask => Ok(Taken::OwnMask),
            Plan::Participant { transaction, .. } => {
                let writer = sender
                    .writer
                    .as_deref()
                    .ok_or_else(|| internal("a participant's plan without a writer"))?;
                let crossing = Crossing {
                    writer,
                    receiver: &masked.receiver,
                    order: transaction.as_ref(),
                    from_name: sender.from_name.clone(),
                };
                if sender.answers {
                    // Taken and not passed on: a refusal would make the responder's server write to its owner about it.
                    let Some(claim) = self.claim_reply(arrival, &writer.id, &masked.receiver.id)?
                    else {
                        return Ok(Taken::Discarded(ONE_REPLY));
                    };
                    let committed = self.reply_entry(arrival, &crossing, &claim).await?;
                    // By pair and not by order: a mask with another transaction is the same two people (peers 3.7).
                    return Ok(Taken::Entry(Box::new(committed), Some(claim)));
                }
                self.letter(arrival, sender, masked, &crossing).await
            }
            Plan::Courier { transaction, .. } => {
                let id = self.tools.spool.next_id();
                let domain = self.domain_of(&masked.receiver)?;
                // The id comes first, for the token in a masked From is made of it.
                let body = self.courier(arrival, id, sender, &domain).await?;
                let target = Target::Participant {
                    participant: masked.receiver.id.clone(),
                    transaction: transaction.clone(),
                };
                let entry = Entry {
                    reverse_path: self.token(TokenKind::Courier, id, domain)?,
                    eight_bit: !body.is_ascii(),
                    origin: origin(arrival, sender, transaction.as_ref()),
                    memory: Memory {
                        handed_to: self.handed_to(id, &masked.receiver),
                        ..Memory::default()
                    },
                    ..self.blank(arrival, id, target, &masked.address.to_string())
                };
                Ok(Taken::Entry(Box::new(Committed { entry, body }), None))
            }
        }
    }

    /// A message of a participant that is no automatic reply.
    async fn letter(
        &self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        masked: &MaskedRecipient,
        crossing: &Crossing<'_>,
    ) -> Result<Taken, Refusal> {
        let id = self.tools.spool.next_id();
        let made = self.cross(arrival, id, crossing).await?;
        let target = Target::Participant {
            participant: crossing.receiver.id.clone(),
            transaction: crossing.order.cloned(),
        };
        // Where the answer about this order goes, as a mark and not as an address: the spool holds none.
        let last_writer = crossing.order.map(|order| LastWriter {
            transaction: order.clone(),
            participant: crossing.writer.id.clone(),
            address: AddressMark::of(&crossing.writer.id, &sender.from),
        });
        // The envelope is in the writer's masked domain, as the From is: aligned, so that DMARC passes at the receiver by SPF, too.
        let domain = self.domain_of(crossing.writer)?;
        let blank = self.blank(arrival, id, target, &masked.address.to_string());
        let entry = Entry {
            reverse_path: self.token(TokenKind::Participant, id, domain)?,
            eight_bit: !made.body.is_ascii(),
            origin: origin(arrival, sender, crossing.order),
            about: without(
                blank.about,
                &crossing.writer.addresses,
                &made.from.to_string(),
            ),
            sent_as: made.sent_as,
            memory: Memory {
                last_writer,
                kept_id: made.kept_id,
                handed_to: self.handed_to(id, crossing.receiver),
                delivery: Some(made.delivery),
                ..Memory::default()
            },
            ..blank
        };
        let body = made.body;
        Ok(Taken::Entry(Box::new(Committed { entry, body }), None))
    }

    /// To whose servers mail to an account goes, as far as is known now: those of its primary address. Where an attempt takes another, it says so.
    fn handed_to(&self, id: QueueId, receiver: &Participant) -> Option<HandedTo> {
        Some(self.handed.digest(id, receiver.primary.domain()))
    }

    /// An entry that fails at once, so that the writer gets a report on this recipient. The report goes to the writer itself, so its login
    /// stands where its addresses did: no mask was made for this recipient.
    pub(super) fn refused_entry(
        &self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        refused: &Refused,
    ) -> Committed {
        let target = Target::Refused(Diagnostic::local(
            refused.refusal.reason.status(),
            &refused.refusal.text,
        ));
        let blank = self.blank(arrival, self.tools.spool.next_id(), target, refused.name());
        let origin = origin(arrival, sender, refused.order.as_ref());
        let about = match &sender.writer {
            Some(writer) => without(blank.about, &writer.addresses, &writer.login),
            None => blank.about,
        };
        Committed {
            entry: Entry {
                origin,
                about,
                ..blank
            },
            body: Bytes::new(),
        }
    }

    /// The envelope sender of an entry: what a bounce of it comes back to. The day in it is the day of acceptance, not of the attempt.
    fn token(&self, kind: TokenKind, id: QueueId, domain: Domain) -> Result<ReversePath, Refusal> {
        let local = self
            .tools
            .config
            .secrets
            .sign(kind, id.0, self.tools.clock.now());
        let mailbox = Mailbox::from_parts(&local, domain)
            .map_err(|_| internal("a token that is no address"))?;
        Ok(ReversePath::Mailbox(mailbox))
    }

    /// What the Received field that we add tells: us, our trace, the time. No client's name or address (hostile-inputs 94).
    pub(super) fn trace(&self, arrival: &Arrival<'_>) -> Trace {
        Trace {
            host: self.tools.config.hostname.clone(),
            id: arrival.transaction.trace.clone(),
            at: self.tools.clock.now(),
        }
    }

    /// An entry with nobody to tell and a null sender: what is forgotten to be set fails silent, not towards a stranger.
    pub(super) fn blank(
        &self,
        arrival: &Arrival<'_>,
        id: QueueId,
        target: Target,
        recipient: &str,
    ) -> Entry {
        Entry {
            id,
            trace: arrival.transaction.trace.clone(),
            arrived: self.tools.clock.now(),
            target,
            origin: Origin::Nobody,
            reverse_path: ReversePath::Null,
            smtputf8: false,
            eight_bit: false,
            about: about(arrival.letter, recipient),
            sent_as: String::new(),
            memory: Memory::default(),
            progress: Progress::default(),
        }
    }
}

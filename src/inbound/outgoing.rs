//! Makes of an accepted message the entry that will be delivered: rewritten, checked for leaks, with its envelope.
//!
//! A message that cannot be rewritten is refused. It never goes on as it came.

use bytes::Bytes;

use super::bounce::ONE_REPLY;
use super::crossing::Crossing;
use super::intake::Intake;
use super::recipient::{MaskedRecipient, Recipient};
use super::sender::Sender;
use super::take::{Arrival, Refused, Taken};
use crate::auth::Proof;
use crate::directory::AddressMark;
use crate::mail::{Diagnostic, Domain, Mailbox, QueueId, ReversePath};
use crate::masking::{TokenKind, TransactionId};
use crate::message::{Message, Parameters};
use crate::policy::{Plan, Reason, Refusal};
use crate::rewrite::{self, CourierTrace, Trace};
use crate::signing::Sealing;
use crate::spool::{About, Committed, Entry, LastWriter, Memory, Origin, Progress, Target};

/// Characters of a subject that a report repeats.
const SUBJECT: usize = 200;

/// A failure of ours: the client keeps the message.
pub(super) fn internal(what: &str) -> Refusal {
    tracing::error!(event = "internal", what);
    Refusal::new(
        Reason::Internal,
        "the server could not prepare the message; please try again later.",
    )
}

impl Intake {
    /// Carries out `plan`.
    pub(super) async fn prepare(
        &self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        masked: &MaskedRecipient,
        plan: &Plan,
    ) -> Result<Taken, Refusal> {
        match plan {
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
                    let Some(claim) = self.claim_reply(&writer.id, &masked.receiver.id)? else {
                        return Ok(Taken::Discarded(ONE_REPLY));
                    };
                    let committed = self.reply_entry(arrival, &crossing, &claim).await?;
                    return Ok(Taken::Entry(Box::new(committed), Some(claim)));
                }
                self.letter(arrival, sender, masked, &crossing).await
            }
            Plan::Courier { transaction, .. } => {
                let id = self.tools.spool.next_id();
                let domain = self.domain_of(&masked.receiver)?;
                let body = self.courier(arrival, id, sender, &domain).await?;
                let target = Target::Participant {
                    participant: masked.receiver.id.clone(),
                    transaction: transaction.clone(),
                };
                let entry = Entry {
                    reverse_path: self.token(TokenKind::Courier, id, domain)?,
                    eight_bit: !body.is_ascii(),
                    origin: origin(arrival, sender, transaction.as_ref()),
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
        let last_writer = crossing.order.map(|order| LastWriter {
            transaction: order.clone(),
            participant: crossing.writer.id.clone(),
            address: AddressMark::of(&crossing.writer.id, &sender.from),
        });
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
                once: None,
                kept_id: made.kept_id,
            },
            ..blank
        };
        let body = made.body;
        Ok(Taken::Entry(Box::new(Committed { entry, body }), None))
    }

    /// A courier's mail as it is; from an address of ours, where it would be refused behind us as it is.
    async fn courier(
        &self,
        arrival: &Arrival<'_>,
        id: QueueId,
        sender: &Sender,
        domain: &Domain,
    ) -> Result<Bytes, Refusal> {
        let mut trace = self.courier_trace(arrival);
        if let Proof::Proven(means) = &sender.proof {
            trace.result = Some(means.result());
        }
        if !sender.fails_elsewhere {
            let body = rewrite::courier(arrival.letter, &trace);
            return self.sealed(arrival, sender, domain, body).await;
        }
        metrics::counter!("allegromail_inbound_courier_masked_total", "domain" => sender.from.domain().to_string()).increment(1);
        tracing::info!(event = "courier_masked", trace = %arrival.transaction.trace, domain = %sender.from.domain());
        let token =
            self.tools
                .config
                .secrets
                .sign(TokenKind::Courier, id.0, self.tools.clock.now());
        let local = token.replacen("b-", "c-", 1);
        let shown = Mailbox::from_parts(&local, domain.clone())
            .map_err(|_| internal("a token that is no address"))?;
        let from = (&sender.from, sender.from_name.as_deref());
        let body = rewrite::courier_as(arrival.letter, &trace, from, &shown);
        let signed = self.tools.signer.sign(domain, body).await;
        signed.map_err(|error| internal(&error.to_string()))
    }

    /// A courier's mail with our ARC seal, where that is configured. Our own trouble with a seal is no reason to keep the mail: unsealed it
    /// is as good as without the key.
    async fn sealed(
        &self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        domain: &Domain,
        body: Bytes,
    ) -> Result<Bytes, Refusal> {
        let Proof::Proven(means) = &sender.proof else {
            return Ok(body);
        };
        if !self.tools.config.auth.arc_seal {
            return Ok(body);
        }
        let sealing = Sealing {
            host: self.tools.config.hostname.clone(),
            client: arrival.client.address,
            means: means.clone(),
            chain: self.tools.prover.arc_chain(&body).await,
        };
        let sealed = self.tools.signer.seal(domain, body.clone(), sealing).await;
        Ok(sealed.unwrap_or_else(|error| {
            tracing::error!(event = "arc_seal_failed", trace = %arrival.transaction.trace, %error);
            body
        }))
    }

    /// Mail to a role goes to the contact as it came, with a null sender: a contact that bounces must not start a circle.
    pub(super) fn pass_on(
        &self,
        arrival: &Arrival<'_>,
        recipient: &Recipient,
    ) -> Result<Committed, Refusal> {
        let Recipient::Role { contact, written } = recipient else {
            return Err(internal("no sender for a masked recipient"));
        };
        let body = rewrite::courier(arrival.letter, &self.courier_trace(arrival));
        let target = Target::Address(contact.clone());
        let blank = self.blank(arrival, self.tools.spool.next_id(), target, written);
        Ok(Committed {
            entry: Entry {
                eight_bit: !body.is_ascii(),
                ..blank
            },
            body,
        })
    }

    /// An entry that fails at once, so that the writer gets a report on this recipient.
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

    pub(super) fn trace(&self, arrival: &Arrival<'_>) -> Trace {
        Trace {
            host: self.tools.config.hostname.clone(),
            id: arrival.transaction.trace.clone(),
            at: self.tools.clock.now(),
        }
    }

    fn courier_trace(&self, arrival: &Arrival<'_>) -> CourierTrace {
        CourierTrace {
            protocol: arrival.client.protocol.word(),
            result: None,
            client: arrival.client.address,
            helo: arrival.client.helo.clone(),
            trace: self.trace(arrival),
        }
    }

    /// An entry with nobody to tell and a null sender.
    pub(super) fn blank(
        &self,
        arrival: &Arrival<'_>,
        id: QueueId,
        target: Target,
        recipient: &str,
    ) -> Entry {
        let letter = arrival.letter;
        Entry {
            id,
            trace: arrival.transaction.trace.clone(),
            arrived: self.tools.clock.now(),
            target,
            origin: Origin::Nobody,
            reverse_path: ReversePath::Null,
            smtputf8: false,
            eight_bit: false,
            about: About {
                recipient: recipient.to_owned(),
                subject: letter.text("Subject").chars().take(SUBJECT).collect(),
                date: letter.text("Date"),
                message_id: letter.text("Message-ID"),
                content_type: content_type(letter),
            },
            sent_as: String::new(),
            memory: Memory::default(),
            progress: Progress::default(),
        }
    }
}

/// What is kept of a message, without its writer's addresses: the spool holds none.
pub(super) fn without(about: About, addresses: &[Mailbox], shown: &str) -> About {
    About {
        subject: rewrite::mask_text(&about.subject, addresses, shown),
        date: rewrite::mask_text(&about.date, addresses, shown),
        ..about
    }
}

/// Parameters of a Content-Type that a report repeats: none of them names anybody.
const TOLD: [&str; 4] = ["charset", "format", "delsp", "report-type"];

/// The Content-Type as a report tells it; empty if the message has none.
fn content_type(letter: &Message) -> String {
    let Some(field) = letter.named("Content-Type").next() else {
        return String::new();
    };
    let mut read = Parameters::parse(field.value);
    read.list
        .retain(|(name, value)| TOLD.contains(&name.as_str()) && !value.contains('@'));
    let plain = read.essence.contains('/') && !read.essence.contains('@');
    if plain { read.print() } else { String::new() }
}

/// Who hears of a failure: the writer, or the return path of a courier if it is of the proven domain; nobody, if the message must not
/// be answered (RFC 3834 2, RFC 5321 4.5.5).
pub(super) fn origin(
    arrival: &Arrival<'_>,
    sender: &Sender,
    order: Option<&TransactionId>,
) -> Origin {
    match (&sender.writer, &arrival.transaction.reverse_path) {
        (_, ReversePath::Null) => Origin::Nobody,
        _ if sender.answers => Origin::Nobody,
        (Some(writer), _) => Origin::Participant {
            participant: writer.id.clone(),
            transaction: order.cloned(),
        },
        (None, ReversePath::Mailbox(path)) if sender.return_path_aligned => {
            Origin::Address(path.clone())
        }
        (None, _) => Origin::Nobody,
    }
}

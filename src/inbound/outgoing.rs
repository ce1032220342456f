//! Makes of an accepted message the entry that will be delivered: rewritten, checked for leaks, with its envelope.
//!
//! A message that cannot be rewritten is refused. It never goes on as it came.

use bytes::Bytes;

use super::intake::Intake;
use super::recipient::{MaskedRecipient, Recipient};
use super::sender::Sender;
use super::take::{Arrival, Refused};
use crate::auth::Proof;
use crate::config::DisplayName;
use crate::directory::{AddressMark, Participant};
use crate::mail::{Diagnostic, Domain, Mailbox, QueueId, ReversePath};
use crate::masking::{ParticipantId, TokenKind, TransactionId};
use crate::policy::{Plan, Reason, Refusal};
use crate::rewrite::{self, CourierTrace, ParticipantPlan, Trace};
use crate::spool::{About, Committed, Entry, LastWriter, Origin, Progress, Target};

/// Characters of a subject that a report repeats.
const SUBJECT: usize = 200;

/// A failure of ours: the client keeps the message.
fn internal(what: &str) -> Refusal {
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
    ) -> Result<Committed, Refusal> {
        let id = self.tools.spool.next_id();
        let (body, reverse_path, receiver, order) = match plan {
            Plan::Participant {
                receiver,
                transaction,
                ..
            } => {
                let writer = sender
                    .writer
                    .as_deref()
                    .ok_or_else(|| internal("a participant's plan without a writer"))?;
                let body = self.mask(arrival, id, (sender, writer), masked).await?;
                let reverse_path =
                    self.token(TokenKind::Participant, id, self.domain_of(writer)?)?;
                (body, reverse_path, receiver, transaction)
            }
            Plan::Courier {
                receiver,
                transaction,
                ..
            } => {
                let domain = self.domain_of(&masked.receiver)?;
                let body = self.courier(arrival, id, sender, &domain).await?;
                let reverse_path = self.token(TokenKind::Courier, id, domain)?;
                (body, reverse_path, receiver, transaction)
            }
        };
        let target = Target::Participant {
            participant: receiver.clone(),
            transaction: order.clone(),
        };
        let last_writer = match (plan, order) {
            (Plan::Participant { writer, .. }, Some(order)) => Some(LastWriter {
                transaction: order.clone(),
                participant: writer.clone(),
                address: AddressMark::of(writer, &sender.from),
            }),
            _ => None,
        };
        let entry = Entry {
            reverse_path,
            eight_bit: !body.is_ascii(),
            origin: origin(arrival, sender, order.as_ref()),
            last_writer,
            ..self.blank(arrival, id, target, &masked.address.to_string())
        };
        Ok(Committed { entry, body })
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
            return Ok(rewrite::courier(arrival.letter, &trace));
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
        Committed {
            entry: Entry { origin, ..blank },
            body: Bytes::new(),
        }
    }

    /// Rewrites a participant's message and lets the leak gate look at the result.
    async fn mask(
        &self,
        arrival: &Arrival<'_>,
        id: QueueId,
        (sender, writer): (&Sender, &Participant),
        masked: &MaskedRecipient,
    ) -> Result<Bytes, Refusal> {
        let order = masked.address.local.transaction.as_ref();
        let from = self
            .masked_address(writer, Some(&masked.receiver.id), order)
            .await?;
        let to = self
            .masked_address(&masked.receiver, Some(&writer.id), order)
            .await?;
        let name = match self.tools.config.policy.display_name {
            DisplayName::Login => Some(writer.login.clone()),
            DisplayName::Keep => sender.from_name.clone(),
            DisplayName::None => None,
        };
        let trace = self.trace(arrival);
        let plan = ParticipantPlan {
            message_id: format!("{}.{id}@{}", trace.id, from.domain()),
            from,
            from_name: name,
            writer_addresses: &writer.addresses,
            to,
            domains: &self.tools.domains,
            trace,
        };
        let refuse =
            |error: rewrite::RewriteError| Refusal::new(error.reason(), format!("{error}."));
        let body = rewrite::participant(arrival.letter, &plan).map_err(refuse)?;
        rewrite::check(&body, &writer.addresses).map_err(|leak| {
            tracing::error!(event = "leak_stopped", trace = %plan.trace.id, place = leak.place);
            let text = format!(
                "an address of the writer's would show in the {} of the message.",
                leak.place
            );
            Refusal::new(Reason::WouldLeak, text)
        })?;
        let signed = self
            .tools
            .signer
            .sign(plan.from.domain(), Bytes::from(body))
            .await;
        signed.map_err(|error| internal(&error.to_string()))
    }

    async fn masked_address(
        &self,
        of: &Participant,
        seen_by: Option<&ParticipantId>,
        order: Option<&TransactionId>,
    ) -> Result<Mailbox, Refusal> {
        let mask = self.tools.directory.mask_of(&of.id, seen_by).await?;
        let mask = mask.ok_or_else(|| internal("a participant without a mask"))?;
        let address = self.tools.domains.address(&mask, order, &of.marketplace);
        address
            .and_then(|address| address.mailbox())
            .ok_or_else(|| internal("a mask that is no address"))
    }

    fn domain_of(&self, participant: &Participant) -> Result<Domain, Refusal> {
        let domain = self
            .tools
            .domains
            .for_marketplace(&participant.marketplace)
            .cloned();
        domain.ok_or_else(|| internal("no masked domain is configured"))
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

    fn trace(&self, arrival: &Arrival<'_>) -> Trace {
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
    fn blank(&self, arrival: &Arrival<'_>, id: QueueId, target: Target, recipient: &str) -> Entry {
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
            },
            last_writer: None,
            progress: Progress::default(),
        }
    }
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
        _ if arrival.letter.is_automatic() => Origin::Nobody,
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

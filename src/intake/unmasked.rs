//! Mail that passes as it is: a courier's, and that to a role.

use bytes::Bytes;

use super::arrival::Arrival;
use super::entry::{Entries, Taken, origin};
use super::fault::internal;
use super::masked::domain_of;
use crate::auth::{Proof, Prover};
use crate::mail::{Domain, Mailbox, QueueId};
use crate::masking::{MaskedDomains, TokenKind};
use crate::policy::{self, Refusal, Sender};
use crate::rewrite::{self, CourierTrace};
use crate::signing::{Sealing, Signer};
use crate::spool::{Entry, NewEntry, StateUpdates, Target};

/// What mail is carried on with.
#[derive(Clone, Copy)]
pub(super) struct Carrying<'a> {
    pub(super) domains: &'a MaskedDomains,
    /// Has the ARC chain of what is sealed.
    pub(super) prover: &'a Prover,
    pub(super) signer: &'a Signer,
    /// `[auth] arc_seal`.
    pub(super) arc_seal: bool,
    pub(super) entries: Entries<'a>,
}

/// The entry of a courier's mail. `recipient` is the mask as it was addressed.
pub(super) async fn unmasked(
    carrying: Carrying<'_>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    plan: &policy::Unmasked,
    recipient: &str,
) -> Result<Taken, Refusal> {
    let entries = carrying.entries;
    let id = entries.spool.next_id();
    let domain = domain_of(carrying.domains, &plan.receiver)?;
    // The id comes first, for the token in a masked From is made of it.
    let body = courier(carrying, arrival, id, sender, &domain).await?;
    let target = Target::Participant {
        participant: plan.receiver.id.clone(),
        transaction: plan.transaction.clone(),
    };
    let mut blank = entries.blank(arrival, id, target, recipient);
    if let Some(came) = &mut blank.came {
        // No secret: its mail shows it.
        came.shown_as = sender.from.to_string();
    }
    let entry = Entry {
        reverse_path: entries.bounce_address(TokenKind::Courier, id, domain)?,
        eight_bit: !body.is_ascii(),
        origin: origin(sender, plan.transaction.as_ref()),
        memory: StateUpdates {
            handed_to: entries.handed_to(id, &plan.receiver),
            ..StateUpdates::default()
        },
        ..blank
    };
    Ok(Taken::Entry(Box::new(NewEntry { entry, body }), None))
}

/// Mail to a role goes to the contact as it came, with a null sender: a contact that bounces must not start a circle. `written` is how the role was
/// addressed.
pub(super) fn to_role(
    entries: Entries<'_>,
    arrival: &Arrival<'_>,
    contact: &Mailbox,
    written: &str,
) -> Taken {
    // Byte for byte, as a courier's: a report of abuse is worth little without its header fields (RFC 2142).
    let body = rewrite::courier(arrival.message, &trace(entries, arrival));
    let target = Target::Address(contact.clone());
    let blank = entries.blank(arrival, entries.spool.next_id(), target, written);
    let entry = Entry {
        eight_bit: !body.is_ascii(),
        ..blank
    };
    Taken::Entry(Box::new(NewEntry { entry, body }), None)
}

/// A courier's mail as it is; from an address of ours, where it would be refused behind us as it is.
async fn courier(
    carrying: Carrying<'_>,
    arrival: &Arrival<'_>,
    id: QueueId,
    sender: &Sender,
    domain: &Domain,
) -> Result<Bytes, Refusal> {
    let entries = carrying.entries;
    let mut trace = trace(entries, arrival);
    if let Proof::Proven(means) = &sender.proof {
        trace.result = Some(means.result());
    }
    if !sender.fails_elsewhere {
        let body = rewrite::courier(arrival.message, &trace);
        return Ok(sealed(carrying, arrival, sender, domain, body).await);
    }
    metrics::counter!("allegromail_inbound_courier_masked_total", "domain" => sender.from.domain().to_string()).increment(1);
    tracing::info!(event = "courier_masked", trace = %arrival.transaction.trace, domain = %sender.from.domain());
    let now = entries.clock.now();
    let token = entries.secrets.sign(TokenKind::Courier, id.0, now);
    // Not the bounce address itself: that takes reports with a null sender only. Answers go to the courier, by Reply-To.
    let local = token.replacen("b-", "c-", 1);
    let shown = Mailbox::from_parts(&local, domain.clone())
        .map_err(|_| internal("a token that is no address"))?;
    let from = (&sender.from, sender.from_name.as_deref());
    let body = rewrite::courier_as(arrival.message, &trace, from, &shown);
    let signed = carrying.signer.sign(domain, body).await;
    signed.map_err(|error| internal(&error.to_string()))
}

/// A courier's mail with our ARC seal, where that is configured. Our own trouble with a seal is no reason to keep the mail: unsealed it
/// is as good as without the key.
async fn sealed(
    carrying: Carrying<'_>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    domain: &Domain,
    body: Bytes,
) -> Bytes {
    let (client, message) = (arrival.client.address, arrival.message);
    let means = match &sender.proof {
        Proof::Proven(means) if carrying.arc_seal => means.clone(),
        _ => return body,
    };
    let sealing = Sealing {
        host: carrying.entries.hostname.clone(),
        client,
        means,
        chain: carrying.prover.arc_chain(client, message).await,
    };
    let sealed = carrying.signer.seal(domain, body.clone(), sealing).await;
    sealed.unwrap_or_else(|error| {
        tracing::error!(event = "arc_seal_failed", trace = %arrival.transaction.trace, %error);
        body
    })
}

/// What the Received field of mail that passes as it is tells. It names the client: its sender is not hidden from the receiver.
fn trace(entries: Entries<'_>, arrival: &Arrival<'_>) -> CourierTrace {
    CourierTrace {
        protocol: arrival.client.protocol.word(),
        result: None,
        client: arrival.client.address,
        helo: arrival.client.helo.clone(),
        trace: entries.trace(arrival),
    }
}

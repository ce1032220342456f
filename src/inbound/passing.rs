//! Mail that passes as it is: a courier's, and that to a role.

use bytes::Bytes;

use super::arrival::Arrival;
use super::intake::{Intake, internal};
use super::recipient::Recipient;
use super::sender::Sender;
use crate::auth::Proof;
use crate::mail::{Domain, Mailbox, QueueId};
use crate::masking::TokenKind;
use crate::policy::Refusal;
use crate::rewrite::{self, CourierTrace};
use crate::signing::Sealing;
use crate::spool::{Committed, Entry, Target};

impl Intake {
    /// A courier's mail as it is; from an address of ours, where it would be refused behind us as it is.
    pub(super) async fn courier(
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
        // Not the bounce address itself: that takes reports with a null sender only. Answers go to the courier, by Reply-To.
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
            chain: self
                .tools
                .prover
                .arc_chain(arrival.client.address, arrival.letter)
                .await,
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
        // Byte for byte, as a courier's: a report of abuse is worth little without its header fields (RFC 2142).
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

    /// What the Received field of mail that passes as it is tells. It names the client: its sender is not hidden from the receiver.
    fn courier_trace(&self, arrival: &Arrival<'_>) -> CourierTrace {
        CourierTrace {
            protocol: arrival.client.protocol.word(),
            result: None,
            client: arrival.client.address,
            helo: arrival.client.helo.clone(),
            trace: self.trace(arrival),
        }
    }
}

//! A participant's message on its way to the other side: rewritten, threaded, past the leak gate, signed.

use bytes::Bytes;

use super::arrival::Arrival;
use super::intake::Intake;
use super::intake::internal;
use crate::config::DisplayName;
use crate::directory::Participant;
use crate::mail::{Domain, Mailbox, QueueId, ReversePath};
use crate::masking::{Pair, ParticipantId, TransactionId, providers};
use crate::message::Message;
use crate::offload::in_place;
use crate::policy::{Reason, Refusal};
use crate::rewrite::{self, Events, Options, ParticipantPlan, Stopped, Suspects};
use crate::spool::{Delivery, KeptId};

/// Who writes to whom, about what.
pub(super) struct Crossing<'a> {
    pub(super) writer: &'a Participant,
    pub(super) receiver: &'a Participant,
    pub(super) order: Option<&'a TransactionId>,
    /// The name beside the From, as it came.
    pub(super) from_name: Option<String>,
}

/// A message as it leaves.
pub(super) struct Masked {
    pub(super) body: Bytes,
    /// The receiver's masked address.
    pub(super) to: Mailbox,
    /// The writer's.
    pub(super) from: Mailbox,
    /// Its Message-ID.
    pub(super) sent_as: String,
    pub(super) kept_id: Option<KeptId>,
    /// What it brings to the receiver.
    pub(super) delivery: Delivery,
}

impl Intake {
    /// Rewrites a message and lets the leak gate look at the result.
    pub(super) async fn cross(
        &self,
        arrival: &Arrival<'_>,
        id: QueueId,
        crossing: &Crossing<'_>,
    ) -> Result<Masked, Refusal> {
        // Each is shown by the mask that the directory has for the other; the masks of today are the same for everybody.
        let (writer, receiver) = (crossing.writer, crossing.receiver);
        let from = self
            .masked_address(writer, Some(&receiver.id), crossing.order)
            .await?;
        let to = self
            .masked_address(receiver, Some(&writer.id), crossing.order)
            .await?;
        let name = match self.tools.config.policy.display_name {
            DisplayName::Login => Some(writer.login.clone()),
            DisplayName::Keep => crossing.from_name.clone(),
            DisplayName::None => None,
        };
        let trace = self.trace(arrival);
        let pair = Pair {
            writer: &writer.id,
            reader: &receiver.id,
        };
        // A message without an id gets one that tells nothing of where it came from.
        let fallback = format!("{}.{id}", trace.id);
        let (threading, kept_id) = self.thread(arrival.letter, pair, from.domain(), &fallback)?;
        let hidden = self.hidden_domains(crossing).await?;
        let (hides_domains, hidden) = (hidden.is_some(), hidden.unwrap_or_default());
        let options = Options {
            hidden_domains: &hidden,
            events: Some(Events {
                keys: &self.message_ids,
                pair,
            }),
            signature_note: self
                .tools
                .config
                .policy
                .signature_note
                .then(|| rewrite::signature_note(&receiver.language)),
            language: &receiver.language,
            null_sender: arrival.transaction.reverse_path == ReversePath::Null,
        };
        let plan = ParticipantPlan {
            threading,
            from,
            from_name: name,
            writer_addresses: &writer.addresses,
            to,
            domains: &self.tools.domains,
            trace,
            options,
        };
        let octets = arrival.letter.raw().len();
        let (octets, delivery) = in_place(octets, || {
            self.passage(arrival.letter, pair, &plan, (receiver, hides_domains))
        })
        .await?;
        // Last of all: the signature covers what was checked, and nothing may change after it.
        let signed = self
            .tools
            .signer
            .sign(plan.from.domain(), Bytes::from(octets))
            .await;
        Ok(Masked {
            body: signed.map_err(|error| internal(&error.to_string()))?,
            to: plan.to,
            from: plan.from,
            sent_as: plan.threading.message_id,
            kept_id,
            delivery,
        })
    }

    /// A message as it leaves, past the leak gate, and what it brings to its reader.
    fn passage(
        &self,
        letter: &Message,
        pair: Pair<'_>,
        plan: &ParticipantPlan<'_>,
        (receiver, hides_domains): (&Participant, bool),
    ) -> Result<(Vec<u8>, Delivery), Refusal> {
        // Only the writer is hidden from the reader: by what it registered, and by what the reader may have guessed. The reader's own addresses
        // steer nothing.
        let recalled = self.recall(letter, pair)?;
        let suspects = Suspects {
            remembers: recalled.any(),
            address: &|address| self.has_brought_address(&recalled, pair, address),
            addresses: recalled.addresses,
            domain: &|domain| self.has_brought_domain(&recalled, pair, domain),
            domains: recalled.domains,
            hides_domains,
            tells_domains: !hides_domains,
            exempt: &|domain| self.is_public(domain, receiver),
        };
        // The gate is other code than what rewrote the message, on the octets that leave (peers 5.1): a fault in one is not a fault in both. A hit
        // is our bug and the writer's 550: it must not wait in a queue for the bug to be mended, nor go on.
        let passage = rewrite::pass(letter, plan, &suspects).map_err(|why| match why {
            Stopped::Unwritable(error) => Refusal::new(error.reason(), format!("{error}.")),
            Stopped::Leak(leak) => {
                metrics::counter!("allegromail_rewrite_leaks_stopped_total").increment(1);
                tracing::error!(event = "leak_stopped", trace = %plan.trace.id, place = leak.place);
                let text = format!(
                    "an address of the writer's would show in the {} of the message.",
                    leak.place
                );
                Refusal::new(Reason::WouldLeak, text)
            }
        })?;
        let delivery = self.delivery(
            pair,
            &passage.sightings,
            suspects.tells_domains,
            &plan.threading.message_id,
        )?;
        Ok((passage.octets, delivery))
    }

    /// The domains of a buyer that hardly anybody else uses: they would name it in prose, too. None where the writer is no buyer: a seller's are its
    /// shop's.
    async fn hidden_domains(
        &self,
        crossing: &Crossing<'_>,
    ) -> Result<Option<Vec<Domain>>, Refusal> {
        let Some(order) = crossing.order else {
            return Ok(None);
        };
        let order = self.tools.directory.transaction(order).await?;
        // A seller's domain is its shop, which everybody may know.
        if order.is_none_or(|order| order.buyer != crossing.writer.id) {
            return Ok(None);
        }
        let mut hidden = Vec::new();
        for address in &crossing.writer.addresses {
            let domain = providers::organisation(address.domain());
            // Both have to say so: a provider that is on no list has many users, a list entry may have few among our accounts.
            let counts = !hidden.contains(&domain) && !providers::is_shared(&domain);
            if counts && self.tools.directory.users(&domain).await? <= providers::MOST_OWNERS {
                hidden.push(domain);
            }
        }
        Ok(Some(hidden))
    }

    /// How `of` is shown to `seen_by`, in the domain of its own marketplace (DOMAIN.md, "Domains").
    pub(super) async fn masked_address(
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

    /// The masked domain of a participant's marketplace: that of the envelope, and of the key that signs.
    pub(super) fn domain_of(&self, participant: &Participant) -> Result<Domain, Refusal> {
        let domain = self
            .tools
            .domains
            .for_marketplace(&participant.marketplace)
            .cloned();
        domain.ok_or_else(|| internal("no masked domain is configured"))
    }
}

//! A participant's message on its way to the other side: threaded, rewritten, past the leak gate, signed; then its entry.
//!
//! A message that cannot be rewritten is refused. It never goes on as it came.

use bytes::Bytes;

use super::arrival::Arrival;
use super::entry::{Entries, Passed, Taken, origin, without};
use super::fault::internal;
use super::recall::{Recalled, Recollection, is_public};
use super::threading::{MessageIds, thread};
use crate::allowlist::Allowlist;
use crate::config::{self, ActionFrom, DisplayName};
use crate::content::Action;
use crate::directory::{AddressMark, Directory, Participant};
use crate::mail::{Domain, Mailbox, QueueId, ReversePath};
use crate::masking::{MaskedDomains, Pair, ParticipantId, TokenKind, TransactionId, providers};
use crate::message::Message;
use crate::offload::in_place;
use crate::policy::{self, Reason, Refusal, Sender};
use crate::rewrite::{self, Attachments, Events, Options, ParticipantPlan, Stopped, Suspects};
use crate::signing::Signer;
use crate::smtp::stuff;
use crate::spool::{Disclosure, Entry, KeptId, LastWriter, NewEntry, StateUpdates, Target};

/// What a message is masked with.
#[derive(Clone, Copy)]
pub(super) struct Masking<'a> {
    pub(super) policy: &'a config::Policy,
    pub(super) directory: &'a dyn Directory,
    pub(super) domains: &'a MaskedDomains,
    pub(super) ids: MessageIds<'a>,
    pub(super) recollection: Recollection<'a>,
    pub(super) allowlist: &'a Allowlist,
    /// `[content] attachment`.
    pub(super) attachment: &'a [ActionFrom],
    pub(super) signer: &'a Signer,
    pub(super) entries: Entries<'a>,
}

/// A message as it leaves.
pub(super) struct Outgoing {
    pub(super) body: Bytes,
    /// The receiver's masked address.
    pub(super) to: Mailbox,
    /// The writer's.
    pub(super) from: Mailbox,
    /// Its Message-ID.
    pub(super) sent_as: String,
    pub(super) kept_id: Option<KeptId>,
    /// What it brings to the receiver.
    pub(super) delivery: Disclosure,
    /// What was changed in it, a few words each.
    pub(super) changed: Vec<&'static str>,
}

/// The entry of a participant's message that is no automatic reply. `recipient` is the mask as it was addressed.
pub(super) async fn masked(
    masking: Masking<'_>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    plan: &policy::Masked,
    (recipient, passed): (&str, Passed),
) -> Result<Taken, Refusal> {
    let id = masking.entries.spool.next_id();
    let name = sender.from_name.as_deref();
    let outgoing = rewritten(masking, arrival, id, plan, (name, &passed.quotable, false)).await?;
    let NewEntry { entry, body } =
        entry(masking, arrival, sender, plan, (id, recipient, outgoing))?;
    let memory = StateUpdates {
        wrote: passed.wrote,
        once: passed.credit.as_ref().map(|credit| credit.mark),
        ..entry.memory
    };
    let entry = Entry { memory, ..entry };
    Ok(Taken::Entry(
        Box::new(NewEntry { entry, body }),
        passed.credit,
    ))
}

/// The entry of a message as it leaves, as `id`.
pub(super) fn entry(
    masking: Masking<'_>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    plan: &policy::Masked,
    (id, recipient, outgoing): (QueueId, &str, Outgoing),
) -> Result<NewEntry, Refusal> {
    let (entries, writer) = (masking.entries, &plan.writer);
    let target = Target::Participant {
        participant: plan.receiver.id.clone(),
        transaction: plan.transaction.clone(),
    };
    // Where the answer about this order goes, as a mark and not as an address: the spool holds none.
    let last_writer = plan.transaction.as_ref().map(|order| LastWriter {
        transaction: order.clone(),
        participant: writer.id.clone(),
        address: AddressMark::of(&writer.id, &sender.from),
    });
    // The envelope is in the writer's masked domain, as the From is: aligned, so that DMARC passes at the receiver by SPF, too.
    let domain = domain_of(masking.domains, writer)?;
    let mut blank = entries.blank(arrival, id, target, recipient);
    let shown = outgoing.from.to_string();
    if let Some(came) = &mut blank.came {
        came.shown_as.clone_from(&shown);
        came.changed = outgoing.changed;
    }
    let entry = Entry {
        reverse_path: entries.bounce_address(TokenKind::Participant, id, domain)?,
        eight_bit: !outgoing.body.is_ascii(),
        origin: origin(sender, plan.transaction.as_ref()),
        about: without(blank.about, &writer.addresses, &shown),
        sent_as: outgoing.sent_as,
        memory: StateUpdates {
            last_writer,
            kept_id: outgoing.kept_id,
            handed_to: entries.handed_to(id, &plan.receiver),
            delivery: Some(outgoing.delivery),
            ..StateUpdates::default()
        },
        ..blank
    };
    let body = outgoing.body;
    Ok(NewEntry { entry, body })
}

/// Rewrites a message, lets the leak gate look at the result, and signs it. `from_name` is the name beside the From, as it came; `quotable` are the
/// sentences that rules on contents could hold against who quotes them; `documents_held`, whether it is held for its documents.
pub(super) async fn rewritten(
    masking: Masking<'_>,
    arrival: &Arrival<'_>,
    id: QueueId,
    plan: &policy::Masked,
    (from_name, quotable, documents_held): (Option<&str>, &[String], bool),
) -> Result<Outgoing, Refusal> {
    let (writer, receiver) = (&plan.writer, &plan.receiver);
    let order = plan.transaction.as_ref();
    // Each is shown by the mask that the directory has for the other; the masks of today are the same for everybody.
    let (directory, domains) = (masking.directory, masking.domains);
    let from = mask_of(directory, domains, writer, Some(&receiver.id), order).await?;
    let to = mask_of(directory, domains, receiver, Some(&writer.id), order).await?;
    let trace = masking.entries.trace(arrival);
    let pair = Pair {
        writer: &writer.id,
        reader: &receiver.id,
    };
    // A message without an id gets one that tells nothing of where it came from.
    let fallback = format!("{}.{id}", trace.id);
    let (threading, kept_id) =
        thread(masking.ids, arrival.message, pair, from.domain(), &fallback).await?;
    let hidden = hidden_domains(directory, writer, order).await?;
    let (hides_domains, hidden) = (hidden.is_some(), hidden.unwrap_or_default());
    let note = masking.policy.signature_note;
    let plan = ParticipantPlan {
        threading,
        from,
        from_name: match masking.policy.display_name {
            DisplayName::Login => Some(writer.login.clone()),
            DisplayName::Keep => from_name.map(str::to_owned),
            DisplayName::None => None,
        },
        writer_addresses: &writer.addresses,
        to,
        domains,
        trace,
        options: Options {
            hidden_domains: &hidden,
            events: Some(Events {
                keys: masking.ids.keys,
                pair,
            }),
            signature_note: note.then(|| rewrite::signature_note(&receiver.language)),
            language: &receiver.language,
            attachments: Some(Attachments {
                refuse: ActionFrom::at(masking.attachment, masking.entries.clock.now())
                    == Action::Block,
                // Of a buyer it would be his name.
                keep_copyright: masking.policy.keep_copyright && order.is_some() && !hides_domains,
            }),
            documents_held,
            null_sender: arrival.transaction.reverse_path == ReversePath::Null,
        },
    };
    let octets = arrival.message.raw().len();
    let recalled = masking.recollection.recall(arrival.message, pair).await?;
    let pass = || {
        past_the_gate(
            masking,
            arrival.message,
            (pair, &recalled),
            &plan,
            (receiver, hides_domains, quotable),
        )
    };
    let (octets, delivery, changed) = in_place(octets, pass).await?;
    // No server would ever take it: our bug, and better told now than after days in the queue.
    stuff(&octets).map_err(|error| internal(&format!("{}: {error}", plan.trace.id)))?;
    // Last of all: the signature covers what was checked, and nothing may change after it.
    let signed = masking.signer.sign(plan.from.domain(), Bytes::from(octets));
    Ok(Outgoing {
        body: signed.await.map_err(|error| internal(&error.to_string()))?,
        to: plan.to,
        from: plan.from,
        sent_as: plan.threading.message_id,
        kept_id,
        delivery,
        changed,
    })
}

/// A message as it leaves, past the leak gate, and what it brings to its reader.
fn past_the_gate(
    masking: Masking<'_>,
    message: &Message,
    (pair, recalled): (Pair<'_>, &Recalled),
    plan: &ParticipantPlan<'_>,
    (receiver, hides_domains, quotable): (&Participant, bool, &[String]),
) -> Result<(Vec<u8>, Disclosure, Vec<&'static str>), Refusal> {
    let recollection = masking.recollection;
    let public = (masking.domains, masking.entries.hostname, masking.allowlist);
    // Only the writer is hidden from the reader: by what it registered, and by what the reader may have guessed. The reader's own addresses
    // steer nothing.
    let suspects = Suspects {
        remembers: recalled.any(),
        address: &|address| recollection.has_brought_address(recalled, pair, address),
        addresses: recalled.addresses,
        domain: &|domain| recollection.has_brought_domain(recalled, pair, domain),
        domains: recalled.domains,
        hides_domains,
        tells_domains: !hides_domains,
        exempt: &|domain| is_public(public, domain, receiver),
    };
    // The gate is other code than what rewrote the message, on the octets that leave: a fault in one is not a fault in both
    // (docs/architecture.md#two-parsers-that-share-no-code). A hit is our bug and the writer's 550: it must not wait in a queue for the bug to be
    // mended, nor go on.
    let passage = rewrite::pass(message, plan, &suspects).map_err(|why| match why {
        Stopped::Unwritable(error) => Refusal::new(error.reason(), format!("{error}.")),
        Stopped::Leak(leak) => {
            metrics::counter!("allegromail_rewrite_leaks_stopped_total", "place" => leak.place)
                .increment(1);
            tracing::error!(event = "leak_stopped", trace = %plan.trace.id, place = leak.place);
            let text = format!(
                "{} of the writer's would show in the {} of the message.",
                leak.what, leak.place
            );
            Refusal::new(Reason::WouldLeak, text)
        }
    })?;
    let delivery = recollection.delivery(
        pair,
        &passage.sightings,
        suspects.tells_domains,
        (&plan.threading.message_id, quotable),
    )?;
    Ok((passage.octets, delivery, passage.changed))
}

/// The domains of a buyer that hardly anybody else uses: they would name it in prose, too. None where the writer is no buyer: a seller's are its
/// shop's.
async fn hidden_domains(
    directory: &dyn Directory,
    writer: &Participant,
    order: Option<&TransactionId>,
) -> Result<Option<Vec<Domain>>, Refusal> {
    let Some(order) = order else {
        return Ok(None);
    };
    let order = directory.transaction(order).await?;
    // A seller's domain is its shop, which everybody may know.
    if order.is_none_or(|order| order.buyer != writer.id) {
        return Ok(None);
    }
    let mut hidden = Vec::new();
    for address in &writer.addresses {
        let domain = providers::organisation(address.domain());
        // Both have to say so: a provider that is on no list has many users, a list entry may have few among our accounts.
        let counts = !hidden.contains(&domain) && !providers::is_shared(&domain);
        if counts && directory.users(&domain).await? <= providers::MOST_OWNERS {
            hidden.push(domain);
        }
    }
    Ok(Some(hidden))
}

/// How `of` is shown to `seen_by`, in the domain of its own marketplace (docs/rules.md#domains).
pub(super) async fn mask_of(
    directory: &dyn Directory,
    domains: &MaskedDomains,
    of: &Participant,
    seen_by: Option<&ParticipantId>,
    order: Option<&TransactionId>,
) -> Result<Mailbox, Refusal> {
    let mask = directory.mask_of(&of.id, seen_by).await?;
    let mask = mask.ok_or_else(|| internal("a participant without a mask"))?;
    let address = domains.address(&mask, order, &of.marketplace);
    address
        .and_then(|address| address.mailbox())
        .ok_or_else(|| internal("a mask that is no address"))
}

/// The masked domain of a participant's marketplace: that of the envelope, and of the key that signs.
pub(super) fn domain_of(
    domains: &MaskedDomains,
    participant: &Participant,
) -> Result<Domain, Refusal> {
    let domain = domains.for_marketplace(&participant.marketplace).cloned();
    domain.ok_or_else(|| internal("no masked domain is configured"))
}

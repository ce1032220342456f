//! Who sends one message: its From, the proof of it, the account or courier behind it.
//!
//! Found once a message, however many recipients it has. The proof comes first: before it, nothing is looked up that an
//! unproven client could learn from the reply.

use super::arrival::{Arrival, Purpose, check_loop};
use super::budget::{Budgets, Proven};
use super::fault::malformed;
use super::owners::Owners;
use super::payer::Payer;
use super::proof::{believe, evidence, fails_elsewhere, mode, unasked};
use super::weigh::weigh;
use crate::allowlist::Allowlist;
use crate::auth::{Means, Proof, Prover, Steps};
use crate::config::Auth;
use crate::directory::State;
use crate::mail::{Mailbox, ReversePath};
use crate::message::Automatic;
use crate::offload::in_place;
use crate::policy::{self, MessageKind, Reason, Refusal, Sender};

/// What a sender is checked with.
#[derive(Clone, Copy)]
pub(super) struct Checks<'a> {
    pub(super) auth: &'a Auth,
    pub(super) prover: &'a Prover,
    pub(super) owners: Owners<'a>,
    pub(super) state: &'a dyn State,
    pub(super) allowlist: &'a Allowlist,
    pub(super) budgets: &'a Budgets,
}

/// Reads the From, has it proven, and finds the account or the allowlist line that it belongs to. What is proven is who pays from then on. A
/// signature may name one of `recipients` in To or Cc. `steps` takes the checks that were made; none: the proof is taken for given.
pub(super) async fn identify(
    checks: Checks<'_>,
    arrival: &Arrival<'_>,
    steps: Option<&mut Steps>,
    payer: &mut Payer,
    recipients: &[Mailbox],
) -> Result<Sender, Refusal> {
    let mut sender = read(checks, arrival).await?;
    let _ = arrival.seen.from.set(sender.from.to_string());
    weigh(arrival.message, arrival.transaction.recipients.len())
        .map_err(|error| malformed(&error))?;
    let client = arrival.client.address;
    let refusals = &checks.budgets.refusals;
    if arrival.purpose == Purpose::Mail {
        // Before the proof, which costs work and DNS questions: a client that is shut out must not have them asked.
        refusals.check_claim(client, &sender.from)?;
    }
    if let Some(steps) = steps {
        sender.proof = prove(checks, arrival, &sender, steps, recipients).await?;
    }
    if let (Purpose::Mail, Proof::Proven(means)) = (arrival.purpose, &sender.proof) {
        let proven = Proven::new(&sender.from, means, client);
        payer.is(proven.clone());
        refusals.check_proven(client, &sender.from, &proven)?;
        refusals.trust(client, sender.from.domain().as_str());
        // What it calls itself at MAIL, too: that is all that is known of its next message there.
        refusals.trust(client, arrival.envelope_domain());
    }
    // An unproven From ends here with what it has; policy refuses it in one form, whoever is registered.
    if matches!(sender.proof, Proof::Proven(_) | Proof::NotAsked) {
        look_up(checks, arrival, &mut sender, recipients).await?;
    }
    Ok(sender)
}

/// What the message says of its sender, and the allowlist of its From. The list is the operator's and public as far as its effect goes: to look
/// into it before the proof tells nothing.
async fn read(checks: Checks<'_>, arrival: &Arrival<'_>) -> Result<Sender, Refusal> {
    let message = arrival.message;
    let reverse_path = arrival.transaction.reverse_path.clone();
    let read = || {
        (
            message.from(),
            check_loop(message, checks.owners.domains),
            message.automatic(&reverse_path),
        )
    };
    let (from, unlooped, automatic) = in_place(message.head_octets(), read).await;
    let from = from.map_err(|error| Refusal::new(Reason::BadFrom, format!("{error}.")))?;
    unlooped?;
    let courier = checks
        .allowlist
        .find(&from.mailbox)
        .map(|line| line.to_string());
    // Exchange calls its absence notices auto-generated, as shops do their notices, of which none may be held back. Only an answer names what
    // it answers, and has a null sender.
    let named = |field| message.named(field).next().is_some();
    let in_answer = named("In-Reply-To") || named("References");
    let is_automatic_reply = automatic == Automatic::Reply
        || (automatic.by_program() && reverse_path == ReversePath::Null && in_answer);
    Ok(Sender {
        from: from.mailbox,
        from_name: from.display_name,
        proof: Proof::NotAsked,
        fails_elsewhere: false,
        writer: None,
        courier,
        reverse_path,
        return_path: None,
        return_path_aligned: false,
        reply_to: Ok(Vec::new()),
        kind: if automatic.by_program() {
            MessageKind::Automatic
        } else {
            MessageKind::Ordinary
        },
        is_automatic_reply,
    })
}

/// Has the From proven.
async fn prove(
    checks: Checks<'_>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    steps: &mut Steps,
    recipients: &[Mailbox],
) -> Result<Proof, Refusal> {
    let (auth, from) = (checks.auth, &sender.from);
    let mode = mode(
        auth,
        checks.owners.directory,
        from,
        sender.courier.is_some(),
    )
    .await?;
    let evidence = evidence(arrival, from, mode, recipients);
    let proof = checks.prover.explain(&evidence, steps).await;
    arrival.seen.checked(steps);
    if arrival.purpose == Purpose::Mail {
        count(steps);
    }
    let memory = (auth, checks.state, checks.budgets);
    believe(memory, arrival, from, proof).await
}

/// Counts what each check found.
fn count(steps: &Steps) {
    for step in steps {
        metrics::counter!("allegromail_inbound_checks_total", "check" => step.check, "result" => step.result)
            .increment(1);
    }
}

/// Finds whose the addresses of a proven sender are. For an unproven one nothing is looked up: neither the reply nor its time
/// may tell who is registered.
async fn look_up(
    checks: Checks<'_>,
    arrival: &Arrival<'_>,
    sender: &mut Sender,
    recipients: &[Mailbox],
) -> Result<(), Refusal> {
    let owners = checks.owners;
    sender.writer = owners.account(&sender.from).await?;
    if let ReversePath::Mailbox(mailbox) = &sender.reverse_path {
        let path = owners.owned(mailbox, &policy::originals(mailbox)).await?;
        // Of the path as it stands: an SRS form is in its forwarder's domain, and counts by the owner of what it was made from.
        let (own, from) = (path.address.domain(), sender.from.domain());
        let client = arrival.client.address;
        let same = checks.prover.same_organisation(client, own, from).await;
        sender.return_path_aligned = same.ok_or_else(|| unasked(from))?;
        sender.return_path = Some(path);
    }
    // Asked of registered writers only: a courier's is free, and a stranger's is not worth a look-up for each address.
    if let Some(writer) = &sender.writer {
        let message = arrival.message;
        sender.reply_to = match in_place(message.head_octets(), || message.reply_to()).await {
            Ok(addresses) => Ok(owners.owned_by(&addresses, &writer.id).await?),
            Err(error) => Err(error.to_string()),
        };
    }
    let by_envelope = matches!(
        &sender.proof,
        Proof::Proven(Means::Spf { .. } | Means::Name { .. })
    );
    // Only then is the DMARC policy asked for: a signed message keeps its proof (docs/rules.md#what-is-rewritten).
    if sender.courier.is_some() && sender.writer.is_none() && by_envelope {
        let evidence = evidence(arrival, &sender.from, checks.auth.courier, recipients);
        sender.fails_elsewhere = fails_elsewhere(checks.prover, &evidence).await?;
    }
    Ok(())
}

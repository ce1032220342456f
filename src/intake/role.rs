//! Mail to a role: from anybody, but not without end, and not in the name of a domain that forbids it.
//!
//! It goes on as it came, from an address of ours, so whatever floods or forgeries are taken here become ours.

use std::net::IpAddr;

use super::arrival::Arrival;
use super::fault::malformed;
use super::proof::evidence;
use super::sender::Checks;
use super::weigh::weigh;
use crate::auth::{Means, Proof, Prover};
use crate::mail::{Domain, Mailbox, host_of};
use crate::message::{Message, named_mailboxes};
use crate::policy::{Reason, Refusal, Sender, unproven};

/// The largest message to a role, in octets. A report of abuse has the message in it that it is about, and no more.
pub(super) const MOST: usize = 10 << 20;
/// Domains in a From that names several. Each is asked for its policy.
const SEVERAL: usize = 4;

/// Refuses what is larger than roles take.
pub(super) fn check_size(octets: usize) -> Result<(), Refusal> {
    if octets <= MOST {
        return Ok(());
    }
    let text = format!("a message to this address may have {MOST} octets; this one is larger.");
    Err(Refusal::new(Reason::TooLarge, text))
}

/// Whether a message to a role is taken. A registered writer that proves itself has a budget of its own, which no stranger can spend. `sender`
/// is there where it was proven already, for another recipient of the same message.
pub(super) async fn admit(
    checks: Checks<'_>,
    arrival: &Arrival<'_>,
    sender: Option<&Sender>,
) -> Result<(), Refusal> {
    check_size(arrival.message.raw().len())?;
    let client = arrival.client.address;
    let writer = match sender {
        Some(sender) if sender.writer.is_some() => own_budget(&sender.proof, &sender.from, client),
        Some(_) => None,
        None => registered_writer(checks, arrival).await?,
    };
    let roles = &checks.budgets.roles;
    match writer {
        Some(writer) => roles.spend_own(&writer),
        None => roles.spend(client),
    }
}

/// The budget of the registered address that wrote, if it is proven. None for everybody else who may write.
async fn registered_writer(
    checks: Checks<'_>,
    arrival: &Arrival<'_>,
) -> Result<Option<String>, Refusal> {
    let (message, client) = (arrival.message, arrival.client.address);
    weigh(message, arrival.transaction.recipients.len()).map_err(|error| malformed(&error))?;
    let Ok(from) = message.from() else {
        // Nobody can be proven, so everybody that it names must allow that.
        for domain in domains(message)? {
            check_policy(checks.prover, client, &domain, &no_proof(&domain)).await?;
        }
        return Ok(None);
    };
    let (from, domain) = (&from.mailbox, from.mailbox.domain());
    let proof = checks
        .prover
        .prove(&evidence(arrival, from, checks.auth.registered, &[]))
        .await;
    let refusal = || unproven(&proof).unwrap_or_else(|| no_proof(domain));
    match &proof {
        Proof::Proven(_) => {
            let owner = checks.owners.directory.owner(from).await?;
            Ok(owner.and_then(|_| own_budget(&proof, from, client)))
        }
        Proof::NotAsked => Ok(None),
        Proof::Deferred(_) => Err(refusal()),
        Proof::Unproven(_) => {
            check_policy(checks.prover, client, domain, &refusal()).await?;
            Ok(None)
        }
    }
}

/// Gives `refusal` where the domain wants mail refused or set aside that does not prove itself (RFC 9989 4.7).
async fn check_policy(
    prover: &Prover,
    client: IpAddr,
    domain: &Domain,
    refusal: &Refusal,
) -> Result<(), Refusal> {
    match prover.is_strict(client, domain).await {
        Some(false) => Ok(()),
        Some(true) => Err(refusal.clone()),
        None => Err(Refusal::new(
            Reason::SenderCheckDeferred,
            format!(
                "the DNS gave no answer for the DMARC policy of {domain}; please try again later."
            ),
        )),
    }
}

/// The key of the budget that only `from` can spend. Whoever holds a copy can bring a signed message again, so that is counted by client; servers
/// that strangers share prove too little.
fn own_budget(proof: &Proof, from: &Mailbox, client: IpAddr) -> Option<String> {
    match proof {
        Proof::Proven(Means::Dkim { .. }) => Some(format!("{} {}", from.key(), host_of(client))),
        Proof::Proven(Means::Spf { shared: true, .. }) => None,
        Proof::Proven(_) => Some(from.key()),
        Proof::NotAsked | Proof::Unproven(_) | Proof::Deferred(_) => None,
    }
}

fn no_proof(domain: &Domain) -> Refusal {
    Refusal::new(
        Reason::SenderUnauthenticated,
        format!(
            "it cannot be seen that this message is really from {domain}. Send it through the mail server of your own provider; \
             who runs {domain} can mend this: neither SPF nor DKIM proves it, and the DMARC policy forbids such mail."
        ),
    )
}

/// The domains of all addresses in all From fields that can be read.
fn domains(message: &Message) -> Result<Vec<Domain>, Refusal> {
    let mut found: Vec<Domain> = Vec::new();
    for field in message.named("From") {
        for mailbox in named_mailboxes(field.value).unwrap_or_default() {
            let domain = mailbox.domain();
            if !found.contains(domain) {
                found.push(domain.clone());
            }
            if found.len() > SEVERAL {
                let text = "the From field names too many domains.";
                return Err(Refusal::new(Reason::BadFrom, text));
            }
        }
    }
    Ok(found)
}

//! Mail to a role: from anybody, but not without end, and not in the name of a domain that forbids it.
//!
//! It goes on as it came, from an address of ours, so whatever floods or forgeries are taken here become ours.

use std::net::IpAddr;

use super::arrival::Arrival;
use super::intake::{Intake, malformed};
use super::proof::evidence;
use super::sender::Sender;
use super::weigh::weigh;
use crate::auth::{Means, Proof};
use crate::mail::{Domain, Mailbox, host_of};
use crate::message::{Message, named_mailboxes};
use crate::policy::{Reason, Refusal, unproven};

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

impl Intake {
    /// Whether a message to a role is taken. A registered writer that proves itself has a budget of its own, which no stranger can spend.
    pub(super) async fn admit_to_role(
        &self,
        arrival: &Arrival<'_>,
        sender: Option<&Sender>,
    ) -> Result<(), Refusal> {
        let letter = arrival.letter;
        check_size(letter.raw().len())?;
        let writer = match sender {
            // Proven already, for another recipient of the same message.
            Some(sender) if sender.writer.is_some() => {
                own_budget(&sender.proof, &sender.from, arrival.client.address)
            }
            Some(_) => None,
            None => self.registered_writer(arrival).await?,
        };
        match writer {
            Some(writer) => self.budgets.roles.spend_own(&writer),
            None => self.budgets.roles.spend(arrival.client.address),
        }
    }

    /// The budget of the registered address that wrote, if it is proven. None for everybody else who may write.
    async fn registered_writer(&self, arrival: &Arrival<'_>) -> Result<Option<String>, Refusal> {
        let letter = arrival.letter;
        let recipients = arrival.transaction.recipients.len();
        weigh(letter, recipients).map_err(|error| malformed(&error))?;
        let Ok(from) = letter.from() else {
            // Nobody can be proven, so everybody that it names must allow that.
            for domain in domains(letter)? {
                self.check_policy(arrival, &domain, &no_proof(&domain))
                    .await?;
            }
            return Ok(None);
        };
        let mode = self.tools.config.auth.registered;
        let evidence = evidence(arrival, &from.mailbox, mode, &[]);
        let proof = self.tools.prover.prove(&evidence).await;
        match &proof {
            Proof::Proven(_) => {
                let owner = self.tools.directory.owner(&from.mailbox).await?;
                let client = arrival.client.address;
                Ok(owner.and_then(|_| own_budget(&proof, &from.mailbox, client)))
            }
            Proof::NotAsked => Ok(None),
            Proof::Deferred(_) => {
                Err(unproven(&proof).unwrap_or_else(|| no_proof(from.mailbox.domain())))
            }
            Proof::Unproven(_) => {
                let refusal = unproven(&proof).unwrap_or_else(|| no_proof(from.mailbox.domain()));
                self.check_policy(arrival, from.mailbox.domain(), &refusal)
                    .await?;
                Ok(None)
            }
        }
    }

    /// Gives `refusal` where the domain wants mail refused or set aside that does not prove itself (RFC 9989 4.7).
    async fn check_policy(
        &self,
        arrival: &Arrival<'_>,
        domain: &Domain,
        refusal: &Refusal,
    ) -> Result<(), Refusal> {
        let prover = &self.tools.prover;
        match prover.is_strict(arrival.client.address, domain).await {
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
            "nothing proves that the message is from {domain}, whose DMARC policy forbids that."
        ),
    )
}

/// The domains of all addresses in all From fields that can be read.
fn domains(letter: &Message) -> Result<Vec<Domain>, Refusal> {
    let mut found: Vec<Domain> = Vec::new();
    for field in letter.named("From") {
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

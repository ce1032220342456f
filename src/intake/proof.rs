//! What is asked of the proof of a From, and what a proof is worth here.

use super::arrival::{Arrival, Purpose};
use super::budget::{Budgets, altered};
use crate::auth::{Evidence, Means, Mode, Proof, Prover, SharedSpf};
use crate::config::Auth;
use crate::directory::{Directory, State, Unavailable};
use crate::mail::{Domain, Mailbox};
use crate::masking::MaskedAddress;
use crate::policy::{Reason, Refusal};

/// How strictly this From must be proven. An address that is both is a participant's; one that is neither is held to the
/// participants' rule, so that the answer does not tell which it is.
pub(super) async fn mode(
    auth: &Auth,
    directory: &dyn Directory,
    from: &Mailbox,
    courier: bool,
) -> Result<Mode, Unavailable> {
    if auth.registered == auth.courier || !courier {
        return Ok(auth.registered);
    }
    let registered = directory.owner(from).await?.is_some();
    Ok(if registered {
        auth.registered
    } else {
        auth.courier
    })
}

/// Whether a courier's mail would be refused at the next server, where our envelope takes its SPF pass away. Without an answer of the DNS the
/// mail waits: to guess either way would lose it there, or change a message that need not be changed.
pub(super) async fn fails_elsewhere(
    prover: &Prover,
    evidence: &Evidence<'_>,
) -> Result<bool, Refusal> {
    let answer = prover.fails_elsewhere(evidence).await;
    answer.ok_or_else(|| unasked(evidence.from.domain()))
}

/// What a proof is worth in the light of what came before, and remembers who signs. A signature proves what it covers: a copy of an earlier message
/// with something else changed is not the signer's. An address that signs and now comes through shared servers without a signature is not
/// believed: its neighbours there pass the same check.
pub(super) async fn believe(
    (auth, state, budgets): (&Auth, &dyn State, &Budgets),
    arrival: &Arrival<'_>,
    from: &Mailbox,
    proof: Proof,
) -> Result<Proof, Refusal> {
    match &proof {
        Proof::Proven(Means::Dkim { domain, signed, .. }) => {
            if budgets.copies.is_altered(signed, arrival.message) {
                return Ok(Proof::Unproven(altered(arrival, domain)));
            }
            // Without shared servers the memory would be read by nobody: no write for every signed message.
            if arrival.purpose == Purpose::Mail && !auth.shared_spf_includes.is_empty() {
                state.note_signer(from).await?;
            }
        }
        Proof::Proven(Means::Spf {
            domain,
            shared: true,
            ..
        }) if !auth.shared_spf_includes.is_empty() => {
            let client = arrival.client.address;
            // A neighbour on the same servers can bring no signature of this domain; it would be the one sign that tells the two apart.
            if state.is_signer(from).await? {
                // The sentence names client, domain and what is missing: "SPF fail" alone is what users complain about (docs/rules.md#issue-5168).
                let text = format!(
                    "client {client} is not proven to send for {domain}: its mail has been signed with DKIM before, and this came without \
                     a signature through servers that strangers share"
                );
                return Ok(Proof::Unproven(text));
            }
            if auth.shared_spf == SharedSpf::Warn {
                metrics::counter!("allegromail_inbound_shared_spf_total").increment(1);
                tracing::warn!(event = "shared_spf", trace = %arrival.transaction.trace, %client, %domain);
            }
        }
        _ => {}
    }
    Ok(proof)
}

/// The DNS said nothing of a domain that it could have said something of.
pub(super) fn unasked(from: &Domain) -> Refusal {
    let text =
        format!("the DNS gave no answer for the DMARC policy of {from}; please try again later.");
    Refusal::new(Reason::SenderCheckDeferred, text)
}

/// Those of `recipients` that can be written as addresses: a signature may name one of them in To or Cc.
pub(super) fn mailboxes(recipients: &[MaskedAddress]) -> Vec<Mailbox> {
    recipients
        .iter()
        .filter_map(MaskedAddress::mailbox)
        .collect()
}

/// What the prover looks at; it borrows everything, since one message is proven once.
pub(super) fn evidence<'a>(
    arrival: &'a Arrival<'_>,
    from: &'a Mailbox,
    mode: Mode,
    recipients: &'a [Mailbox],
) -> Evidence<'a> {
    Evidence {
        client: arrival.client.address,
        helo: &arrival.client.helo,
        reverse_path: &arrival.transaction.reverse_path,
        from,
        message: arrival.message,
        mode,
        recipients,
    }
}

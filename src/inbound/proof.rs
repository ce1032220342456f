//! What is asked of the proof of a From, and what a proof is worth here.

use super::arrival::{Arrival, Purpose};
use super::budget::altered;
use super::intake::Intake;
use crate::auth::{Evidence, Means, Mode, Proof, SharedSpf};
use crate::directory::Unavailable;
use crate::mail::{Domain, Mailbox};
use crate::masking::MaskedAddress;
use crate::policy::{Reason, Refusal};

impl Intake {
    /// How strictly this From must be proven. An address that is both is a participant's; one that is neither is held to the
    /// participants' rule, so that the answer does not tell which it is.
    pub(super) async fn mode(&self, from: &Mailbox, courier: bool) -> Result<Mode, Unavailable> {
        let auth = &self.tools.config.auth;
        if auth.registered == auth.courier || !courier {
            return Ok(auth.registered);
        }
        let registered = self.tools.directory.owner(from).await?.is_some();
        Ok(if registered {
            auth.registered
        } else {
            auth.courier
        })
    }

    /// Whether a courier's mail would be refused at the next server, where our envelope takes its SPF pass away. Without an answer of the DNS the
    /// mail waits: to guess either way would lose it there, or change a message that need not be changed.
    pub(super) async fn fails_elsewhere(
        &self,
        arrival: &Arrival<'_>,
        from: &Mailbox,
        recipients: &[Mailbox],
    ) -> Result<bool, Refusal> {
        let evidence = evidence(arrival, from, self.tools.config.auth.courier, recipients);
        let answer = self.tools.prover.fails_elsewhere(&evidence).await;
        answer.ok_or_else(|| unasked(from.domain()))
    }

    /// Remembers who signs. An address that did and now comes through shared servers without a signature is not believed: its neighbours
    /// there pass the same check.
    pub(super) fn remember(
        &self,
        arrival: &Arrival<'_>,
        from: &Mailbox,
        proof: Proof,
    ) -> Result<Proof, Refusal> {
        let proof = self.unless_altered(arrival, proof);
        // Without such servers the memory would be read by nobody: no write for every signed message.
        if self.tools.config.auth.shared_spf_includes.is_empty() {
            return Ok(proof);
        }
        match &proof {
            Proof::Proven(Means::Dkim { .. }) if arrival.purpose == Purpose::Mail => {
                self.tools.state.note_signer(from)?
            }
            Proof::Proven(Means::Spf {
                domain,
                shared: true,
                ..
            }) => {
                // A neighbour on the same servers can bring no signature of this domain; it would be the one sign that tells the two apart.
                if self.tools.state.is_signer(from)? {
                    let client = arrival.client.address;
                    // The sentence names client, domain and what is missing: "SPF fail" alone is what users complain about (#5168).
                    let text = format!(
                        "client {client} is not proven to send for {domain}: its mail has been signed with DKIM before, and this came without \
                         a signature through servers that strangers share"
                    );
                    return Ok(Proof::Unproven(text));
                }
                if self.tools.config.auth.shared_spf == SharedSpf::Warn {
                    metrics::counter!("allegromail_inbound_shared_spf_total").increment(1);
                    tracing::warn!(event = "shared_spf", trace = %arrival.transaction.trace, client = %arrival.client.address, %domain);
                }
            }
            _ => {}
        }
        Ok(proof)
    }
}

impl Intake {
    /// A signature proves what it covers. A copy of a message that has come before, with something else changed, is not the signer's.
    fn unless_altered(&self, arrival: &Arrival<'_>, proof: Proof) -> Proof {
        match &proof {
            Proof::Proven(Means::Dkim { domain, signed, .. })
                if self.budgets.copies.is_altered(signed, arrival.letter) =>
            {
                Proof::Unproven(altered(arrival, domain))
            }
            _ => proof,
        }
    }
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
        message: arrival.letter,
        mode,
        recipients,
    }
}

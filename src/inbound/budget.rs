//! Budgets of `[limits]`: how often is too often.
//!
//! Refusals are counted by network (/24 of IPv4, /64 of IPv6, since a neighbour's address is free to take) and domain together, so that one
//! bad tool at a large provider does not slow the proven senders beside it. A network that spreads its guesses over many domains is
//! stopped as a whole, but for the domains that it has lately proven. A spent budget is always a 450, for it fills up again.

mod bucket;

use std::net::IpAddr;
use std::time::Duration;

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use bucket::{Limiter, limiter, remembered, spend};

use crate::config::{Budget, Limits};
use crate::mail::{Domain, Mailbox, network_of};
use crate::masking::TransactionId;
use crate::message::Message;
use crate::policy::{Reason, Refusal};

/// A network and a domain that it speaks for.
type Pair = (IpAddr, String);

/// The budget of a whole network, as a multiple of that of one of its domains: a provider's servers speak for many shops at once.
const NETWORK: u32 = 10;
/// How long a proof speaks for its domain and network.
const PROVEN_FOR: Duration = Duration::from_secs(3_600);
/// Masks that one signed message may reach in an hour. More is a copy that goes round (hostile-inputs 81).
const COPIES: Budget = Budget {
    count: 200,
    period: Duration::from_secs(3_600),
};

/// The budgets of one server.
pub(super) struct Budgets {
    /// Guesses of a network for one domain.
    refusals: Option<Limiter<Pair>>,
    /// Guesses of a network for all of its domains.
    network: Option<Limiter<IpAddr>>,
    /// Who spent the first and waits. Looking here costs no budget, so being refused does not prolong the wait.
    shut_out: Cache<Pair, ()>,
    /// Who spent the second.
    network_shut_out: Cache<IpAddr, ()>,
    /// Who may write in spite of its network.
    proven: Cache<Pair, ()>,
    /// Masks reached, by the digest of a message's signatures.
    copies: Option<Limiter<Vec<u8>>>,
    /// Messages by From.
    sender: Option<Limiter<String>>,
    /// Messages by order, of both sides and couriers together.
    transaction: Option<Limiter<TransactionId>>,
}

/// Domains are compared without regard to case, or a guesser had a budget for every spelling.
fn pair(client: IpAddr, domain: &str) -> Pair {
    (network_of(client), domain.to_ascii_lowercase())
}

impl Budgets {
    pub(super) fn new(limits: &Limits) -> Self {
        // A tenth of the period: long enough to stop a guesser, short enough for a shop that has mended its address.
        let pause = limits
            .refusals_per_client
            .map_or(Duration::from_secs(1), |budget| budget.period / 10);
        let whole = limits.refusals_per_client.map(|budget| Budget {
            count: budget.count.saturating_mul(NETWORK),
            ..budget
        });
        Self {
            refusals: limiter(limits.refusals_per_client),
            network: limiter(whole),
            shut_out: remembered(pause),
            network_shut_out: remembered(pause),
            proven: remembered(PROVEN_FOR),
            copies: limiter(Some(COPIES)),
            sender: limiter(limits.messages_per_sender),
            transaction: limiter(limits.messages_per_transaction),
        }
    }

    /// Counts a refusal against the network and the domain that it spoke for, if the reason is one that guessers and forgers meet.
    pub(super) fn count_refusal(&self, client: IpAddr, domain: &str, reason: Reason) {
        // What honest mail meets in numbers is not among them: a shop's large invoices and orders not known yet must not shut it out.
        let guess = matches!(
            reason,
            Reason::UnknownParticipant
                | Reason::SenderUnauthenticated
                | Reason::RelayDenied
                | Reason::BadToken
                | Reason::BadFrom
        );
        if !guess {
            return;
        }
        let key = pair(client, domain);
        if !spend(self.refusals.as_ref(), &key) {
            self.shut_out.insert(key, ());
        }
        if !spend(self.network.as_ref(), &network_of(client)) {
            self.network_shut_out.insert(network_of(client), ());
        }
    }

    /// Whether the client's network was refused too often lately, for this domain or as a whole.
    pub(super) fn check_client(&self, client: IpAddr, domain: &str) -> Result<(), Refusal> {
        let key = pair(client, domain);
        // A domain that was refused too often itself stays out, proven or not.
        let as_a_whole =
            self.network_shut_out.contains_key(&key.0) && !self.proven.contains_key(&key);
        if as_a_whole || self.shut_out.contains_key(&key) {
            let text =
                "too many messages from this network were refused lately; please try again later.";
            return Err(Refusal::new(Reason::Rate, text));
        }
        Ok(())
    }

    /// Remembers that the client's network has proven a sender of `domain`.
    pub(super) fn note_proven(&self, client: IpAddr, domain: &Domain) {
        self.proven.insert(pair(client, domain.as_str()), ());
    }

    /// Counts a message of a proven sender, once for each recipient. Unproven ones must not come here: they would spend somebody else's budget.
    pub(super) fn spend_message(
        &self,
        from: &Mailbox,
        transaction: Option<&TransactionId>,
    ) -> Result<(), Refusal> {
        if !spend(self.sender.as_ref(), &from.key()) {
            let text = format!("{from} has sent too many messages lately; please try again later.");
            return Err(Refusal::new(Reason::Rate, text));
        }
        if transaction.is_some_and(|transaction| !spend(self.transaction.as_ref(), transaction)) {
            let text = "too many messages were sent about this transaction lately; please try again later.";
            return Err(Refusal::new(Reason::Rate, text));
        }
        Ok(())
    }

    /// Counts one more mask that a signed message reaches; the same signatures are the same message. Whoever holds a copy can send it again, and
    /// changing what the signatures do not cover, the envelope above all, gives no new budget.
    pub(super) fn spend_copy(&self, letter: &Message) -> Result<(), Refusal> {
        let mut digest = Sha256::new();
        for field in letter.named("DKIM-Signature") {
            digest.update(field.value);
        }
        if spend(self.copies.as_ref(), &digest.finalize().to_vec()) {
            return Ok(());
        }
        let text =
            "this message has been sent to too many recipients lately; please try again later.";
        Err(Refusal::new(Reason::Rate, text))
    }
}

#[cfg(test)]
mod tests;

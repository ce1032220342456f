//! Budgets of `[limits]`: how often is too often.
//!
//! Clients are counted by prefix (/24 of IPv4, /64 of IPv6): a neighbour's address is free to take. A spent budget is always a
//! 450, for it fills up again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use moka::sync::Cache;

use crate::config::{Budget, Limits};
use crate::mail::Mailbox;
use crate::masking::TransactionId;
use crate::policy::{Reason, Refusal};

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// The budgets of one server.
pub(super) struct Budgets {
    refusals: Option<Limiter<IpAddr>>,
    shut_out: Cache<IpAddr, ()>,
    sender: Option<Limiter<String>>,
    transaction: Option<Limiter<TransactionId>>,
}

/// How many keys a budget may hold before those that are full again are forgotten.
const MANY_KEYS: usize = 100_000;

fn limiter<K: std::hash::Hash + Eq + Clone>(budget: Option<Budget>) -> Option<Limiter<K>> {
    let budget = budget?;
    let count = NonZeroU32::new(budget.count)?;
    let quota = Quota::with_period(budget.period / budget.count)?.allow_burst(count);
    Some(RateLimiter::keyed(quota))
}

fn spend<K: std::hash::Hash + Eq + Clone>(limiter: Option<&Limiter<K>>, key: &K) -> bool {
    let Some(limiter) = limiter else { return true };
    if limiter.len() > MANY_KEYS {
        limiter.retain_recent();
    }
    limiter.check_key(key).is_ok()
}

fn prefix(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

impl Budgets {
    pub(super) fn new(limits: &Limits) -> Self {
        // A tenth of the period: long enough to stop a guesser, short enough for a shop that has mended its address.
        let pause = limits
            .refusals_per_client
            .map_or(Duration::from_secs(1), |budget| budget.period / 10);
        Self {
            shut_out: Cache::builder()
                .max_capacity(MANY_KEYS as u64)
                .time_to_live(pause)
                .build(),
            refusals: limiter(limits.refusals_per_client),
            sender: limiter(limits.messages_per_sender),
            transaction: limiter(limits.messages_per_transaction),
        }
    }

    /// Counts a refusal against the client; one too many shuts its network out for a while.
    pub(super) fn count_refusal(&self, client: IpAddr) {
        let key = prefix(client);
        if !spend(self.refusals.as_ref(), &key) {
            self.shut_out.insert(key, ());
        }
    }

    /// Whether the client's network has been refused too often lately.
    pub(super) fn check_client(&self, client: IpAddr) -> Result<(), Refusal> {
        if self.shut_out.contains_key(&prefix(client)) {
            let text =
                "too many messages from this network were refused lately; please try again later.";
            return Err(Refusal::new(Reason::Rate, text));
        }
        Ok(())
    }

    /// Counts a message of a proven sender.
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
}

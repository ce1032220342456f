//! Buckets that fill up by themselves, one for each key, and sets that forget.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use moka::Entry;
use moka::ops::compute::{CompResult, Op};
use moka::sync::Cache;

use super::shared::{SharedBudgets, Taken, Whose};
use crate::config::Budget;

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;
/// How many keys a budget may hold before those that are full again are forgotten. What bounds memory against addresses made up by the
/// million (docs/threats.md#64).
const MANY_KEYS: usize = 100_000;
/// A bucket for each key: of `count`, filling up evenly over the period. A budget that is off is never empty.
pub(super) struct Buckets<K: Hash + Eq + Clone> {
    limiter: Option<Limiter<K>>,
    shared: Option<Share>,
}

/// A budget that other nodes spend, too.
struct Share {
    name: &'static str,
    budget: Budget,
    all: Arc<SharedBudgets>,
}

impl<K: Hash + Eq + Clone + Whose> Buckets<K> {
    /// Full ones. What is spent of them is added up with other nodes under `name`, where there are any.
    pub(super) fn new(
        name: &'static str,
        budget: Option<Budget>,
        all: Option<&Arc<SharedBudgets>>,
    ) -> Self {
        let limiter = budget.and_then(|budget| {
            let count = NonZeroU32::new(budget.count)?;
            let quota = Quota::with_period(budget.period / budget.count)?.allow_burst(count);
            Some(RateLimiter::keyed(quota))
        });
        let shared = budget.zip(all).map(|(budget, all)| Share {
            name,
            budget,
            all: all.clone(),
        });
        Self { limiter, shared }
    }

    /// Takes one from the bucket of `key`; false if it is empty.
    pub(super) fn spend(&self, key: &K) -> bool {
        self.spend_many(key, 1)
    }

    /// Takes `many` from the bucket of `key`; false if it holds less. More than it can ever hold is too much, too.
    pub(super) fn spend_many(&self, key: &K, many: u32) -> bool {
        self.spend_or(key, many, || false)
    }

    /// As [`Self::spend_many`]; where the bucket holds less, `or` may have it.
    fn spend_or(&self, key: &K, many: u32, or: impl FnOnce() -> bool) -> bool {
        let (Some(limiter), Some(wanted)) = (&self.limiter, NonZeroU32::new(many)) else {
            return true;
        };
        if limiter.len() > MANY_KEYS {
            limiter.retain_recent();
        }
        let taken = self.shared.as_ref().map(|shared| {
            let whose = key.whose();
            shared.all.take(shared.name, &whose, shared.budget, many)
        });
        if matches!(taken, Some(Taken::Nothing)) {
            return false;
        }
        let is_full = match many {
            1 => limiter.check_key(key).is_ok(),
            _ => matches!(limiter.check_key_n(key, wanted), Ok(Ok(()))),
        };
        let is_there = is_full || or();
        if let Some((shared, Taken::Noted(digest))) = self.shared.as_ref().zip(taken)
            && !is_there
        {
            shared.all.give_back(&digest, many);
        }
        is_there
    }

    /// Tells the other nodes of one that came back.
    fn give_back(&self, key: &K) {
        if let Some(shared) = &self.shared {
            let digest = shared.all.digest(shared.name, &key.whose());
            shared.all.give_back(&digest, 1);
        }
    }
}

/// A bounded set whose members are forgotten after `lifetime`.
pub(super) fn remembered<K: Hash + Eq + Send + Sync + 'static>(lifetime: Duration) -> Cache<K, ()> {
    Cache::builder()
        .max_capacity(MANY_KEYS as u64)
        .time_to_live(lifetime)
        .build()
}

/// A bucket for each key, into which comes back what was not used after all.
pub(super) struct Allowance<K: Hash + Eq + Clone> {
    buckets: Buckets<K>,
    /// What came back, for as long as a bucket needs to fill up; then it would have been there again.
    back: Cache<K, u32>,
}

impl<K: Hash + Eq + Clone + Whose + Send + Sync + 'static> Allowance<K> {
    /// One that never ends where the budget is off.
    pub(super) fn new(
        name: &'static str,
        budget: Option<Budget>,
        all: Option<&Arc<SharedBudgets>>,
    ) -> Self {
        let period = budget.map_or(Duration::from_secs(1), |budget| budget.period);
        Self {
            buckets: Buckets::new(name, budget, all),
            back: Cache::builder()
                .max_capacity(MANY_KEYS as u64)
                .time_to_live(period)
                .build(),
        }
    }

    /// Takes one; false if there is none.
    pub(super) fn spend(&self, key: &K) -> bool {
        self.buckets.spend_or(key, 1, || self.take_back(key))
    }

    /// Takes one of those that came back.
    fn take_back(&self, key: &K) -> bool {
        let taken = self.back.entry_by_ref(key).and_compute_with(|entry| {
            match entry.map(Entry::into_value) {
                None => Op::Nop,
                Some(0 | 1) => Op::Remove,
                Some(left) => Op::Put(left - 1),
            }
        });
        matches!(taken, CompResult::Removed(_) | CompResult::ReplacedWith(_))
    }

    /// Puts one back.
    pub(super) fn give_back(&self, key: K) {
        if self.buckets.limiter.is_some() {
            self.buckets.give_back(&key);
            let back = self.back.entry(key);
            back.and_upsert_with(|entry| entry.map_or(0, Entry::into_value).saturating_add(1));
        }
    }
}

//! Buckets that fill up by themselves, one for each key, and sets that forget.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use moka::Entry;
use moka::ops::compute::{CompResult, Op};
use moka::sync::Cache;

use crate::config::Budget;

/// A bucket for each key.
pub(super) type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;
/// How many keys a budget may hold before those that are full again are forgotten. What bounds memory against addresses made up by the
/// million (docs/threats.md#64).
const MANY_KEYS: usize = 100_000;
/// A bucket of `count` that fills up evenly over the period; none where the budget is off.
pub(super) fn limiter<K: Hash + Eq + Clone>(budget: Option<Budget>) -> Option<Limiter<K>> {
    let budget = budget?;
    let count = NonZeroU32::new(budget.count)?;
    let quota = Quota::with_period(budget.period / budget.count)?.allow_burst(count);
    Some(RateLimiter::keyed(quota))
}

/// Takes one from the bucket of `key`; false if it is empty. A budget that is off is never empty.
pub(super) fn spend<K: Hash + Eq + Clone>(limiter: Option<&Limiter<K>>, key: &K) -> bool {
    let Some(limiter) = limiter else { return true };
    if limiter.len() > MANY_KEYS {
        limiter.retain_recent();
    }
    limiter.check_key(key).is_ok()
}

/// Takes `many` from the bucket of `key`; false if it holds less. More than it can ever hold is too much, too.
pub(super) fn spend_many<K: Hash + Eq + Clone>(
    limiter: Option<&Limiter<K>>,
    key: &K,
    many: u32,
) -> bool {
    let (Some(limiter), Some(many)) = (limiter, NonZeroU32::new(many)) else {
        return true;
    };
    if limiter.len() > MANY_KEYS {
        limiter.retain_recent();
    }
    matches!(limiter.check_key_n(key, many), Ok(Ok(())))
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
    limiter: Option<Limiter<K>>,
    /// What came back, for as long as a bucket needs to fill up; then it would have been there again.
    back: Cache<K, u32>,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Allowance<K> {
    /// One that never ends where the budget is off.
    pub(super) fn new(budget: Option<Budget>) -> Self {
        let period = budget.map_or(Duration::from_secs(1), |budget| budget.period);
        Self {
            limiter: limiter(budget),
            back: Cache::builder()
                .max_capacity(MANY_KEYS as u64)
                .time_to_live(period)
                .build(),
        }
    }

    /// Takes one; false if there is none.
    pub(super) fn spend(&self, key: &K) -> bool {
        spend(self.limiter.as_ref(), key) || self.take_back(key)
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
        if self.limiter.is_some() {
            let back = self.back.entry(key);
            back.and_upsert_with(|entry| entry.map_or(0, Entry::into_value).saturating_add(1));
        }
    }
}

//! Buckets that fill up by themselves, one for each key, and sets that forget.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use moka::sync::Cache;

use crate::config::Budget;

/// A bucket for each key.
pub(super) type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;
/// How many keys a budget may hold before those that are full again are forgotten. What bounds memory against addresses made up by the
/// million (hostile-inputs 64).
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

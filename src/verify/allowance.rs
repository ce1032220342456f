//! A budget for each token: a bucket that fills up evenly over its period, kept in memory.
//!
//! What a question may cost is taken before the question is looked at, and what it did not cost comes back with the answer. So whether there
//! is an answer tells how much was left and nothing of what was asked, also where many ask at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Budget;
use crate::mail::Timestamp;

/// The buckets of all tokens.
pub(super) struct Allowance {
    /// None: off, and never empty.
    budget: Option<Budget>,
    clock: Arc<dyn Clock>,
    /// By the id of the token: operators make those, so there are few.
    buckets: Mutex<HashMap<Arc<str>, Bucket>>,
}

/// A bucket. One unit of the budget is as many drops as its period has milliseconds, so that `count` drops come back in each of them.
struct Bucket {
    drops: u128,
    /// Up to when it was filled.
    at: Timestamp,
}

/// Units that were taken; those that are not spent come back when it goes.
#[must_use]
pub(super) struct Reserved<'a> {
    allowance: &'a Allowance,
    token: &'a Arc<str>,
    units: u32,
}

impl Allowance {
    /// Full buckets of `budget`.
    pub(super) fn new(budget: Option<Budget>, clock: Arc<dyn Clock>) -> Self {
        Self {
            budget,
            clock,
            buckets: Mutex::default(),
        }
    }

    /// How many units a bucket holds at most.
    pub(super) fn most(&self) -> u32 {
        self.budget.map_or(u32::MAX, |budget| budget.count)
    }

    /// Takes `units`, all or none; else how long it takes until there are so many. More than a bucket holds will never be there: then it is how long it
    /// takes until it is full.
    pub(super) fn take<'a>(
        &'a self,
        token: &'a Arc<str>,
        units: u32,
    ) -> Result<Reserved<'a>, Duration> {
        let reserved = Reserved {
            allowance: self,
            token,
            units,
        };
        let Some(budget) = self.budget else {
            return Ok(reserved);
        };
        let (now, wanted) = (self.clock.now(), drops(budget, units));
        let mut buckets = self.buckets();
        let bucket = buckets.entry(token.clone()).or_insert_with(|| Bucket {
            drops: drops(budget, budget.count),
            at: now,
        });
        bucket.fill(budget, now);
        match bucket.drops.checked_sub(wanted) {
            Some(left) => {
                bucket.drops = left;
                Ok(reserved)
            }
            None => {
                // Nothing was taken, so nothing comes back.
                std::mem::forget(reserved);
                let lacking = wanted.min(drops(budget, budget.count)) - bucket.drops;
                let wait = lacking.div_ceil(u128::from(budget.count.max(1)));
                Err(Duration::from_millis(
                    u64::try_from(wait).unwrap_or(u64::MAX),
                ))
            }
        }
    }

    fn give_back(&self, token: &Arc<str>, units: u32) {
        let Some(budget) = self.budget else { return };
        if let Some(bucket) = self.buckets().get_mut(token) {
            let full = drops(budget, budget.count);
            bucket.drops = (bucket.drops + drops(budget, units)).min(full);
        }
    }

    /// A panic elsewhere while they were held leaves them whole: each is changed in one step.
    fn buckets(&self) -> MutexGuard<'_, HashMap<Arc<str>, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    /// A clock that was set back fills nothing until it goes on; one that was set forward fills the bucket, and no more.
    fn fill(&mut self, budget: Budget, now: Timestamp) {
        let come = now.since(self.at).as_millis() * u128::from(budget.count);
        self.drops = (self.drops + come).min(drops(budget, budget.count));
        self.at = now;
    }
}

impl Reserved<'_> {
    /// Spends `units` of them; the others come back.
    pub(super) fn spend(mut self, units: u32) {
        self.units = self.units.saturating_sub(units);
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if self.units > 0 {
            self.allowance.give_back(self.token, self.units);
        }
    }
}

fn drops(budget: Budget, units: u32) -> u128 {
    budget.period.as_millis() * u128::from(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn ten_an_hour() -> (Arc<ManualClock>, Allowance, Arc<str>) {
        let clock = Arc::new(ManualClock::new(Timestamp(1_000_000_000)));
        let budget = Budget {
            count: 10,
            period: HOUR,
        };
        let allowance = Allowance::new(Some(budget), clock.clone());
        (clock, allowance, Arc::from("one"))
    }

    #[test]
    fn what_is_spent_comes_back_evenly_over_the_period() {
        let (clock, allowance, token) = ten_an_hour();
        let wait = |units| allowance.take(&token, units).err();
        allowance.take(&token, 10).unwrap().spend(10);
        assert_eq!(wait(1), Some(HOUR / 10));
        assert_eq!(wait(4), Some(HOUR * 4 / 10));
        assert_eq!(wait(100), Some(HOUR), "more than there ever are");
        clock.advance(HOUR / 10 - Duration::from_millis(1));
        assert_eq!(wait(1), Some(Duration::from_millis(1)));
        clock.advance(Duration::from_millis(1));
        allowance.take(&token, 1).unwrap().spend(1);
        assert!(wait(1).is_some());
        assert_eq!(allowance.take(&Arc::from("other"), 10).err(), None);
        clock.advance(HOUR * 1_000);
        allowance.take(&token, 10).unwrap().spend(10);
        assert!(wait(1).is_some(), "no more than a full one");
    }

    #[test]
    fn what_is_not_spent_comes_back_at_once() {
        let (_, allowance, token) = ten_an_hour();
        for _ in 0..100 {
            allowance.take(&token, 10).unwrap().spend(0);
            drop(allowance.take(&token, 10).unwrap());
        }
        allowance.take(&token, 10).unwrap().spend(7);
        let held = allowance.take(&token, 2).unwrap();
        assert!(
            allowance.take(&token, 2).is_err(),
            "what is held is not there"
        );
        drop(held);
        assert!(allowance.take(&token, 4).is_err());
        assert!(allowance.take(&token, 3).is_ok());
        let off = Allowance::new(None, Arc::new(ManualClock::new(Timestamp(0))));
        assert!(off.take(&token, u32::MAX).is_ok());
    }

    #[test]
    fn a_clock_that_was_set_back_shuts_nobody_out_for_longer_than_a_period() {
        let (_, allowance, token) = ten_an_hour();
        allowance.take(&token, 10).unwrap().spend(10);
        let back = Arc::new(ManualClock::new(Timestamp(5_000)));
        let allowance = Allowance {
            clock: back.clone(),
            ..allowance
        };
        assert!(allowance.take(&token, 1).is_err());
        back.advance(HOUR);
        assert!(allowance.take(&token, 10).is_ok());
    }
}

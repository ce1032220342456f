//! [`SharedBudgets`]: what nodes that share a database spend of budgets together.
//!
//! Each node has its own buckets, and counts beside them. Of whoever has spent more than a tenth of a budget here, it tells the database once a second how
//! much more that is by now (sooner, where that is another tenth), and hears what all nodes have spent. All of them together so let through what one may,
//! and beyond it a tenth for each node that has told nothing yet, and what comes between two sums. While nothing is heard, each node has its own count alone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::Budget;
use crate::masking::BudgetKeys;

/// How long the last sum counts where no later one can be had.
const HEARD: Duration = Duration::from_secs(10);
/// What part of a budget is nobody else's matter.
const PART: f64 = 0.1;
/// Whoever spends, of whom there is something to tell, at once; the others come with the next sum.
const MOST: usize = 2_000;

/// Whoever spends a budget, as a text that nobody else has.
pub(super) trait Whose {
    fn whose(&self) -> String;
}

impl Whose for IpAddr {
    fn whose(&self) -> String {
        self.to_string()
    }
}

impl Whose for String {
    fn whose(&self) -> String {
        self.clone()
    }
}

impl Whose for () {
    fn whose(&self) -> String {
        String::new()
    }
}

/// What is told of one who spends.
#[derive(Debug, Clone, PartialEq)]
pub struct Spending {
    /// Which budget of whom, as a keyed digest.
    pub whose: [u8; 16],
    /// What was spent since the last sum; less than zero where more came back.
    pub more: f64,
    /// What comes back by itself in a second.
    pub rate: f64,
    /// How long a bucket needs to fill up.
    pub period: Duration,
}

/// What became of a wish to spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is counted under this digest.
    Noted([u8; 16]),
    /// All nodes together have spent too much already.
    Nothing,
}

/// One who spends.
struct Spender {
    count: f64,
    rate: f64,
    period: Duration,
    /// What was spent here, less what has come back by itself until `at`.
    here: f64,
    at: Instant,
    /// What of it was not told.
    untold: f64,
    /// What all have spent, by the last sum, and when it was asked for.
    all: Option<(f64, Instant)>,
    /// Whether anything was spent since then.
    is_active: bool,
}

impl Spender {
    fn new(budget: Budget, now: Instant) -> Self {
        let count = f64::from(budget.count);
        Self {
            count,
            rate: count / budget.period.as_secs_f64(),
            period: budget.period,
            here: 0.0,
            at: now,
            untold: 0.0,
            all: None,
            is_active: false,
        }
    }

    /// Lets come back what has by now.
    fn fill(&mut self, now: Instant) {
        let span = now.saturating_duration_since(self.at).as_secs_f64();
        self.here = self.rate.mul_add(-span, self.here).max(0.0);
        self.at = now;
    }

    /// What all have spent, as far as it is known.
    fn spent(&self, now: Instant, is_heard: bool) -> f64 {
        let all = self.all.filter(|_| is_heard).map_or(0.0, |(all, at)| {
            let span = now.saturating_duration_since(at).as_secs_f64();
            self.rate.mul_add(-span, all).max(0.0)
        });
        all + self.untold.max(0.0)
    }

    /// Whether all has come back, and nobody has to be told so.
    fn is_idle(&self) -> bool {
        self.here <= 0.0 && (self.untold >= 0.0 || self.all.is_none())
    }
}

/// What nodes spend of budgets together.
pub struct SharedBudgets {
    keys: BudgetKeys,
    spenders: Mutex<HashMap<[u8; 16], Spender>>,
    /// Since when no sum can be had.
    alone: Mutex<Option<Instant>>,
    /// Told where the next sum should not wait.
    pub urgent: Notify,
}

impl SharedBudgets {
    /// Nothing is spent.
    #[must_use]
    pub fn new(keys: BudgetKeys) -> Self {
        Self {
            keys,
            spenders: Mutex::default(),
            alone: Mutex::default(),
            urgent: Notify::new(),
        }
    }

    pub(super) fn digest(&self, budget: &str, whose: &str) -> [u8; 16] {
        self.keys.digest(budget, whose)
    }

    fn is_heard(&self, now: Instant) -> bool {
        let alone = *self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        alone.is_none_or(|since| now.saturating_duration_since(since) < HEARD)
    }

    /// No sum can be had. After ten seconds of that this node has its own count alone.
    pub fn is_alone(&self) {
        let mut alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        alone.get_or_insert_with(Instant::now);
    }

    /// Counts `many` of `budget`, unless all nodes together have spent too much of it for that.
    pub(super) fn take(&self, name: &str, whose: &str, budget: Budget, many: u32) -> Taken {
        let (digest, now) = (self.digest(name, whose), Instant::now());
        let is_heard = self.is_heard(now);
        let mut spenders = self.spenders.lock().unwrap_or_else(PoisonError::into_inner);
        let spender = spenders
            .entry(digest)
            .or_insert_with(|| Spender::new(budget, now));
        let many = f64::from(many);
        spender.is_active = true;
        if spender.spent(now, is_heard) + many > spender.count {
            return Taken::Nothing;
        }
        spender.fill(now);
        spender.here += many;
        spender.untold += many;
        if spender.untold >= spender.count * PART {
            self.urgent.notify_one();
        }
        Taken::Noted(digest)
    }

    /// What was taken was not spent after all.
    pub(super) fn give_back(&self, digest: &[u8; 16], many: u32) {
        let now = Instant::now();
        let mut spenders = self.spenders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spender) = spenders.get_mut(digest) {
            spender.fill(now);
            spender.here = (spender.here - f64::from(many)).max(0.0);
            spender.untold -= f64::from(many);
            spender.is_active = true;
        }
    }

    /// What is to be told now, in the order of digests; those that spend nothing any more are forgotten.
    #[must_use]
    pub fn to_tell(&self) -> Vec<Spending> {
        let now = Instant::now();
        let mut spenders = self.spenders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut told = Vec::new();
        spenders.retain(|digest, spender| {
            spender.fill(now);
            // What was not told for long has come back by itself.
            spender.untold = spender.untold.min(spender.here);
            let is_known = spender.all.is_some();
            let is_much = spender.here >= spender.count * PART;
            if (is_much || is_known) && spender.is_active && told.len() < MOST {
                told.push(Spending {
                    whose: *digest,
                    more: spender.untold,
                    rate: spender.rate,
                    period: spender.period,
                });
            }
            !spender.is_idle()
        });
        // Nodes that change the same rows in another order would wait for each other.
        told.sort_by_key(|spending| spending.whose);
        told
    }

    /// What was told is known by all; `sums` are what all have spent, in the order of `told`, which was made at `asked`.
    pub fn hear(&self, told: &[Spending], sums: &[f64], asked: Instant) {
        let mut spenders = self.spenders.lock().unwrap_or_else(PoisonError::into_inner);
        for (told, sum) in told.iter().zip(sums) {
            if let Some(spender) = spenders.get_mut(&told.whose) {
                spender.untold -= told.more;
                spender.all = Some((*sum, asked));
                spender.is_active = spender.untold.abs() > f64::EPSILON;
            }
        }
        drop(spenders);
        *self.alone.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests;

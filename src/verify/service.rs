//! What the questions are answered from, and what they spend.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::allowance::Allowance;
use super::traced::Traced;
use crate::clock::Clock;
use crate::config::Budget;
use crate::directory::Directory;
use crate::history::History;
use crate::http::Guard;
use crate::in_force::InForce;
use crate::masking::MaskedDomains;
use crate::tokens::{Asker, Tokens};

/// How often it is told that the budget of a token is spent.
const TOLD: Duration = Duration::from_secs(3_600);

/// What answers are made of.
pub struct VerifyContext {
    /// Accounts and orders.
    pub directory: Arc<dyn Directory>,
    /// The domains of ours.
    pub domains: Arc<MaskedDomains>,
    /// Has the allowlist, which says whose tokens are good.
    pub in_force: Arc<InForce>,
    /// The tokens.
    pub tokens: Arc<Tokens>,
    /// Where questions leave their lines.
    pub history: Arc<History>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How many unknown addresses a token may ask for; none: as many as it likes.
    pub unknown_per_token: Option<Budget>,
    /// The names of the listener, and whose pages may ask.
    pub guard: Guard,
}

/// The same with what it counts.
pub(super) struct VerifyService {
    pub(super) parts: VerifyContext,
    /// The budgets of unknown addresses.
    pub(super) unknown: Allowance,
    pub(super) traced: Traced,
    /// Tokens of which it was told lately that they have spent theirs.
    told: Cache<Arc<str>, ()>,
}

impl VerifyService {
    pub(super) fn new(parts: VerifyContext) -> Self {
        Self {
            unknown: Allowance::new(parts.unknown_per_token, parts.clock.clone()),
            traced: Traced::new(parts.history.clone(), parts.clock.clone()),
            told: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(TOLD)
                .build(),
            parts,
        }
    }

    /// Tells the operator that a token has asked for too many unknown addresses.
    pub(super) fn tell_spent(&self, asker: &Asker) {
        if self
            .told
            .entry_by_ref(&asker.token)
            .or_insert(())
            .is_fresh()
        {
            tracing::warn!(
                event = "verify_budget_spent",
                token = &*asker.token,
                entry = %asker.entry,
                "its holder asks for many addresses that stand for no order"
            );
        }
    }
}

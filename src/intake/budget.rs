//! Budgets of `[limits]`: how often is too often.
//!
//! A spent budget is always a 450, for it fills up again. What is counted of refusals, and against whom, is in `budget/refusals.rs`; what mail that
//! passes spends is in `budget/tally.rs`; what many nodes spend together, in `budget/shared.rs`.

mod bucket;
mod copies;
mod refusals;
mod roles;
mod shared;
mod tally;

use bucket::Allowance;
use copies::Copies;
pub(super) use refusals::{Proven, Refusals, Standing};
pub(super) use roles::Roles;
pub use shared::{SharedBudgets, Spending};
pub(super) use tally::{Tally, altered};

use std::sync::Arc;

use crate::config::Limits;
use crate::masking::TransactionId;

/// The budgets of one server.
pub(super) struct Budgets {
    /// Refusals of clients, and of what they proved.
    pub(super) refusals: Refusals,
    /// Mail to roles.
    pub(super) roles: Roles,
    /// Signed messages that have come before.
    pub(super) copies: Copies,
    /// Messages by From.
    sender: Allowance<tally::Author>,
    /// Messages by order, of each who writes about it.
    transaction: Allowance<(TransactionId, tally::Writer)>,
}

impl Budgets {
    /// Full ones; of many nodes, with what the others spend.
    pub(super) fn new(limits: &Limits, all: Option<&Arc<SharedBudgets>>) -> Self {
        Self {
            refusals: Refusals::new(limits.refusals_per_client, all),
            roles: Roles::new(limits, all),
            copies: Copies::new(all),
            sender: Allowance::new("sender", limits.messages_per_sender, all),
            transaction: Allowance::new("transaction", limits.messages_per_transaction, all),
        }
    }
}

#[cfg(test)]
mod tests;

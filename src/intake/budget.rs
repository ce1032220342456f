//! Budgets of `[limits]`: how often is too often.
//!
//! A spent budget is always a 450, for it fills up again. What is counted of refusals, and against whom, is in `budget/refusals.rs`; what mail that
//! passes spends is in `budget/tally.rs`.

mod bucket;
mod copies;
mod refusals;
mod roles;
mod tally;

use bucket::Allowance;
use copies::Copies;
pub(super) use refusals::{Proven, Refusals, Standing};
pub(super) use roles::Roles;
pub(super) use tally::{Tally, altered};

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
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            refusals: Refusals::new(limits.refusals_per_client),
            roles: Roles::new(limits),
            copies: Copies::default(),
            sender: Allowance::new(limits.messages_per_sender),
            transaction: Allowance::new(limits.messages_per_transaction),
        }
    }
}

#[cfg(test)]
mod tests;

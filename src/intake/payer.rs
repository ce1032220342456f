//! Who pays for a message that is refused: the client's address, until something is proven.

use std::net::IpAddr;

use super::budget::{Budgets, Proven};
use crate::message::Effort;
use crate::policy::Reason;

/// What a refusal of one message is counted against.
#[derive(Debug)]
pub(super) struct Payer {
    client: IpAddr,
    proven: Option<Proven>,
    effort: Option<Effort>,
}

impl Payer {
    /// A client that has proven nothing.
    pub(super) fn new(client: IpAddr) -> Self {
        Self {
            client,
            proven: None,
            effort: None,
        }
    }

    /// What is spent on the message, and will be yet.
    pub(super) fn works(&mut self, effort: &Effort) {
        self.effort = Some(effort.clone());
    }

    /// What was proven pays from now on.
    pub(super) fn is(&mut self, proven: Proven) {
        self.proven = Some(proven);
    }

    /// Counts a refusal.
    pub(super) fn pay(&self, budgets: &Budgets, reason: Reason) {
        let cost = self.effort.as_ref().map_or(0, Effort::milliseconds);
        match &self.proven {
            // One message was stopped, and its writer goes on writing others (docs/rules-on-contents.md#the-notice): it was counted as one that passed.
            Some(_) if reason.is_of_contents() => {}
            Some(proven) => budgets.refusals.count_proven(proven, reason, cost),
            None => budgets.refusals.count_unproven(self.client, reason, cost),
        }
    }
}

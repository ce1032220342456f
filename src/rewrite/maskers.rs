//! What is hidden in a message, in the writer's own words and in what is quoted.

use super::masker::Masker;
use super::options::HIDDEN;
use super::plan::ParticipantPlan;
use crate::mail::{Domain, Mailbox};

/// What is hidden beside the writer's addresses.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Guesses<'a> {
    /// Addresses that the other side brought.
    pub(super) addresses: &'a [Mailbox],
    /// Domains that are hidden in the writer's own words and stay in quoted text.
    pub(super) own_words: &'a [Domain],
    /// Domains that are hidden everywhere.
    pub(super) everywhere: &'a [Domain],
    /// Whether the message quotes or answers another: its ids may then be the other side's.
    pub(super) answers: bool,
    /// Nothing is masked, not even the writer's addresses: to see what stands there. Such a message must not leave.
    pub(super) bare: bool,
}

/// The two ways to look at a text of the message.
pub(super) struct Maskers {
    /// For the writer's own words.
    pub(super) own: Masker,
    /// For what is quoted.
    pub(super) quoted: Masker,
}

impl Maskers {
    pub(super) fn new(plan: &ParticipantPlan<'_>, guesses: &Guesses<'_>) -> Self {
        let shown = plan.from.to_string();
        let own: &[Mailbox] = if guesses.bare {
            &[]
        } else {
            plan.writer_addresses
        };
        let mut quoted = Masker::new(own, &shown);
        quoted.add_guesses(guesses.addresses, &shown);
        for domain in guesses.everywhere {
            quoted.add_domain(domain, HIDDEN);
        }
        let mut own = quoted.clone();
        for domain in guesses.own_words {
            own.add_domain(domain, HIDDEN);
        }
        if guesses.answers {
            quoted.be_wary();
        }
        Self { own, quoted }
    }
}

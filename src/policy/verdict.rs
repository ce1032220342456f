//! What a decision says, and how it came about.

use std::fmt;

use super::{Account, Refusal};
use crate::masking::TransactionId;

/// What is to be done with an accepted message. It names everybody whom its execution needs: nobody is looked up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// The recipient is the writer's own mask, beside others: taken, and no copy of it goes anywhere.
    OwnMask,
    /// A participant's mail to another: it leaves masked.
    Participant(Masked),
    /// A courier's mail: it keeps every byte.
    Courier(Unmasked),
}

/// A participant's mail to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// Who wrote.
    pub writer: Account,
    /// Who gets it.
    pub receiver: Account,
    /// The transaction that the recipient's address names.
    pub transaction: Option<TransactionId>,
}

/// A courier's mail to a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmasked {
    /// Who gets it.
    pub receiver: Account,
    /// The transaction that the recipient's address names.
    pub transaction: Option<TransactionId>,
}

/// One rule and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule's name: a few words, the same in tests and in `explain`.
    pub rule: &'static str,
    /// What it found: a sentence without any address of the receiver's.
    pub finding: String,
}

/// The rules in the order in which they were asked. The last one decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail(pub Vec<Step>);

impl Trail {
    /// Adds a step.
    pub fn note(&mut self, rule: &'static str, finding: impl Into<String>) {
        self.0.push(Step {
            rule,
            finding: finding.into(),
        });
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            writeln!(f, "{:>2}. {}: {}", at + 1, step.rule, step.finding)?;
        }
        Ok(())
    }
}

/// Accept with a plan, or refuse (for now or for good) with a reason; and the trail.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The plan, or the refusal. Whether a refusal is temporary is a matter of its reason.
    pub decision: Result<Plan, Refusal>,
    /// How it came about.
    pub trail: Trail,
}

//! Who may write to whom (docs/rules.md#who-may-write). Pure: facts in, verdict and trail out.
//!
//! The order of the rules is part of the contract: the first that applies is the answer, and nothing that an unproven client could learn
//! from comes before the proof.

mod decide;
mod facts;
mod reason;
mod return_path;
mod rules;
mod verdict;

pub use decide::decide;
pub use facts::{Account, Facts, MessageKind, Options, Owned, Sender, TransactionFact};
pub use reason::{Reason, Refusal};
pub use return_path::originals;
pub use rules::unproven;
pub use verdict::{Masked, Plan, Step, Trail, Unmasked, Verdict};

#[cfg(test)]
mod tests;

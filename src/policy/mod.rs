//! Who may write to whom (DOMAIN.md, "Who may write"; CONTRACT.md, "Decisions"). Pure: facts in, verdict and trail out.

mod facts;
mod reason;
mod verdict;

pub use facts::{Account, Facts, Owned, Settings, TransactionFact};
pub use reason::{Reason, Refusal};
pub use verdict::{Plan, Step, Trail, Verdict};

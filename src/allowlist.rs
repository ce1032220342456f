//! The couriers: who may write to masked addresses without an account (docs/interface.md#allowlist-files).
//!
//! Matching is exact: an entry opens one domain or one address, never what stands below or beside it. A set is loaded whole or not at all,
//! and swapped in one step, so that no message is judged by a mix of two.

mod diff;
mod entry;
mod file;
mod note;
mod set;

pub use diff::Diff;
pub use entry::{Entry, EntryError};
pub use note::Note;
pub use set::{Allowlist, Errors, Match};

#[cfg(test)]
mod tests;

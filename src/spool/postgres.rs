//! The statements of [`crate::shards`] on PostgreSQL: each one transaction, which counts only once it is known to be synced on as many machines as it must be.
//!
//! What PostgreSQL lets pass in silence is looked for: a list of standbys that is empty, or is emptied while a commit waits; a wait that was cancelled, which
//! is a warning only; `synchronous_commit` off by role, database or session. So a commit counts by evidence: standbys that are synchronous say that they have
//! written beyond it. The SQL keeps to what CockroachDB and YugabyteDB document but for that evidence, which [`Copies::Engine`] does without.

mod guard;
mod heard;
mod ids;
mod lanes;
mod order;
mod quarters;
mod reader;
mod schema;
mod session;
mod sharded;
mod sweep;
mod writer;
mod writes;

pub use guard::Copies;
pub use lanes::ShardSettings;
pub(in crate::spool) use order::Attempt;
pub use order::{Announced, ShardError, ShardEvent};
pub use session::Session;
pub use sharded::{Learnt, ShardedSettings, ShardedSpool};
pub use writer::ShardWriter;

//! Directory and state on PostgreSQL, for many nodes (docs/many-nodes.md). The SQL stays within what CockroachDB and YugabyteDB take: no LISTEN, no advisory
//! locks, and what a serialisation failure undid is done again.

mod accounts;
mod changes;
mod connection;
mod drift;
mod fault;
mod feed;
mod link;
mod migrations;
mod moving;
mod nodes;
mod policies;
mod records;
mod schema;
mod settings;
mod spent;
mod taught;
mod tls;

pub use accounts::PostgresDirectory;
pub use drift::{COMPARED, Drift, DriftWatch, drift};
pub use fault::PostgresError;
pub use feed::{Follower, Hear, Word};
pub use link::Link;
pub use migrations::{Migrations, is_beside_another};
pub use moving::{MoveError, Moved, MovedCounts, PostgresTarget};
pub use nodes::{Node, NodeFacts};
pub use policies::PostgresPolicies;
pub use records::{MessageRecord, PostgresRecords};
pub use settings::PostgresSettings;
pub use spent::{PostgresSpent, SpentMore};
pub use taught::PostgresState;

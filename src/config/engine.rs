//! `[directory]` and `[cluster]` after all checks.

use crate::directory::PostgresSettings;

/// `[directory] engine`: what keeps participants, transactions and what mail teaches.
#[derive(Debug, Clone)]
pub enum Engine {
    /// sled, under `data_dir`.
    Sled,
    /// PostgreSQL, with other nodes.
    Postgres(Box<SharedDirectory>),
}

/// How this node takes part in what many share.
#[derive(Debug, Clone)]
pub struct SharedDirectory {
    /// How the database is reached.
    pub settings: PostgresSettings,
    /// `[cluster] node`.
    pub node: String,
    /// `[cluster] region`; empty: not said.
    pub region: String,
}

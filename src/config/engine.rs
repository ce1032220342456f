//! `[directory]`, `[cluster]` and `[spool]` after all checks.

use crate::directory::PostgresSettings;

/// `[spool] engine`: what keeps accepted mail.
#[derive(Debug, Clone)]
pub enum SpoolEngine {
    /// The log, under `data_dir`.
    Local,
    /// Shards on PostgreSQL, with other nodes.
    Postgres(Box<SharedSpool>),
}

/// `[spool] copies`: on how many machines a message is synced before it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// On so many, the primary among them; two at least.
    Machines(i64),
    /// On as many as the database sees to.
    Engine,
}

/// Where nodes keep their mail together.
#[derive(Debug, Clone)]
pub struct SharedSpool {
    /// `[spool] shards`, at least one, in the order of the file: it is the same at all nodes.
    pub shards: Vec<PostgresSettings>,
    /// `[spool] copies`.
    pub copies: Copies,
}

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

//! `[center]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{Budget, HttpConfig, WebAddress};
use crate::mail::Domain;

/// `[center]`: the Message Center.
#[derive(Debug, Clone)]
pub struct Center {
    /// Where participants reach it, a TCP address; none: messages are kept, and nobody can ask.
    pub http: Option<HttpConfig>,
    /// Names that it goes by, beside `hostname` and `localhost`.
    pub hosts: Vec<Domain>,
    /// Whose tokens are taken beside those that `allegromail tokens` makes; none: nobody's.
    pub sign_in: Option<SignIn>,
    /// How long messages are kept.
    pub keep: Duration,
    /// By how many octets of the log the archive may be behind.
    pub behind: u64,
    /// What becomes of mail when it is further behind.
    pub when_behind: WhenBehind,
    /// Requests of one participant; none: as many as it likes.
    pub requests_per_participant: Option<Budget>,
    /// Event streams of one participant at once.
    pub streams: usize,
    /// Event streams of all participants at once.
    pub streams_total: usize,
}

/// Who signs participants in with JSON Web Tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// What their `iss` says.
    pub issuer: String,
    /// What their `aud` says.
    pub audience: String,
    /// Where the public keys are, a JSON Web Key Set (RFC 7517).
    pub keys: KeySource,
}

/// Where public keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file.
    File(PathBuf),
    /// A server.
    Server(WebAddress),
}

/// What becomes of mail while the archive is too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenBehind {
    /// It is answered 452 until the archive has caught up.
    Refuse,
    /// It goes on, and the archive lacks it until it is replayed.
    Skip,
}

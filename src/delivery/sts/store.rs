//! Policies on disk: one small file for each domain, so that a restart forgets none.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::policy::Policy;
use crate::files;
use crate::mail::{Domain, Timestamp};

/// A policy that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CachedPolicy {
    /// The id of the record that announced it.
    pub(super) id: String,
    /// When it was fetched.
    pub(super) fetched: Timestamp,
    /// What it says.
    pub(super) policy: Policy,
}

impl CachedPolicy {
    /// One that was written; none if it cannot be read.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let kept = serde_json::from_slice(octets);
        let damaged = |error: &serde_json::Error| {
            tracing::warn!(event = "sts_file_damaged", %error, "the policy is fetched anew");
        };
        kept.inspect_err(damaged).ok()
    }

    /// Whether it may not be used any more. A clock that was set back does not end it.
    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        now.since(self.fetched) >= self.policy.max_age
    }
}

/// The folder of the files. It is made when the first is written.
pub(super) struct PolicyStore(PathBuf);

impl PolicyStore {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn path(&self, domain: &Domain) -> PathBuf {
        // The longest domain with a dot and an ending is longer than a file name may be.
        self.0.join(domain.as_str())
    }

    /// The policy of a domain; none without a file that can be read.
    pub(super) async fn read(&self, domain: &Domain) -> Option<CachedPolicy> {
        let octets = tokio::fs::read(self.path(domain)).await.ok()?;
        CachedPolicy::read(&octets)
    }

    /// Keeps a policy. A failure is logged: the policy is in force until the next restart.
    pub(super) async fn write(&self, domain: &Domain, kept: &CachedPolicy) {
        let path = self.path(domain);
        let octets = serde_json::to_vec(kept).unwrap_or_default();
        let written = tokio::task::spawn_blocking(move || write(&path, &octets)).await;
        let failure = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(
            event = "sts_not_kept",
            error = failure,
            "a restart will have to fetch the policy"
        );
    }
}

/// Writes a file whole or not at all: a policy cut short would read as none, and protect nobody.
fn write(path: &Path, octets: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    files::create_folder(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(octets)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

//! What a node tells the others of itself, and whether they have the same.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::directory::{
    COMPARED, DriftWatch, Link, Node, NodeFacts, PostgresPolicies, PostgresRecords, Unavailable,
    drift,
};
use crate::in_force::InForce;
use crate::signing;

/// How often a node looks whether what it has is what it told, and what others have.
const LOOK: Duration = Duration::from_secs(5);

/// How many looks there are from one end of old records to the next: an hour of them.
const FORGET: u32 = 720;

/// Keys of the configuration that differ from node to node: a table and a key of it, or a key of the top.
const OWN: [(&str, &str); 10] = [
    ("", "hostname"),
    ("", "data_dir"),
    ("cluster", "node"),
    ("cluster", "region"),
    ("smtp", "listen"),
    ("smtp", "proxy_listen"),
    ("admin", "listen"),
    ("verify", "listen"),
    ("center", "listen"),
    ("log", "format"),
];

/// Tells the others of this node, and keeps what they have.
pub(super) struct Cluster {
    pub(super) link: Arc<Link>,
    pub(super) facts: NodeFacts,
    pub(super) config: Arc<Config>,
    pub(super) in_force: Arc<InForce>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) drift: Arc<DriftWatch>,
    pub(super) records: PostgresRecords,
    pub(super) policies: PostgresPolicies,
}

impl Cluster {
    /// Tells what is in force here now.
    pub(super) async fn tell(&mut self) -> Result<(), Unavailable> {
        let facts = self.current();
        self.link.tell_node(&facts).await?;
        self.facts = facts;
        Ok(())
    }

    fn current(&self) -> NodeFacts {
        let sets = self.in_force.current();
        NodeFacts {
            allowlist: sets.allowlist.digest(),
            rules: sets.rules.version.clone(),
            keys: keys(&self.config),
            ..self.facts.clone()
        }
    }

    /// Looks until `shutdown`.
    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        for turn in (0..FORGET).cycle() {
            if turn == 0 {
                self.forget().await;
            }
            if let Err(error) = self.look().await {
                tracing::warn!(event = "nodes_unread", %error, "whether nodes differ is not known meanwhile");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Forgets what was accepted so long ago that no token leads to it, and policies that are good no longer.
    async fn forget(&self) {
        if let Err(error) = self.policies.forget(self.clock.now()).await {
            tracing::warn!(event = "state_expire_failed", %error, "old policies stay");
        }
        let kept = u64::from(self.config.delivery.token_days()) + 1;
        let oldest = (self.clock.now().0 / 86_400_000).saturating_sub(kept);
        let oldest = u16::try_from(oldest).unwrap_or(u16::MAX);
        loop {
            match self.records.forget(oldest).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(event = "state_expire_failed", %error, "old records stay");
                    return;
                }
            }
        }
    }

    async fn look(&mut self) -> Result<(), Unavailable> {
        if self.current() != self.facts {
            self.tell().await?;
        }
        let nodes = self.link.nodes().await?;
        self.note(&nodes);
        Ok(())
    }

    fn note(&self, nodes: &[Node]) {
        let found = drift(nodes);
        for what in COMPARED {
            let differs = found.iter().any(|drift| drift.what == what);
            metrics::gauge!("allegromail_cluster_drift", "what" => what)
                .set(f64::from(u8::from(differs)));
        }
        for drift in self.drift.note(found, self.clock.now()) {
            let states = drift
                .states
                .iter()
                .map(|(state, nodes)| format!("{state} at {}", nodes.join(", ")));
            let states = states.collect::<Vec<_>>().join("; ");
            tracing::warn!(
                event = "nodes_differ",
                what = drift.what,
                states,
                "what should be the same at all nodes is not"
            );
        }
    }
}

/// The numbers of the secrets in their order, and a digest of the public halves of the DKIM keys; those are read anew, for they may change while it runs.
fn keys(config: &Config) -> String {
    let numbers = config.secrets.numbers().map(|number| number.to_string());
    let numbers = numbers.collect::<Vec<_>>().join(",");
    let mut records = Vec::new();
    for domain in &config.domains {
        match signing::public_keys(&domain.masked.name, &domain.dkim) {
            Ok(keys) => records.extend(
                keys.into_iter()
                    .map(|key| format!("{} {}", key.name, key.record)),
            ),
            Err(error) => records.push(error.to_string()),
        }
    }
    records.sort_unstable();
    match records.is_empty() {
        true => format!("secrets {numbers}"),
        false => format!("secrets {numbers}, dkim {}", digest(&records.join("\n"))),
    }
}

/// A digest of a configuration, but for what differs from node to node: order and comments do not count.
pub(super) fn config_digest(text: &str) -> String {
    let Ok(mut config) = text.parse::<toml::Table>() else {
        return digest(text);
    };
    for (table, key) in OWN {
        match table {
            "" => {
                config.remove(key);
            }
            table => {
                if let Some(toml::Value::Table(table)) = config.get_mut(table) {
                    table.remove(key);
                }
            }
        }
    }
    digest(&config.to_string())
}

/// Twelve digits that differ where the texts do.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut shown = data_encoding::HEXLOWER.encode(&digest);
    shown.truncate(12);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_the_same_where_only_a_nodes_own_differs() {
        let one = "hostname = \"mx1.example\"\n[smtp]\nlisten = [\"10.0.0.1:25\"]\nmax_recipients = 5\n[cluster]\nnode = \"a\"\n";
        let other = "# of b\nhostname = \"mx2.example\"\n[cluster]\nnode = \"b\"\nregion = \"waw\"\n[smtp]\nmax_recipients = 5\n";
        assert_eq!(config_digest(one), config_digest(other));
        let changed = other.replace("= 5", "= 6");
        assert_ne!(config_digest(one), config_digest(&changed));
        assert_eq!(config_digest("no toml [").len(), 12);
    }
}

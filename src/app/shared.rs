//! What this node shares with others: directory and state on PostgreSQL, and the feed by which its cache follows.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::cluster::{Cluster, config_digest};
use super::shared_budgets;
use super::shared_policies::Policies;
use super::shared_updates::SharedUpdates;
use super::stores::{CACHED_RECORDS, Stores};
use crate::config::{Config, Engine, SharedDirectory};
use crate::delivery::SharedPolicies;
use crate::directory::{
    CachedDirectory, DirectoryFuture, DriftWatch, Follower, Hear, Link, NodeFacts,
    PostgresDirectory, PostgresError, PostgresPolicies, PostgresRecords, PostgresSpent,
    PostgresState,
};
use crate::intake::SharedBudgets;
use crate::masking::BudgetKeys;
use crate::queue::{QueueClient, QueueHandle};
use crate::tokens::Tokens;

/// Directory and state on a database.
pub(super) struct Shared {
    link: Arc<Link>,
    pub(super) cache: Arc<CachedDirectory>,
    pub(super) state: Arc<PostgresState>,
    /// What entries of the log teach, on its way.
    pub(super) updates: Arc<SharedUpdates>,
    /// What all nodes have accepted.
    pub(super) records: PostgresRecords,
    /// What nodes spend of budgets together.
    pub(super) budgets: Arc<SharedBudgets>,
    facts: NodeFacts,
    /// Since when nodes differ.
    pub(super) drift: Arc<DriftWatch>,
    /// The number of this node, which no other has.
    slot: u16,
}

impl Shared {
    /// Opens what `[directory]` names; none: it is on this machine.
    pub(super) async fn open(config: &Config) -> Result<Option<Self>, StartError> {
        let Engine::Postgres(shared) = &config.directory else {
            return Ok(None);
        };
        let link = link(shared).await?;
        let directory = Arc::new(PostgresDirectory::new(link.clone()));
        let state = Arc::new(PostgresState::new(link.clone(), &shared.node));
        let records = PostgresRecords::new(link.clone());
        let facts = NodeFacts {
            name: shared.node.clone(),
            region: shared.region.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: config_digest(&config.text),
            ..NodeFacts::default()
        };
        let told = link.tell_node(&facts).await;
        let slot = told.map_err(|error| StartError::because("directory", error))?;
        Ok(Some(Self {
            cache: Arc::new(CachedDirectory::of_many(directory, CACHED_RECORDS)),
            updates: SharedUpdates::start(state.clone(), records.clone()),
            records,
            budgets: Arc::new(SharedBudgets::new(BudgetKeys::new(&config.secrets))),
            facts,
            drift: Arc::default(),
            slot,
            link,
            state,
        }))
    }

    /// The name of this node, and its number, which no other has.
    pub(super) fn node(&self) -> (&str, u16) {
        (&self.facts.name, self.slot)
    }

    /// The MTA-STS policies of all nodes.
    pub(super) fn policies(&self) -> Arc<dyn SharedPolicies> {
        Arc::new(Policies(PostgresPolicies::new(self.link.clone())))
    }

    /// The first id of a spool that is new: the ids of all nodes stand in bounce addresses and marks, so no two may have one. `base` is that of a spool
    /// that no other node shares anything with.
    pub(super) fn first_id(&self, base: u64) -> u64 {
        (u64::from(self.slot) << ID_BITS) | base
    }
}

/// Bits of an id that a node counts with.
const ID_BITS: u32 = 48;

/// Reads what other nodes change until `shutdown`, and tells them what is in force here. No work: nothing is shared.
pub(super) async fn follow(
    stores: &Stores,
    (tokens, queue): (&Arc<Tokens>, &QueueHandle),
    shutdown: &CancellationToken,
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let Some(shared) = stores.kept.shared() else {
        return Ok(Vec::new());
    };
    let memory = InMemory {
        tokens: tokens.clone(),
        queue: queue.client(),
    };
    let failed = |error| StartError::because("directory", error);
    let mut cluster = Cluster {
        link: shared.link.clone(),
        facts: shared.facts.clone(),
        config: stores.config.clone(),
        in_force: stores.in_force.clone(),
        clock: stores.clock.clone(),
        drift: shared.drift.clone(),
        records: shared.records.clone(),
        policies: PostgresPolicies::new(shared.link.clone()),
    };
    cluster.tell().await.map_err(failed)?;
    let follower = Follower::new(
        shared.link.clone(),
        shared.facts.name.clone(),
        shared.cache.clone(),
    );
    let follower = follower.await.map_err(failed)?;
    // What was read at the start may be older than the place in the feed from which this node follows.
    memory.hear(None).await.map_err(failed)?;
    let spent = PostgresSpent::new(shared.link.clone());
    Ok(vec![
        tokio::spawn(shared_budgets::run(
            shared.budgets.clone(),
            spent,
            shutdown.clone(),
        )),
        tokio::spawn(follower.run(memory, shutdown.clone())),
        tokio::spawn(cluster.run(shutdown.clone())),
    ])
}

/// What this node has in memory beside its cache.
struct InMemory {
    tokens: Arc<Tokens>,
    queue: QueueClient,
}

impl Hear for InMemory {
    fn hear<'a>(&'a self, table: Option<&'a str>) -> DirectoryFuture<'a, ()> {
        Box::pin(async move {
            if table.is_none_or(|table| table == "tokens") {
                self.tokens.reload().await?;
            }
            if table.is_none_or(|table| table == "suspensions") {
                self.queue.reload_suspensions().await?;
            }
            Ok(())
        })
    }
}

/// Connects to the database.
pub(super) async fn link(shared: &SharedDirectory) -> Result<Arc<Link>, StartError> {
    let opened = Link::open(shared.settings.clone()).await;
    opened.map_err(|error| StartError {
        is_refused: matches!(error, PostgresError::Refused(_)),
        ..StartError::because("directory", error)
    })
}

//! The spool of a server: the log of this machine, or shards that nodes have together.

use std::sync::Arc;
use std::time::Duration;

use super::StartError;
use super::spool::open_spool;
use super::stores::Stores;
use crate::config::{self, SharedSpool, SpoolEngine};
use crate::directory::PostgresError;
use crate::files;
use crate::shards::Rules;
use crate::spool::postgres::{Copies, Session, ShardSettings, ShardedSettings, ShardedSpool};
use crate::spool::{DamagedMessage, Entry, LocalSpool, ReadOnlySpool, Spool, SpoolEvents};

/// How long leases may take to be given back, at least.
const MOMENT: Duration = Duration::from_secs(2);

/// The spool of a running server.
pub(super) enum RunningSpool {
    /// The log.
    Local(Arc<LocalSpool>),
    /// Shards, and the empty log of this machine, locked so that no other server uses the folder.
    Shards {
        shards: Arc<ShardedSpool>,
        _log: Box<ReadOnlySpool>,
    },
}

impl RunningSpool {
    /// It, behind the seam.
    pub(super) fn seam(&self) -> Arc<dyn Spool> {
        match self {
            Self::Local(local) => local.clone(),
            Self::Shards { shards, .. } => shards.clone(),
        }
    }

    /// The log; none: there are shards.
    pub(super) fn local(&self) -> Option<&LocalSpool> {
        match self {
            Self::Local(local) => Some(local),
            Self::Shards { .. } => None,
        }
    }

    /// Writes what was asked for so far and stops. Shards are given back, which may take so long.
    pub(super) async fn close(&self, patience: Duration) {
        match self {
            Self::Local(local) => local.close(),
            Self::Shards { shards, .. } => shards.close(patience.max(MOMENT)).await,
        }
    }
}

/// A spool that was opened.
pub(super) struct OpenedSpool {
    pub(super) spool: RunningSpool,
    /// What the queue hears.
    pub(super) events: SpoolEvents,
    /// Entries that wait from before. Those on shards are adopted later.
    pub(super) recovered: Vec<Entry>,
    /// Damaged messages that have not ended yet.
    pub(super) damaged: Vec<DamagedMessage>,
}

/// Opens what `[spool]` names.
pub(super) async fn open(stores: &Stores) -> Result<OpenedSpool, StartError> {
    match &stores.config.spool {
        SpoolEngine::Local => {
            let opened = open_spool(stores)?;
            Ok(OpenedSpool {
                spool: RunningSpool::Local(opened.spool),
                events: opened.committed.into(),
                recovered: opened.recovered,
                damaged: opened.damaged,
            })
        }
        SpoolEngine::Postgres(shared) => open_shards(stores, shared).await,
    }
}

async fn open_shards(stores: &Stores, spool: &SharedSpool) -> Result<OpenedSpool, StartError> {
    let log = empty_log(stores)?;
    let because = |error: String| StartError::because("[spool]", error);
    let Some(shared) = stores.kept.shared() else {
        return Err(because(
            "shards need [directory] engine = \"postgres\"".to_owned(),
        ));
    };
    let (owner, node) = shared.node();
    let rules = Rules::default();
    let copies = match spool.copies {
        config::Copies::Machines(number) => Copies::Standbys(number.saturating_sub(1)),
        config::Copies::Engine => Copies::Engine,
    };
    let mut shards = Vec::new();
    for (number, postgres) in spool.shards.iter().enumerate() {
        let mut seed = [0; 8];
        aws_lc_rs::rand::fill(&mut seed)
            .map_err(|_| because("the system has no randomness".to_owned()))?;
        let settings = ShardSettings {
            number,
            postgres: postgres.clone(),
            copies,
            owner: owner.to_owned(),
            rules,
            seed: u64::from_le_bytes(seed),
        };
        look_at(&settings).await?;
        shards.push(settings);
    }
    let started = ShardedSpool::start(ShardedSettings {
        shards,
        node,
        clock: stores.clock.clone(),
        flow: stores.flow.clone(),
        dir: stores.config.data_dir.join("spool"),
        learnt: shared.updates.clone(),
    });
    let (sharded, events) = started.map_err(because)?;
    Ok(OpenedSpool {
        spool: RunningSpool::Shards {
            shards: sharded,
            _log: Box::new(log),
        },
        events: SpoolEvents::Shared(events),
        recovered: Vec::new(),
        damaged: Vec::new(),
    })
}

/// The log of this machine, which must hold nothing: nobody would deliver it.
fn empty_log(stores: &Stores) -> Result<ReadOnlySpool, StartError> {
    let dir = stores.config.data_dir.join("spool");
    let failed = |error: String| StartError::because("spool", error);
    let made = files::create_folder(&dir).and_then(|()| {
        let lock = dir.join("lock");
        files::private_file()
            .create(true)
            .truncate(false)
            .write(true)
            .open(lock)
    });
    made.map_err(|error| failed(files::describe(&dir, &error)))?;
    let log = ReadOnlySpool::open_alone(&dir).map_err(|error| failed(error.to_string()))?;
    let left = log.entries.len() + log.damaged.len();
    if left > 0 {
        return Err(failed(format!(
            "the log of this machine has {left} messages that have not come to their end, and with [spool] engine = \"postgres\" nobody would deliver them; start with \"local\" until `allegromail queue list` is empty"
        )));
    }
    Ok(log)
}

/// Refuses a shard that will stay wrong; one that is away may come back.
async fn look_at(settings: &ShardSettings) -> Result<(), StartError> {
    let ShardSettings {
        number,
        postgres,
        copies,
        owner,
        rules,
        ..
    } = settings;
    match Session::open(postgres, *copies, owner, rules.lease).await {
        Ok(_) => Ok(()),
        Err(PostgresError::Unreachable(why)) => {
            tracing::warn!(
                event = "shard_failed",
                shard = number,
                why,
                "the server starts without it"
            );
            Ok(())
        }
        Err(PostgresError::Refused(why)) => {
            // The sentences name where the same is said of the directory.
            let why = why.replace("[directory]", "[spool]");
            let what = format!("[spool] shards, number {number}");
            Err(StartError {
                is_refused: true,
                ..StartError::because(&what, why)
            })
        }
    }
}

//! What is kept under `data_dir` and named by the configuration, opened; and the parts of the relay that are made from it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::StartError;
use super::data_dir;
use super::lost::{self, FoundDirectory};
use super::reserved_space::{self, ReservedSpace};
use super::shared::{self, Shared};
use super::shared_updates::SharedRecords;
use super::state_updates::LastAddresses;
use crate::auth::{self, Prover};
use crate::backpressure::{Backpressure, DocumentRoom};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Engine};
use crate::delivery::{self, SmtpDelivery};
use crate::directory::{
    self, CachedDirectory, Directory, PostgresDirectory, RecordRules, RestorableDirectory,
    SledDirectory, SledState, State, Unavailable,
};
use crate::files;
use crate::handover::Targets;
use crate::history::{History, LocalRecords, Records};
use crate::in_force::{InForce, Sources};
use crate::inbound;
use crate::intake::Tools;
use crate::mail::Listeners;
use crate::masking::{HandedKeys, MaskedDomains, TraceKeys};
use crate::queue;
use crate::resolve::{self, DnsResolver};
use crate::signing::Signer;
use crate::spool::Spool;

/// Records that the cache in front of the directory holds, of each kind.
pub(super) const CACHED_RECORDS: u64 = 100_000;
/// How long after a message has left the queue its history is kept: reports of other servers may still come. A day more than bounce tokens
/// are good for, so that each leads to its message.
const BOUNCES_AFTER: Duration = Duration::from_secs(15 * 86_400);

/// Directory and state on this machine.
pub(super) struct LocalStores {
    /// The directory without its cache, for exports.
    pub(super) directory: Arc<RestorableDirectory>,
    /// The export that the directory is to be made again from, where it is lost.
    pub(super) lost: Option<PathBuf>,
    /// The state, for exports and what the log teaches.
    pub(super) state: Arc<SledState>,
}

impl LocalStores {
    fn open(config: &Config, kept: &ReservedSpace) -> Result<Self, StartError> {
        let directory = Arc::new(RestorableDirectory::default());
        let lost = match kept.open(|| lost::directory(config))? {
            FoundDirectory::Usable(found) => {
                directory.set(found);
                None
            }
            FoundDirectory::Lost(export) => Some(export),
        };
        Ok(Self {
            directory,
            lost,
            state: Arc::new(kept.open(|| lost::state(config))?),
        })
    }
}

/// What keeps directory and state.
pub(super) enum Kept {
    /// This machine alone.
    Local(LocalStores),
    /// A database, for this node and others.
    Shared(Shared),
}

impl Kept {
    /// On this machine; none: it is shared.
    pub(super) fn local(&self) -> Option<&LocalStores> {
        match self {
            Self::Local(local) => Some(local),
            Self::Shared(_) => None,
        }
    }

    /// Shared with other nodes; none: it is on this machine.
    pub(super) fn shared(&self) -> Option<&Shared> {
        match self {
            Self::Local(_) => None,
            Self::Shared(shared) => Some(shared),
        }
    }
}

/// What every part reads, opened.
pub(super) struct Stores {
    /// The checked configuration.
    pub(super) config: Arc<Config>,
    /// The domains of ours, with their aliases.
    pub(super) domains: Arc<MaskedDomains>,
    /// Accounts and transactions, with the cache in front: what every decision asks.
    pub(super) directory: Arc<dyn Directory>,
    /// What keeps it, and the state.
    pub(super) kept: Kept,
    /// What mail itself teaches, and no import can bring back.
    pub(super) state: Arc<dyn State>,
    /// The couriers and the rules on contents; read again on SIGHUP.
    pub(super) in_force: Arc<InForce>,
    /// The DKIM keys; read again on SIGHUP.
    pub(super) signer: Arc<Signer>,
    /// The one that proof and delivery ask.
    pub(super) resolver: Arc<DnsResolver>,
    /// The system's time.
    pub(super) clock: Arc<dyn Clock>,
    /// The lives of messages.
    pub(super) history: Arc<History>,
    /// What is kept free for the ends of messages.
    pub(super) room: ReservedSpace,
    /// What is on its way: the queue tells, and the way in asks.
    pub(super) flow: Arc<Backpressure>,
    /// What waits to be handed over: the same.
    pub(super) documents: Arc<DocumentRoom>,
}

impl Stores {
    /// Opens everything but the spool, and changes nothing on the net. The spool comes later, for what it teaches goes into state and history.
    pub(super) fn open(config: Config, shared: Option<Shared>) -> Result<Self, StartError> {
        data_dir::close(&config)?;
        // Files that an operator writes come first: a slip in one is told before a store is touched.
        let clock = Arc::new(SystemClock);
        let in_force = InForce::open(sources(&config), Some(&kept_sets(&config)), clock.clone());
        let in_force = in_force.map_err(|error| StartError {
            text: error.to_string(),
            is_refused: false,
        })?;
        let kept = ReservedSpace::of(&config, reserved_space::min_free(&config));
        kept.prepare(&config.data_dir);
        let stores = match shared {
            None => Kept::Local(LocalStores::open(&config, &kept)?),
            Some(shared) => Kept::Shared(shared),
        };
        let (directory, state): (Arc<dyn Directory>, Arc<dyn State>) = match &stores {
            Kept::Local(local) => {
                let cached = CachedDirectory::new(local.directory.clone(), CACHED_RECORDS);
                (Arc::new(cached), local.state.clone())
            }
            Kept::Shared(shared) => (shared.cache.clone(), shared.state.clone()),
        };
        let history = kept.open(|| {
            open_history(&config).map_err(|error| {
                StartError::because(
                    "trace",
                    files::describe(&config.data_dir.join("trace"), &error),
                )
            })
        })?;
        let asked = resolve::ResolverOptions {
            dnssec: config.dnssec,
            ..resolve::ResolverOptions::default()
        };
        let resolver = DnsResolver::with_options(&config.dns_servers, asked)
            .map_err(|error| StartError::because("[dns] servers", error))?;
        let signer = Signer::load(&config.domains)
            .map_err(|error| StartError::because("[[domain]] dkim", error))?;
        let domains = config
            .domains
            .iter()
            .map(|domain| domain.masked.clone())
            .collect();
        let (memory, largest) = (config.limits.memory, config.smtp.max_message_size);
        let room = inbound::room_for_delivery(memory, largest);
        Ok(Self {
            domains: Arc::new(MaskedDomains::new(domains)),
            directory,
            kept: stores,
            state,
            in_force: Arc::new(in_force),
            signer: Arc::new(signer),
            resolver: Arc::new(resolver),
            clock,
            history: Arc::new(history),
            flow: Arc::new(Backpressure::new(room)),
            documents: Arc::new(DocumentRoom::new(
                config.handover.max_bytes,
                config.handover.folder.clone(),
            )),
            room: kept,
            config: Arc::new(config),
        })
    }

    /// Makes the directory again, if it is lost. Until then it answers that it is not available.
    pub(super) fn restore(&self) {
        let Some(local) = self.kept.local() else {
            return;
        };
        let Some(export) = local.lost.clone() else {
            return;
        };
        let folder = self.config.data_dir.join("directory");
        let (local, rules) = (local.directory.clone(), self.rules());
        let written = lost::exports(&self.config, "directory").written_at(&export);
        let now = self.clock.now();
        // What has changed since is not there; nobody can say how much.
        let age = written.map_or(0, |written| now.since(written).as_secs());
        let runtime = tokio::runtime::Handle::current();
        // Minutes for a large export. The server is up meanwhile and answers 451.
        tokio::task::spawn_blocking(move || {
            match runtime.block_on(directory::restore(&folder, &export, &rules)) {
                Ok((directory, records)) => {
                    local.set(directory);
                    tracing::warn!(event = "directory_restored", export = %export.display(), age, records, "what has changed since that export has to be loaded again");
                }
                Err(error) => {
                    tracing::error!(event = "restore_failed", %error, "everything is answered 451 until a restart")
                }
            }
        });
    }

    /// What records must satisfy.
    pub(super) fn rules(&self) -> RecordRules {
        RecordRules {
            domains: (*self.domains).clone(),
            roles: self.config.policy.roles.clone(),
        }
    }

    /// What decisions are made with.
    pub(super) fn tools(&self, spool: Arc<dyn Spool>) -> Tools {
        let settings = auth::ProverSettings {
            hostname: self.config.hostname.clone(),
            shared_spf: self.config.auth.shared_spf,
            shared_includes: self.config.auth.shared_spf_includes.clone(),
        };
        Tools {
            config: self.config.clone(),
            domains: self.domains.clone(),
            directory: self.directory.clone(),
            state: self.state.clone(),
            in_force: self.in_force.clone(),
            prover: Prover::new(&self.resolver, settings),
            resolver: self.resolver.clone(),
            signer: self.signer.clone(),
            spool,
            history: self.history.clone(),
            records: self.records(),
            flow: self.flow.clone(),
            documents: self.documents.clone(),
            shared_budgets: self.kept.shared().map(|shared| shared.budgets.clone()),
            clock: self.clock.clone(),
        }
    }

    /// What was accepted, here or at another node.
    fn records(&self) -> Arc<dyn Records> {
        let local = LocalRecords(self.history.clone());
        match self.kept.shared() {
            None => Arc::new(local),
            Some(shared) => Arc::new(SharedRecords {
                local,
                shared: shared.records.clone(),
                clock: self.clock.clone(),
            }),
        }
    }

    /// The way out, which must not lead to `listeners`.
    pub(super) fn delivery(&self, listeners: Listeners) -> Result<Arc<SmtpDelivery>, StartError> {
        let tools = delivery::DeliveryContext {
            resolver: self.resolver.clone(),
            signer: self.signer.clone(),
            policies: self.kept.shared().map(Shared::policies),
            clock: self.clock.clone(),
        };
        let settings = delivery::DeliverySettings::from_config(&self.config, listeners);
        SmtpDelivery::new(settings, tools)
            .map(Arc::new)
            .map_err(|error| StartError::because("[delivery]", error))
    }

    /// Who remembers what entries teach.
    fn last_used(&self) -> Arc<dyn queue::LastUsed> {
        match &self.kept {
            Kept::Shared(shared) => shared.updates.clone(),
            Kept::Local(local) => Arc::new(LastAddresses(local.state.clone())),
        }
    }

    /// What delivery is scheduled with.
    pub(super) fn queue(
        &self,
        spool: Arc<dyn Spool>,
        deliver: Arc<SmtpDelivery>,
    ) -> queue::QueueContext {
        queue::QueueContext {
            spool,
            directory: self.directory.clone(),
            last_used: self.last_used(),
            targets: Arc::new(Targets::new(
                &self.config.handover,
                &self.config.data_dir,
                self.resolver.clone(),
                deliver.verified(),
            )),
            documents: self.documents.clone(),
            suspensions: Arc::new(queue::Suspensions::load(
                self.state.clone(),
                self.clock.now(),
            )),
            deliver,
            clock: self.clock.clone(),
            reporter: crate::dsn::Reporter {
                hostname: self.config.hostname.clone(),
                domains: self.domains.clone(),
            },
            signer: self.signer.clone(),
            history: self.history.clone(),
            flow: self.flow.clone(),
            handed: HandedKeys::new(&self.config.secrets),
            settings: queue::QueueSettings::from_config(&self.config.delivery),
        }
    }
}

/// Where the sets of a configuration are written that are read again while the server runs.
#[must_use]
pub fn sources(config: &Config) -> Sources {
    Sources {
        allowlist: config.allowlist.clone(),
        rules: config.content.rules.clone(),
        shadow: config.content.shadow.clone(),
    }
}

/// Where the last good ones of those sets are kept, with the history of the allowlist.
#[must_use]
pub fn kept_sets(config: &Config) -> PathBuf {
    config.data_dir.join("in-force")
}

/// Opens the directory of a configuration: for the server, and for commands while no server runs.
///
/// # Errors
/// [`StartError`]: damaged, in use by another process, or a database that cannot be used.
pub async fn open_directory(config: &Config) -> Result<Arc<dyn Directory>, StartError> {
    let failed = |error: Unavailable| StartError::because("directory", error.0);
    data_dir::own(config).map_err(failed)?;
    if let Engine::Postgres(shared) = &config.directory {
        let link = shared::link(shared).await?;
        return Ok(Arc::new(PostgresDirectory::new(link)));
    }
    let opened = SledDirectory::open(&config.data_dir.join("directory"));
    Ok(Arc::new(opened.map_err(|error| failed(error.into()))?))
}

/// Reads the history of a configuration while no server runs. Nothing is made.
#[must_use]
pub fn inspect_history(config: &Config) -> History {
    let history = History::inspect(&config.data_dir.join("trace"));
    history.with_keys(TraceKeys::new(&config.secrets))
}

/// Opens the history of a configuration for the server.
fn open_history(config: &Config) -> std::io::Result<History> {
    let keep = config.delivery.expire + BOUNCES_AFTER;
    let history = History::open(&config.data_dir.join("trace"), keep)?;
    Ok(history.with_keys(TraceKeys::new(&config.secrets)))
}

//! What is kept under `data_dir` and named by the configuration, opened; and the parts of the relay that are made from it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::StartError;
use super::data_dir;
use super::lost::{self, FoundDirectory};
use super::reserved_space::{self, ReservedSpace};
use super::state_updates::LastAddresses;
use crate::auth::{self, Prover};
use crate::backpressure::{Backpressure, DocumentRoom};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::delivery::{self, SmtpDelivery};
use crate::directory::{
    self, CachedDirectory, Directory, RecordRules, RestorableDirectory, SledDirectory, SledState,
    State, Unavailable,
};
use crate::files;
use crate::handover::Targets;
use crate::history::History;
use crate::in_force::{InForce, Sources};
use crate::inbound;
use crate::intake::Tools;
use crate::mail::Listeners;
use crate::masking::{HandedKeys, MaskedDomains, TraceKeys};
use crate::queue;
use crate::resolve::{self, DnsResolver};
use crate::signing::Signer;
use crate::spool::{LocalSpool, Spool};

/// Records that the cache in front of the directory holds, of each kind.
const CACHED_RECORDS: u64 = 100_000;
/// How long after a message has left the queue its history is kept: reports of other servers may still come. A day more than bounce tokens
/// are good for, so that each leads to its message.
const BOUNCES_AFTER: Duration = Duration::from_secs(15 * 86_400);

/// What every part reads, opened.
pub(super) struct Stores {
    /// The checked configuration.
    pub(super) config: Arc<Config>,
    /// The domains of ours, with their aliases.
    pub(super) domains: Arc<MaskedDomains>,
    /// Accounts and transactions, with the cache in front: what every decision asks.
    pub(super) directory: Arc<dyn Directory>,
    /// The same without the cache, for exports.
    pub(super) local: Arc<RestorableDirectory>,
    /// The export that the directory is to be made again from, where it is lost.
    pub(super) lost: Option<PathBuf>,
    /// What mail itself teaches, and no import can bring back.
    pub(super) state: Arc<dyn State>,
    /// The same, for exports and what the log teaches.
    pub(super) local_state: Arc<SledState>,
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
    pub(super) fn open(config: Config) -> Result<Self, StartError> {
        data_dir::close(&config)?;
        // Files that an operator writes come first: a slip in one is told before a store is touched.
        let clock = Arc::new(SystemClock);
        let in_force = InForce::open(sources(&config), Some(&kept_sets(&config)), clock.clone());
        let in_force = in_force.map_err(|error| StartError(error.to_string()))?;
        let local = Arc::new(RestorableDirectory::default());
        let kept = ReservedSpace::of(&config, reserved_space::min_free(&config));
        kept.prepare(&config.data_dir);
        let lost = match kept.open(|| lost::directory(&config))? {
            FoundDirectory::Usable(directory) => {
                local.set(directory);
                None
            }
            FoundDirectory::Lost(export) => Some(export),
        };
        let state = Arc::new(kept.open(|| lost::state(&config))?);
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
            directory: Arc::new(CachedDirectory::new(local.clone(), CACHED_RECORDS)),
            local,
            lost,
            state: state.clone(),
            local_state: state,
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
        let Some(export) = self.lost.clone() else {
            return;
        };
        let folder = self.config.data_dir.join("directory");
        let (local, rules) = (self.local.clone(), self.rules());
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
            flow: self.flow.clone(),
            documents: self.documents.clone(),
            clock: self.clock.clone(),
        }
    }

    /// The way out, which must not lead to `listeners`.
    pub(super) fn delivery(&self, listeners: Listeners) -> Result<Arc<SmtpDelivery>, StartError> {
        let tools = delivery::DeliveryContext {
            resolver: self.resolver.clone(),
            signer: self.signer.clone(),
            clock: self.clock.clone(),
        };
        let settings = delivery::DeliverySettings::from_config(&self.config, listeners);
        SmtpDelivery::new(settings, tools)
            .map(Arc::new)
            .map_err(|error| StartError::because("[delivery]", error))
    }

    /// What delivery is scheduled with.
    pub(super) fn queue(
        &self,
        spool: Arc<LocalSpool>,
        deliver: Arc<SmtpDelivery>,
    ) -> queue::QueueContext {
        queue::QueueContext {
            spool,
            directory: self.directory.clone(),
            last_used: Arc::new(LastAddresses(self.local_state.clone())),
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
/// [`Unavailable`]: damaged, or in use by another process.
pub fn open_directory(config: &Config) -> Result<SledDirectory, Unavailable> {
    data_dir::own(config)?;
    Ok(SledDirectory::open(&config.data_dir.join("directory"))?)
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

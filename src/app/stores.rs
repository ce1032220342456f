//! The folders under `data_dir`: directory, state and spool, and how they hang together.
//!
//! State is written through the spool's log first; before the spool drops a segment it has the state made durable.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::StartError;
use super::lost::{self, Found};
use crate::allowlist::Live;
use crate::auth::{self, Prover};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::delivery::{self, SmtpDelivery};
use crate::directory::{
    self, AddressMark, CachedDirectory, Directory, Restored, Rules, SledDirectory, State,
    Unavailable,
};
use crate::failpoint;
use crate::history::History;
use crate::inbound::Tools;
use crate::masking::{MaskedDomains, ParticipantId, TransactionId};
use crate::queue::{self, LastUsed};
use crate::resolve::{self, DnsResolver};
use crate::signing::Signer;
use crate::spool::{self, LocalSpool, Memory, Opened, Spool, SpoolError};

/// Records that the cache in front of the directory holds.
const CACHED_RECORDS: u64 = 100_000;
/// The size of one segment of the spool, in octets.
const SEGMENT: u64 = 64 * 1024 * 1024;
/// How long after a message has left the queue its history is kept: reports of other servers may still come.
const BOUNCES_AFTER: Duration = Duration::from_secs(15 * 86_400);
/// Free inodes below which no mail is taken.
const MIN_INODES: u64 = 1_000;

/// What every part reads, opened.
pub(super) struct Stores {
    pub(super) config: Arc<Config>,
    pub(super) domains: Arc<MaskedDomains>,
    pub(super) directory: Arc<dyn Directory>,
    /// The same without the cache, for exports.
    pub(super) local: Arc<Restored>,
    /// The export that the directory is to be made again from, where it is lost.
    pub(super) lost: Option<PathBuf>,
    pub(super) state: Arc<State>,
    pub(super) allowlist: Arc<Live>,
    pub(super) signer: Arc<Signer>,
    pub(super) resolver: Arc<DnsResolver>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) history: Arc<History>,
}

impl Stores {
    /// Opens everything but the spool.
    pub(super) fn open(config: Config) -> Result<Self, StartError> {
        let allowlist = Live::load(&config.allowlist)
            .map_err(|error| StartError::because("allowlist", error))?;
        let local = Arc::new(Restored::default());
        let lost = match lost::directory(&config)? {
            Found::There(directory) => {
                local.set(directory);
                None
            }
            Found::Lost(export) => Some(export),
        };
        let state = lost::state(&config)?;
        let history = open_history(&config).map_err(|error| StartError::because("trace", error))?;
        let asked = resolve::Options {
            dnssec: config.dnssec,
            ..resolve::Options::default()
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
        Ok(Self {
            domains: Arc::new(MaskedDomains::new(domains)),
            directory: Arc::new(CachedDirectory::new(local.clone(), CACHED_RECORDS)),
            local,
            lost,
            state: Arc::new(state),
            allowlist: Arc::new(allowlist),
            signer: Arc::new(signer),
            resolver: Arc::new(resolver),
            clock: Arc::new(SystemClock),
            history: Arc::new(history),
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
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            match runtime.block_on(directory::restore(&folder, &export, &rules)) {
                Ok(directory) => {
                    local.set(directory);
                    tracing::warn!(event = "directory_restored", export = %export.display());
                }
                Err(error) => {
                    tracing::error!(event = "restore_failed", %error, "everything is answered 451 until a restart")
                }
            }
        });
    }

    /// What records must satisfy.
    pub(super) fn rules(&self) -> Rules {
        Rules {
            domains: (*self.domains).clone(),
            roles: self.config.policy.roles.clone(),
        }
    }

    /// What decisions are made with.
    pub(super) fn tools(&self, spool: Arc<dyn Spool>) -> Tools {
        let settings = auth::Settings {
            hostname: self.config.hostname.clone(),
            shared_spf: self.config.auth.shared_spf,
            shared_includes: self.config.auth.shared_spf_includes.clone(),
        };
        Tools {
            config: self.config.clone(),
            domains: self.domains.clone(),
            directory: self.directory.clone(),
            state: self.state.clone(),
            allowlist: self.allowlist.clone(),
            prover: Prover::new(&self.resolver, settings),
            signer: self.signer.clone(),
            spool,
            history: self.history.clone(),
            clock: self.clock.clone(),
        }
    }

    /// The way out.
    pub(super) fn delivery(&self) -> Result<Arc<SmtpDelivery>, StartError> {
        let tools = delivery::Tools {
            resolver: self.resolver.clone(),
            signer: self.signer.clone(),
            clock: self.clock.clone(),
        };
        let settings = delivery::Settings::from_config(&self.config);
        SmtpDelivery::new(settings, tools)
            .map(Arc::new)
            .map_err(|error| StartError::because("[delivery]", error))
    }

    /// What delivery is scheduled with.
    pub(super) fn queue(&self, spool: Arc<LocalSpool>, deliver: Arc<SmtpDelivery>) -> queue::Parts {
        queue::Parts {
            spool,
            directory: self.directory.clone(),
            last_used: Arc::new(LastAddresses(self.state.clone())),
            deliver,
            clock: self.clock.clone(),
            reporter: crate::dsn::Reporter {
                hostname: self.config.hostname.clone(),
                domains: self.domains.clone(),
            },
            signer: self.signer.clone(),
            history: self.history.clone(),
            settings: queue::Settings::from_config(&self.config.delivery),
        }
    }
}

/// Opens the directory of a configuration: for the server, and for commands while no server runs.
///
/// # Errors
/// [`Unavailable`]: damaged, or in use by another process.
pub fn open_directory(config: &Config) -> Result<SledDirectory, Unavailable> {
    let path = config.data_dir.join("directory");
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|error| Unavailable(format!("{}: {error}", path.display())))?;
    Ok(SledDirectory::open(&path)?)
}

/// Opens the history of a configuration: for the server, and for commands while no server runs.
///
/// # Errors
/// The folder cannot be made.
pub fn open_history(config: &Config) -> std::io::Result<History> {
    let keep = config.delivery.expire + BOUNCES_AFTER;
    History::open(&config.data_dir.join("trace"), keep)
}

/// Opens the spool while no server runs, for commands that only look.
///
/// # Errors
/// `Locked` while a server runs.
pub fn open_idle_spool(config: &Config) -> Result<Opened, SpoolError> {
    LocalSpool::open(
        settings(config),
        Box::new(|| Err("only a server reclaims".to_owned())),
    )
}

fn settings(config: &Config) -> spool::Settings {
    spool::Settings {
        dir: config.data_dir.join("spool"),
        segment_bytes: failpoint::number("spool.segment_bytes", SEGMENT),
        min_free_bytes: 3 * config.smtp.max_message_size as u64,
        min_free_inodes: MIN_INODES,
    }
}

/// Opens the spool and tells what the last stop left behind.
pub(super) fn open_spool(stores: &Stores) -> Result<Opened, StartError> {
    let (config, state, history) = (&stores.config, stores.state.clone(), stores.history.clone());
    let checkpoint = Box::new(move || {
        state.checkpoint().map_err(|error| error.to_string())?;
        history.sync().map_err(|error| error.to_string())
    });
    let opened = LocalSpool::open(settings(config), checkpoint)
        .map_err(|error| StartError::because("spool", error))?;
    failpoint::pass("app.spool_opened");
    learn_again(stores, &opened)?;
    failpoint::pass("app.learned_again");
    let report = opened.report;
    metrics::gauge!("allegromail_spool_unhealthy").set(0);
    metrics::counter!("allegromail_queue_possible_duplicates_total")
        .increment(report.in_flight as u64);
    if report.in_flight > 0 {
        tracing::warn!(
            event = "spool_in_flight",
            messages = report.in_flight,
            "they were being delivered when the server ended, and may arrive twice"
        );
    }
    if report.damaged > 0 {
        tracing::error!(
            event = "spool_damaged",
            stretches = report.damaged,
            "set aside under spool/damaged"
        );
    }
    if report.torn_bytes > 0 {
        tracing::warn!(
            event = "spool_tail_cut",
            bytes = report.torn_bytes,
            "an unfinished commit that was never acknowledged"
        );
    }
    Ok(opened)
}

/// What entries in the log teach may not have reached state and history before a crash, also of those that are done.
fn learn_again(stores: &Stores, opened: &Opened) -> Result<(), StartError> {
    let mut entries: Vec<_> = opened.done.iter().chain(&opened.recovered).collect();
    entries.sort_unstable_by_key(|entry| entry.id);
    for entry in &entries {
        learn(&stores.state, &entry.memory).map_err(|error| StartError::because("state", error))?;
    }
    stores
        .history
        .replay(entries.into_iter())
        .map_err(|error| StartError::because("trace", error))?;
    Ok(())
}

/// Writes what an entry teaches into the state store.
fn learn(state: &State, memory: &Memory) -> Result<(), Unavailable> {
    if let Some(last) = &memory.last_writer {
        state.remember(&last.transaction, &last.participant, last.address)?;
    }
    if let Some(once) = &memory.once {
        state.mark(once.day, &once.digest)?;
    }
    if let Some(kept) = &memory.kept_id {
        let value = serde_json::to_string(kept).map_err(|error| Unavailable(error.to_string()))?;
        state.keep_id(&kept.digest, &value)?;
    }
    Ok(())
}

/// The address that a party last wrote from, kept in the state store.
struct LastAddresses(Arc<State>);

impl LastUsed for LastAddresses {
    fn last_used(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Result<Option<AddressMark>, Unavailable> {
        self.0.last_writer(transaction, participant)
    }

    fn remember(&self, memory: &Memory) {
        if let Err(error) = learn(&self.0, memory) {
            tracing::error!(event = "state_write_failed", %error);
        }
    }
}

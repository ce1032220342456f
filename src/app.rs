//! Wires every room together; the only room that knows them all.
//!
//! [`Relay::start`] opens the stores, binds the listeners and starts the tasks; [`Relay::stop`] drains them. Whatever fails while
//! starting is told with its remedy, and nothing has been taken or sent by then.

mod backups;
mod carriers;
mod center;
mod cluster;
mod data_dir;
mod descriptors;
mod listen;
mod lost;
mod maintenance;
mod migration;
mod offline;
mod portal;
mod reload;
mod reserved_space;
mod shards;
mod shared;
mod shared_budgets;
mod shared_policies;
mod shared_updates;
mod spool;
mod state_updates;
mod stores;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use carriers::open_tokens;
pub use center::open_archive;
pub use migration::{Migration, MigrationError, migrate};
pub use offline::open_intake;
pub use reserved_space::min_free;
pub use spool::inspect_spool;
pub use stores::{inspect_history, kept_sets, open_directory, sources};

use self::backups::Backups;
use self::center::RunningCenter;
use self::reload::Reloader;
use self::shards::{OpenedSpool, RunningSpool};
use self::shared::Shared;
use self::stores::Stores;
use crate::admin;
use crate::config::Config;
use crate::delivery::SmtpDelivery;
use crate::failpoint;
use crate::http::Guard;
use crate::in_force::What;
use crate::inbound::{self, ListenerKind, Server, ServerSettings};
use crate::intake::Intake;
use crate::mail::Listeners;
use crate::observe::Metrics;
use crate::queue::{self, Queue};

/// How long sessions and deliveries under way may take, all together, after a request to stop. Two seconds are left of the thirty that
/// operators are promised, for closing the stores.
pub const DRAIN: Duration = Duration::from_secs(28);

/// How long the export at the end may take.
const LAST_EXPORT: Duration = Duration::from_secs(10);
/// The same after a drain that took all its time.
const MOMENT: Duration = Duration::from_secs(1);

/// A relay could not be started; the sentence names the thing and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct StartError {
    text: String,
    /// Whether it stays so until somebody changes something outside of the program.
    is_refused: bool,
}

impl StartError {
    /// `what` is the table or the store; the error says the rest.
    fn because(what: &str, error: impl std::fmt::Display) -> Self {
        Self {
            text: format!("{what}: {error}"),
            is_refused: false,
        }
    }

    /// Whether another start ends the same until somebody changes the configuration, or what it names.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }
}

/// A running relay.
pub struct Relay {
    /// Bound SMTP addresses.
    pub smtp: Vec<SocketAddr>,
    /// Bound addresses where connections come with a PROXY header.
    pub proxied: Vec<SocketAddr>,
    /// The bound address of the admin interface; for a unix socket its path.
    pub admin: String,
    /// The bound address where carriers ask; none: nowhere.
    pub verify: Option<String>,
    /// The bound address where participants reach the Message Center; none: nowhere.
    pub center: Option<String>,
    /// What the spool held at start.
    pub recovered: usize,
    /// What the tasks read; state and history are made durable from here at the end.
    stores: Stores,
    /// Reads again what changes while it runs.
    reloader: Arc<Reloader>,
    /// Ends the scheduler, and tells when it has failed.
    queue: queue::QueueHandle,
    /// The way out, for its open connections.
    delivery: Arc<SmtpDelivery>,
    /// Closed after everybody who writes to it.
    spool: RunningSpool,
    /// Tells all tasks to end.
    shutdown: CancellationToken,
    /// Writes exports, the last one at the end.
    backups: Option<JoinHandle<Option<Backups>>>,
    /// Those that are waited for.
    tasks: Vec<JoinHandle<()>>,
}

/// Opens the stores, and the spool before a socket is bound: a port that answers is a relay that takes mail.
async fn open(config: Config) -> Result<(Stores, OpenedSpool), StartError> {
    let shared = Shared::open(&config).await?;
    let stores = Stores::open(config, shared)?;
    let opened = shards::open(&stores).await?;
    if let Some(shared) = stores.kept.shared() {
        shared.updates.is_written().await;
    }
    Ok((stores, opened))
}

impl Relay {
    /// Opens, binds and starts everything that `config` describes.
    ///
    /// # Errors
    /// [`StartError`] with a sentence for the operator.
    pub async fn start(config: Config, metrics: Metrics) -> Result<Self, StartError> {
        let (stores, opened) = Box::pin(open(config)).await?;
        let config = stores.config.clone();
        // From here on data_dir is ours alone: another server would have its locks.
        stores.in_force.keep();
        let (spool, recovered) = (opened.spool.seam(), opened.recovered.len());
        let intake = Arc::new(Intake::new(stores.tools(spool.clone())));
        let shutdown = CancellationToken::new();
        let center = RunningCenter::start(&stores, &opened.spool, &intake, &shutdown).await?;

        let listeners = listen::smtp(&config.smtp)?;
        let smtp = listen::addresses(&listeners, ListenerKind::Open);
        let proxied = listen::addresses(&listeners, ListenerKind::Proxied);
        let delivery = stores.delivery(Listeners::new([&*smtp, &*proxied].concat()))?;
        let server = smtp_server(&config, intake.clone())?;
        let listener = listen::http("admin", &config.admin.http).await?;
        let carriers = carriers::Carriers::open(&stores).await?;

        let queue = stores.queue(spool.clone(), delivery.clone());
        let damaged = queue::end_damaged(queue.clone(), opened.damaged, shutdown.clone());
        let queue = Queue::start(queue, opened.recovered, opened.events);
        let portal = center.as_ref().and_then(RunningCenter::listener);
        let http = [Some(&listener), carriers.listener.as_ref(), portal];
        let certificates = listen::certificates(http);
        let portal = portal.map(|listener| listener.shown().to_owned());
        let reloader = Reloader::new(&stores, server.clone(), certificates, delivery.clone());
        let parts = admin::AdminContext {
            reload: reloader.for_operators(),
            directory: stores.directory.clone(),
            rules: stores.rules(),
            in_force: stores.in_force.clone(),
            state: stores.state.clone(),
            intake: intake.clone(),
            spool: spool.clone(),
            queue: queue.client(),
            documents: stores.documents.clone(),
            clock: stores.clock.clone(),
            tokens: carriers.tokens.clone(),
            tickets: center.as_ref().and_then(|center| center.tickets(&config)),
            history: stores.history.clone(),
            drift: stores.kept.shared().map(|shared| shared.drift.clone()),
            metrics,
            token: config.admin.token.clone(),
            guard: Guard::new(&config.admin.http, &config.hostname, &config.admin.hosts),
            changes: tokio::sync::Mutex::default(),
        };
        let sessions = inbound::run(listeners, server.clone(), shutdown.clone());
        let mut tasks = vec![tokio::spawn(sessions)];
        tasks.push(maintenance::start(&stores, &shutdown));
        let digests = maintenance::send_digests(intake, shutdown.clone());
        tasks.extend([tokio::spawn(digests), tokio::spawn(damaged)]);
        let backups =
            Backups::of(&stores).map(|backups| tokio::spawn(backups.run(shutdown.clone())));
        // After all sockets are bound: while the directory is made again mail is answered 451, which is better than no answer.
        stores.restore();
        tasks.extend(shared::follow(&stores, (&carriers.tokens, &queue), &shutdown).await?);
        let (admin, verify) = (listener.shown().to_owned(), carriers.shown());
        if let Some(center) = center {
            tasks.extend(center.serve(&stores, (&carriers.tokens, &*delivery), &shutdown)?);
        }
        tasks.extend(carriers.serve(&stores, &shutdown));
        tasks.push(tokio::spawn(admin::serve(
            listener,
            Arc::new(parts),
            shutdown.clone(),
        )));
        failpoint::pass("app.started");
        Ok(Self {
            smtp,
            proxied,
            admin,
            verify,
            center: portal,
            recovered,
            stores,
            reloader,
            queue,
            delivery,
            spool: opened.spool,
            shutdown,
            backups,
            tasks,
        })
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.stores.config
    }

    /// How many allowlist entries are in force.
    #[must_use]
    pub fn couriers(&self) -> usize {
        self.stores.in_force.current().allowlist.len()
    }

    /// What waits for delivery.
    #[must_use]
    pub const fn queue(&self) -> &queue::QueueHandle {
        &self.queue
    }

    /// Returns if a part has failed that only a restart brings back. What is queued is in the spool.
    pub async fn broken(&self) {
        self.queue.broken().await;
    }

    /// Reads allowlist, rules on contents, DKIM keys, certificates and trust roots again (SIGHUP). What is broken changes nothing and is logged.
    pub fn reload(&self) {
        self.reloader.run(What::All, "SIGHUP");
    }

    /// Stops taking mail, lets what is under way end within [`DRAIN`], and closes the stores. What is queued stays queued.
    pub async fn stop(self) {
        failpoint::pass("app.stopping");
        let begun = Instant::now();
        // First of all: nothing may be added to what is drained.
        self.shutdown.cancel();
        let drained = async {
            for task in self.tasks {
                // A task that panicked has ended, too.
                let _ = task.await;
            }
        };
        let sessions = async {
            if tokio::time::timeout(DRAIN, drained).await.is_err() {
                tracing::warn!(
                    event = "drain_timeout",
                    "sessions did not end in time and are cut"
                );
            }
        };
        // What a session commits after the queue has stopped waits in the log for the next start.
        tokio::join!(sessions, self.queue.shutdown(DRAIN));
        failpoint::pass("app.drained");
        self.delivery.close().await;
        // From here on nothing can be committed: what a cut session still tries is refused, and its client keeps the message.
        self.spool
            .close(DRAIN.saturating_sub(begun.elapsed()))
            .await;
        failpoint::pass("app.spool_closed");
        // A failure is told and no more: the spool's log teaches it again at the next start.
        if let Err(error) = self.stores.state.checkpoint() {
            tracing::error!(event = "state_checkpoint_failed", %error);
        }
        failpoint::pass("app.state_kept");
        if let Err(error) = self.stores.history.sync() {
            tracing::error!(event = "history_sync_failed", %error);
        }
        // Last, for everything else counts more. Where the drain took all the time, a moment is left.
        let left = DRAIN.saturating_sub(begun.elapsed());
        if let Some(backups) = self.backups {
            backups::at_stop(backups, left.clamp(MOMENT, LAST_EXPORT)).await;
        }
        tracing::info!(event = "stopped");
    }
}

/// The SMTP server, with as many sessions as there are descriptors for.
fn smtp_server(config: &Config, intake: Arc<Intake>) -> Result<Arc<Server>, StartError> {
    let mut settings = ServerSettings::from_config(config);
    // Before the semaphore is made of it: a limit that cannot be kept is worse than a lower one.
    settings.connections = descriptors::fit(settings.connections, center::connections(config));
    let server = Server::new(settings, intake);
    let server = server.map_err(|error| StartError::because("[smtp] tls", error))?;
    Ok(Arc::new(server))
}

//! The Message Center: its archive under `data_dir/center`, and the work that keeps it. Where `[center]` is absent there is none of it.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::portal::{self, Portal, PortalParts};
use super::shards::RunningSpool;
use super::stores::Stores;
use crate::admin::TicketOffice;
use crate::archive::SqliteArchive;
use crate::center::{Center, CenterContext};
use crate::config::{Config, WhenBehind};
use crate::delivery::SmtpDelivery;
use crate::http::Listener;
use crate::intake::Intake;
use crate::tokens::Tokens;

/// How far the archive may be behind the log before no mail is taken; none: there is no archive.
pub(super) fn most_unread(config: &Config) -> Option<u64> {
    let center = config.center.as_ref()?;
    Some(match center.when_behind {
        WhenBehind::Refuse => center.behind,
        // The Center gives up what is beyond that.
        WhenBehind::Skip => u64::MAX,
    })
}

/// The Center of a relay.
pub(super) struct RunningCenter {
    center: Center,
    /// Reads the log on.
    work: JoinHandle<()>,
    /// None: messages are kept, and nobody can ask.
    portal: Option<Portal>,
}

impl RunningCenter {
    /// Opens the archive, binds the listener and starts to read the log; none: `[center]` is absent, or its archive
    /// cannot be opened.
    pub(super) async fn start(
        stores: &Stores,
        spool: &RunningSpool,
        intake: &Arc<Intake>,
        shutdown: &CancellationToken,
    ) -> Result<Option<Self>, StartError> {
        // Without a log there is no Center: the configuration sees to that.
        let (Some(settings), Some(spool)) = (&stores.config.center, spool.local()) else {
            return Ok(None);
        };
        let archive = match open_archive(&stores.config) {
            Ok(archive) => archive,
            Err(error) => {
                // Mail is worth more: it goes on, and the log keeps it for the archive, up to `[center] behind`.
                metrics::counter!("allegromail_center_failed_total").increment(1);
                tracing::error!(event = "center_unavailable", %error, "the Message Center is closed until a restart finds its archive whole; put a backup of data_dir/center in its place");
                return Ok(None);
            }
        };
        let portal = Portal::open(&stores.config).await?;
        let skip = settings.when_behind == WhenBehind::Skip;
        let context = CenterContext {
            key: archive.key(),
            archive: Arc::new(archive),
            log: spool.reader(),
            directory: stores.directory.clone(),
            history: stores.history.clone(),
            intake: intake.clone(),
            most_octets: stores.config.smtp.max_message_size,
            skip_beyond: skip.then_some(settings.behind),
            keep: settings.keep,
            clock: stores.clock.clone(),
        };
        let (center, work) = Center::new(context, shutdown.clone());
        Ok(Some(Self {
            center,
            work: tokio::spawn(work),
            portal,
        }))
    }

    /// The listener, if there is one.
    pub(super) fn listener(&self) -> Option<&Listener> {
        self.portal.as_ref().map(|portal| &portal.listener)
    }

    /// What signs participants in; none: they cannot reach it.
    pub(super) fn tickets(&self, config: &Config) -> Option<TicketOffice> {
        self.portal.as_ref().map(|portal| portal.tickets(config))
    }

    /// Answers participants until `shutdown`. All work that is to be waited for.
    pub(super) fn serve(
        self,
        stores: &Stores,
        (tokens, delivery): (&Arc<Tokens>, &SmtpDelivery),
        shutdown: &CancellationToken,
    ) -> Result<Vec<JoinHandle<()>>, StartError> {
        let Self {
            center,
            work,
            portal,
        } = self;
        let parts = PortalParts {
            archive: center.archive,
            outbox: center.outbox,
            news: center.news,
            tokens: tokens.clone(),
            secured: delivery.verified(),
        };
        let served = portal.map(|portal| portal.serve(stores, parts, shutdown));
        Ok(std::iter::once(work).chain(served.transpose()?).collect())
    }
}

/// Connections that its listener may have.
pub(super) fn connections(config: &Config) -> usize {
    let center = config.center.as_ref();
    let listens = center.filter(|center| center.http.is_some());
    listens.map_or(0, portal::connections)
}

/// Opens the archive of a configuration, made if it is missing.
///
/// # Errors
/// [`StartError`] with a sentence for the operator.
pub fn open_archive(config: &Config) -> Result<SqliteArchive, StartError> {
    let failed = |error: String| StartError::because("center", error);
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key)
        .map_err(|_| failed("the system has no randomness".to_owned()))?;
    let archive = SqliteArchive::open(&config.data_dir.join("center"), key);
    archive.map_err(|error| failed(error.to_string()))
}

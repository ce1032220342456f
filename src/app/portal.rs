//! What participants' tools reach: the listener of the Message Center.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::listen;
use super::stores::Stores;
use crate::admin::TicketOffice;
use crate::archive::Archive;
use crate::center::{News, Outbox};
use crate::config::{Center, Config, HttpConfig};
use crate::handover::Connector;
use crate::http::{Guard, Listener};
use crate::masking::PassKeys;
use crate::portal::{self, HttpFetch, KeySet, PortalContext, SignIn};
use crate::tokens::Tokens;

/// After how long of silence a stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Connections beside those of streams.
const REQUESTS: usize = 256;

/// What of the Center the portal answers from.
pub(super) struct PortalParts {
    pub(super) archive: Arc<dyn Archive>,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) news: News,
    pub(super) tokens: Arc<Tokens>,
    /// How connections are made that want a certificate from a known root.
    pub(super) secured: Connector,
}

/// The bound listener of `[center]`.
pub(super) struct Portal {
    pub(super) listener: Listener,
    http: HttpConfig,
    center: Center,
}

impl Portal {
    /// Binds what `[center]` names; none: there is no listener.
    pub(super) async fn open(config: &Config) -> Result<Option<Self>, StartError> {
        let Some(center) = &config.center else {
            return Ok(None);
        };
        let Some(http) = &center.http else {
            return Ok(None);
        };
        let listener = listen::http("center", http).await?;
        let listener = listener.with_connections(connections(center));
        Ok(Some(Self {
            listener: listener.for_strangers(),
            http: http.clone(),
            center: center.clone(),
        }))
    }

    /// What signs participants in here.
    pub(super) fn tickets(&self, config: &Config) -> TicketOffice {
        let secured = self.http.tls.is_some();
        let port = self.listener.shown().rsplit_once(':');
        let port = port.map_or("443", |(_, port)| port);
        let host = self.center.hosts.first().unwrap_or(&config.hostname);
        let base = match (secured, self.http.behind_proxy.is_empty()) {
            // What a proxy listens on is not known here.
            (_, false) => format!("https://{host}"),
            (true, true) if port == "443" => format!("https://{host}"),
            (true, true) => format!("https://{host}:{port}"),
            // Loopback: there is nothing else in clear text.
            (false, true) => format!("http://{}", self.listener.shown()),
        };
        TicketOffice {
            address: format!("{base}/center/v1/sign-in"),
            keys: PassKeys::new(&config.secrets),
        }
    }

    /// Answers until `shutdown`.
    pub(super) fn serve(
        self,
        stores: &Stores,
        parts: PortalParts,
        shutdown: &CancellationToken,
    ) -> Result<JoinHandle<()>, StartError> {
        let config = &stores.config;
        let context = PortalContext {
            directory: stores.directory.clone(),
            archive: parts.archive,
            outbox: parts.outbox,
            news: parts.news,
            tokens: parts.tokens,
            passes: PassKeys::new(&config.secrets),
            sign_in: sign_in(&self.center, stores, parts.secured)?,
            state: stores.state.clone(),
            clock: stores.clock.clone(),
            guard: Guard::new(&self.http, &config.hostname, &self.center.hosts),
            require_transaction: config.policy.require_transaction,
            max_message_size: config.smtp.max_message_size,
            heartbeat: HEARTBEAT,
            center: self.center,
        };
        Ok(tokio::spawn(portal::serve(
            self.listener,
            context,
            shutdown.clone(),
        )))
    }
}

/// Whose tokens are taken.
fn sign_in(
    center: &Center,
    stores: &Stores,
    secured: Connector,
) -> Result<Option<SignIn>, StartError> {
    let Some(config) = &center.sign_in else {
        return Ok(None);
    };
    let fetch = HttpFetch {
        resolver: stores.resolver.clone(),
        secured,
    };
    let keys = KeySet::open(&config.keys, Arc::new(fetch), stores.clock.clone());
    let keys = keys.map_err(|error| StartError::because("[center] jwks", error))?;
    Ok(Some(SignIn::new(config, Arc::new(keys))))
}

/// Connections that the listener of a Center may have: files that SMTP sessions must leave to it.
pub(super) const fn connections(center: &Center) -> usize {
    center.streams_total.saturating_add(REQUESTS)
}

//! What all sessions share: settings, certificate, memory, and the places for connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::connection_limiter::ConnectionLimiter;
use super::handler::MailHandler;
use super::limits::{self, SessionLimits};
use super::memory::Memory;
use super::resend_cache::ResendCache;
use crate::certificate::{self, CertificateError};
use crate::config::{Config, TlsFiles};
use crate::mail::{Domain, Network};

/// What sessions need of the configuration.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The name in the banner.
    pub hostname: Domain,
    /// The largest message in octets.
    pub max_message_size: usize,
    /// The most recipients of a message.
    pub max_recipients: usize,
    /// Open connections in all.
    pub connections: usize,
    /// Open connections from one address.
    pub connections_per_client: usize,
    /// Open connections from one /24 or /64.
    pub connections_per_network: usize,
    /// Octets of memory for messages under way.
    pub memory: usize,
    /// Who may say, at a proxied listener, whose connection it passes on.
    pub proxy_from: Vec<Network>,
    /// Certificate and key; none: no STARTTLS.
    pub tls: Option<TlsFiles>,
    /// How long clients are waited for while there is room.
    pub session_limits: SessionLimits,
    /// How long while places run out.
    pub limits_under_stress: SessionLimits,
}

impl ServerSettings {
    /// The settings of a configuration.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        Self {
            hostname: config.hostname.clone(),
            max_message_size: config.smtp.max_message_size,
            max_recipients: config.smtp.max_recipients,
            connections: config.limits.connections,
            connections_per_client: config.limits.connections_per_client,
            connections_per_network: config.limits.connections_per_network,
            memory: config.limits.memory,
            proxy_from: config.smtp.proxy_from.clone(),
            tls: config.smtp.tls.clone(),
            session_limits: SessionLimits::ORDINARY,
            limits_under_stress: SessionLimits::UNDER_STRESS,
        }
    }
}

/// What all sessions share.
pub struct Server {
    pub(super) settings: ServerSettings,
    /// Who decides about what the sessions bring.
    pub(super) handler: Arc<dyn MailHandler>,
    pub(super) memory: Memory,
    pub(super) resend_cache: ResendCache,
    /// The certificate of today; none: STARTTLS is not offered.
    acceptor: ArcSwapOption<TlsAcceptor>,
    pub(super) connection_limiter: Arc<ConnectionLimiter>,
    /// A permit for every connection that may be open. What is free also tells stress.
    pub(super) total: Arc<Semaphore>,
    /// Whether there was stress at the last look.
    stressed: AtomicBool,
}

impl Server {
    /// A server that asks `handler`.
    ///
    /// # Errors
    /// Certificate or key cannot be used.
    pub fn new(
        settings: ServerSettings,
        handler: Arc<dyn MailHandler>,
    ) -> Result<Self, CertificateError> {
        let server = Self {
            memory: Memory::new(settings.memory, settings.max_message_size),
            resend_cache: ResendCache::default(),
            acceptor: ArcSwapOption::empty(),
            connection_limiter: ConnectionLimiter::new(
                settings.connections_per_client,
                settings.connections_per_network,
            ),
            total: Arc::new(Semaphore::new(settings.connections)),
            stressed: AtomicBool::new(false),
            settings,
            handler,
        };
        server.load_tls()?();
        Ok(server)
    }

    /// Reads certificate and key again; what is returned takes them into force. Sessions under way keep what they have.
    ///
    /// # Errors
    /// They cannot be used; the old ones stay.
    pub fn load_tls(&self) -> Result<impl FnOnce() + use<'_>, CertificateError> {
        let new = self.settings.tls.as_ref();
        let new = new.map(certificate::load).transpose()?;
        Ok(move || {
            if let Some(new) = new {
                self.acceptor.store(Some(Arc::new(new)));
            }
        })
    }

    /// The acceptor that a new session uses for as long as it lives (docs/threats.md#47).
    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.acceptor.load().as_deref().cloned()
    }

    /// How patient sessions are now: less so while places for connections run out.
    pub(super) fn session_limits(&self) -> &SessionLimits {
        let (free, all) = (self.total.available_permits(), self.settings.connections);
        let was = self.stressed.load(Ordering::Relaxed);
        // It ends a little later than it began, so that one client who comes and goes does not switch it.
        let line = if was { all + all / 8 } else { all };
        let stressed = free.saturating_mul(limits::STRESS_SHARE) < line;
        // Two sessions may see the change at once: the gauge is set twice to the same and the line logged twice, nothing worse.
        if was != stressed {
            self.stressed.store(stressed, Ordering::Relaxed);
            metrics::gauge!("allegromail_inbound_stressed").set(u8::from(stressed));
            tracing::warn!(
                event = "stress",
                on = stressed,
                free,
                "places for connections run out, or are there again"
            );
        }
        if stressed {
            &self.settings.limits_under_stress
        } else {
            &self.settings.session_limits
        }
    }
}

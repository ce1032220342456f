//! [`SmtpDelivery`]: one attempt over SMTP, host by host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio_rustls::TlsConnector;

use super::connection::{Connection, ConnectionOptions};
use super::destination::{self, Hop, RouteContext};
use super::downgrade::downgrade;
use super::pool::{ParkedConnection, Pool};
use super::requirements;
use super::settings::DeliverySettings;
use super::sts::{PolicyCache, SharedPolicies};
use super::tls::{Tls, TlsError};
use super::trouble::{self, Verdict};
use super::trouble::{SessionError, SessionOutcome};
use super::watch::Watch;
use super::{AttemptFuture, AttemptResult, Deliver, DeliveryRequest};
use crate::clock::Clock;
use crate::mail::{Diagnostic, EnhancedStatus, Outcome};
use crate::resolve::Resolver;
use crate::signing::Signer;

/// How long an address that kept silent is passed over. Short: the server may be back, and meanwhile its mail is only deferred.
const SILENT_FOR: Duration = Duration::from_secs(60);

/// What delivery works with.
pub struct DeliveryContext {
    /// Finds hosts.
    pub resolver: Arc<dyn Resolver>,
    /// Signs anew what had to be written anew.
    pub signer: Arc<Signer>,
    /// The MTA-STS policies that other nodes have fetched; none: there is no other.
    pub policies: Option<Arc<dyn SharedPolicies>>,
    /// Ends what is kept for a time.
    pub clock: Arc<dyn Clock>,
}

/// Delivers over SMTP.
///
/// One for the whole process: what it holds are connections and what was learnt of servers, and a restart may forget all of it but the
/// policies, which are kept on disk.
pub struct SmtpDelivery {
    settings: DeliverySettings,
    resolver: Arc<dyn Resolver>,
    signer: Arc<Signer>,
    tls: Tls,
    policies: PolicyCache,
    pool: Arc<Pool>,
    /// Addresses that kept silent a moment ago.
    silent: Cache<SocketAddr, ()>,
}

impl SmtpDelivery {
    /// Delivery by `settings`.
    ///
    /// # Errors
    /// TLS cannot be set up: a file of roots that cannot be read.
    pub fn new(settings: DeliverySettings, tools: DeliveryContext) -> Result<Self, TlsError> {
        let tls = Tls::new(settings.ca_file.as_deref())?;
        requirements::count_from_zero();
        Ok(Self {
            policies: PolicyCache::new(&settings, &tls, tools.policies, tools.clock),
            tls,
            settings,
            resolver: tools.resolver,
            signer: tools.signer,
            pool: Arc::default(),
            silent: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(SILENT_FOR)
                .build(),
        })
    }

    /// How connections are made that want a certificate from a known root, as these are read at that time.
    #[must_use]
    pub fn verified(&self) -> Arc<dyn Fn() -> TlsConnector + Send + Sync> {
        let tls = self.tls.clone();
        Arc::new(move || tls.verified())
    }

    /// Reads the trust roots of `[delivery] ca_file` again. Connections that wait are let go, for they were believed by the old ones.
    ///
    /// # Errors
    /// The file is broken: nothing is changed.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.tls.reload()?;
        // Without a runtime nothing is connected.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            for connection in self.pool.drain() {
                runtime.spawn(connection.quit());
            }
        }
        Ok(())
    }

    /// Says goodbye on every connection that waits.
    pub async fn close(&self) {
        let mut goodbyes = tokio::task::JoinSet::new();
        for connection in self.pool.drain() {
            goodbyes.spawn(connection.quit());
        }
        // One that panicked has ended, too.
        while goodbyes.join_next().await.is_some() {}
    }

    /// Our side of every connection.
    const fn options(&self) -> ConnectionOptions<'_> {
        ConnectionOptions {
            hostname: &self.settings.hostname,
            listeners: &self.settings.listeners,
            tls: &self.tls,
            timeouts: self.settings.timeouts,
        }
    }

    /// One attempt: host after host until one settles it. The outcome of the last one counts if none does.
    async fn attempt(&self, work: &DeliveryRequest) -> AttemptResult {
        let mut watch = Watch::new();
        let guide = RouteContext {
            settings: &self.settings,
            resolver: &*self.resolver,
            policies: &self.policies,
        };
        let hops = destination::hops(work.recipient.domain(), guide).await;
        let ended = |watch: Watch, outcome, connection| AttemptResult {
            outcome,
            session: watch.end(),
            connection,
        };
        let hops = match hops {
            Ok(hops) => hops,
            Err(outcome) => return ended(watch, outcome, None),
        };
        // Stays only if there were no hosts, and then `hops` has an outcome of its own.
        let mut last = Outcome::Deferred(Diagnostic::local(
            EnhancedStatus::NO_ANSWER_4_4_1,
            "no server could be tried",
        ));
        for hop in &hops {
            watch.turns_to(hop);
            match self.try_host(hop, work, &mut watch).await {
                (Verdict::Settled(outcome), connection) => {
                    return ended(watch, outcome, connection);
                }
                (Verdict::NextHost(outcome), _) => last = outcome,
            }
        }
        ended(watch, last, None)
    }

    /// One host, over a connection that waits or over a fresh one.
    async fn try_host(
        &self,
        hop: &Hop,
        work: &DeliveryRequest,
        watch: &mut Watch,
    ) -> (Verdict, Option<ParkedConnection>) {
        // A connection that died while it waited is no attempt: the message goes at once over a fresh one.
        while let Some(mut connection) = self.pool.take(hop).await {
            watch.sends(&connection);
            match self.send(&mut connection, work).await {
                Err(SessionError::BeforeMail(_)) => {}
                // It said goodbye while it waited, and that came too late to be seen.
                Ok(SessionOutcome::Refused("MAIL", reply)) if reply.code.get() == 421 => {}
                sent => return self.finish(hop, connection, sent, watch),
            }
        }
        // Waiting costs a place that others need, and many domains may have the same dead server: one of them finds out for all.
        if self.silent.contains_key(&hop.address) {
            let known = SessionError::Unresponsive("it kept silent a moment ago");
            watch.breaks(&known);
            return (trouble::judge_error(hop, known), None);
        }
        match Connection::open(hop, self.options()).await {
            Ok(mut connection) => {
                watch.sends(&connection);
                let sent = self.send(&mut connection, work).await;
                self.finish(hop, connection, sent, watch)
            }
            Err(broken) => {
                watch.breaks(&broken);
                match broken {
                    SessionError::Unresponsive(_) => self.silent.insert(hop.address, ()),
                    // Ours, hence no secret: what the operator has to look for.
                    SessionError::OwnServer => {
                        tracing::error!(event = "mail_loop", address = %hop.address, "the way out leads back to this relay")
                    }
                    _ => {}
                }
                (trouble::judge_error(hop, broken), None)
            }
        }
    }

    /// Sends the message, written with seven bits where the server takes no others.
    async fn send(
        &self,
        connection: &mut Connection,
        work: &DeliveryRequest,
    ) -> Result<SessionOutcome, SessionError> {
        let sent = connection.send(work).await;
        if !matches!(sent, Ok(SessionOutcome::MissingExtension("8BITMIME"))) {
            return sent;
        }
        match downgrade(work, &self.signer).await {
            None => sent,
            Some(work) => connection.send(&work).await,
        }
    }

    /// What the end of a transaction leads to. After a refusal too the connection can be used again; a broken one is dropped without a word.
    fn finish(
        &self,
        hop: &Hop,
        connection: Connection,
        sent: Result<SessionOutcome, SessionError>,
        watch: &mut Watch,
    ) -> (Verdict, Option<ParkedConnection>) {
        match sent {
            Ok(spoken) => {
                let parked = ParkedConnection::new(self.pool.clone(), hop.clone(), connection);
                (trouble::judge_outcome(hop, spoken), Some(parked))
            }
            Err(broken) => {
                watch.breaks(&broken);
                (trouble::judge_error(hop, broken), None)
            }
        }
    }
}

impl Deliver for SmtpDelivery {
    fn deliver(&self, work: DeliveryRequest) -> AttemptFuture<'_> {
        Box::pin(async move { self.attempt(&work).await })
    }
}

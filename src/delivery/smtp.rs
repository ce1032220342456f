//! [`SmtpDelivery`]: one attempt over SMTP, host by host.

use std::sync::Arc;

use super::connection::{Broken, Connection};
use super::destination::{self, Hop};
use super::pool::{Parked, Pool};
use super::tls::Tls;
use super::trouble::{self, Verdict};
use super::{Attempt, Attempted, Deliver, Work};
use crate::config::{Config, Route};
use crate::mail::{Diagnostic, Domain, EnhancedStatus, Outcome};
use crate::resolve::Resolver;

/// What delivery needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our name in EHLO.
    pub hostname: Domain,
    /// Routes, the first that fits is taken.
    pub routes: Vec<Route>,
}

impl Settings {
    /// The settings of a configuration.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        Self {
            hostname: config.hostname.clone(),
            routes: config.delivery.routes.clone(),
        }
    }
}

/// Delivers over SMTP.
pub struct SmtpDelivery {
    settings: Settings,
    resolver: Arc<dyn Resolver>,
    tls: Tls,
    pool: Arc<Pool>,
}

impl SmtpDelivery {
    /// Delivery by `settings`, host names found through `resolver`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(settings: Settings, resolver: Arc<dyn Resolver>) -> Result<Self, rustls::Error> {
        Ok(Self {
            settings,
            resolver,
            tls: Tls::new()?,
            pool: Arc::default(),
        })
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

    async fn attempt(&self, work: &Work) -> Attempted {
        let hops = destination::hops(
            work.recipient.domain(),
            &self.settings.routes,
            &self.settings.hostname,
            &*self.resolver,
        )
        .await;
        let hops = match hops {
            Ok(hops) => hops,
            Err(outcome) => return outcome.into(),
        };
        let mut last = Outcome::Deferred(Diagnostic::local(
            EnhancedStatus::NO_ANSWER_4_4_1,
            "no server could be tried",
        ));
        for hop in &hops {
            match self.try_host(hop, work).await {
                (Verdict::Settled(outcome), connection) => {
                    return Attempted {
                        outcome,
                        connection,
                    };
                }
                (Verdict::NextHost(outcome), _) => last = outcome,
            }
        }
        last.into()
    }

    async fn try_host(&self, hop: &Hop, work: &Work) -> (Verdict, Option<Parked>) {
        // A connection that died while it waited is no attempt: the message goes at once over a fresh one.
        while let Some(mut connection) = self.pool.take(hop).await {
            match connection.send(work).await {
                Err(Broken::BeforeMail(_)) => {}
                sent => return self.finish(hop, connection, sent),
            }
        }
        match Connection::open(hop, &self.settings.hostname, &self.tls).await {
            Ok(mut connection) => {
                let sent = connection.send(work).await;
                self.finish(hop, connection, sent)
            }
            Err(broken) => (trouble::broken(hop, broken), None),
        }
    }

    fn finish(
        &self,
        hop: &Hop,
        connection: Connection,
        sent: Result<super::connection::Spoken, Broken>,
    ) -> (Verdict, Option<Parked>) {
        match sent {
            Ok(spoken) => {
                let parked = Parked::new(self.pool.clone(), hop.clone(), connection);
                (trouble::spoken(hop, spoken), Some(parked))
            }
            Err(broken) => (trouble::broken(hop, broken), None),
        }
    }
}

impl Deliver for SmtpDelivery {
    fn deliver(&self, work: Work) -> Attempt<'_> {
        Box::pin(async move { self.attempt(&work).await })
    }
}

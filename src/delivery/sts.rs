//! MTA-STS (RFC 8461): what a recipient's domain says about the servers that its mail may go to.
//!
//! A policy is kept for as long as it says, over restarts too: whoever stops it from being fetched gains nothing while it is kept. No policy
//! that can be had means none: the standard protects those who have been reached once. Of many nodes it is enough that one has reached them.

mod fetch;
mod policy;
mod shared;
mod store;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::mta_sts::MtaSts;
use moka::sync::Cache;
use tokio::sync::Mutex;

use self::fetch::Fetcher;
use self::store::{CachedPolicy, PolicyStore};
use super::settings::DeliverySettings;
use super::tls::Tls;
use crate::clock::Clock;
use crate::mail::Domain;
use crate::resolve::Resolver;

pub(super) use policy::{Mode, Policy};
pub use shared::{PolicyFuture, SharedPolicies};

/// How long the last look at a domain's record counts: mail in a burst asks once.
const LOOKED: Duration = Duration::from_secs(60);
/// How long after a failure a policy is not fetched again (RFC 8461 3.3: five minutes at least).
const FAILED_FOR: Duration = Duration::from_secs(300);
/// Age at which a kept policy is fetched anew although its id is the same: it must not run out because nothing changed.
const OLD: Duration = Duration::from_secs(86_400);
/// Domains that are known in memory; the others are read from their files.
const KNOWN: u64 = 10_000;

/// The policies of all domains.
pub(super) struct PolicyCache {
    /// A lock for each domain, so that a slow web server holds up nobody else's mail.
    known: Cache<Domain, Arc<Mutex<DomainPolicy>>>,
    fetcher: Fetcher,
    store: PolicyStore,
    /// What other nodes have fetched; none: there is no other.
    shared: Option<Arc<dyn SharedPolicies>>,
    clock: Arc<dyn Clock>,
}

/// What is known of a domain.
#[derive(Default)]
struct DomainPolicy {
    /// Whether its file has been read.
    read: bool,
    /// The policy in force.
    kept: Option<CachedPolicy>,
    /// When its record was looked at last.
    looked: Option<Instant>,
    /// When fetching failed last, since the last success.
    failed: Option<Instant>,
}

impl PolicyCache {
    /// Policies kept in the folder of `settings`.
    pub(super) fn new(
        settings: &DeliverySettings,
        tls: &Tls,
        shared: Option<Arc<dyn SharedPolicies>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            known: Cache::new(KNOWN),
            fetcher: Fetcher::new(settings, tls),
            store: PolicyStore::new(settings.policies.clone()),
            shared,
            clock,
        }
    }

    /// The policy in force for `domain`; none where it has none that could be had.
    pub(super) async fn find(&self, domain: &Domain, resolver: &dyn Resolver) -> Option<Policy> {
        let known = self.known.get_with_by_ref(domain, Arc::default);
        // Whoever comes second waits for the first and finds its answer: a policy is fetched once.
        let mut known = known.lock().await;
        if !known.read {
            known.kept = self.store.read(domain).await;
            known.read = true;
        }
        let now = self.clock.now();
        known.kept.take_if(|kept| kept.has_expired(now));
        if known.looked.is_none_or(|at| at.elapsed() >= LOOKED) {
            known.looked = Some(Instant::now());
            if known.kept.is_none() {
                self.hear(domain, &mut known).await;
            }
            self.look(domain, &mut known, resolver).await;
        }
        known.kept.as_ref().map(|kept| kept.policy.clone())
    }

    /// Looks whether there is a new policy, and fetches it.
    async fn look(&self, domain: &Domain, known: &mut DomainPolicy, resolver: &dyn Resolver) {
        let Some(id) = published(domain, resolver).await else {
            // No record, or none that can be had: a policy that is kept stays in force (RFC 8461 5.1).
            return;
        };
        let now = self.clock.now();
        let is_fresh = |known: &DomainPolicy| {
            known.kept.as_ref().is_some_and(|kept| {
                kept.id == id && now.since(kept.fetched) < OLD.min(kept.policy.max_age / 2)
            })
        };
        if known.kept.is_some() && !is_fresh(known) {
            // Another node may have fetched the new one.
            self.hear(domain, known).await;
        }
        if is_fresh(known) || known.failed.is_some_and(|at| at.elapsed() < FAILED_FOR) {
            return;
        }
        match self.fetcher.fetch(domain, resolver).await {
            Ok(policy) => {
                let kept = CachedPolicy {
                    id,
                    fetched: now,
                    policy,
                };
                self.store.write(domain, &kept).await;
                self.tell(domain, &kept).await;
                known.kept = Some(kept);
                known.failed = None;
                count("fetched");
            }
            Err(error) => {
                // Other servers' domains stand in the log at the debug level only: they name people's providers.
                tracing::debug!(event = "sts_not_fetched", %domain, %error);
                known.failed = Some(Instant::now());
                count("not_fetched");
            }
        }
    }
}

impl PolicyCache {
    /// Takes what another node has fetched, if that is newer.
    async fn hear(&self, domain: &Domain, known: &mut DomainPolicy) {
        let Some(shared) = &self.shared else {
            return;
        };
        let found = shared.find(domain).await.unwrap_or_else(|error| {
            tracing::debug!(event = "sts_not_shared", %domain, %error);
            None
        });
        let Some(kept) = found.and_then(|record| CachedPolicy::read(record.as_bytes())) else {
            return;
        };
        let before = known.kept.as_ref();
        if before.is_none_or(|before| before.fetched < kept.fetched)
            && !kept.has_expired(self.clock.now())
        {
            self.store.write(domain, &kept).await;
            known.kept = Some(kept);
            count("shared");
        }
    }

    /// Tells other nodes what was fetched.
    async fn tell(&self, domain: &Domain, kept: &CachedPolicy) {
        let Some(shared) = &self.shared else {
            return;
        };
        let record = serde_json::to_string(kept).unwrap_or_default();
        let until = kept.fetched.plus(kept.policy.max_age);
        let told = shared.keep(domain, record, (kept.fetched, until)).await;
        if let Err(error) = told {
            tracing::debug!(event = "sts_not_shared", %domain, %error);
        }
    }
}

/// Counts what became of a policy.
fn count(result: &'static str) {
    metrics::counter!("allegromail_delivery_sts_total", "result" => result).increment(1);
}

/// The id in the domain's record; none unless there is exactly one good record (RFC 8461 3.1).
async fn published(domain: &Domain, resolver: &dyn Resolver) -> Option<String> {
    let texts = resolver.txt(&format!("_mta-sts.{domain}")).await.ok()?;
    let mut records = texts.iter().filter(|text| text.starts_with("v=STSv1"));
    let record = MtaSts::parse(records.next()?.as_bytes()).ok()?;
    let valid = (1..=32).contains(&record.id.len())
        && record.id.bytes().all(|octet| octet.is_ascii_alphanumeric());
    (records.next().is_none() && valid).then_some(record.id)
}

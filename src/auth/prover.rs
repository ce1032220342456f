//! [`Prover`]: asks SPF and DKIM, and says what came of it.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use mail_auth::common::cache::NoCache;
use mail_auth::dmarc::Dmarc;
use mail_auth::{DnsError, Error, IprevResult, MessageAuthenticator};
use moka::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::alignment::aligned;
use super::{Means, Mode, Proof, SharedSpf, dkim, spf};
use crate::mail::{Domain, Mailbox, ReversePath};
use crate::message::Message;

/// All checks of a message together (SPF alone may ask ten times, RFC 7208 4.6.4).
const PATIENCE: Duration = Duration::from_secs(20);
/// Messages that are checked at once; the others wait, and their waiting counts.
const AT_ONCE: usize = 256;
/// How long a domain that the DNS gave no answer for is not asked again.
const FAILED_FOR: Duration = Duration::from_secs(10);
/// Domains that are remembered as failed.
const FAILED_MANY: u64 = 10_000;

/// What the prover needs of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our name, as SPF's macro `%{r}` has it.
    pub hostname: Domain,
    /// What a pass through a shared include is worth.
    pub shared_spf: SharedSpf,
    /// The records of mailing providers whose servers strangers share.
    pub shared_includes: Vec<Domain>,
}

/// What is known of a message and of the client that brings it.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The client's address.
    pub client: IpAddr,
    /// What the client calls itself.
    pub helo: &'a str,
    /// MAIL FROM.
    pub reverse_path: &'a ReversePath,
    /// The visible From.
    pub from: &'a Mailbox,
    /// The message as it came.
    pub message: &'a Message,
    /// How strictly the From must be proven.
    pub mode: Mode,
    /// The masked recipients, as the client gave them.
    pub recipients: &'a [Mailbox],
}

/// What one kind of check found.
#[derive(Debug)]
pub(super) enum Check {
    /// An aligned pass.
    Passed(Means),
    /// Not a pass; why, in words.
    Failed(String),
    /// The domain publishes nothing, or nothing was signed.
    Absent(String),
    /// The DNS gave no answer.
    Unknown(String),
}

impl Check {
    fn words(&self) -> String {
        match self {
            Self::Passed(means) => format!("{means} passes"),
            Self::Failed(text) | Self::Absent(text) | Self::Unknown(text) => text.clone(),
        }
    }
}

/// Proves senders by SPF and DKIM.
pub struct Prover {
    library: MessageAuthenticator,
    settings: Settings,
    places: Semaphore,
    /// From and envelope domains that the DNS lately gave no answer for, and what was said then.
    failed: Cache<String, String>,
}

impl Prover {
    /// A prover that asks `resolver`.
    #[must_use]
    pub fn new(resolver: TokioResolver, settings: Settings) -> Self {
        Self {
            library: MessageAuthenticator(resolver),
            settings,
            places: Semaphore::new(AT_ONCE),
            failed: Cache::builder()
                .max_capacity(FAILED_MANY)
                .time_to_live(FAILED_FOR)
                .build(),
        }
    }

    /// Whether the From is who it says. Takes at most 20 seconds.
    pub async fn prove(&self, evidence: &Evidence<'_>) -> Proof {
        if evidence.mode == Mode::Off {
            return Proof::NotAsked;
        }
        let from = evidence.from.domain();
        let key = match evidence.reverse_path {
            ReversePath::Mailbox(path) => format!("{from} {}", path.domain()),
            ReversePath::Null => format!("{from} {}", evidence.helo),
        };
        if let Some(what) = self.failed.get(&key) {
            return Proof::Deferred(what);
        }
        let proof = timeout(PATIENCE, async {
            let _place = self.places.acquire().await;
            self.check(evidence).await
        });
        let proof = proof.await.unwrap_or_else(|_| {
            Proof::Deferred(format!("the DNS took too long over the checks for {from}"))
        });
        if let Proof::Deferred(what) = &proof {
            self.failed.insert(key, what.clone());
        }
        proof
    }

    async fn check(&self, evidence: &Evidence<'_>) -> Proof {
        // SPF first: it costs no hash over the message, and most honest mail passes it.
        let spf = spf::check(&self.library, &self.settings, evidence).await;
        let shared = match spf {
            Check::Passed(Means::Spf { shared: true, .. }) => true,
            Check::Passed(means) => return Proof::Proven(means),
            _ => false,
        };
        let dkim = dkim::check(&self.library, evidence).await;
        match (spf, dkim) {
            (_, Check::Passed(means)) => Proof::Proven(means),
            (Check::Passed(means), _) if self.settings.shared_spf != SharedSpf::Dkim => {
                Proof::Proven(means)
            }
            (Check::Unknown(what), _) | (_, Check::Unknown(what)) => Proof::Deferred(what),
            (Check::Absent(_), Check::Absent(_)) if evidence.mode == Mode::Relaxed => {
                self.by_name(evidence).await
            }
            (spf, dkim) => {
                let (client, from) = (evidence.client, evidence.from.domain());
                let enough = if shared {
                    ", which is not enough alone"
                } else {
                    ""
                };
                Proof::Unproven(format!(
                    "client {client} is not proven to send for {from}: {}{enough}; {}",
                    spf.words(),
                    dkim.words()
                ))
            }
        }
    }

    /// Whether a message that SPF alone proves would fail at the next server, since its domain's DMARC policy is strict and nothing that
    /// survives forwarding proves it. None: the DNS gave no answer.
    pub async fn fails_elsewhere(&self, evidence: &Evidence<'_>) -> Option<bool> {
        timeout(PATIENCE, dkim::fails_elsewhere(&self.library, evidence))
            .await
            .ok()?
    }

    /// The weaker evidence of [`Mode::Relaxed`], for a domain that publishes nothing: envelope and From are the same address, and the
    /// client's name resolves back (RFC 8601 2.7.3) and belongs to the domain.
    async fn by_name(&self, evidence: &Evidence<'_>) -> Proof {
        let (client, from) = (evidence.client, evidence.from.domain());
        let unproven = |why: &str| {
            Proof::Unproven(format!(
                "client {client} is not proven to send for {from}: it publishes no SPF, there is no DKIM signature, {why}"
            ))
        };
        if !matches!(evidence.reverse_path, ReversePath::Mailbox(path) if path.key() == evidence.from.key())
        {
            return unproven("and the envelope sender is another address than the From");
        }
        let dmarc = self
            .library
            .txt_lookup::<Dmarc>(format!("_dmarc.{from}."), None::<&NoCache<_, _>>)
            .await;
        match dmarc {
            Err(Error::Dns(DnsError::RecordNotFound(_))) => {}
            Err(Error::Dns(_)) => {
                return Proof::Deferred(format!("the DMARC record of {from} could not be read"));
            }
            _ => return unproven("and its DMARC record asks for a proof"),
        }
        let reverse = self.library.verify_iprev(client).await;
        let names = reverse.ptr.as_deref().unwrap_or_default();
        let ours = |name: &str| {
            Domain::parse(name.trim_end_matches('.')).is_ok_and(|name| aligned(&name, from))
        };
        match reverse.result {
            IprevResult::Pass if names.iter().any(|name| ours(name)) => {
                Proof::Proven(Means::Name {
                    domain: from.clone(),
                })
            }
            IprevResult::TempError(_) => {
                Proof::Deferred(format!("the name of {client} could not be read"))
            }
            _ => unproven(&format!(
                "and the name of {client} does not resolve back into it"
            )),
        }
    }
}

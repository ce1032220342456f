//! [`Prover`]: asks SPF and DKIM, and says what came of it.
//!
//! The client waits at the end of its data meanwhile, so everything here has an end: the time for a question, for a place, for all of it. Running
//! out of time is a temporary failure, never a refusal and never a pass (docs/threats.md#76, #82).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mail_auth::MessageAuthenticator;
use mail_auth::dmarc::Policy;
use moka::sync::Cache;
use tokio::time::timeout;

use super::alignment::{aligned, same_organisation};
use super::evidence::{Check, Evidence, ProverSettings, Step, Steps};
use super::proof::remedy;
use super::questions::Questions;
use super::slots::Slots;
use super::{Chain, Means, Mode, Proof, SharedSpf, arc, dkim, dmarc, name, spf};
use crate::mail::{Domain, ReversePath, network_of};
use crate::message::Message;
use crate::resolve::{DnsResolver, FailureCache};

/// All checks of a message together (SPF alone may ask ten times, RFC 7208 4.6.4).
const PATIENCE: Duration = Duration::from_secs(20);
/// Messages that are checked at once; the others wait, and their waiting counts. A message asks one question after the other, so this is
/// also how many questions are under way. One network has a sixteenth of them.
const AT_ONCE: usize = 256;
/// How long a pair of From and envelope whose checks took too long is not checked again: a domain whose DNS is slow on purpose takes a place for
/// 20 seconds once, not once a message. Known of a client's network only: the names are the client's own words, and must not close the way for
/// those whose names they are.
const SLOW_FOR: Duration = Duration::from_secs(10);
/// Pairs that are remembered.
const SLOW_MANY: u64 = 10_000;

/// Proves senders by SPF and DKIM.
pub struct Prover {
    library: MessageAuthenticator,
    /// Questions that failed lately, from whatever part of the server: the resolver keeps no failures.
    failures: Arc<FailureCache>,
    /// How long a server may take for one question.
    patience: Duration,
    settings: ProverSettings,
    /// One for each message that is checked.
    slots: Slots,
    /// Pairs of From and envelope whose checks together took too long, though every answer came in time.
    slow: Cache<String, String>,
}

impl Prover {
    /// A prover that asks `resolver`, and shares its memory of failures.
    #[must_use]
    pub fn new(resolver: &DnsResolver, settings: ProverSettings) -> Self {
        Self {
            library: MessageAuthenticator(resolver.tokio().clone()),
            failures: resolver.failures().clone(),
            patience: resolver.patience(),
            settings,
            slots: Slots::new(AT_ONCE),
            slow: Cache::builder()
                .max_capacity(SLOW_MANY)
                .time_to_live(SLOW_FOR)
                .build(),
        }
    }

    /// Whether the From is who it says. Takes at most 20 seconds.
    pub async fn prove(&self, evidence: &Evidence<'_>) -> Proof {
        self.explain(evidence, &mut Steps::new()).await
    }

    /// As [`Self::prove`], with what each check found: the same code decides and explains, so that an explanation is never another opinion.
    pub async fn explain(&self, evidence: &Evidence<'_>, steps: &mut Steps) -> Proof {
        if evidence.mode == Mode::Off {
            return Proof::NotAsked;
        }
        let from = evidence.from.domain();
        let network = network_of(evidence.client);
        // Domains only: nearly all questions are the same for everybody there.
        let key = match evidence.reverse_path {
            ReversePath::Mailbox(path) => format!("{network} {from} {}", path.domain()),
            ReversePath::Null => format!("{network} {from} {}", evidence.helo),
        };
        if let Some(what) = self.slow.get(&key) {
            return Proof::Deferred(what);
        }
        let questions = Questions::new(&self.library, &self.failures, self.patience);
        let mut begun = false;
        let proof = timeout(PATIENCE, async {
            let _slot = self.slots.enter(evidence.client).await;
            begun = true;
            self.check(&questions, evidence, steps).await
        });
        match proof.await {
            Ok(proof) => proof,
            // Nothing was asked, so nothing is known of the DNS.
            Err(_) if !begun => {
                let what = format!("other mail was in front of the checks for {from}");
                steps.push(Step::new("dns", "temperror", what.clone()));
                Proof::Deferred(what)
            }
            Err(_) => {
                let what = format!("the DNS took too long over the checks for {from}");
                steps.push(Step::new("dns", "temperror", what.clone()));
                self.slow.insert(key, what.clone());
                Proof::Deferred(what)
            }
        }
    }

    /// The checks themselves, in no more time than the caller allows.
    async fn check(
        &self,
        questions: &Questions<'_>,
        evidence: &Evidence<'_>,
        steps: &mut Steps,
    ) -> Proof {
        // SPF first: it costs no hash over the message, and most honest mail passes it.
        let spf = spf::check(questions, &self.settings, evidence).await;
        steps.push(Step::new("spf", spf.result(), spf.words()));
        let shared = match spf {
            // Others send from there as well: DKIM may say more, and then is what counts.
            Check::Passed(Means::Spf { shared: true, .. }) => true,
            Check::Passed(means) => return Proof::Proven(means),
            _ => false,
        };
        let dkim = dkim::check(questions, evidence, steps).await;
        match (spf, dkim) {
            (_, Check::Passed(means)) => Proof::Proven(means),
            (Check::Passed(means), _) if self.settings.shared_spf != SharedSpf::Dkim => {
                Proof::Proven(means)
            }
            // Either could have passed. So an outage of the sender's DNS costs time, not mail.
            (Check::Unknown(what), _) | (_, Check::Unknown(what)) => Proof::Deferred(what),
            (Check::Absent(_), Check::Absent(_)) if evidence.mode == Mode::Relaxed => {
                let proof = name::check(questions, evidence).await;
                let result = match &proof {
                    Proof::Proven(_) => "pass",
                    Proof::Deferred(_) => "temperror",
                    Proof::NotAsked | Proof::Unproven(_) => "fail",
                };
                steps.push(Step::new("name", result, proof.to_string()));
                proof
            }
            (spf, dkim) => {
                let (client, from) = (evidence.client, evidence.from.domain());
                let enough = if shared {
                    ", which is not enough alone"
                } else {
                    ""
                };
                Proof::Unproven(format!(
                    "{} client {client} is not proven to send for {from}: {}{enough}; {}",
                    remedy(from),
                    spf.words(),
                    dkim.words()
                ))
            }
        }
    }

    /// Whether a message that SPF alone proves would fail at the next server, since its domain's DMARC policy is strict and nothing that
    /// survives forwarding proves it. None: the DNS gave no answer.
    pub async fn fails_elsewhere(&self, evidence: &Evidence<'_>) -> Option<bool> {
        let questions = Questions::new(&self.library, &self.failures, self.patience);
        let answer = timeout(PATIENCE, async {
            let _slot = self.slots.enter(evidence.client).await;
            dkim::fails_elsewhere(&questions, evidence).await
        });
        answer.await.ok()?
    }

    /// Whether two domains belong to one organisation (RFC 9989 4.10). None: the DNS gave no answer. Takes at most 20 seconds.
    pub async fn same_organisation(
        &self,
        client: IpAddr,
        one: &Domain,
        other: &Domain,
    ) -> Option<bool> {
        // Most mail: nothing to ask.
        if one == other || !aligned(one, other) {
            return Some(one == other);
        }
        let questions = Questions::new(&self.library, &self.failures, self.patience);
        let answer = timeout(PATIENCE, async {
            let _slot = self.slots.enter(client).await;
            let same = same_organisation(&questions, one, other).await;
            if same.is_none() {
                questions.failed();
            }
            same
        });
        answer.await.ok()?
    }

    /// Whether the name that `client` gives lets it in by its own SPF record; not where the DNS gave no answer. Takes at most 20 seconds.
    pub async fn helo_passes(&self, client: IpAddr, helo: &Domain) -> bool {
        let questions = Questions::new(&self.library, &self.failures, self.patience);
        let answer = timeout(PATIENCE, async {
            let _slot = self.slots.enter(client).await;
            spf::helo_passes(&questions, &self.settings, client, helo).await
        });
        answer.await.unwrap_or(false)
    }

    /// Whether a domain wants mail refused or set aside that does not prove itself: its DMARC policy is reject or quarantine. None: the DNS gave no answer.
    pub async fn is_strict(&self, client: IpAddr, from: &Domain) -> Option<bool> {
        let questions = Questions::new(&self.library, &self.failures, self.patience);
        let answer = timeout(PATIENCE, async {
            let _slot = self.slots.enter(client).await;
            dmarc::policy(&questions, from).await
        });
        let (policy, _) = answer.await.ok()??;
        Some(matches!(policy, Policy::Quarantine | Policy::Reject))
    }

    /// Whether the ARC chain of a message that `client` brought may be carried on. Takes at most 20 seconds.
    pub async fn arc_chain(&self, client: IpAddr, message: &Message) -> Chain {
        let questions = Questions::new(&self.library, &self.failures, self.patience);
        let answer = timeout(PATIENCE, async {
            let _slot = self.slots.enter(client).await;
            arc::chain(&questions, message).await
        });
        answer.await.unwrap_or(Chain::Broken)
    }
}

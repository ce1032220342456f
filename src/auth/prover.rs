//! [`Prover`]: asks SPF and DKIM, and says what came of it.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use mail_auth::dmarc::Dmarc;
use mail_auth::{DnsError, Error, IprevResult, MessageAuthenticator};
use tokio::time::timeout;

use super::alignment::aligned;
use super::{Mode, Proof, dkim, spf};
use crate::mail::{Domain, Mailbox, ReversePath};
use crate::message::Message;

/// All checks of a message together (SPF alone may ask ten times, RFC 7208 4.6.4).
const PATIENCE: Duration = Duration::from_secs(20);

/// What the prover needs of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our name, as SPF's macro `%{r}` has it.
    pub hostname: Domain,
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

/// What one kind of check found, in words.
#[derive(Debug)]
pub(super) enum Check {
    /// An aligned pass.
    Passed(String),
    /// Not a pass.
    Failed(String),
    /// The domain publishes nothing, or nothing was signed.
    Absent(String),
    /// The DNS gave no answer.
    Unknown(String),
}

/// Proves senders by SPF and DKIM.
pub struct Prover {
    library: MessageAuthenticator,
    settings: Settings,
}

impl Prover {
    /// A prover that asks `resolver`.
    #[must_use]
    pub const fn new(resolver: TokioResolver, settings: Settings) -> Self {
        Self {
            library: MessageAuthenticator(resolver),
            settings,
        }
    }

    /// Whether the From is who it says. Takes at most 20 seconds.
    pub async fn prove(&self, evidence: &Evidence<'_>) -> Proof {
        if evidence.mode == Mode::Off {
            return Proof::NotAsked;
        }
        let from = evidence.from.domain();
        match timeout(PATIENCE, self.check(evidence)).await {
            Ok(proof) => proof,
            Err(_) => Proof::Deferred(format!("the DNS took too long over the checks for {from}")),
        }
    }

    async fn check(&self, evidence: &Evidence<'_>) -> Proof {
        // SPF first: it costs no hash over the message, and most honest mail passes it.
        let spf = spf::check(&self.library, &self.settings.hostname, evidence).await;
        if let Check::Passed(text) = spf {
            return Proof::Proven(text);
        }
        let dkim = dkim::check(&self.library, evidence).await;
        let (Check::Passed(dkim_text)
        | Check::Failed(dkim_text)
        | Check::Absent(dkim_text)
        | Check::Unknown(dkim_text)) = &dkim;
        let (Check::Passed(spf_text)
        | Check::Failed(spf_text)
        | Check::Absent(spf_text)
        | Check::Unknown(spf_text)) = &spf;
        match (&spf, &dkim) {
            (_, Check::Passed(_)) => Proof::Proven(dkim_text.clone()),
            (Check::Unknown(_), _) => Proof::Deferred(spf_text.clone()),
            (_, Check::Unknown(_)) => Proof::Deferred(dkim_text.clone()),
            (Check::Absent(_), Check::Absent(_)) if evidence.mode == Mode::Relaxed => {
                self.by_name(evidence).await
            }
            _ => {
                let (client, from) = (evidence.client, evidence.from.domain());
                Proof::Unproven(format!(
                    "client {client} is not proven to send for {from}: {spf_text}; {dkim_text}"
                ))
            }
        }
    }

    /// The weaker evidence of [`Mode::Relaxed`], for a domain that publishes nothing: envelope and From are the same address, and the
    /// client's name resolves back (RFC 8601 2.7.3) and belongs to the domain.
    async fn by_name(&self, evidence: &Evidence<'_>) -> Proof {
        let (client, from) = (evidence.client, evidence.from.domain());
        let unproven = |why: String| {
            Proof::Unproven(format!(
                "client {client} is not proven to send for {from}: it publishes no SPF, {why}"
            ))
        };
        if !matches!(evidence.reverse_path, ReversePath::Mailbox(path) if path.key() == evidence.from.key())
        {
            return unproven("and the envelope sender is another address than the From".to_owned());
        }
        match self
            .library
            .txt_lookup::<Dmarc>(
                format!("_dmarc.{from}."),
                None::<&mail_auth::common::cache::NoCache<_, _>>,
            )
            .await
        {
            Err(Error::Dns(DnsError::RecordNotFound(_))) => {}
            Err(Error::Dns(_)) => {
                return Proof::Deferred(format!("the DMARC record of {from} could not be read"));
            }
            _ => return unproven("but a DMARC record, which asks for a proof".to_owned()),
        }
        let reverse = self.library.verify_iprev(client).await;
        let names = reverse
            .ptr
            .as_deref()
            .map(|names| names.to_vec())
            .unwrap_or_default();
        let ours = names.iter().any(|name| {
            Domain::parse(name.trim_end_matches('.')).is_ok_and(|name| aligned(&name, from))
        });
        match reverse.result {
            IprevResult::Pass if ours => Proof::Proven(format!(
                "{client} resolves back into {from}, which publishes nothing else"
            )),
            IprevResult::TempError(_) => {
                Proof::Deferred(format!("the name of {client} could not be read"))
            }
            _ => unproven(format!(
                "and the name of {client} does not resolve back into it"
            )),
        }
    }
}

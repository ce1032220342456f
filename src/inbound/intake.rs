//! From "end of data" to the reply: find the recipients, prove the sender, decide, rewrite, commit.
//!
//! This is the one path for mail and for `explain`. Whatever fails on our side is a 4xx: the client keeps the message. Nothing
//! is acknowledged before the spool says that it is durable, and a message that cannot be made safe is refused.

use std::sync::Arc;

use bytes::Bytes;

use super::budget::{Budgets, Standing};
use super::once::Claims;
use super::payer::Payer;
use super::reception::{Answer, Client, Reception};
use super::recipient::Recipient;
use super::role;
use super::transaction::MailTransaction;
use crate::allowlist::Live;
use crate::auth::Prover;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::{Directory, State, Unavailable};
use crate::flow::{Flow, is_large};
use crate::history::{Event, History, Line};
use crate::mail::{ForwardPath, Reply, ReversePath, TraceId};
use crate::masking::{GuessKeys, HandedKeys, MaskedDomains, MessageIdKeys};
use crate::message::{Effort, Malformed, Message};
use crate::offload::offload;
use crate::policy::{Reason, Refusal};
use crate::resolve::Resolver;
use crate::signing::Signer;
use crate::spool::{Spool, SpoolError};

/// What the intake works with.
pub struct Tools {
    /// The configuration.
    pub config: Arc<Config>,
    /// The domains of ours.
    pub domains: Arc<MaskedDomains>,
    /// Accounts and transactions.
    pub directory: Arc<dyn Directory>,
    /// What cannot be loaded again.
    pub state: Arc<State>,
    /// The couriers.
    pub allowlist: Arc<Live>,
    /// Who checks senders.
    pub prover: Prover,
    /// Asked whose server it is that brings a report.
    pub resolver: Arc<dyn Resolver>,
    /// Who signs what we write.
    pub signer: Arc<Signer>,
    /// Where accepted mail is kept.
    pub spool: Arc<dyn Spool>,
    /// The life of every message.
    pub history: Arc<History>,
    /// What is on its way out and still in memory.
    pub flow: Arc<Flow>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Decides about messages and takes those that may pass.
pub struct Intake {
    /// Whom the decisions ask, and where what is taken goes.
    pub(super) tools: Tools,
    /// What is counted of clients and senders; begins anew with the server.
    pub(super) budgets: Budgets,
    /// What Message-IDs are sealed with; derived from `[secrets] key_file`.
    pub(super) message_ids: MessageIdKeys,
    /// What is remembered of messages is digested with; derived from the same.
    pub(super) guess_keys: GuessKeys,
    /// What happens once, while its mark is not durable yet.
    pub(super) claims: Claims,
    /// Knows again to whose servers a message was handed; derived from `[secrets] key_file`.
    pub(super) handed: HandedKeys,
}

/// A directory that does not answer is our fault: 451.
impl From<Unavailable> for Refusal {
    fn from(_: Unavailable) -> Self {
        Self::new(
            Reason::DirectoryUnavailable,
            "the account directory does not answer; please try again later.",
        )
    }
}

impl Intake {
    /// An intake over `tools`, with fresh budgets.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self {
            budgets: Budgets::new(&tools.config.limits),
            message_ids: MessageIdKeys::new(&tools.config.secrets),
            guess_keys: GuessKeys::new(&tools.config.secrets),
            claims: Claims::default(),
            handed: HandedKeys::new(&tools.config.secrets),
            tools,
        }
    }

    /// Splits the message, and refuses what nobody should try to read.
    pub(super) async fn open(data: Bytes, effort: Effort) -> Result<Message, Refusal> {
        offload(data.len(), move || Message::parse_within(data, effort))
            .await
            .map_err(|error| malformed(&error))
    }

    /// The house form of a refusal, with recipient, trace and help.
    pub(super) fn reply(&self, refusal: &Refusal, recipient: &str, trace: &TraceId) -> Reply {
        let recipient = recipient.trim_start_matches('<').trim_end_matches('>');
        refusal.reply(
            recipient,
            trace.as_str(),
            self.tools.config.policy.help_url.as_deref(),
        )
    }

    /// Counts, logs and prints a refusal: the one way in which mail is refused, so that each is in the metrics, the log and the history under the
    /// trace that its reply names (#1449, #3833).
    fn refuse(
        &self,
        (client, payer): (&Client, &Payer),
        transaction: Option<&MailTransaction>,
        recipient: &str,
        refusal: &Refusal,
    ) -> Reply {
        // Before MAIL there is no transaction; the session's own number can still be found in the log.
        let nothing = TraceId::new(client.session, 0);
        let trace = transaction.map_or(&nothing, |transaction| &transaction.trace);
        metrics::counter!("allegromail_inbound_refused_total", "reason" => refusal.reason.word())
            .increment(1);
        // An address that is none of ours may be anybody's: it is not written down.
        let shown = if refusal.reason == Reason::RelayDenied {
            "-"
        } else {
            recipient
        };
        tracing::info!(event = "refused", trace = %trace, reason = refusal.reason.word(), recipient = shown, client = %client.address);
        self.tools.history.note(&Line {
            at: self.tools.clock.now(),
            trace: trace.clone(),
            id: None,
            to: shown.trim_matches(['<', '>']).to_owned(),
            event: Event::Refused {
                reason: refusal.reason.word().to_owned(),
            },
        });
        payer.pay(&self.budgets, refusal.reason);
        self.reply(refusal, recipient, trace)
    }
}

/// The domain that a client speaks for in its envelope: MAIL FROM's, or its own name for a null sender.
pub(super) fn envelope_domain<'a>(client: &'a Client, transaction: &'a MailTransaction) -> &'a str {
    match &transaction.reverse_path {
        ReversePath::Mailbox(mailbox) => mailbox.domain().as_str(),
        ReversePath::Null => &client.helo,
    }
}

impl Intake {
    /// Whether a recipient is taken at RCPT. What was found is looked up again at the end of data: between the two a mask may go, or a grace time may
    /// end.
    async fn admit(
        &self,
        client: &Client,
        transaction: &MailTransaction,
        to: &ForwardPath,
    ) -> Result<(), Refusal> {
        let domain = envelope_domain(client, transaction);
        let refusals = &self.budgets.refusals;
        match refusals.standing(client.address, domain) {
            Standing::Good => {
                let found = self.find_recipient(to).await?;
                // What was announced is refused before it is sent.
                let announced = transaction.parameters.size.unwrap_or_default();
                if let Recipient::Role { .. } = found {
                    role::check_size(usize::try_from(announced).unwrap_or(usize::MAX))?;
                }
                self.check_beside(&transaction.recipients, to)
            }
            // A guesser may have borrowed the name: which masks there are is told once the sender is proven.
            Standing::OnTrust => {
                let named = self.name_recipient(to);
                named.and_then(|_| self.check_beside(&transaction.recipients, to))
            }
            Standing::ShutOut => refusals.check_client(client.address, domain),
        }
    }
}

/// A message that nobody should try to read.
pub(super) fn malformed(error: &Malformed) -> Refusal {
    let text = format!("the message is malformed: {error}.");
    Refusal::new(Reason::Malformed, text)
}

/// A failure of ours: the client keeps the message.
pub(super) fn internal(what: &str) -> Refusal {
    tracing::error!(event = "internal", what);
    Refusal::new(
        Reason::Internal,
        "the server could not prepare the message; please try again later.",
    )
}

/// What a client hears when the spool takes nothing: always 4xx. The details are for the log, a path or an error of the system is nobody
/// else's business (hostile-inputs 98).
pub(super) fn spool_refusal(error: &SpoolError) -> Refusal {
    tracing::error!(event = "spool_refused", %error);
    match error {
        SpoolError::Full(_) => Refusal::new(
            Reason::Storage,
            "the server is short of storage; please try again later.",
        ),
        SpoolError::Unhealthy(_) => Refusal::new(
            Reason::Busy,
            "the server cannot take mail at the moment; please try again later.",
        ),
        _ => Refusal::new(
            Reason::Internal,
            "the server could not store the message; please try again later.",
        ),
    }
}

impl Reception for Intake {
    fn sender<'a>(
        &'a self,
        client: &'a Client,
        transaction: &'a MailTransaction,
    ) -> Answer<'a, Result<(), Reply>> {
        Box::pin(async move {
            // Asked at MAIL, so that the message need not be sent to hear that there is no room (hostile-inputs 121).
            let ready = self
                .tools
                .spool
                .ready()
                .map_err(|error| spool_refusal(&error));
            let domain = envelope_domain(client, transaction);
            let refusals = &self.budgets.refusals;
            let gate = ready.and_then(|()| refusals.check_client(client.address, domain));
            let payer = Payer::new(client.address);
            gate.map_err(|refusal| self.refuse((client, &payer), Some(transaction), "", &refusal))
        })
    }

    fn recipient<'a>(
        &'a self,
        client: &'a Client,
        transaction: &'a MailTransaction,
        to: &'a ForwardPath,
    ) -> Answer<'a, Result<(), Reply>> {
        Box::pin(async move {
            let found = self.admit(client, transaction, to).await;
            let payer = Payer::new(client.address);
            found.map_err(|refusal| {
                self.refuse(
                    (client, &payer),
                    Some(transaction),
                    &to.to_string(),
                    &refusal,
                )
            })
        })
    }

    fn ease(&self, octets: usize) -> Answer<'_, ()> {
        Box::pin(async move {
            if is_large(octets) {
                self.tools.flow.ease().await;
            }
        })
    }

    fn message<'a>(
        &'a self,
        client: &'a Client,
        transaction: MailTransaction,
        data: Bytes,
    ) -> Answer<'a, Reply> {
        Box::pin(async move {
            let mut payer = Payer::new(client.address);
            match self.take(client, &transaction, data, &mut payer).await {
                Ok(reply) => reply,
                Err(refused) => {
                    let (name, refusal) = (refused.name(), &refused.refusal);
                    self.refuse((client, &payer), Some(&transaction), name, refusal)
                }
            }
        })
    }

    fn refusal(
        &self,
        client: &Client,
        transaction: Option<&MailTransaction>,
        refusal: &Refusal,
    ) -> Reply {
        let recipient = transaction
            // The session refuses whole messages; the first recipient stands for all in the reply.
            .and_then(|t| t.recipients.first())
            .map(ToString::to_string)
            .unwrap_or_default();
        let payer = Payer::new(client.address);
        self.refuse((client, &payer), transaction, &recipient, refusal)
    }
}

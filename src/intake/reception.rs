//! [`Intake`]: what the SMTP server asks about clients, recipients and messages.
//!
//! Whatever is refused is refused here, so that each refusal is counted, logged and paid for. What each step works with is handed out here, too.

use std::sync::Arc;

use bytes::Bytes;

use super::accept::accept;
use super::bounce::Reports;
use super::budget::{Budgets, Standing};
use super::dedup::Claims;
use super::entry::Entries;
use super::explain::{self, Inquiry, Opinion};
use super::fault::unstored;
use super::handed::Servers;
use super::masked::Masking;
use super::owners::Owners;
use super::payer::Payer;
use super::recall::Recollection;
use super::recipient::{Names, Recipient, check_beside, find, name};
use super::role;
use super::sender::Checks;
use super::threading::MessageIds;
use super::unmasked::Carrying;
use crate::allowlist::Live;
use crate::auth::Prover;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::{Directory, State};
use crate::flow::{Flow, is_large};
use crate::history::{Event, History, Line};
use crate::inbound::{Answer, Client, MailTransaction, Reception};
use crate::mail::{ForwardPath, Reply, ReversePath, TraceId};
use crate::masking::{GuessKeys, HandedKeys, MaskedDomains, MessageIdKeys};
use crate::policy::{Reason, Refusal};
use crate::resolve::Resolver;
use crate::signing::Signer;
use crate::spool::Spool;

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
    /// What happens once, while its mark is not durable yet.
    pub(super) claims: Claims,
    /// What Message-IDs are sealed with; derived from `[secrets] key_file`, as the two below.
    message_ids: MessageIdKeys,
    /// What is remembered of messages is digested with.
    guess_keys: GuessKeys,
    /// Knows again to whose servers a message was handed.
    handed_keys: HandedKeys,
}

impl Intake {
    /// An intake over `tools`, with fresh budgets.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self {
            budgets: Budgets::new(&tools.config.limits),
            claims: Claims::default(),
            message_ids: MessageIdKeys::new(&tools.config.secrets),
            guess_keys: GuessKeys::new(&tools.config.secrets),
            handed_keys: HandedKeys::new(&tools.config.secrets),
            tools,
        }
    }

    /// What would become of a message.
    pub async fn explain(&self, inquiry: Inquiry) -> Opinion {
        explain::explain(self, inquiry).await
    }

    /// For `recipient.rs`.
    pub(super) fn names(&self) -> Names<'_> {
        Names {
            domains: &self.tools.domains,
            policy: &self.tools.config.policy,
            secrets: &self.tools.config.secrets,
            token_days: self.tools.config.delivery.token_days(),
            now: self.tools.clock.now(),
        }
    }

    /// For `owners.rs`.
    pub(super) fn owners(&self) -> Owners<'_> {
        Owners {
            directory: &*self.tools.directory,
            domains: &self.tools.domains,
        }
    }

    /// For `sender.rs` and `proof.rs`.
    pub(super) fn checks(&self) -> Checks<'_> {
        Checks {
            auth: &self.tools.config.auth,
            prover: &self.tools.prover,
            owners: self.owners(),
            state: &self.tools.state,
            allowlist: &self.tools.allowlist,
            budgets: &self.budgets,
        }
    }

    /// For `entry.rs`.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries {
            spool: &*self.tools.spool,
            clock: &*self.tools.clock,
            hostname: &self.tools.config.hostname,
            secrets: &self.tools.config.secrets,
            handed_keys: &self.handed_keys,
        }
    }

    /// For `masked.rs`, `threading.rs`, `recall.rs` and `auto_reply.rs`.
    pub(super) fn masking(&self) -> Masking<'_> {
        let policy = &self.tools.config.policy;
        let ids = MessageIds {
            keys: &self.message_ids,
            state: &self.tools.state,
            domains: &self.tools.domains,
        };
        Masking {
            policy,
            directory: &*self.tools.directory,
            domains: &self.tools.domains,
            ids,
            recollection: Recollection {
                ids,
                keys: &self.guess_keys,
                state: &self.tools.state,
                clock: &*self.tools.clock,
                memory: policy.guess_memory,
            },
            allowlist: &self.tools.allowlist,
            signer: &self.tools.signer,
            entries: self.entries(),
        }
    }

    /// For `unmasked.rs`.
    pub(super) fn carrying(&self) -> Carrying<'_> {
        Carrying {
            domains: &self.tools.domains,
            prover: &self.tools.prover,
            signer: &self.tools.signer,
            arc_seal: self.tools.config.auth.arc_seal,
            entries: self.entries(),
        }
    }

    /// For `bounce.rs` and `handed.rs`.
    pub(super) fn reports(&self) -> Reports<'_> {
        Reports {
            entries: self.entries(),
            claims: &self.claims,
            state: &self.tools.state,
            history: &self.tools.history,
            servers: Servers {
                keys: &self.handed_keys,
                state: &self.tools.state,
                directory: &*self.tools.directory,
                prover: &self.tools.prover,
                resolver: &*self.tools.resolver,
            },
        }
    }

    /// The house form of a refusal, with recipient, trace and help.
    pub(super) fn reply(&self, refusal: &Refusal, recipient: &str, trace: &TraceId) -> Reply {
        let recipient = recipient.trim_start_matches('<').trim_end_matches('>');
        let help_url = self.tools.config.policy.help_url.as_deref();
        refusal.reply(recipient, trace.as_str(), help_url)
    }

    /// Counts, logs and prints a refusal: the one way in which mail is refused, so that each is in the metrics, the log and the history under the
    /// trace that its reply names (docs/rules.md#issue-1449, #issue-3833).
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

    /// Whether a recipient is taken at RCPT. What was found is looked up again at the end of data: between the two a mask may go, or a grace time may
    /// end.
    async fn admit(
        &self,
        client: &Client,
        transaction: &MailTransaction,
        to: &ForwardPath,
    ) -> Result<(), Refusal> {
        let names = self.names();
        let domain = envelope_domain(client, transaction);
        let refusals = &self.budgets.refusals;
        match refusals.standing(client.address, domain) {
            Standing::Good => {
                let found = find(&*self.tools.directory, names, to).await?;
                // What was announced is refused before it is sent.
                let announced = transaction.parameters.size.unwrap_or_default();
                if let Recipient::Role { .. } = found {
                    role::check_size(usize::try_from(announced).unwrap_or(usize::MAX))?;
                }
            }
            // A guesser may have borrowed the name: which masks there are is told once the sender is proven.
            Standing::OnTrust => {
                name(names, to)?;
            }
            Standing::ShutOut => return refusals.check_client(client.address, domain),
        }
        check_beside(names, &transaction.recipients, to)
    }
}

/// The domain that a client speaks for in its envelope: MAIL FROM's, or its own name for a null sender.
pub(super) fn envelope_domain<'a>(client: &'a Client, transaction: &'a MailTransaction) -> &'a str {
    match &transaction.reverse_path {
        ReversePath::Mailbox(mailbox) => mailbox.domain().as_str(),
        ReversePath::Null => &client.helo,
    }
}

impl Reception for Intake {
    fn sender<'a>(
        &'a self,
        client: &'a Client,
        transaction: &'a MailTransaction,
    ) -> Answer<'a, Result<(), Reply>> {
        Box::pin(async move {
            // Asked at MAIL, so that the message need not be sent to hear that there is no room (docs/threats.md#121).
            let ready = self.tools.spool.ready().map_err(|error| unstored(&error));
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
                let recipient = to.to_string();
                self.refuse((client, &payer), Some(transaction), &recipient, &refusal)
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
            match accept(self, client, &transaction, data, &mut payer).await {
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

//! [`Intake`]: everything that the steps of a message work with, and to each step its own.

use std::sync::Arc;

use super::bounce::Reports;
use super::budget::{Budgets, SharedBudgets};
use super::contents::Contents;
use super::dedup::Claims;
use super::entry::Entries;
use super::handed::Servers;
use super::masked::Masking;
use super::owners::Owners;
use super::recall::Recollection;
use super::recipient::Names;
use super::sender::Checks;
use super::templates::Templates;
use super::threading::MessageIds;
use super::unmasked::Carrying;
use crate::auth::Prover;
use crate::backpressure::{Backpressure, DocumentRoom};
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::{Directory, State};
use crate::history::{History, Records};
use crate::in_force::{InForce, Sets};
use crate::masking::{GuessKeys, HandedKeys, MaskedDomains, MessageIdKeys};
use crate::resolve::Resolver;
use crate::rewrite;
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
    pub state: Arc<dyn State>,
    /// The couriers and the rules on contents.
    pub in_force: Arc<InForce>,
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
    /// What was accepted, here or at another node.
    pub records: Arc<dyn Records>,
    /// What is on its way out and still in memory.
    pub flow: Arc<Backpressure>,
    /// How much room there is for documents that wait to be handed over.
    pub documents: Arc<DocumentRoom>,
    /// What other nodes spend of budgets, too; none: there is no other.
    pub shared_budgets: Option<Arc<SharedBudgets>>,
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
    /// What sellers send again and again.
    templates: Templates,

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
        count_from_zero();
        Self {
            budgets: Budgets::new(&tools.config.limits, tools.shared_budgets.as_ref()),
            claims: Claims::new(tools.state.clone()),
            templates: Templates::default(),
            message_ids: MessageIdKeys::new(&tools.config.secrets),
            guess_keys: GuessKeys::new(&tools.config.secrets),
            handed_keys: HandedKeys::new(&tools.config.secrets),
            tools,
        }
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

    /// For `sender.rs` and `proof.rs`. `sets`, here and below: the snapshot of the message, by which all of it is judged.
    pub(super) fn checks<'a>(&'a self, sets: &'a Sets) -> Checks<'a> {
        Checks {
            auth: &self.tools.config.auth,
            prover: &self.tools.prover,
            owners: self.owners(),
            state: &*self.tools.state,
            allowlist: &sets.allowlist,
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
    pub(super) fn masking<'a>(&'a self, sets: &'a Sets) -> Masking<'a> {
        let policy = &self.tools.config.policy;
        let ids = MessageIds {
            keys: &self.message_ids,
            state: &*self.tools.state,
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
                state: &*self.tools.state,
                clock: &*self.tools.clock,
                memory: policy.guess_memory,
            },
            allowlist: &sets.allowlist,
            attachment: &self.tools.config.content.attachment,
            signer: &self.tools.signer,
            entries: self.entries(),
        }
    }

    /// For `contents.rs`.
    pub(super) fn contents<'a>(&'a self, sets: &'a Sets) -> Contents<'a> {
        let masking = self.masking(sets);
        Contents {
            config: &self.tools.config.content,
            appeal: self.tools.config.policy.help_url.as_deref(),
            rules: &sets.rules,
            shadow: sets.shadow.as_deref(),
            directory: masking.directory,
            ids: masking.ids,
            recollection: masking.recollection,
            state: &*self.tools.state,
            claims: &self.claims,
            templates: &self.templates,
            history: &self.tools.history,
            signer: masking.signer,
            entries: masking.entries,
            masking,
            give_up: self.tools.config.handover.give_up,
            documents: &self.tools.documents,
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
            state: &*self.tools.state,
            history: &self.tools.history,
            servers: Servers {
                keys: &self.handed_keys,
                state: &*self.tools.state,
                directory: &*self.tools.directory,
                prover: &self.tools.prover,
                resolver: &*self.tools.resolver,
            },
        }
    }
}

/// What was never counted is no series, and an alert sees no growth in its first value: the places of the gate begin at zero.
fn count_from_zero() {
    for place in rewrite::PLACES {
        metrics::counter!("allegromail_rewrite_leaks_stopped_total", "place" => place).increment(0);
    }
}

//! Who was refused too often, and who pays for a refusal (`[limits] refusals_per_client`).
//!
//! A budget that hurts somebody is kept by what is proven. What a client claims and does not prove, in its envelope or its From, costs its own
//! address (of IPv6 its /64): a name that anybody can write down must not be shut out by anybody. What is proven and refused costs what was proven:
//! the domain, or at a provider that strangers share the mailbox.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::bucket::{Buckets, remembered};
use super::shared::{SharedBudgets, Whose};
use crate::auth::Means;
use crate::config::Budget;
use crate::mail::{Mailbox, host_of};
use crate::masking::providers;
use crate::policy::{Reason, Refusal};

/// What one refusal costs, in milliseconds of one core's work: a budget of 300 refusals is three seconds of work. A message that took more
/// than this to be refused costs what it took.
const REFUSAL: u32 = 10;
/// How long a proof speaks for its domain at an address.
const PROVEN_FOR: Duration = Duration::from_secs(3_600);

/// What was proven, and pays for what is refused of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::intake) struct Proven {
    /// The organisation's domain; of a provider that strangers share, the mailbox.
    name: String,
    /// A signed message can be brought by whoever holds a copy, and servers that strangers share by any of them: refused, it costs the domain at
    /// this client only.
    at: Option<IpAddr>,
}

impl Proven {
    /// What stands behind `from`, which was proven by `means` at `client`.
    pub(in crate::intake) fn new(from: &Mailbox, means: &Means, client: IpAddr) -> Self {
        let name = if providers::is_shared(from.domain()) {
            from.key()
        } else {
            providers::organisation(from.domain()).to_string()
        };
        let by_anybody = matches!(means, Means::Dkim { .. } | Means::Spf { shared: true, .. });
        let at = by_anybody.then(|| host_of(client));
        Self { name, at }
    }
}

impl Whose for Proven {
    fn whose(&self) -> String {
        let at = self.at.map(|at| at.to_string()).unwrap_or_default();
        format!("{}\n{at}", self.name)
    }
}

/// What is known of a client before it has proven anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::intake) enum Standing {
    /// It was not refused too often.
    Good,
    /// Its address is shut out, but has lately proven the domain that it names: others there are refused, and this may be another. It is heard
    /// up to the proof, and learns nothing before it.
    OnTrust,
    /// It comes again later.
    ShutOut,
}

/// The refusals of one server's clients.
pub(in crate::intake) struct Refusals {
    /// In milliseconds, by address.
    unproven: Buckets<IpAddr>,
    /// The same, by what was proven.
    proven: Buckets<Proven>,
    /// Addresses that spent theirs and wait. Looking here costs no budget, so being refused does not prolong the wait.
    shut_out: Cache<IpAddr, ()>,
    /// What was proven and spent its own.
    proven_shut_out: Cache<Proven, ()>,
    /// Addresses, and what they spent the budget of by proving it: known before the next proof, which costs work.
    known: Cache<(IpAddr, String), ()>,
    /// Domains that an address has lately proven.
    trusted: Cache<(IpAddr, String), ()>,
}

/// Domains are compared without regard to case.
fn at(client: IpAddr, name: &str) -> (IpAddr, String) {
    (host_of(client), name.to_ascii_lowercase())
}

impl Refusals {
    pub(super) fn new(budget: Option<Budget>, all: Option<&Arc<SharedBudgets>>) -> Self {
        // A tenth of the period: long enough to stop a guesser, short enough for a shop that has mended its address.
        let pause = budget.map_or(Duration::from_secs(1), |budget| budget.period / 10);
        let budget = budget.map(|budget| Budget {
            count: budget.count.saturating_mul(REFUSAL),
            ..budget
        });
        Self {
            unproven: Buckets::new("refusals unproven", budget, all),
            proven: Buckets::new("refusals proven", budget, all),
            shut_out: remembered(pause),
            proven_shut_out: remembered(pause),
            known: remembered(pause),
            trusted: remembered(PROVEN_FOR),
        }
    }

    /// How a client stands that names `domain`, in its envelope or its From.
    pub(in crate::intake) fn standing(&self, client: IpAddr, domain: &str) -> Standing {
        if !self.shut_out.contains_key(&host_of(client)) {
            Standing::Good
        } else if self.trusted.contains_key(&at(client, domain)) {
            Standing::OnTrust
        } else {
            Standing::ShutOut
        }
    }

    /// Whether a client may go on that names `domain`.
    pub(in crate::intake) fn check_client(
        &self,
        client: IpAddr,
        domain: &str,
    ) -> Result<(), Refusal> {
        match self.standing(client, domain) {
            Standing::Good | Standing::OnTrust => Ok(()),
            Standing::ShutOut => Err(too_many("from this address")),
        }
    }

    /// Whether `from` may be proven at this client: not where it was lately, and spent its budget. Else each of its messages would cost a proof.
    pub(in crate::intake) fn check_claim(
        &self,
        client: IpAddr,
        from: &Mailbox,
    ) -> Result<(), Refusal> {
        self.check_client(client, from.domain().as_str())?;
        if self.known.contains_key(&at(client, &from.key())) {
            return Err(too_many(&format!("of {}", from.domain())));
        }
        Ok(())
    }

    /// Whether what is proven was refused too often itself.
    pub(in crate::intake) fn check_proven(
        &self,
        client: IpAddr,
        from: &Mailbox,
        proven: &Proven,
    ) -> Result<(), Refusal> {
        if !self.proven_shut_out.contains_key(proven) {
            return Ok(());
        }
        self.known.insert(at(client, &from.key()), ());
        Err(too_many(&format!("of {}", from.domain())))
    }

    /// Remembers that mail of `domain` has been proven at this address.
    pub(in crate::intake) fn trust(&self, client: IpAddr, domain: &str) {
        self.trusted.insert(at(client, domain), ());
    }

    /// Counts a refusal that took so many milliseconds of one core against the address of a client that proved nothing.
    pub(in crate::intake) fn count_unproven(&self, client: IpAddr, reason: Reason, cost: u32) {
        if reason.code() < 500 && reason != Reason::SenderCheckDeferred {
            return;
        }
        let client = host_of(client);
        let price = price(is_guess(reason), cost);
        if !self.unproven.spend_many(&client, price) {
            self.shut_out.insert(client, ());
        }
    }

    /// The same against what was proven.
    pub(in crate::intake) fn count_proven(&self, proven: &Proven, reason: Reason, cost: u32) {
        if is_nobodys(reason) {
            return;
        }
        let price = price(is_guess(reason), cost);
        if !self.proven.spend_many(proven, price) {
            self.proven_shut_out.insert(proven.clone(), ());
        }
    }
}

fn price(guess: bool, cost: u32) -> u32 {
    if guess { cost.max(REFUSAL) } else { cost }
}

/// Whether guessers and forgers meet the reason. What honest mail meets in numbers is not among them: a shop's large invoices and orders not
/// known yet must not shut it out.
fn is_guess(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::UnknownParticipant
            | Reason::SenderUnauthenticated
            | Reason::RelayDenied
            | Reason::BadToken
            | Reason::BadFrom
    )
}

/// Whether a refusal of proven mail costs nobody: it is for now, or about what stands in the message, which honest people get wrong.
fn is_nobodys(reason: Reason) -> bool {
    let contents = matches!(
        reason,
        Reason::ReplyToNotRegistered
            | Reason::AttachmentType
            | Reason::ContentProhibited
            | Reason::DuplicateNotification
            | Reason::WouldLeak
            | Reason::TooLarge
    );
    contents || reason.code() < 500
}

fn too_many(whose: &str) -> Refusal {
    let text = format!("too many messages {whose} were refused lately; please try again later.");
    Refusal::new(Reason::Rate, text)
}

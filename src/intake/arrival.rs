//! One message as it came.

use std::sync::OnceLock;

use crate::auth::{self, Steps};
use crate::content::Letter;
use crate::in_force::Sets;
use crate::inbound::{Client, MailTransaction};
use crate::mail::{Domain, Reception, ReversePath, Timestamp};
use crate::masking::MaskedDomains;
use crate::message::Message;
use crate::policy::{Reason, Refusal};

/// Hops after which a message is taken for one that goes in circles (RFC 5321 6.3; Postfix's number).
const MAX_HOPS: usize = 50;

/// Whether a decision is made for mail or for somebody who only asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Mail: what it teaches is remembered.
    Mail,
    /// A question (`explain`): nothing is stored.
    Question,
}

/// One message as it came: who brought it, in which envelope, and what it says.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a> {
    /// Who brought it; what it says of itself is not proven.
    pub(super) client: &'a Client,
    /// The envelope.
    pub(super) transaction: &'a MailTransaction,
    /// The message as it came, split once; nothing reads the octets in another way.
    pub(super) message: &'a Message,
    /// Whether what is learnt and counted on the way is kept.
    pub(super) purpose: Purpose,
    /// The message as rules on contents read it, once for all recipients.
    pub(super) letter: &'a OnceLock<Letter>,
    /// What is learnt of it on the way.
    pub(super) seen: &'a Seen,
    /// The couriers and the rules by which all of it is judged, whatever is reloaded meanwhile (docs/threats.md#91).
    pub(super) sets: &'a Sets,
}

/// What is learnt of a message on its way, for the history.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When its last octet was there.
    pub(super) ended: Option<Timestamp>,
    /// Its octets.
    pub(super) octets: usize,
    /// The visible From.
    pub(super) from: OnceLock<String>,
    /// The Message-ID field.
    pub(super) message_id: OnceLock<String>,
    /// The checks of its sender, in short and in words.
    pub(super) checks: OnceLock<(String, String)>,
}

impl Seen {
    /// Keeps what the checks of the sender found.
    pub(super) fn checked(&self, steps: &Steps) {
        let told = steps
            .iter()
            .map(|step| format!("{}: {}", step.check, step.finding));
        let findings = told.collect::<Vec<_>>().join("; ");
        let _ = self.checks.set((auth::in_short(steps), findings));
    }

    /// How a message came that `client` brought, as far as it is known; `now`: where nobody noted when it began.
    pub(super) fn reception(
        &self,
        client: &Client,
        transaction: Option<&MailTransaction>,
        now: Timestamp,
    ) -> Reception {
        let (checks, findings) = self.checks.get().cloned().unwrap_or_default();
        let began = transaction.and_then(|transaction| transaction.began.get().copied());
        let reverse_path = transaction.map(|transaction| transaction.reverse_path.to_string());
        Reception {
            client: client.address,
            protocol: client.protocol.word(),
            helo: client.helo.clone(),
            octets: self.octets,
            began: began.unwrap_or(now),
            ended: self.ended,
            from: self.from.get().cloned(),
            reverse_path: reverse_path.unwrap_or_default(),
            message_id: self.message_id.get().cloned().unwrap_or_default(),
            checks,
            findings,
            decided: String::new(),
            shown_as: String::new(),
            seller: String::new(),
            changed: Vec::new(),
        }
    }
}

impl<'a> Arrival<'a> {
    /// The domain that the client speaks for in its envelope.
    pub(super) fn envelope_domain(&self) -> &'a str {
        envelope_domain(self.client, self.transaction)
    }
}

/// The domain that a client speaks for in its envelope: MAIL FROM's, or its own name for a null sender.
pub(super) fn envelope_domain<'a>(client: &'a Client, transaction: &'a MailTransaction) -> &'a str {
    match &transaction.reverse_path {
        ReversePath::Mailbox(mailbox) => mailbox.domain().as_str(),
        ReversePath::Null => &client.helo,
    }
}

/// Whether the message goes in a circle: it has passed too many servers, or it is one of ours (every id at a masked domain was written by a
/// relay of ours, docs/threats.md#110).
pub(super) fn check_loop(message: &Message, domains: &MaskedDomains) -> Result<(), Refusal> {
    let hops = message.hops();
    // The host alone decides, whether or not the token can be opened: a key may have been retired since.
    let ours = message.ids("Message-ID").iter().any(|id| {
        let host = id
            .rsplit_once('@')
            .and_then(|(_, host)| Domain::parse(host).ok());
        host.is_some_and(|host| domains.find(&host).is_some())
    });
    let text = if ours {
        "the message has been through this server already; it seems to be forwarded back."
            .to_owned()
    } else if hops > MAX_HOPS {
        format!("the message has passed more than {MAX_HOPS} servers; it seems to go in a circle.")
    } else {
        return Ok(());
    };
    Err(Refusal::new(Reason::Loop, text))
}

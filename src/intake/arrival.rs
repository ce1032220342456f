//! One message as it came.

use std::sync::OnceLock;

use crate::content::Letter;
use crate::inbound::{Client, MailTransaction};
use crate::mail::{Domain, ReversePath};
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

//! One message as it came, and what becomes of it for each recipient.

use super::dedup::Claim;
use crate::inbound::{Client, MailTransaction};
use crate::mail::Domain;
use crate::masking::{MaskedDomains, TransactionId};
use crate::message::Message;
use crate::policy::{Reason, Refusal};
use crate::spool::Committed;

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
}

/// What became of one recipient that was not refused.
pub(super) enum Taken {
    /// An entry, and the mark that it makes, if it stands for something that happens once.
    Entry(Box<Committed>, Option<Claim>),
    /// The writer's own mask beside others: no copy goes there.
    OwnMask,
    /// Nothing goes on, and nobody is told; why.
    Discarded(&'static str),
}

/// A refusal and the recipient that it is about.
pub(super) struct Refused {
    /// The forward-path as it was written.
    pub(super) path: String,
    /// The order that it names.
    pub(super) order: Option<TransactionId>,
    /// Why not.
    pub(super) refusal: Refusal,
}

impl Refused {
    /// The address without its brackets.
    pub(super) fn name(&self) -> &str {
        self.path.trim_matches(['<', '>'])
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

//! Everything that a decision may depend on, gathered before it is made.

use std::sync::Arc;

use crate::auth::Proof;
use crate::config::CourierRecipients;
use crate::directory::{Participant, Transaction};
use crate::mail::{Mailbox, ReversePath};
use crate::masking::{MaskedAddress, ParticipantId};

/// An address and the account that it is registered to, if any.
#[derive(Debug, Clone)]
pub struct Owned {
    /// The address as it stood in the message.
    pub address: Mailbox,
    /// Who has it registered: directly, or once BATV or SRS is undone.
    pub owner: Option<ParticipantId>,
    /// Whether it is a mask, and whose.
    pub mask_of: Option<ParticipantId>,
}

/// An account as policy sees it.
pub type Account = Arc<Participant>;

/// What is known of the transaction that the recipient's address names.
#[derive(Debug, Clone)]
pub enum TransactionFact {
    /// The address names none.
    Absent,
    /// It names one that the directory does not have (yet).
    Unknown {
        /// Whether the grace time since the first proven request for it still runs.
        within_grace: bool,
    },
    /// It names this one.
    Known(Arc<Transaction>),
}

/// Whether a person or a program wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageKind {
    /// Nothing says otherwise.
    #[default]
    Ordinary,
    /// An automatic reply or a list's mail (RFC 3834).
    Automatic,
}

/// The sender of one message: its From, the proof of it, the account or courier behind it. One for all its recipients.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The one mailbox of the one From; everything is decided on this value (docs/threats.md#67 to #72).
    pub from: Mailbox,
    /// The name beside it, decoded. Shown to the other side at most, never decided on (docs/threats.md#84).
    pub from_name: Option<String>,
    /// Whether the From's domain stands behind the message, and by what.
    pub proof: Proof,
    /// A courier's mail that would be refused behind us, where our envelope takes its SPF pass away. How it leaves; nothing is decided on it.
    pub fails_elsewhere: bool,
    /// The account that the From is registered to; none also where the sender is unproven and nothing was looked up.
    pub writer: Option<Account>,
    /// The allowlist line that the From is on (`couriers.txt:12: @dhl.com`). Found before the proof, for it only says how much proof is asked for.
    pub courier: Option<String>,
    /// MAIL FROM as it was said.
    pub reverse_path: ReversePath,
    /// The return path and its owner; none for a null one, and where nothing was looked up.
    pub return_path: Option<Owned>,
    /// Whether the return path's domain is aligned with the proven From's: VERP of a shop's own domain, a courier's own bounces.
    pub return_path_aligned: bool,
    /// Every address in Reply-To; what is wrong with the field, where it cannot be read.
    pub reply_to: Result<Vec<Owned>, String>,
    /// Whether a person or a program wrote it.
    pub kind: MessageKind,
    /// Whether it is an automatic reply: nothing of it is answered, and one a day is passed on.
    pub is_automatic_reply: bool,
}

impl Sender {
    /// The writer, where the mask of `receiver` is its own. A courier's is judged as any courier's mail.
    #[must_use]
    pub fn own_mask(&self, receiver: &Participant) -> Option<&Account> {
        let writer = self.writer.as_ref().filter(|_| self.courier.is_none());
        writer.filter(|writer| writer.id == receiver.id)
    }
}

/// The `[policy]` keys that decisions depend on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// `[policy] require_transaction`.
    pub require_transaction: bool,
    /// `[policy] courier_recipients`.
    pub courier_recipients: CourierRecipients,
    /// Whether `[policy] contact` is set, so that somebody reads what is written to postmaster.
    pub has_contact: bool,
}

/// One message to one recipient, after the end of data.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Who writes.
    pub sender: &'a Sender,
    /// The recipient as it was addressed.
    pub recipient: &'a MaskedAddress,
    /// The account behind the recipient's mask.
    pub receiver: &'a Account,
    /// Where the mask is the writer's own: whether it stands beside others, in the envelope or in To and Cc.
    pub beside_others: bool,
    /// The only counterparty that the mask is for, if it is for one.
    pub mask_counterparty: Option<&'a ParticipantId>,
    /// The transaction that the address names.
    pub transaction: TransactionFact,
    /// The configuration.
    pub options: Options,
}

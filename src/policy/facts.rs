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

/// The `[policy]` keys that decisions depend on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// `[policy] require_transaction`.
    pub require_transaction: bool,
    /// `[policy] courier_recipients`.
    pub courier_recipients: CourierRecipients,
}

/// One message to one recipient, after the end of data.
#[derive(Debug, Clone)]
pub struct Facts {
    /// MAIL FROM.
    pub reverse_path: ReversePath,
    /// The visible From.
    pub from: Mailbox,
    /// Whether the From was proven, and how.
    pub proof: Proof,
    /// The recipient as it was addressed.
    pub recipient: MaskedAddress,
    /// The account behind the recipient's mask.
    pub receiver: Account,
    /// Where the mask is the writer's own: whether it stands beside others, in the envelope or in To and Cc.
    pub beside_others: bool,
    /// The only counterparty that the mask is for, if it is for one.
    pub mask_counterparty: Option<ParticipantId>,
    /// The transaction that the address names.
    pub transaction: TransactionFact,
    /// The account that the From is registered to.
    pub writer: Option<Account>,
    /// The allowlist line that the From is on (`couriers.txt:12: @dhl.com`).
    pub courier: Option<String>,
    /// The return path and its owner; none where it is null.
    pub return_path: Option<Owned>,
    /// Whether the return path's domain is aligned with the proven From's (VERP of the shop's own domain).
    pub return_path_aligned: bool,
    /// Whether a person or a program wrote.
    pub kind: MessageKind,
    /// Every address in Reply-To; what is wrong with the field, where it cannot be read.
    pub reply_to: Result<Vec<Owned>, String>,
    /// The configuration.
    pub settings: Settings,
}

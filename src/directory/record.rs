//! The records of the directory, in the vocabulary of docs/interface.md#data-format.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::mail::Mailbox;
use crate::masking::{ParticipantId, TransactionId};

/// Whether an account may take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Writes and receives.
    #[default]
    Active,
    /// Neither writes nor receives, for now.
    Suspended,
    /// Gone; its id is still known.
    Deleted,
}

/// Whether a transaction may be written about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    /// Mail passes.
    #[default]
    Open,
    /// Mail is refused with `transaction-closed`.
    Closed,
}

/// An account on the marketplace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The fixed id.
    pub id: ParticipantId,
    /// The public name on the marketplace: the name beside a masked From.
    pub login: String,
    /// Where the account was registered (`allegro-pl`): it decides the masked domain.
    pub marketplace: String,
    /// The language of notices and reports, as an ISO 639-1 code (`pl`).
    pub language: String,
    /// The address that cannot be removed, only replaced. Always one of `addresses`.
    pub primary: Mailbox,
    /// All registered addresses, the primary among them.
    pub addresses: Vec<Mailbox>,
    /// Whether the account may take part.
    #[serde(default)]
    pub status: AccountStatus,
    /// Whether it is a business: in the Message Center only businesses begin conversations as sellers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub business: bool,
}

/// A purchase, or a conversation about one, between two participants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The fixed id.
    pub id: TransactionId,
    /// Who buys.
    pub buyer: ParticipantId,
    /// Who sells.
    pub seller: ParticipantId,
    /// Whether it may be written about.
    #[serde(default)]
    pub status: TransactionStatus,
    /// The number of the order at the marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

impl Transaction {
    /// The other party of the transaction; `None` for somebody who has no part in it.
    #[must_use]
    pub fn counterparty(&self, of: &ParticipantId) -> Option<&ParticipantId> {
        if *of == self.buyer {
            Some(&self.seller)
        } else if *of == self.seller {
            Some(&self.buyer)
        } else {
            None
        }
    }
}

/// A fingerprint of a registered address. State and spool name an address by it, so that they hold no real address:
/// the account's own list turns it back, and a removed address turns into nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AddressMark([u8; 8]);

impl AddressMark {
    /// The mark of an address of `owner`. Bound to the account, so that equal addresses of two accounts differ.
    #[must_use]
    pub fn of(owner: &ParticipantId, address: &Mailbox) -> Self {
        let digest = Sha256::new()
            .chain_update(owner.as_str())
            .chain_update([0])
            .chain_update(address.key())
            .finalize();
        let mut mark = [0; 8];
        mark.iter_mut()
            .zip(digest.iter())
            .for_each(|(to, from)| *to = *from);
        Self(mark)
    }

    /// The registered address of `participant` that the mark was made from, if it still is registered.
    #[must_use]
    pub fn find(self, participant: &Participant) -> Option<&Mailbox> {
        participant
            .addresses
            .iter()
            .find(|address| Self::of(&participant.id, address) == self)
    }

    /// The eight bytes, for storage.
    #[must_use]
    pub const fn bytes(self) -> [u8; 8] {
        self.0
    }

    /// A mark from storage.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

/// One change of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Adds an account or replaces it whole.
    PutParticipant(Participant),
    /// Removes an account and frees its addresses.
    RemoveParticipant(ParticipantId),
    /// Adds a transaction or replaces it.
    PutTransaction(Transaction),
    /// A load of many records begins. A directory that was never loaded gives no answers until one has ended.
    BeginLoad,
    /// The load has ended: whoever is not there now does not exist.
    EndLoad,
}

/// Why a change was refused. Nothing of it was applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// An address of the account is registered to another one.
    #[error("{address} is registered to another account")]
    AddressTaken {
        /// The address in question.
        address: Mailbox,
    },
    /// The account to be removed does not exist.
    #[error("there is no such participant")]
    NoSuchParticipant,
    /// A rule of the data format is broken; the text says which.
    #[error("{0}")]
    Invalid(String),
}

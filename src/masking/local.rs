//! Masked local parts and addresses: parse and print.

use std::fmt;

use super::{MaskId, TransactionId};
use crate::mail::{Domain, Mailbox};

/// The part before the `@` of a masked address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MaskedLocal {
    /// Whose mask it is.
    pub mask: MaskId,
    /// The order, if the address names one; a question asked before buying, or a carrier that strips it, has none.
    pub transaction: Option<TransactionId>,
}

/// The text is no masked local part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a masked address is PARTICIPANT or PARTICIPANT+TRANSACTION, letters and digits only")]
pub struct NotMasked;

impl MaskedLocal {
    /// Reads `mask` or `mask+transaction` in any letter case.
    ///
    /// # Errors
    /// [`NotMasked`] for a second `+`, an empty side, or anything but ASCII letters and digits.
    pub fn parse(text: &str) -> Result<Self, NotMasked> {
        let (mask, transaction) = match text.split_once('+') {
            Some((mask, transaction)) => (mask, Some(transaction)),
            None => (text, None),
        };
        let mask = MaskId::parse(mask).map_err(|_| NotMasked)?;
        let transaction = transaction
            .map(TransactionId::parse)
            .transpose()
            .map_err(|_| NotMasked)?;
        Ok(Self { mask, transaction })
    }
}

impl fmt::Display for MaskedLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.transaction {
            Some(transaction) => write!(f, "{}+{transaction}", self.mask),
            None => write!(f, "{}", self.mask),
        }
    }
}

/// A masked address with its domain: one of ours, canonical or alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MaskedAddress {
    /// Mask and transaction.
    pub local: MaskedLocal,
    /// The domain as it was written.
    pub domain: Domain,
}

impl MaskedAddress {
    /// The address as a mailbox. At most 32 + 1 + 32 = 65 octets before the `@`: one over RFC 5321's limit only where both
    /// ids have the full 32, which the marketplace never mints; such an address prints and is answered, but no other
    /// server may take it.
    #[must_use]
    pub fn mailbox(&self) -> Option<Mailbox> {
        Mailbox::from_parts(&self.local.to_string(), self.domain.clone()).ok()
    }
}

impl fmt::Display for MaskedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

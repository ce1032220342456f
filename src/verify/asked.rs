//! What is asked: a full masked address. What is none is told by its form alone, before anything is looked up.

use crate::http::ApiError;
use crate::mail::Mailbox;
use crate::masking::{MaskedAddress, MaskedLocal, TransactionId};

/// A full masked address, of whatever domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The address, in lower case where it is printed.
    pub(super) address: MaskedAddress,
    /// The transaction that it names.
    pub(super) transaction: TransactionId,
}

impl Asked {
    /// Reads an address in any letter case.
    ///
    /// # Errors
    /// 422 with what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        // An address has no blank. One is what a plus sign becomes that a client wrote into a query as it is.
        let text = text.replace(' ', "+");
        let mailbox = Mailbox::parse(&text).map_err(|error| {
            ApiError::bad(format!(
                "the address cannot be read: {error}; ask for PARTICIPANT+TRANSACTION@DOMAIN as it stands in the order"
            ))
        })?;
        let local = MaskedLocal::parse(mailbox.local()).map_err(|error| {
            ApiError::bad(format!("{error}; ask for it as it stands in the order"))
        })?;
        let transaction = local.transaction.clone().ok_or_else(|| {
            ApiError::bad("the address lacks the part after the plus sign, which names the order; ask for the full address")
        })?;
        Ok(Self {
            address: MaskedAddress {
                local,
                domain: mailbox.domain().clone(),
            },
            transaction,
        })
    }
}

//! The visible sender: exactly one From field with exactly one mailbox (docs/threats.md#67 to #75; RFC 9989 has no answer for others).

use super::Message;
use super::address::{AddressError, parse_list};
use crate::mail::Mailbox;

/// Who a reader sees as the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    /// The address.
    pub mailbox: Mailbox,
    /// The name beside it, decoded; never used for a decision.
    pub display_name: Option<String>,
}

/// Why there is no single visible sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFrom {
    /// No From field. Sender and Resent-From do not stand in for it.
    #[error("the message has no From field")]
    None,
    /// More than one From field, in whatever case.
    #[error("the message has more than one From field")]
    Several,
    /// More than one address.
    #[error("the From field names more than one address")]
    SeveralMailboxes,
    /// An address that parses in two ways, or in none.
    #[error("the From field cannot be read in one way: {0}")]
    Unreadable(AddressError),
}

/// Reads it. Nothing else of the message stands in for it, and nothing is guessed: who wrote it decides what becomes of it.
pub(super) fn read(message: &Message) -> Result<Visible, BadFrom> {
    let mut fields = message.named("From");
    let field = fields.next().ok_or(BadFrom::None)?;
    if fields.next().is_some() {
        return Err(BadFrom::Several);
    }
    let mut list = parse_list(field.value)
        .map_err(BadFrom::Unreadable)?
        .into_iter();
    match (list.next(), list.next()) {
        (Some(listed), None) => Ok(Visible {
            mailbox: listed.mailbox,
            display_name: listed.name,
        }),
        _ => Err(BadFrom::SeveralMailboxes),
    }
}

//! Accounts and orders.

use super::{MovedRecord, MovedValue, text};
use crate::directory::store::StoredMask;

/// A record of the directory under its key.
#[must_use]
pub(in crate::directory) fn account_row(key: &[u8], value: &[u8]) -> MovedRecord {
    let Some((kind, name)) = key.split_first() else {
        return MovedRecord::Unreadable;
    };
    let both = || Some(vec![text(name)?, text(value)?]);
    match kind {
        b'p' => MovedRecord::of("participants", both()),
        b't' => MovedRecord::of("transactions", both()),
        b'd' => MovedRecord::of("domain_users", both()),
        b'a' => MovedRecord::of("addresses", address(name, value)),
        b'n' => MovedRecord::of("order_numbers", number(name)),
        b'm' => MovedRecord::of("masks", mask(name, value)),
        // Whether it was loaded, which is said once all is there.
        b'!' => MovedRecord::Own,
        _ => MovedRecord::Unreadable,
    }
}

fn address(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    let owner: String = serde_json::from_slice(value).ok()?;
    Some(vec![text(name)?, MovedValue::Text(owner)])
}

fn number(name: &[u8]) -> Option<Vec<MovedValue>> {
    let name = std::str::from_utf8(name).ok()?;
    let (number, transaction) = name.split_once('\0')?;
    let value = |text: &str| MovedValue::Text(text.to_owned());
    Some(vec![value(number), value(transaction)])
}

fn mask(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    let stored: StoredMask = serde_json::from_slice(value).ok()?;
    let counterparty = stored.counterparty.map(|id| id.to_string());
    Some(vec![
        text(name)?,
        MovedValue::Text(stored.participant.to_string()),
        MovedValue::Maybe(counterparty),
    ])
}

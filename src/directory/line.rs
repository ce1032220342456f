//! One line of data to one change, with every rule that a record must satisfy (docs/interface.md#data-format).

use serde::Deserialize;

use super::line_error::explain;
use super::{AccountStatus, Change, Participant, Transaction, TransactionStatus};
use crate::mail::Mailbox;
use crate::masking::{MaskedDomains, ParticipantId, TransactionId};

/// The most registered addresses of one account.
const MAX_ADDRESSES: usize = 50;
/// The longest login, marketplace or language in characters.
const MAX_WORD: usize = 100;

/// What the configuration says about records.
#[derive(Debug, Clone, Default)]
pub struct RecordRules {
    /// The domains of ours: an address there cannot be a registered one, or mail would go in a circle.
    pub domains: MaskedDomains,
    /// Local parts that are roles and never ids, lower case.
    pub roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Row {
    Participant(ParticipantRow),
    Transaction(TransactionRow),
    End {
        #[expect(
            dead_code,
            reason = "checked by whoever moves exports, not needed to load them"
        )]
        records: u64,
        #[expect(dead_code, reason = "checked before an export is loaded")]
        #[serde(default)]
        crc32: Option<u32>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParticipantRow {
    id: ParticipantId,
    login: Option<String>,
    marketplace: Option<String>,
    language: Option<String>,
    primary: Option<Mailbox>,
    #[serde(default)]
    addresses: Vec<Mailbox>,
    #[serde(default)]
    status: AccountStatus,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    business: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransactionRow {
    id: TransactionId,
    buyer: ParticipantId,
    seller: ParticipantId,
    #[serde(default)]
    status: TransactionStatus,
    order: Option<String>,
}

/// Reads one line; `None` for the closing line of an export.
///
/// # Errors
/// A sentence that names the field and what is wanted.
pub fn parse_line(line: &[u8], rules: &RecordRules) -> Result<Option<Change>, String> {
    parse_line_warning(line, rules, |_| {})
}

/// As [`parse_line`]; `warn` gets what is taken though it hardly is meant.
///
/// # Errors
/// As [`parse_line`].
pub(super) fn parse_line_warning(
    line: &[u8],
    rules: &RecordRules,
    mut warn: impl FnMut(String),
) -> Result<Option<Change>, String> {
    let row: Row = serde_json::from_slice(line).map_err(|error| explain(line, &error))?;
    match row {
        Row::End { .. } => Ok(None),
        Row::Transaction(row) => {
            if row.buyer == row.seller {
                return Err("buyer and seller are the same participant".to_owned());
            }
            let transaction = Transaction {
                id: row.id,
                buyer: row.buyer,
                seller: row.seller,
                status: row.status,
                order: order_number(row.order)?,
            };
            Ok(Some(Change::PutTransaction(transaction)))
        }
        Row::Participant(row) if row.deleted => Ok(Some(Change::RemoveParticipant(row.id))),
        Row::Participant(row) => {
            let primary = row
                .primary
                .ok_or("primary is missing: the address that mail goes to")?;
            let mut addresses = row.addresses;
            let added = !addresses.contains(&primary);
            if added {
                addresses.push(primary.clone());
            }
            let participant = Participant {
                login: row
                    .login
                    .ok_or("login is missing: the public name of the account")?,
                marketplace: row
                    .marketplace
                    .ok_or("marketplace is missing, as \"allegro-pl\"")?,
                language: row.language.unwrap_or_else(|| "en".to_owned()),
                id: row.id,
                primary,
                addresses,
                status: row.status,
                business: row.business,
            };
            check(&participant, rules)?;
            if added {
                warn(format!(
                    "primary: {} is not one of addresses; it was added to them",
                    participant.primary
                ));
            }
            if let Some(text) = homeless(&participant.marketplace, &rules.domains) {
                warn(text);
            }
            Ok(Some(Change::PutParticipant(participant)))
        }
    }
}

/// What is odd about a marketplace that no domain is configured for; none where there is one, or the configuration names none at all.
fn homeless(marketplace: &str, domains: &MaskedDomains) -> Option<String> {
    let mut known: Vec<&str> = domains.marketplaces().collect();
    if known.is_empty() || known.contains(&marketplace) {
        return None;
    }
    known.sort_unstable();
    let instead = domains.for_marketplace(marketplace)?;
    Some(format!(
        "marketplace: {marketplace:?} stands in no [[domain]] marketplaces, so the account is shown at {instead}; known are {}",
        known.join(", ")
    ))
}

/// Checks a record by the rules that its types do not carry.
///
/// # Errors
/// A sentence that names the field and what is wanted.
pub fn check(participant: &Participant, rules: &RecordRules) -> Result<(), String> {
    if rules
        .roles
        .iter()
        .any(|role| role == participant.id.as_str())
    {
        return Err(format!(
            "id {} is the name of a role (policy.roles)",
            participant.id
        ));
    }
    let words = [
        ("login", &participant.login),
        ("marketplace", &participant.marketplace),
        ("language", &participant.language),
    ];
    for (field, word) in words {
        if word.is_empty() || word.chars().count() > MAX_WORD || word.chars().any(char::is_control)
        {
            return Err(format!(
                "{field} is empty, longer than {MAX_WORD} characters, or holds control characters"
            ));
        }
    }
    if participant.addresses.len() > MAX_ADDRESSES {
        return Err(format!("addresses holds more than {MAX_ADDRESSES}"));
    }
    if !participant.addresses.contains(&participant.primary) {
        return Err("primary is not one of addresses".to_owned());
    }
    if let Some(masked) = participant
        .addresses
        .iter()
        .find(|address| rules.domains.find(address.domain()).is_some())
    {
        return Err(format!(
            "{masked} is itself a masked address; mail to it would go in a circle"
        ));
    }
    Ok(())
}

/// Whether an order can have this number at the marketplace: 1 to 100 characters, none of them a space or a control character.
#[must_use]
pub fn is_order_number(number: &str) -> bool {
    let shown = |c: char| !c.is_control() && !c.is_whitespace();
    !number.is_empty() && number.chars().count() <= MAX_WORD && number.chars().all(shown)
}

/// The number of an order as the marketplace writes it.
fn order_number(number: Option<String>) -> Result<Option<String>, String> {
    let Some(number) = number else {
        return Ok(None);
    };
    if !is_order_number(&number) {
        return Err(format!(
            "order is no number of an order: 1 to {MAX_WORD} characters without spaces"
        ));
    }
    Ok(Some(number))
}

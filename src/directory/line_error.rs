//! What is wrong with a line that is no record, in the words of the data format: the field, and what it may hold.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{AccountStatus, TransactionStatus};
use crate::mail::Mailbox;
use crate::masking::{ParticipantId, TransactionId};

/// The fields of a participant.
const PARTICIPANT: &[&str] = &[
    "type",
    "id",
    "login",
    "marketplace",
    "language",
    "primary",
    "addresses",
    "status",
    "deleted",
];
/// The fields of a transaction.
const TRANSACTION: &[&str] = &["type", "id", "buyer", "seller", "status"];
/// The fields of the closing line of an export.
const END: &[&str] = &["type", "records", "crc32"];
/// Characters of a value that are shown of it.
const SHOWN: usize = 60;

/// A sentence for a line that could not be read, which `error` says less plainly.
pub(super) fn explain(line: &[u8], error: &serde_json::Error) -> String {
    let value = match serde_json::from_slice::<Value>(line) {
        Ok(value) => value,
        Err(error) => {
            return format!(
                "it is no JSON object ({} at column {}); expected is {{\"type\":\"participant\",…}} or {{\"type\":\"transaction\",…}}",
                without_place(&error),
                error.column()
            );
        }
    };
    let Value::Object(fields) = value else {
        return "it is no JSON object; expected is {\"type\":\"participant\",…} or {\"type\":\"transaction\",…}".to_owned();
    };
    let found = match fields.get("type").and_then(Value::as_str) {
        Some("participant") => {
            stray(&fields, "participant", PARTICIPANT).or_else(|| participant(&fields))
        }
        Some("transaction") => {
            stray(&fields, "transaction", TRANSACTION).or_else(|| transaction(&fields))
        }
        Some("end") => stray(&fields, "closing line", END),
        _ => Some(one_of(&fields, "type", &["participant", "transaction"])),
    };
    found.unwrap_or_else(|| without_place(error))
}

/// serde's words without the place, which is within the line or of no use.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// A field that the record has not.
fn stray(fields: &Map<String, Value>, what: &str, known: &[&str]) -> Option<String> {
    let stray = fields
        .keys()
        .find(|field| !known.contains(&field.as_str()))?;
    Some(format!(
        "{}: a {what} has no such field; it has {}",
        shown(&Value::from(stray.as_str())),
        known.join(", ")
    ))
}

fn participant(fields: &Map<String, Value>) -> Option<String> {
    let text = |field| wrong::<String>(fields, field, "a text in quotes");
    required::<ParticipantId>(fields, "id", "1 to 32 ASCII letters and digits")
        .or_else(|| text("login"))
        .or_else(|| text("marketplace"))
        .or_else(|| text("language"))
        .or_else(|| wrong::<Mailbox>(fields, "primary", "an address, local-part@domain"))
        .or_else(|| addresses(fields))
        .or_else(|| {
            let read = wrong::<AccountStatus>(fields, "status", "");
            read.map(|_| one_of(fields, "status", &["active", "suspended", "deleted"]))
        })
        .or_else(|| wrong::<bool>(fields, "deleted", "true or false"))
}

fn transaction(fields: &Map<String, Value>) -> Option<String> {
    const ID: &str = "1 to 32 ASCII letters and digits";
    required::<TransactionId>(fields, "id", ID)
        .or_else(|| required::<ParticipantId>(fields, "buyer", ID))
        .or_else(|| required::<ParticipantId>(fields, "seller", ID))
        .or_else(|| {
            let read = wrong::<TransactionStatus>(fields, "status", "");
            read.map(|_| one_of(fields, "status", &["open", "closed"]))
        })
}

/// The first of the addresses that is none.
fn addresses(fields: &Map<String, Value>) -> Option<String> {
    let value = fields.get("addresses")?;
    let Some(list) = value.as_array() else {
        return Some(format!(
            "addresses: {} is no list of addresses in brackets",
            shown(value)
        ));
    };
    list.iter()
        .find_map(|value| unread::<Mailbox>("addresses", value, "an address, local-part@domain"))
}

/// What is wrong with a field that must be there.
fn required<T: DeserializeOwned>(
    fields: &Map<String, Value>,
    field: &str,
    want: &str,
) -> Option<String> {
    if fields.contains_key(field) {
        wrong::<T>(fields, field, want)
    } else {
        Some(format!("{field} is missing: {want}"))
    }
}

/// What is wrong with a field if it is there.
fn wrong<T: DeserializeOwned>(
    fields: &Map<String, Value>,
    field: &str,
    want: &str,
) -> Option<String> {
    unread::<T>(field, fields.get(field)?, want)
}

fn unread<T: DeserializeOwned>(field: &str, value: &Value, want: &str) -> Option<String> {
    let error = serde_json::from_value::<T>(value.clone()).err()?;
    // The words of our own types say what is wrong with a text; serde's, of which type it is in Rust.
    let why = if value.is_string() {
        format!(": {error}")
    } else {
        String::new()
    };
    Some(format!("{field}: {} is not {want}{why}", shown(value)))
}

fn one_of(fields: &Map<String, Value>, field: &str, allowed: &[&str]) -> String {
    let allowed = allowed.join(", ");
    match fields.get(field) {
        Some(value) => format!("{field}: {} is none of {allowed}", shown(value)),
        None => format!("{field} is missing: one of {allowed}"),
    }
}

/// A value as it stands in the line, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

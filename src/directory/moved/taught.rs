//! What mail has taught.

use super::{MovedRecord, MovedValue, digest, long, text};

/// A record of the state under its key.
#[must_use]
pub(in crate::directory) fn taught_row(key: &[u8], value: &[u8]) -> MovedRecord {
    let Some((kind, name)) = key.split_first() else {
        return MovedRecord::Unreadable;
    };
    match kind {
        b'w' => MovedRecord::of("last_writers", last_writer(name, value)),
        b'u' => MovedRecord::of("first_requests", first_request(name, value)),
        // The same in another order.
        b'q' => MovedRecord::Own,
        b's' => MovedRecord::of("signers", digest(name).map(|digest| vec![digest])),
        b'o' => MovedRecord::of("once", once(name)),
        b'i' => MovedRecord::of("kept_ids", kept_id(name, value)),
        b'g' => MovedRecord::of("brought", brought(name, value)),
        b'a' => MovedRecord::of("wrote", wrote(name, value)),
        b'h' => MovedRecord::of("documents", document(name, value)),
        b'e' => MovedRecord::of("events", numbered(name, value)),
        b'd' => MovedRecord::of("digest_rows", digest_row(name, value)),
        b'z' => MovedRecord::of("suspensions", record(name, value)),
        b'v' => MovedRecord::of("tokens", record(name, value)),
        _ => MovedRecord::Unreadable,
    }
}

/// `PARTICIPANT/TRANSACTION`.
fn pair(name: &[u8]) -> Option<(MovedValue, MovedValue)> {
    let at = name.iter().position(|octet| *octet == b'/')?;
    let (participant, transaction) = (name.get(..at)?, name.get(at + 1..)?);
    Some((text(participant)?, text(transaction)?))
}

fn last_writer(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    let (participant, transaction) = pair(name)?;
    let mark = (value.len() == 8).then(|| MovedValue::Octets(value.to_vec()))?;
    Some(vec![transaction, participant, mark])
}

/// Behind the pair stands who asked; in rows of an earlier version nobody.
fn first_request(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    let mut parts = name.split(|octet| *octet == b'/');
    let (participant, transaction) = (text(parts.next()?)?, text(parts.next()?)?);
    let asker = text(parts.next().unwrap_or_default())?;
    Some(vec![participant, transaction, asker, long(value)?])
}

fn once(name: &[u8]) -> Option<Vec<MovedValue>> {
    let (day, what) = name.split_first_chunk::<2>()?;
    let day = MovedValue::Int(i32::from(u16::from_be_bytes(*day)));
    Some(vec![day, digest(what)?])
}

fn kept_id(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    Some(vec![digest(name)?, text(value)?])
}

/// `WRITER/READER/NUMBER`.
fn brought(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    let mut parts = name.split(|octet| *octet == b'/');
    let (writer, reader) = (text(parts.next()?)?, text(parts.next()?)?);
    let number = std::str::from_utf8(parts.next()?).ok()?;
    let number = u32::from_str_radix(number, 16).ok()?;
    let kept: crate::directory::sled_state::Kept = serde_json::from_slice(value).ok()?;
    let record = serde_json::to_string(&kept.brought).ok()?;
    Some(vec![
        writer,
        reader,
        MovedValue::Long(i64::from(number)),
        long(&kept.at.0.to_be_bytes())?,
        MovedValue::Text(record),
    ])
}

fn wrote(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    let (participant, transaction) = pair(name)?;
    let (document, at) = value.split_last()?;
    let document = MovedValue::Truth(*document != 0);
    Some(vec![participant, transaction, long(at)?, document])
}

fn document(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    let (lost, at) = value.split_last()?;
    Some(vec![
        digest(name)?,
        long(at)?,
        MovedValue::Truth(*lost != 0),
    ])
}

fn numbered(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    Some(vec![long(name)?, text(value)?])
}

/// `ACCOUNT/` and the eight octets of a number.
fn digest_row(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    let at = name.iter().position(|octet| *octet == b'/')?;
    let (account, number) = (name.get(..at)?, name.get(at + 1..)?);
    Some(vec![text(account)?, long(number)?, text(value)?])
}

fn record(name: &[u8], value: &[u8]) -> Option<Vec<MovedValue>> {
    Some(vec![text(name)?, MovedValue::Octets(value.to_vec())])
}

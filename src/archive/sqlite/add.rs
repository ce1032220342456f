//! Messages come in: once each, with their thread, both views and both feeds.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{OptionalExtension, Transaction, params};

use super::feed::{self, Numbers, What};
use super::raw::{self, Month, month};
use super::words::{kind, under_way, via};
use crate::archive::{
    ArchiveError, EntryKey, EventKind, NewMessage, Parties, Published, Thread, ThreadId,
};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

/// What a batch has looked up and noted so far: the same parties write several messages of it.
#[derive(Default)]
struct Seen {
    threads: BTreeMap<ThreadId, i64>,
    logins: BTreeMap<ParticipantId, String>,
}

/// Adds those that are not there yet. Texts and octets of all are durable before the rows are.
pub(super) fn messages(
    (folder, month): (&Path, &Month),
    (transaction, numbers): (&Transaction<'_>, &mut Numbers),
    messages: &[NewMessage],
    at: Timestamp,
) -> Result<Vec<Published>, ArchiveError> {
    let entries = messages.iter().map(|message| message.entry).collect();
    let new = missing(transaction, entries)?;
    let new: Vec<&NewMessage> = messages
        .iter()
        .filter(|message| new.contains(&message.entry))
        .collect();
    raw::write(folder, month, &new)?;
    let (mut published, mut seen) = (BTreeMap::new(), Seen::default());
    for message in new {
        // Twice in one batch, or another message of the same id.
        if let Some(keys) = insert(transaction, message, &mut seen, at)? {
            note_logins(transaction, &message.thread.parties, &mut seen)?;
            let noted = publish((transaction, numbers), message, keys, at)?;
            published.extend(noted);
            note_request(transaction, message, at)?;
        }
    }
    let published = published.into_iter();
    Ok(published
        .map(|(participant, number)| Published {
            participant,
            number,
        })
        .collect())
}

/// Those of `entries` that are not in the archive.
pub(super) fn missing(
    transaction: &Transaction<'_>,
    entries: Vec<EntryKey>,
) -> Result<Vec<EntryKey>, ArchiveError> {
    let mut known =
        transaction.prepare_cached("SELECT 1 FROM message WHERE node = ?1 AND entry = ?2")?;
    let mut missing = Vec::new();
    for entry in entries {
        if !known.exists(params![entry.node, entry.id.0.cast_signed()])? {
            missing.push(entry);
        }
    }
    Ok(missing)
}

/// The rows of a message and of its thread.
#[derive(Clone, Copy)]
struct Keys {
    message: i64,
    thread: i64,
}

/// The row of a thread, made if there is none.
fn thread_key(
    transaction: &Transaction<'_>,
    thread: &Thread,
    seen: &mut Seen,
) -> Result<i64, ArchiveError> {
    if let Some(key) = seen.threads.get(&thread.id) {
        return Ok(*key);
    }
    let mut find = transaction.prepare_cached("SELECT key FROM thread WHERE id = ?1")?;
    let found = find.query_row(params![thread.id.0], |row| row.get(0));
    let key = match found.optional()? {
        Some(key) => key,
        None => make_thread(transaction, thread)?,
    };
    seen.threads.insert(thread.id, key);
    Ok(key)
}

fn make_thread(transaction: &Transaction<'_>, thread: &Thread) -> Result<i64, ArchiveError> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO thread (id, kind, one, other, about) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let parties = &thread.parties;
    insert.execute(params![
        thread.id.0,
        kind(thread.kind),
        parties.one.id.as_str(),
        parties.other.as_ref().map(|other| other.id.as_str()),
        thread.order.as_ref().map(ToString::to_string),
    ])?;
    Ok(transaction.last_insert_rowid())
}

/// Notes the logins of `parties` as they are now.
fn note_logins(
    transaction: &Transaction<'_>,
    parties: &Parties,
    seen: &mut Seen,
) -> Result<(), ArchiveError> {
    for party in parties.iter() {
        let noted = seen.logins.insert(party.id.clone(), party.login.clone());
        if noted.is_some_and(|noted| noted == party.login) {
            continue;
        }
        let mut note = transaction.prepare_cached(
            "INSERT INTO user VALUES (?1, ?2) ON CONFLICT DO UPDATE SET login = ?2 WHERE login != ?2 COLLATE BINARY",
        )?;
        note.execute(params![party.id.as_str(), party.login])?;
    }
    Ok(())
}

/// None: it is there already.
fn insert(
    transaction: &Transaction<'_>,
    message: &NewMessage,
    seen: &mut Seen,
    at: Timestamp,
) -> Result<Option<Keys>, ArchiveError> {
    let thread = thread_key(transaction, &message.thread, seen)?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO message (id, node, entry, thread, writer, via, automatic, written_at, published_at, subject, cut, folded, files,
         message_id, readers_alone, mail, under_way, month) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         ON CONFLICT DO NOTHING",
    )?;
    let rows = insert.execute(params![
        message.id.0,
        message.entry.node,
        message.entry.id.0.cast_signed(),
        thread,
        message.writer.as_ref().map(ParticipantId::as_str),
        via(message.via),
        message.automatic,
        message.written_at.0.cast_signed(),
        at.0.cast_signed(),
        message.subject,
        message.cut,
        serde_json::to_string(&message.folded)?,
        serde_json::to_string(&message.files)?,
        message.message_id,
        message.readers_alone,
        serde_json::to_string(&message.mail)?,
        under_way(&message.mail),
        month(message.written_at),
    ])?;
    let key = transaction.last_insert_rowid();
    Ok((rows > 0).then_some(Keys {
        message: key,
        thread,
    }))
}

/// Keeps as which request a message came: the latest of a key.
fn note_request(
    transaction: &Transaction<'_>,
    message: &NewMessage,
    at: Timestamp,
) -> Result<(), ArchiveError> {
    let (Some(sent), Some(writer)) = (&message.sent_with, &message.writer) else {
        return Ok(());
    };
    let mut note = transaction
        .prepare_cached("INSERT OR REPLACE INTO sent_with VALUES (?1, ?2, ?3, ?4, ?5)")?;
    note.execute(params![
        writer.as_str(),
        sent.key,
        sent.asked,
        message.id.0,
        at.0.cast_signed()
    ])?;
    Ok(())
}

/// Shows a message to the parties of its thread, under these numbers. Whoever wrote it has read all before it.
fn publish(
    (transaction, numbers): (&Transaction<'_>, &mut Numbers),
    message: &NewMessage,
    keys: Keys,
    at: Timestamp,
) -> Result<Vec<(ParticipantId, u64)>, ArchiveError> {
    let parties = &message.thread.parties;
    let mut published = Vec::with_capacity(2);
    for party in parties.iter() {
        let other = parties.other_than(&party.id);
        let party = &party.id;
        let mine = message.writer.as_ref() == Some(party);
        let what = What {
            kind: EventKind::MessagePublished,
            thread: keys.thread,
            message: Some(keys.message),
        };
        let number = feed::note((transaction, numbers), party, what, at)?;
        let mut show = transaction.prepare_cached(
            "INSERT INTO published (participant, thread, number, message, mine) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let signed = number.cast_signed();
        show.execute(params![
            party.as_str(),
            keys.thread,
            signed,
            keys.message,
            mine
        ])?;
        let mut view = transaction.prepare_cached(
            "INSERT INTO view (participant, thread, other, last, last_at, read_up_to, unread, unanswered) VALUES (?1, ?2, ?7, ?3, ?4, ?5, ?6, ?6)
             ON CONFLICT DO UPDATE SET last = ?3, last_at = ?4, unanswered = ?6,
             read_up_to = CASE WHEN ?6 THEN read_up_to ELSE ?3 END, unread = CASE WHEN ?6 THEN unread + 1 ELSE 0 END",
        )?;
        let read = if mine { signed } else { 0 };
        view.execute(params![
            party.as_str(),
            keys.thread,
            signed,
            at.0.cast_signed(),
            read,
            !mine,
            other.map(|other| other.id.as_str())
        ])?;
        published.push((party.clone(), number));
    }
    Ok(published)
}

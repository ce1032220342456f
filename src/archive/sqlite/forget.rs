//! What is too old goes, in pieces that hold nobody up.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, Row, Transaction, params};

use super::raw::{self, Place};
use super::views;
use crate::archive::{ArchiveError, Retention};
use crate::masking::ParticipantId;

/// A message that goes.
pub(super) struct Old {
    key: i64,
    thread: i64,
    place: Place,
}

/// Forgets some of what is too old; how much it was.
pub(super) fn piece(
    (folder, months): (&Path, [&raw::Month; 2]),
    transaction: &Transaction<'_>,
    due: Retention,
    limit: usize,
) -> Result<usize, ArchiveError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let events = events(transaction, due, limit)?;
    let mut requests = transaction.prepare_cached("DELETE FROM sent_with WHERE at < ?1")?;
    requests.execute([due.requests.0.cast_signed()])?;
    let old = old(transaction, due, limit)?;
    take_out(folder, transaction, &old)?;
    if old.is_empty() {
        raw::remove_before(folder, months, due.messages)?;
    }
    Ok(old.len() + events)
}

/// Takes messages out of all views, and their octets out of the files of their months.
pub(super) fn take_out(
    folder: &Path,
    transaction: &Transaction<'_>,
    old: &[Old],
) -> Result<(), ArchiveError> {
    let mut views = BTreeSet::new();
    for message in old {
        remove(transaction, message, &mut views)?;
    }
    for (participant, thread) in views {
        tidy(transaction, &participant, thread)?;
    }
    erase(folder, old)
}

/// Forgets events; the feeds say how far.
fn events(
    transaction: &Transaction<'_>,
    due: Retention,
    limit: i64,
) -> Result<usize, ArchiveError> {
    let mut forget = transaction.prepare_cached(
        "DELETE FROM event WHERE (participant, number) IN (SELECT participant, number FROM event WHERE at < ?1 ORDER BY at LIMIT ?2)
         RETURNING participant, number",
    )?;
    let gone = forget.query_map(params![due.events.0.cast_signed(), limit], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    let gone = gone.collect::<Result<Vec<_>, _>>()?;
    let mut note = transaction
        .prepare_cached("UPDATE feed SET dropped = max(dropped, ?2) WHERE participant = ?1")?;
    for (participant, number) in &gone {
        note.execute(params![participant, number])?;
    }
    Ok(gone.len())
}

/// Messages that are too old, or that all who saw them have deleted for long enough.
fn old(
    transaction: &Transaction<'_>,
    due: Retention,
    limit: i64,
) -> Result<Vec<Old>, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT key, thread, month, node, entry FROM message WHERE written_at < ?1
         UNION SELECT message.key, message.thread, message.month, message.node, message.entry FROM published AS mine
         JOIN message ON message.key = mine.message JOIN thread ON thread.key = message.thread
         WHERE mine.hidden > 0 AND mine.hidden < ?2 AND NOT EXISTS (SELECT 1 FROM published AS seen
             WHERE seen.participant IN (thread.one, thread.other) AND seen.message = message.key AND (seen.hidden = 0 OR seen.hidden >= ?2))
         LIMIT ?3",
    )?;
    let (messages, deleted) = (due.messages.0.cast_signed(), due.deleted.0.cast_signed());
    let rows = find.query_map(params![messages, deleted, limit], message)?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

fn message(row: &Row<'_>) -> rusqlite::Result<Old> {
    Ok(Old {
        key: row.get(0)?,
        thread: row.get(1)?,
        place: Place::of(row, 2)?,
    })
}

/// Messages that an account wrote.
pub(super) fn written_by(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
) -> Result<Vec<Old>, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT message.key, message.thread, message.month, message.node, message.entry FROM published JOIN message ON message.key = published.message
         WHERE published.participant = ?1 AND message.writer = ?1",
    )?;
    let rows = find.query_map([of.as_str()], message)?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

/// Messages in threads of an account that are in no view.
pub(super) fn unseen(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
) -> Result<Vec<Old>, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT message.key, message.thread, message.month, message.node, message.entry FROM message JOIN thread ON thread.key = message.thread
         WHERE (thread.one = ?1 OR thread.other = ?1)
         AND NOT EXISTS (SELECT 1 FROM published WHERE published.participant IN (thread.one, thread.other) AND published.message = message.key)",
    )?;
    let rows = find.query_map([of.as_str()], message)?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

/// Takes a message out of both views.
fn remove(
    transaction: &Transaction<'_>,
    message: &Old,
    views: &mut BTreeSet<(String, i64)>,
) -> Result<(), ArchiveError> {
    let mut parties = transaction.prepare_cached("SELECT one, other FROM thread WHERE key = ?1")?;
    let (one, other): (String, Option<String>) =
        parties.query_row([message.thread], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut published = transaction
        .prepare_cached("DELETE FROM published WHERE participant = ?1 AND message = ?2")?;
    for party in std::iter::once(one).chain(other) {
        published.execute(params![party, message.key])?;
        views.insert((party, message.thread));
    }
    let mut row = transaction.prepare_cached("DELETE FROM message WHERE key = ?1")?;
    row.execute([message.key])?;
    Ok(())
}

/// A view without messages goes, and a thread without views; what is left is counted again.
fn tidy(transaction: &Transaction<'_>, participant: &str, thread: i64) -> Result<(), ArchiveError> {
    let mut left = transaction
        .prepare_cached("SELECT 1 FROM published WHERE participant = ?1 AND thread = ?2")?;
    if left.exists(params![participant, thread])? {
        let participant = ParticipantId::parse(participant)
            .map_err(|error| ArchiveError::Unavailable(error.to_string()))?;
        return views::count(transaction, &participant, thread);
    }
    let mut view =
        transaction.prepare_cached("DELETE FROM view WHERE participant = ?1 AND thread = ?2")?;
    view.execute(params![participant, thread])?;
    // Events may tell of it for a while.
    let mut unused = transaction.prepare_cached(
        "DELETE FROM thread WHERE key = ?1 AND NOT EXISTS (SELECT 1 FROM view WHERE view.thread = ?1)
         AND NOT EXISTS (SELECT 1 FROM event WHERE event.thread = ?1)",
    )?;
    unused.execute([thread])?;
    Ok(())
}

/// Takes texts and octets out of the files of their months, also where these stay.
fn erase(folder: &Path, old: &[Old]) -> Result<(), ArchiveError> {
    let places = || old.iter().map(|message| &message.place);
    let months: BTreeSet<&str> = places().map(|place| place.month.as_str()).collect();
    for month in months {
        let Some(mut file) = raw::existing(folder, month)? else {
            continue;
        };
        let of_month = places().filter(|place| place.month == month);
        delete(&mut file, of_month.map(|place| (place.node, place.entry)))?;
    }
    Ok(())
}

fn delete(
    file: &mut Connection,
    entries: impl Iterator<Item = (u32, i64)>,
) -> Result<(), ArchiveError> {
    // What was deleted is overwritten.
    file.pragma_update(None, "secure_delete", "ON")?;
    let transaction = file.transaction()?;
    for entry in entries {
        transaction.execute("DELETE FROM raw WHERE node = ?1 AND entry = ?2", entry)?;
    }
    Ok(transaction.commit()?)
}

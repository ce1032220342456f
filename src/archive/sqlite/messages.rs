//! Messages as one side sees them.

use std::path::Path;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::raw::{Month, Place};
use super::words;
use crate::archive::{
    ArchiveError, Between, LatestMessage, MessageId, SentWith, StoredMessage, ThreadId,
};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

const COLUMNS: &str = "message.id, thread.id, published.number, message.writer, message.via, message.automatic, message.written_at,
    message.published_at, message.subject, message.cut, message.folded, message.files, message.mail, message.month, message.node, message.entry
    FROM published JOIN message ON message.key = published.message JOIN thread ON thread.key = published.thread";

/// A message without its text, and where that stands.
fn message(row: &Row<'_>) -> rusqlite::Result<(StoredMessage, Place)> {
    let message = StoredMessage {
        id: MessageId(row.get(0)?),
        thread: ThreadId(row.get(1)?),
        number: words::number_of(row, 2)?,
        writer: words::participant_of(row, 3)?,
        via: words::via_of(row, 4)?,
        automatic: row.get(5)?,
        written_at: Timestamp(words::number_of(row, 6)?),
        published_at: Timestamp(words::number_of(row, 7)?),
        subject: row.get(8)?,
        text: String::new(),
        cut: row.get(9)?,
        folded: words::json_of(row, 10)?,
        files: words::json_of(row, 11)?,
        mail: words::json_of(row, 12)?,
    };
    Ok((message, Place::of(row, 13)?))
}

/// The message with its text. Where the file of its month is gone there is none of it, and it says so.
fn whole(
    (folder, month): (&Path, &Month),
    (message, place): (StoredMessage, Place),
) -> Result<StoredMessage, ArchiveError> {
    Ok(match month.read(folder, "text", &place)? {
        Some(text) => StoredMessage { text, ..message },
        None => StoredMessage {
            cut: true,
            folded: Vec::new(),
            ..message
        },
    })
}

/// Some of a thread, oldest first.
pub(super) fn page(
    texts: (&Path, &Month),
    transaction: &Transaction<'_>,
    (of, thread): (&ParticipantId, ThreadId),
    between: Between,
    limit: usize,
) -> Result<Vec<StoredMessage>, ArchiveError> {
    let (number, side, order) = match between {
        Between::After(number) => (number, ">", "ASC"),
        Between::Before(number) => (number, "<", "DESC"),
    };
    let mut find = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE published.participant = ?1 AND published.thread = (SELECT key FROM thread WHERE id = ?2)
         AND published.number {side} ?3 AND NOT published.hidden ORDER BY published.number {order} LIMIT ?4",
    ))?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = find.query_map(params![of.as_str(), thread.0, number, limit], message)?;
    let messages = rows.map(|found| whole(texts, found?));
    let mut messages = messages.collect::<Result<Vec<_>, _>>()?;
    if matches!(between, Between::Before(_)) {
        messages.reverse();
    }
    Ok(messages)
}

/// One.
pub(super) fn one(
    texts: (&Path, &Month),
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    id: MessageId,
) -> Result<Option<StoredMessage>, ArchiveError> {
    let mut find = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE published.participant = ?1 AND published.message = (SELECT key FROM message WHERE id = ?2)
         AND NOT published.hidden",
    ))?;
    let found = find.query_row(params![of.as_str(), id.0], message);
    found
        .optional()?
        .map(|found| whole(texts, found))
        .transpose()
}

/// The last ones of a thread, the newest first.
pub(super) fn latest(
    (folder, month): (&Path, &Month),
    transaction: &Transaction<'_>,
    thread: ThreadId,
    limit: usize,
) -> Result<Vec<LatestMessage>, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT message_id, subject, month, node, entry FROM message WHERE thread = (SELECT key FROM thread WHERE id = ?1) ORDER BY key DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = find.query_map(params![thread.0, limit], |row| {
        Ok((row.get(0)?, row.get(1)?, Place::of(row, 2)?))
    })?;
    let messages = rows.map(|row| {
        let (message_id, subject, place) = row?;
        let text = month.read(folder, "text", &place)?;
        Ok(LatestMessage {
            message_id,
            subject,
            text: text.unwrap_or_default(),
        })
    });
    messages.collect()
}

/// What was sent with a key.
pub(super) fn sent_with(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    key: [u8; 16],
    since: Timestamp,
) -> Result<Option<SentWith>, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT asked, message FROM sent_with WHERE participant = ?1 AND key = ?2 AND at >= ?3",
    )?;
    let found = find.query_row(params![of.as_str(), key, since.0.cast_signed()], |row| {
        Ok(SentWith {
            key,
            asked: row.get(0)?,
            message: MessageId(row.get(1)?),
        })
    });
    Ok(found.optional()?)
}

/// Whether somebody may have the octets of a message.
pub(super) fn may_have_raw(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    id: MessageId,
) -> Result<bool, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT 1 FROM published JOIN message ON message.key = published.message
         WHERE message.id = ?2 AND published.participant = ?1 AND NOT published.hidden AND NOT (published.mine AND message.readers_alone)",
    )?;
    Ok(find.exists(params![of.as_str(), id.0])?)
}

//! Messages as one side sees them.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::words;
use crate::archive::{
    ArchiveError, Between, LatestMessage, MessageId, SentWith, StoredMessage, ThreadId,
};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

const COLUMNS: &str = "message.id, thread.id, published.number, message.writer, message.via, message.automatic, message.written_at,
    message.published_at, message.subject, message.body, message.cut, message.folded, message.files, message.mail
    FROM published JOIN message ON message.key = published.message JOIN thread ON thread.key = published.thread";

fn message(row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
    Ok(StoredMessage {
        id: MessageId(row.get(0)?),
        thread: ThreadId(row.get(1)?),
        number: words::number_of(row, 2)?,
        writer: words::participant_of(row, 3)?,
        via: words::via_of(row, 4)?,
        automatic: row.get(5)?,
        written_at: Timestamp(words::number_of(row, 6)?),
        published_at: Timestamp(words::number_of(row, 7)?),
        subject: row.get(8)?,
        text: row.get(9)?,
        cut: row.get(10)?,
        folded: words::json_of(row, 11)?,
        files: words::json_of(row, 12)?,
        mail: words::json_of(row, 13)?,
    })
}

/// Some of a thread, oldest first.
pub(super) fn page(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    thread: ThreadId,
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
    let mut messages = rows.collect::<Result<Vec<_>, _>>()?;
    if matches!(between, Between::Before(_)) {
        messages.reverse();
    }
    Ok(messages)
}

/// One.
pub(super) fn one(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    id: MessageId,
) -> Result<Option<StoredMessage>, ArchiveError> {
    let mut find = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE published.participant = ?1 AND published.message = (SELECT key FROM message WHERE id = ?2)
         AND NOT published.hidden",
    ))?;
    Ok(find
        .query_row(params![of.as_str(), id.0], message)
        .optional()?)
}

/// The last ones of a thread, the newest first.
pub(super) fn latest(
    transaction: &Transaction<'_>,
    thread: ThreadId,
    limit: usize,
) -> Result<Vec<LatestMessage>, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT message_id, subject, body FROM message WHERE thread = (SELECT key FROM thread WHERE id = ?1) ORDER BY key DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = find.query_map(params![thread.0, limit], |row| {
        Ok(LatestMessage {
            message_id: row.get(0)?,
            subject: row.get(1)?,
            text: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
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

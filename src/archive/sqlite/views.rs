//! What one side does with a thread, and what becomes of its mail: the other side sees nothing of it.

use rusqlite::{OptionalExtension, Transaction, params};

use super::feed::{self, Numbers, What};
use super::words;
use crate::archive::{
    ArchiveError, EntryKey, EventKind, MailState, MessageId, Published, ThreadId,
};
use crate::mail::{QueueId, Timestamp};
use crate::masking::ParticipantId;

/// Sets up to where a thread was read. Nothing is noted where that changes nothing.
pub(super) fn mark_read(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    thread: ThreadId,
    up_to: u64,
    at: Timestamp,
) -> Result<bool, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT thread.key, view.last, view.read_up_to FROM thread JOIN view ON view.thread = thread.key
         WHERE thread.id = ?1 AND view.participant = ?2",
    )?;
    let found = find.query_row(params![thread.0, of.as_str()], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            words::number_of(row, 1)?,
            words::number_of(row, 2)?,
        ))
    });
    let Some((thread, last, before)) = found.optional()? else {
        return Ok(false);
    };
    let up_to = up_to.min(last);
    if up_to != before {
        let mut set = transaction.prepare_cached(
            "UPDATE view SET read_up_to = ?3 WHERE participant = ?1 AND thread = ?2",
        )?;
        set.execute(params![of.as_str(), thread, up_to.cast_signed()])?;
        count(transaction, of, thread)?;
        let what = What {
            kind: EventKind::ThreadRead,
            thread,
            message: None,
        };
        feed::note_one(transaction, of, what, at)?;
    }
    Ok(true)
}

/// Counts what is unread of a thread, and says whether its last message is the other side's. Neither hidden ones.
pub(super) fn count(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    thread: i64,
) -> Result<(), ArchiveError> {
    let mut count = transaction.prepare_cached(
        "UPDATE view SET unread = (SELECT count(*) FROM published AS seen WHERE seen.participant = ?1 AND seen.thread = ?2
             AND seen.number > view.read_up_to AND NOT seen.mine AND NOT seen.hidden),
         unanswered = coalesce((SELECT NOT seen.mine FROM published AS seen WHERE seen.participant = ?1 AND seen.thread = ?2
             AND NOT seen.hidden ORDER BY seen.number DESC LIMIT 1), 0)
         WHERE participant = ?1 AND thread = ?2",
    )?;
    count.execute(params![of.as_str(), thread])?;
    Ok(())
}

/// Deletes a message on one side.
pub(super) fn delete(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    message: MessageId,
    at: Timestamp,
) -> Result<bool, ArchiveError> {
    let mut hide = transaction.prepare_cached(
        "UPDATE published SET hidden = ?3 WHERE participant = ?1 AND NOT hidden
         AND message = (SELECT key FROM message WHERE id = ?2) RETURNING thread, message",
    )?;
    let hidden = hide.query_row(
        params![of.as_str(), message.0, at.0.max(1).cast_signed()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    );
    let Some((thread, message)) = hidden.optional()? else {
        return Ok(false);
    };
    count(transaction, of, thread)?;
    let what = What {
        kind: EventKind::MessageDeleted,
        thread,
        message: Some(message),
    };
    feed::note_one(transaction, of, what, at)?;
    Ok(true)
}

/// Notes what became of the mail of entries.
pub(super) fn mail_states(
    (transaction, numbers): (&Transaction<'_>, &mut Numbers),
    states: &[(EntryKey, MailState)],
    at: Timestamp,
) -> Result<Vec<Published>, ArchiveError> {
    let noted = states
        .iter()
        .map(|(entry, state)| mail_state((transaction, numbers), *entry, state, at));
    Ok(noted
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// Entries whose mail is still on its way.
pub(super) fn under_way(
    transaction: &Transaction<'_>,
    node: u32,
    after: QueueId,
    limit: usize,
) -> Result<Vec<EntryKey>, ArchiveError> {
    let mut find = transaction.prepare_cached(
        "SELECT entry FROM message WHERE node = ?1 AND entry > ?2 AND under_way ORDER BY entry LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = find.query_map(params![node, after.0.cast_signed(), limit], |row| {
        let id = QueueId(words::number_of(row, 0)?);
        Ok(EntryKey { node, id })
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

/// Notes what became of the mail of an entry, for whoever wrote it.
fn mail_state(
    (transaction, numbers): (&Transaction<'_>, &mut Numbers),
    entry: EntryKey,
    state: &MailState,
    at: Timestamp,
) -> Result<Option<Published>, ArchiveError> {
    let mut set = transaction.prepare_cached(
        "UPDATE message SET mail = ?3, under_way = ?4 WHERE node = ?1 AND entry = ?2 AND mail != ?3 RETURNING key, thread, writer",
    )?;
    let words = serde_json::to_string(state)?;
    let changed = set.query_row(
        params![
            entry.node,
            entry.id.0.cast_signed(),
            words,
            words::under_way(state)
        ],
        |row| Ok((row.get(0)?, row.get(1)?, words::participant_of(row, 2)?)),
    );
    let Some((message, thread, Some(writer))) = changed.optional()? else {
        return Ok(None);
    };
    let what = What {
        kind: EventKind::MailState,
        thread,
        message: Some(message),
    };
    let number = feed::note((transaction, numbers), &writer, what, at)?;
    Ok(Some(Published {
        participant: writer,
        number,
    }))
}

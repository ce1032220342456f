//! Feeds: numbers that rise by one, each given when its event becomes visible.

use rusqlite::{OptionalExtension, Transaction, params};

use super::words;
use crate::archive::{ArchiveError, Cursor, Event, EventKind, FeedPage, MessageId, ThreadId};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

/// What is noted in a feed, by the rows that it is about.
#[derive(Clone, Copy)]
pub(super) struct What {
    pub(super) kind: EventKind,
    pub(super) thread: i64,
    pub(super) message: Option<i64>,
}

/// Adds an event to the feed of `of`, and returns its number.
pub(super) fn note(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    what: What,
    at: Timestamp,
) -> Result<u64, ArchiveError> {
    let mut count = transaction.prepare_cached(
        "INSERT INTO feed (participant, last) VALUES (?1, 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
    )?;
    let number: i64 = count.query_row(params![of.as_str()], |row| row.get(0))?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO event (participant, number, kind, thread, message, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let kind = words::event(what.kind);
    let row = params![
        of.as_str(),
        number,
        kind,
        what.thread,
        what.message,
        at.0.cast_signed()
    ];
    insert.execute(row)?;
    Ok(number.cast_unsigned())
}

/// The number of the last event of a feed, and of the last that it has no more.
fn ends(transaction: &Transaction<'_>, of: &ParticipantId) -> Result<(u64, u64), ArchiveError> {
    let mut find =
        transaction.prepare_cached("SELECT last, dropped FROM feed WHERE participant = ?1")?;
    let ends = find.query_row(params![of.as_str()], |row| {
        Ok((words::number_of(row, 0)?, words::number_of(row, 1)?))
    });
    Ok(ends.optional()?.unwrap_or_default())
}

/// The number of the last event of a feed; 0 where there is none.
pub(super) fn end(transaction: &Transaction<'_>, of: &ParticipantId) -> Result<u64, ArchiveError> {
    ends(transaction, of).map(|(last, _)| last)
}

/// Events behind a cursor. One of another epoch, or of before what the feed has, is gone; so is one that the feed has not come to yet: the archive is
/// older than whoever has it.
pub(super) fn events(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    (epoch, after): (u64, Cursor),
    limit: usize,
) -> Result<FeedPage, ArchiveError> {
    let (last, dropped) = ends(transaction, of)?;
    // Whoever begins has no epoch to tell.
    let begins = after.number == 0 && after.epoch == 0;
    if !begins && (after.epoch != epoch || after.number > last || after.number < dropped) {
        let start = Cursor {
            epoch,
            number: dropped,
        };
        return Err(ArchiveError::Gone { start });
    }
    let mut find = transaction.prepare_cached(
        "SELECT event.number, event.kind, thread.id, message.id, event.at FROM event
         JOIN thread ON thread.key = event.thread LEFT JOIN message ON message.key = event.message
         WHERE event.participant = ?1 AND event.number > ?2 ORDER BY event.number LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = find.query_map(
        params![of.as_str(), after.number.cast_signed(), limit],
        |row| {
            Ok(Event {
                number: words::number_of(row, 0)?,
                kind: words::event_of(row, 1)?,
                thread: ThreadId(row.get(2)?),
                message: row.get::<_, Option<[u8; 16]>>(3)?.map(MessageId),
                at: Timestamp(words::number_of(row, 4)?),
            })
        },
    )?;
    let events = rows.collect::<Result<Vec<_>, _>>()?;
    let number = events.last().map_or(after.number, |event| event.number);
    Ok(FeedPage {
        events,
        next: Cursor { epoch, number },
    })
}

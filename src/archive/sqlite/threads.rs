//! Threads as one side sees them.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::words;
use crate::archive::{
    ArchiveError, Parties, Thread, ThreadFilter, ThreadId, ThreadPage, ThreadView,
};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

const COLUMNS: &str = "thread.id, thread.kind, thread.one, thread.other, thread.about, view.last, view.last_at, view.read_up_to, view.unread,
    view.unanswered FROM view JOIN thread ON thread.key = view.thread";

fn view(row: &Row<'_>) -> rusqlite::Result<ThreadView> {
    let one = words::participant_of(row, 2)?;
    let id = ThreadId(row.get(0)?);
    Ok(ThreadView {
        thread: Thread {
            id,
            kind: words::kind_of(row, 1)?,
            parties: Parties {
                one: one.ok_or(rusqlite::Error::InvalidQuery)?,
                other: words::participant_of(row, 3)?,
            },
            order: words::order_of(row, 4)?,
        },
        last: words::number_of(row, 5)?,
        last_at: Timestamp(words::number_of(row, 6)?),
        read_up_to: words::number_of(row, 7)?,
        unread: words::number_of(row, 8)?,
        unanswered: row.get(9)?,
    })
}

/// Newest first. `before` is the number of the last thread of an earlier page; numbers of a feed are never given twice, so none comes twice either,
/// unless it got a new message in between.
pub(super) fn page(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    filter: &ThreadFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<ThreadPage, ArchiveError> {
    // Without a parameter in it, the index of threads with something unread serves.
    let unread = if filter.unread {
        "AND view.unread > 0"
    } else {
        ""
    };
    let mut find = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE view.participant = ?1 AND view.last < ?2 {unread}
         AND (NOT ?3 OR view.unanswered) AND (?4 IS NULL OR thread.one = ?4 OR thread.other = ?4) AND (?5 IS NULL OR thread.about = ?5)
         AND view.last_at >= ?6 ORDER BY view.last DESC LIMIT ?7",
    ))?;
    let limit = limit.max(1);
    let rows = find.query_map(
        params![
            of.as_str(),
            before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX)),
            filter.unanswered,
            filter.with.as_ref().map(ParticipantId::as_str),
            filter.order.as_ref().map(ToString::to_string),
            filter.since.unwrap_or_default().0.cast_signed(),
            i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX),
        ],
        view,
    )?;
    let mut threads = rows.collect::<Result<Vec<_>, _>>()?;
    let more = threads.len() > limit;
    threads.truncate(limit);
    let next = threads.last().map(|view| view.last).filter(|_| more);
    Ok(ThreadPage { threads, next })
}

/// One thread.
pub(super) fn one(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    thread: ThreadId,
) -> Result<Option<ThreadView>, ArchiveError> {
    let mut find = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE thread.id = ?2 AND view.participant = ?1"
    ))?;
    Ok(find
        .query_row(params![of.as_str(), thread.0], view)
        .optional()?)
}

/// Threads with something unread, as far as they are counted.
pub(super) fn unread(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    most: usize,
) -> Result<usize, ArchiveError> {
    let mut count = transaction.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM view WHERE participant = ?1 AND unread > 0 LIMIT ?2)",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let count = count.query_row(params![of.as_str(), most], |row| words::number_of(row, 0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

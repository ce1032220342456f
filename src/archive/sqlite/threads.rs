//! Threads as one side sees them.

use rusqlite::{OptionalExtension, Row, ToSql, Transaction, params};

use super::words;
use crate::archive::{
    ArchiveError, Parties, Party, Thread, ThreadFilter, ThreadId, ThreadPage, ThreadView,
};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

const COLUMNS: &str = "thread.id, thread.kind, thread.one, thread.other, thread.about, view.last, view.last_at, view.read_up_to, view.unread,
    view.unanswered, one.login, other.login FROM view JOIN thread ON thread.key = view.thread
    LEFT JOIN user AS one ON one.participant = thread.one LEFT JOIN user AS other ON other.participant = thread.other";

fn view(row: &Row<'_>) -> rusqlite::Result<ThreadView> {
    let party = |id: usize, login: usize| {
        let id = words::participant_of(row, id)?;
        // None: it was forgotten.
        let login = row.get::<_, Option<String>>(login)?.unwrap_or_default();
        Ok::<_, rusqlite::Error>(id.map(|id| Party { id, login }))
    };
    let id = ThreadId(row.get(0)?);
    Ok(ThreadView {
        thread: Thread {
            id,
            kind: words::kind_of(row, 1)?,
            parties: Parties {
                one: party(2, 10)?.ok_or(rusqlite::Error::InvalidQuery)?,
                other: party(3, 11)?,
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
    // Only what is asked for stands in the statement, so that each kind of question has the plan that serves it.
    let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let limit = limit.max(1);
    let rows = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let of = of.as_str();
    let mut values: Vec<&dyn ToSql> = vec![&of, &before, &rows];
    let mut clauses = String::new();
    let mut newest_first = "view.last";
    let mut clause = |clause: &str| clauses.push_str(clause);
    if filter.unread {
        clause(" AND view.unread > 0");
    }
    if filter.unanswered {
        clause(" AND view.unanswered");
    }
    if let Some(login) = &filter.with {
        values.push(login);
        clause(&format!(
            " AND view.other IN (SELECT participant FROM user WHERE login = ?{})",
            values.len()
        ));
        // Those with one user are few: found by its name and then sorted, not by looking through all threads in their order.
        newest_first = "+view.last";
    }
    let orders = filter.orders.as_ref();
    let orders = orders.map(|orders| orders.iter().map(ToString::to_string).collect::<Vec<_>>());
    if let Some(orders) = &orders {
        let places = orders.iter().map(|order| {
            values.push(order);
            format!("?{}", values.len())
        });
        let places: Vec<String> = places.collect();
        clause(&format!(" AND thread.about IN ({})", places.join(", ")));
    }
    let kind = filter.kind.map(words::kind);
    if let Some(kind) = &kind {
        values.push(kind);
        clause(&format!(" AND thread.kind = ?{}", values.len()));
    }
    let since = filter.since.map(|since| since.0.cast_signed());
    if let Some(since) = &since {
        values.push(since);
        clause(&format!(" AND view.last_at >= ?{}", values.len()));
    }
    let mut find = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE view.participant = ?1 AND view.last < ?2{clauses} ORDER BY {newest_first} DESC LIMIT ?3",
    ))?;
    let rows = find.query_map(values.as_slice(), view)?;
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

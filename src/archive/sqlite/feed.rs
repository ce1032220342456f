//! Feeds: numbers that rise by one, each given when its event becomes visible.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use super::words;
use crate::archive::{ArchiveError, Event, EventKind, FeedPage, MessageId, ThreadId};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

/// What is noted in a feed, by the rows that it is about.
#[derive(Clone, Copy)]
pub(super) struct What {
    pub(super) kind: EventKind,
    pub(super) thread: i64,
    pub(super) message: Option<i64>,
}

/// The last numbers of the feeds that a transaction adds to. They stand in their rows once it is told to [`Numbers::write`] them.
#[derive(Default)]
pub(super) struct Numbers(BTreeMap<ParticipantId, Last>);

/// The last number of a feed, and the last that it has no more.
struct Last {
    number: i64,
    dropped: i64,
}

impl Numbers {
    /// The next number of a feed; a new one begins above all that an archive before this one can have given.
    fn next(
        &mut self,
        transaction: &Transaction<'_>,
        of: &ParticipantId,
    ) -> Result<i64, ArchiveError> {
        if let Some(last) = self.0.get_mut(of) {
            last.number += 1;
            return Ok(last.number);
        }
        let mut find =
            transaction.prepare_cached("SELECT last, dropped FROM feed WHERE participant = ?1")?;
        let found = find.query_row([of.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
        let (last, dropped): (i64, i64) = match found.optional()? {
            Some(found) => found,
            None => {
                let mut base = transaction.prepare_cached("SELECT base, base FROM archive")?;
                base.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?
            }
        };
        let number = last + 1;
        self.0.insert(of.clone(), Last { number, dropped });
        Ok(number)
    }

    /// Writes them down.
    pub(super) fn write(self, transaction: &Transaction<'_>) -> Result<(), ArchiveError> {
        let mut write = transaction.prepare_cached(
            "INSERT INTO feed (participant, last, dropped) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET last = ?2",
        )?;
        for (participant, Last { number, dropped }) in self.0 {
            write.execute(params![participant.as_str(), number, dropped])?;
        }
        Ok(())
    }
}

/// Adds one event to the feed of `of`.
pub(super) fn note_one(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    what: What,
    at: Timestamp,
) -> Result<(), ArchiveError> {
    let mut numbers = Numbers::default();
    note((transaction, &mut numbers), of, what, at)?;
    numbers.write(transaction)
}

/// Adds an event to the feed of `of`, and returns its number.
pub(super) fn note(
    (transaction, numbers): (&Transaction<'_>, &mut Numbers),
    of: &ParticipantId,
    what: What,
    at: Timestamp,
) -> Result<u64, ArchiveError> {
    let number = numbers.next(transaction, of)?;
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

/// Numbers that a second of an archive may give before it touches those of the next; a number stays below 2^53, which every reader of JSON has.
const NUMBERS_OF_A_SECOND: u64 = 1 << 20;

/// Lifts the numbers of all feeds above every one that was given before `at`, by this archive or by one that it takes the place of.
pub(super) fn renew(transaction: &Transaction<'_>, at: Timestamp) -> Result<(), ArchiveError> {
    let base = (at.0 / 1_000).saturating_mul(NUMBERS_OF_A_SECOND);
    let base = params![base.cast_signed()];
    transaction.execute("UPDATE archive SET base = max(base, ?1)", base)?;
    transaction.execute("UPDATE feed SET last = max(last, ?1)", base)?;
    Ok(())
}

/// The greatest number up to `after` behind which a feed can be read on.
fn known_up_to(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    after: u64,
) -> Result<u64, ArchiveError> {
    let mut find = transaction
        .prepare_cached("SELECT max(number) FROM event WHERE participant = ?1 AND number <= ?2")?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let known: Option<i64> = find.query_row(params![of.as_str(), after], |row| row.get(0))?;
    let (_, dropped) = ends(transaction, of)?;
    Ok(known.map_or(dropped, i64::cast_unsigned).max(dropped))
}

/// Events behind a number. One that the feed has not is gone.
pub(super) fn events(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    after: u64,
    limit: usize,
) -> Result<FeedPage, ArchiveError> {
    let start = known_up_to(transaction, of, after)?;
    // Whoever begins has no number to tell.
    if after != 0 && after != start {
        return Err(ArchiveError::Gone { start });
    }
    let mut find = transaction.prepare_cached(
        "SELECT event.number, event.kind, thread.id, message.id, event.at FROM event
         JOIN thread ON thread.key = event.thread LEFT JOIN message ON message.key = event.message
         WHERE event.participant = ?1 AND event.number > ?2 ORDER BY event.number LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = find.query_map(params![of.as_str(), after.cast_signed(), limit], |row| {
        Ok(Event {
            number: words::number_of(row, 0)?,
            kind: words::event_of(row, 1)?,
            thread: ThreadId(row.get(2)?),
            message: row.get::<_, Option<[u8; 16]>>(3)?.map(MessageId),
            at: Timestamp(words::number_of(row, 4)?),
        })
    })?;
    let events = rows.collect::<Result<Vec<_>, _>>()?;
    let next = events.last().map_or(start, |event| event.number);
    Ok(FeedPage { events, next })
}

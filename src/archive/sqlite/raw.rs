//! What is large of messages, their octets and their texts: a file of their own for each month, so that a month goes as a whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, params};

use crate::archive::{ArchiveError, EntryKey, MessageId, NewMessage};
use crate::files;
use crate::mail::Timestamp;

/// Statements that a connection keeps.
pub(super) const STATEMENTS: usize = 64;
/// Octets of a page of a month's file: each that is touched is written twice, with a call of the system for each time.
const PAGE: u32 = 8 * 1024;

/// The month of a time, as files are named: `2026-11`.
pub(super) fn month(at: Timestamp) -> String {
    at.to_rfc3339_millis().chars().take(7).collect()
}

fn file(folder: &Path, month: &str) -> PathBuf {
    folder.join(format!("{month}.sqlite"))
}

/// A database, made if it is missing: its owner's alone, and so are the files that SQLite keeps beside it.
pub(super) fn open(path: &Path) -> Result<Connection, ArchiveError> {
    let mut options = files::private_file();
    // What is in it stays.
    let made = options.create(true).truncate(false).write(true).open(path);
    made.map_err(|error| ArchiveError::Unavailable(files::describe(path, &error)))?;
    let connection = Connection::open(path)?;
    // More than there are: none is read twice.
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Where a message stands in the files of months.
pub(super) struct Place {
    pub(super) month: String,
    pub(super) node: u32,
    pub(super) entry: i64,
}

impl Place {
    /// Reads it from three columns of a row: month, node and entry.
    pub(super) fn of(row: &Row<'_>, from: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            month: row.get(from)?,
            node: row.get(from + 1)?,
            entry: row.get(from + 2)?,
        })
    }
}

/// The file of the month that was written to or read last, kept open.
#[derive(Default)]
pub(super) struct Month(Mutex<Option<(String, Connection)>>);

impl Month {
    /// Reads what stands at a place; none: it is gone, or its month is.
    pub(super) fn read<T: FromSql>(
        &self,
        folder: &Path,
        column: &str,
        at: &Place,
    ) -> Result<Option<T>, ArchiveError> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(open, _)| *open != at.month) {
            let path = file(folder, &at.month);
            if !path.exists() {
                return Ok(None);
            }
            // One that may be written: what a power cut has left half done is taken back by whoever opens the file first.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let opened = Connection::open_with_flags(path, flags)?;
            *last = Some((at.month.clone(), opened));
        }
        let Some((_, file)) = last.as_ref() else {
            return Ok(None);
        };
        let statement = format!("SELECT {column} FROM raw WHERE node = ?1 AND entry = ?2");
        let mut find = file.prepare_cached(&statement)?;
        let found = find.query_row(params![at.node, at.entry], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Lets go of the file of a month.
    fn close(&self, month: &str) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.take_if(|(open, _)| open == month);
    }
}

/// Makes octets and texts of messages durable.
pub(super) fn write(
    folder: &Path,
    last: &Month,
    messages: &[&NewMessage],
) -> Result<(), ArchiveError> {
    let mut months: BTreeMap<String, Vec<&NewMessage>> = BTreeMap::new();
    for message in messages {
        months
            .entry(month(message.written_at))
            .or_default()
            .push(message);
    }
    for (month, messages) in months {
        let mut last = last.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(open, _)| *open != month) {
            *last = Some((month.clone(), month_file(folder, &month)?));
        }
        let Some((_, file)) = last.as_mut() else {
            continue;
        };
        let transaction = file.transaction()?;
        for message in messages {
            let mut insert = transaction
                .prepare_cached("INSERT INTO raw VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
            let EntryKey { node, id } = message.entry;
            insert.execute(params![node, id.0.cast_signed(), message.text, message.raw])?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// The file of a month, to be changed; none: it is gone.
pub(super) fn existing(folder: &Path, month: &str) -> Result<Option<Connection>, ArchiveError> {
    let path = file(folder, month);
    path.exists().then(|| open(&path)).transpose()
}

/// Removes the files of months that have ended before then.
pub(super) fn remove_before(
    folder: &Path,
    kept: [&Month; 2],
    before: Timestamp,
) -> Result<(), ArchiveError> {
    let failed = |error: std::io::Error| ArchiveError::Unavailable(files::describe(folder, &error));
    let oldest = month(before);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        // `2026-11.sqlite`, and what SQLite keeps beside it.
        let Some((month, _)) = name.and_then(|name| name.split_once(".sqlite")) else {
            continue;
        };
        let is_month = month.len() == oldest.len() && month.as_bytes().get(4) == Some(&b'-');
        if is_month && *month < *oldest {
            kept.iter().for_each(|kept| kept.close(month));
            std::fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

/// The file of a month, made if it is missing.
fn month_file(folder: &Path, month: &str) -> Result<Connection, ArchiveError> {
    let file = open(&file(folder, month))?;
    file.pragma_update(None, "page_size", PAGE)?;
    // What comes is added at the end, so there is next to nothing to be kept of how it was before; a log would have all of it written twice.
    // One that has such a log keeps it while others have the file open.
    let _ = file.pragma_update(None, "journal_mode", "TRUNCATE");
    file.pragma_update(None, "synchronous", "FULL")?;
    // By entry: what comes is added at the end.
    file.execute_batch(
        "CREATE TABLE IF NOT EXISTS raw (node INTEGER, entry INTEGER, text TEXT NOT NULL, octets BLOB NOT NULL, PRIMARY KEY (node, entry))",
    )?;
    Ok(file)
}

/// Reads the octets of a message; none: its month is gone.
pub(super) fn read(
    (folder, month): (&Path, &Month),
    transaction: &Transaction<'_>,
    id: MessageId,
) -> Result<Option<Vec<u8>>, ArchiveError> {
    let mut find =
        transaction.prepare_cached("SELECT month, node, entry FROM message WHERE id = ?1")?;
    let place = find.query_row(params![id.0], |row| Place::of(row, 0));
    match place.optional()? {
        Some(place) => month.read(folder, "octets", &place),
        None => Ok(None),
    }
}

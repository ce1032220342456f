//! Files on their way into a message: a database of their own, so that no message waits for them.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::raw;
use crate::archive::{ArchiveError, Upload, UploadId, UploadRoom};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS upload (
    id BLOB PRIMARY KEY,
    participant TEXT NOT NULL,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    octets BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS upload_size ON upload (participant, size);
CREATE INDEX IF NOT EXISTS upload_at ON upload (at);
";

/// The database, made if it is missing.
pub(super) fn open(folder: &Path) -> Result<Connection, ArchiveError> {
    let uploads = raw::open(&folder.join("uploads.sqlite"))?;
    uploads.pragma_update(None, "journal_mode", "WAL")?;
    uploads.pragma_update(None, "synchronous", "FULL")?;
    uploads.pragma_update(None, "secure_delete", "ON")?;
    uploads.execute_batch(TABLES)?;
    Ok(uploads)
}

/// Keeps a file, and forgets those that are too old. False: there is no room for it.
pub(super) fn keep(
    uploads: &mut Connection,
    of: &ParticipantId,
    upload: &Upload,
    at: Timestamp,
    room: UploadRoom,
) -> Result<bool, ArchiveError> {
    let transaction = uploads.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "DELETE FROM upload WHERE at < ?1",
        params![room.oldest.0.cast_signed()],
    )?;
    let (own, count): (i64, i64) = transaction.query_row(
        "SELECT coalesce(sum(size), 0), count(*) FROM upload WHERE participant = ?1",
        params![of.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let all: i64 =
        transaction.query_row("SELECT coalesce(sum(size), 0) FROM upload", [], |row| {
            row.get(0)
        })?;
    let size = upload.octets.len() as u64;
    let has_room = own.cast_unsigned() + size <= room.octets_each
        && count.cast_unsigned() < room.files_each
        && all.cast_unsigned() + size <= room.octets_all;
    if has_room {
        transaction.execute(
            "INSERT INTO upload VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                upload.id.0,
                of.as_str(),
                at.0.cast_signed(),
                upload.name,
                upload.media_type,
                size.cast_signed(),
                &*upload.octets,
            ],
        )?;
    }
    transaction.commit()?;
    Ok(has_room)
}

/// Reads a file.
pub(super) fn read(
    uploads: &Connection,
    of: &ParticipantId,
    id: UploadId,
    oldest: Timestamp,
) -> Result<Option<Upload>, ArchiveError> {
    let mut find = uploads.prepare_cached(
        "SELECT name, media_type, octets FROM upload WHERE id = ?1 AND participant = ?2 AND at >= ?3",
    )?;
    let found = find.query_row(params![id.0, of.as_str(), oldest.0.cast_signed()], |row| {
        Ok(Upload {
            id,
            name: row.get(0)?,
            media_type: row.get(1)?,
            octets: row.get::<_, Vec<u8>>(2)?.into(),
        })
    });
    Ok(found.optional()?)
}

/// Forgets all files of a participant.
pub(super) fn erase(uploads: &Connection, of: &ParticipantId) -> Result<(), ArchiveError> {
    uploads.execute("DELETE FROM upload WHERE participant = ?1", [of.as_str()])?;
    Ok(())
}

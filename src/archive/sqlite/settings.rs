//! What participants have set.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::archive::{ArchiveError, Settings};
use crate::masking::ParticipantId;

/// What a participant has set; of what it has not, nothing.
pub(super) fn read(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
) -> Result<Settings, ArchiveError> {
    let mut find =
        transaction.prepare_cached("SELECT language FROM settings WHERE participant = ?1")?;
    let language = find.query_row([of.as_str()], |row| row.get(0)).optional()?;
    Ok(Settings {
        language: language.flatten(),
    })
}

/// Keeps what a participant has set.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    settings: &Settings,
) -> Result<(), ArchiveError> {
    transaction.execute(
        "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (participant) DO UPDATE SET language = excluded.language",
        params![of.as_str(), settings.language],
    )?;
    Ok(())
}

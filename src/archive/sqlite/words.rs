//! How the words of the archive stand in its rows.

use rusqlite::types::Type;

use crate::archive::{EventKind, MailState, ThreadKind, Via};
use crate::masking::{ParticipantId, TransactionId};

pub(super) const fn kind(kind: ThreadKind) -> &'static str {
    match kind {
        ThreadKind::Talk => "talk",
        ThreadKind::Courier => "courier",
    }
}

pub(super) const fn via(via: Via) -> &'static str {
    match via {
        Via::Mail => "mail",
        Via::Center => "center",
    }
}

/// Whether mail of this state is on its way.
pub(super) const fn under_way(state: &MailState) -> bool {
    matches!(state, MailState::Queued | MailState::Delayed { .. })
}

pub(super) const fn event(event: EventKind) -> &'static str {
    match event {
        EventKind::MessagePublished => "published",
        EventKind::MailState => "mail_state",
        EventKind::MessageDeleted => "deleted",
        EventKind::ThreadRead => "read",
    }
}

/// A word that a row holds and nobody wrote: the file was changed by others.
fn unknown(column: usize, word: &str) -> rusqlite::Error {
    let error = format!("unknown word {word}");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

pub(super) fn kind_of(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<ThreadKind> {
    match row.get_ref(column)?.as_str()? {
        "talk" => Ok(ThreadKind::Talk),
        "courier" => Ok(ThreadKind::Courier),
        other => Err(unknown(column, other)),
    }
}

pub(super) fn via_of(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Via> {
    match row.get_ref(column)?.as_str()? {
        "mail" => Ok(Via::Mail),
        "center" => Ok(Via::Center),
        other => Err(unknown(column, other)),
    }
}

pub(super) fn event_of(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<EventKind> {
    match row.get_ref(column)?.as_str()? {
        "published" => Ok(EventKind::MessagePublished),
        "mail_state" => Ok(EventKind::MailState),
        "deleted" => Ok(EventKind::MessageDeleted),
        "read" => Ok(EventKind::ThreadRead),
        other => Err(unknown(column, other)),
    }
}

pub(super) fn participant_of(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<ParticipantId>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    let read = |text: &str| ParticipantId::parse(text).map_err(|_| unknown(column, text));
    text.map(read).transpose()
}

pub(super) fn order_of(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<TransactionId>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    let read = |text: &str| TransactionId::parse(text).map_err(|_| unknown(column, text));
    text.map(read).transpose()
}

/// JSON in a column.
pub(super) fn json_of<T: serde::de::DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|_| unknown(column, text))
}

/// A number that was stored as it is.
pub(super) fn number_of(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

//! What went wrong with the database: for an operator at a start, and for whoever asked while it runs. Details of the server's errors are left out: they
//! repeat keys, and a key may be an address.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::settings::PostgresSettings;
use crate::directory::Unavailable;

/// The database cannot be used; the sentence names the thing and the remedy.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PostgresError {
    /// It gives no answer, or none yet: later it may.
    #[error("{0}")]
    Unreachable(String),
    /// It answers, and will answer the same until somebody changes something.
    #[error("{0}")]
    Refused(String),
}

impl From<PostgresError> for Unavailable {
    fn from(error: PostgresError) -> Self {
        Self(error.to_string())
    }
}

/// The words of an error, without its details.
pub(super) fn words(error: &Error) -> String {
    if let Some(database) = error.as_db_error() {
        return format!("{} ({})", database.message(), database.code().code());
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// An error while it runs.
pub(super) fn unavailable(error: &Error) -> Unavailable {
    Unavailable(format!("PostgreSQL: {}", words(error)))
}

/// Whether the same may be done again: it was undone for another's sake (CockroachDB says so often).
pub(super) fn is_undone(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
    )
}

/// What an error means for whoever starts the program.
pub(super) fn at_start(settings: &PostgresSettings, error: &Error) -> PostgresError {
    let (user, database, said) = (settings.user(), settings.database(), words(error));
    let text = match error.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            format!(
                "PostgreSQL does not let {user} in: {said}; write the right password into [directory] password_file, then `allegromail config check`"
            )
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            format!(
                "PostgreSQL has no database {database}: {said}; make it with `createdb {database}`"
            )
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => format!(
            "PostgreSQL does not let {user} do that: {said}; have its owner say `GRANT CREATE ON SCHEMA public TO {user}` in {database}"
        ),
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN) => format!(
            "the tables in {database} are not whole: {said}; restore the database, or make a fresh one with `createdb` and load it with `allegromail import`"
        ),
        _ if said.contains("password missing") => format!(
            "PostgreSQL wants a password for {user}; write it into a file and name that as [directory] password_file"
        ),
        _ if said.contains("certificate") => {
            format!(
                "PostgreSQL's certificate is not believed: {said}; name its root as [directory] sslrootcert"
            )
        }
        _ => {
            return PostgresError::Unreachable(format!(
                "PostgreSQL does not answer: {said}; is it running, and is [directory] url right?"
            ));
        }
    };
    PostgresError::Refused(text)
}

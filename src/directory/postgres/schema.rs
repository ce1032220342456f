//! The tables of directory and state.

use super::connection::Connection;
use super::fault::{PostgresError, at_start};
use super::migrations::Migrations;
use super::settings::PostgresSettings;

const MIGRATIONS: Migrations = Migrations {
    versions: "schema_versions",
    steps: &[
        include_str!("schema/1.sql"),
        include_str!("schema/2.sql"),
        include_str!("schema/3.sql"),
        include_str!("schema/4.sql"),
        include_str!("schema/5.sql"),
    ],
};

/// Whether there are tables, and none that this version does not know. Nothing is made.
pub(super) async fn is_there(
    settings: &PostgresSettings,
    connection: &Connection,
) -> Result<bool, PostgresError> {
    let there = MIGRATIONS.there(&connection.client).await;
    let there = there.map_err(|error| at_start(settings, &error))?;
    match there > MIGRATIONS.steps.len() {
        true => Err(newer(settings, there)),
        false => Ok(there > 0),
    }
}

/// Makes the tables, or adds what this version knows and they have not.
pub(super) async fn renew(
    settings: &PostgresSettings,
    connection: &mut Connection,
) -> Result<(), PostgresError> {
    let applied = MIGRATIONS.apply(&mut connection.client).await;
    let applied = applied.map_err(|error| at_start(settings, &error))?;
    applied.map_err(|there| newer(settings, there))
}

fn newer(settings: &PostgresSettings, there: usize) -> PostgresError {
    let (database, known) = (settings.database(), MIGRATIONS.steps.len());
    PostgresError::Refused(format!(
        "the tables in {database} are of version {there}, and this program knows them up to {known}: a newer one has been here; install that, then `allegromail serve`"
    ))
}

//! The tables of a shard.

use tokio_postgres::{Client, Error};

use crate::directory::Migrations;

const MIGRATIONS: Migrations = Migrations {
    versions: "spool_versions",
    steps: &[include_str!("schema/1.sql")],
};

/// Makes the tables, or adds what this version knows and they have not. The answer is a sentence where they are newer than this program.
pub(super) async fn renew(client: &mut Client) -> Result<Result<(), String>, Error> {
    let applied = MIGRATIONS.apply(client).await?;
    Ok(applied.map_err(|there| {
        let known = MIGRATIONS.steps.len();
        format!(
            "the tables of the shard are of version {there}, and this program knows them up to {known}: a newer one has been here; install that, then `allegromail serve`"
        )
    }))
}

//! The tables of a shard, and how they grow. A migration only adds, so that a node of the version before runs on beside the newer one.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// One for each version of the tables, the first being 1; never changed once it was released.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql")];

/// How often nodes that start at once try to be the one that makes the tables.
const TRIES: usize = 20;

/// Makes the tables, or adds what this version knows and they have not. The answer is a sentence where they are newer than this program.
pub(super) async fn renew(client: &mut Client) -> Result<Result<(), String>, Error> {
    for turn in 0.. {
        match attempt(client).await {
            Ok(there) if there > MIGRATIONS.len() => {
                let known = MIGRATIONS.len();
                return Ok(Err(format!(
                    "the tables of the shard are of version {there}, and this program knows them up to {known}: a newer one has been here; install that, then `allegromail serve`"
                )));
            }
            Ok(_) => break,
            Err(error) if turn < TRIES && is_beside_another(&error) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Ok(()))
}

/// Whether an error comes of another node that makes the same tables.
pub(super) fn is_beside_another(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(
            &SqlState::DUPLICATE_TABLE
                | &SqlState::DUPLICATE_OBJECT
                | &SqlState::UNIQUE_VIOLATION
                | &SqlState::T_R_SERIALIZATION_FAILURE
                | &SqlState::T_R_DEADLOCK_DETECTED
        )
    )
}

/// The version that the tables have in the end.
async fn attempt(client: &mut Client) -> Result<usize, Error> {
    let version = "select coalesce(max(version), 0)::bigint from spool_versions";
    // Asked first: a role that may not make tables may use those that are there.
    let there = match client.query_one(version, &[]).await {
        Ok(row) => row.try_get::<_, i64>(0)?,
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => 0,
        Err(error) => return Err(error),
    };
    let there = usize::try_from(there).unwrap_or_default();
    if there >= MIGRATIONS.len() {
        return Ok(there);
    }
    let transaction = client.transaction().await?;
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(there) {
        transaction.batch_execute(sql).await?;
        let version = i32::try_from(number + 1).unwrap_or(i32::MAX);
        let noted = "insert into spool_versions (version) values ($1)";
        transaction.execute(noted, &[&version]).await?;
    }
    transaction.commit().await?;
    Ok(MIGRATIONS.len())
}

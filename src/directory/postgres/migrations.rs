//! How tables grow: by numbered steps that only add, so that a node of the version before runs on beside a newer one.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// How often nodes that start at once try to be the one that makes the tables.
const TRIES: usize = 20;

/// The steps of one set of tables.
pub struct Migrations {
    /// The table that keeps which were done, made by the first one.
    pub versions: &'static str,
    /// One for each version of the tables, the first being 1; never changed once it was released.
    pub steps: &'static [&'static str],
}

impl Migrations {
    /// Makes the tables, or adds what this program knows and they have not. The answer is their version, where that is one that it does not know.
    ///
    /// # Errors
    /// What the database says.
    pub async fn apply(&self, client: &mut Client) -> Result<Result<(), usize>, Error> {
        let mut turn = 0;
        loop {
            match self.attempt(client).await {
                Ok(there) if there > self.steps.len() => return Ok(Err(there)),
                Ok(_) => return Ok(Ok(())),
                Err(error) if turn < TRIES && is_beside_another(&error) => {
                    turn += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The version that the tables have; 0: there are none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn there(&self, client: &Client) -> Result<usize, Error> {
        let version = format!(
            "select coalesce(max(version), 0)::bigint from {}",
            self.versions
        );
        let there = match client.query_one(&version, &[]).await {
            Ok(row) => row.try_get::<_, i64>(0)?,
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => 0,
            Err(error) => return Err(error),
        };
        Ok(usize::try_from(there).unwrap_or_default())
    }

    /// The version that the tables have in the end.
    async fn attempt(&self, client: &mut Client) -> Result<usize, Error> {
        let Self { versions, steps } = self;
        // Asked first: a role that may not make tables may use those that are there.
        let there = self.there(client).await?;
        if there >= steps.len() {
            return Ok(there);
        }
        let transaction = client.transaction().await?;
        for (number, sql) in steps.iter().enumerate().skip(there) {
            transaction.batch_execute(sql).await?;
            let version = i32::try_from(number + 1).unwrap_or(i32::MAX);
            let noted = format!("insert into {versions} (version) values ($1)");
            transaction.execute(&noted, &[&version]).await?;
        }
        transaction.commit().await?;
        Ok(steps.len())
    }
}

/// Whether an error comes of another node that makes the same tables.
#[must_use]
pub fn is_beside_another(error: &Error) -> bool {
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

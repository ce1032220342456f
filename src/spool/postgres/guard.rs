//! Whether what was committed is on as many machines as it must be.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

/// On how many machines a commit must be synced before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// On the primary and so many synchronous standbys.
    Standbys(i64),
    /// Whatever the engine does is enough: the operator vouches for it.
    Engine,
}

/// How long a standby may take to say that it has synced what the primary has waited for already.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at that.
const LOOK: Duration = Duration::from_micros(500);

/// What must hold where a statement runs, or it writes nothing: a commit waits for standbys.
const WAITS: &str = "(current_setting('synchronous_standby_names') <> '' \
     and current_setting('synchronous_commit') in ('on', 'remote_apply'))";

/// Up to where the primary has synced its log: behind every commit that was answered before, for none is where it does not wait for that. What others have
/// inserted and not synced is no part of it, and standbys get it late.
const END: &str = "select pg_current_wal_flush_lsn()::text";
/// How many synchronous standbys have synced the log up to there.
const SYNCED: &str = "select count(*) from pg_stat_replication \
     where state = 'streaming' and sync_state in ('sync', 'quorum') and flush_lsn >= ($1::text)::pg_lsn";
/// How many there are.
const STANDBYS: &str = "select count(*) from pg_stat_replication \
     where state = 'streaming' and sync_state in ('sync', 'quorum')";

impl Copies {
    /// A condition in SQL for every statement that writes.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::Standbys(_) => WAITS,
            Self::Engine => "true",
        }
    }

    /// Whether everything that was committed before is synced on enough machines. An error or `false`: it is not known.
    pub(super) async fn are_there(self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let Self::Standbys(wanted) = self else {
            return Ok(true);
        };
        let end: String = client.query_one(END, &[]).await?.try_get(0)?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let synced: i64 = client.query_one(SYNCED, &[&end]).await?.try_get(0)?;
            if synced >= wanted {
                return Ok(true);
            }
            sleep(LOOK).await;
        }
        Ok(false)
    }

    /// Whether there are standbys enough for a commit to be synced.
    pub(super) async fn can_be(self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let Self::Standbys(wanted) = self else {
            return Ok(true);
        };
        let sql = format!("select {WAITS}");
        let waits: bool = client.query_one(&sql, &[]).await?.try_get(0)?;
        let there: i64 = client.query_one(STANDBYS, &[]).await?.try_get(0)?;
        Ok(waits && there >= wanted)
    }

    /// Whether the server syncs at all; an error names the setting and the remedy.
    pub(super) async fn check(
        self,
        client: &Client,
    ) -> Result<Result<(), String>, tokio_postgres::Error> {
        if self == Self::Engine {
            return Ok(Ok(()));
        }
        let fsync: String = client
            .query_one("select current_setting('fsync')", &[])
            .await?
            .try_get(0)?;
        if fsync == "on" {
            return sees_standbys(client).await;
        }
        let text = "PostgreSQL does not sync what it writes: fsync is off, and a power cut would lose acknowledged mail; write `fsync = on` into postgresql.conf and restart it";
        Ok(Err(text.to_owned()))
    }
}

/// Whether the role is shown how far standbys are: others see rows of nulls, and it would look as if there were none.
async fn sees_standbys(client: &Client) -> Result<Result<(), String>, tokio_postgres::Error> {
    let sql = "select pg_has_role(current_user, 'pg_read_all_stats', 'usage'), current_user::text";
    let row = client.query_one(sql, &[]).await?;
    if row.try_get(0)? {
        return Ok(Ok(()));
    }
    let role: String = row.try_get(1)?;
    Ok(Err(format!(
        "PostgreSQL does not show {role} how far standbys are, so nothing that it writes would count; have a superuser say `GRANT pg_read_all_stats TO {role}`"
    )))
}

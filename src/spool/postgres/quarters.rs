//! Tables for each quarter of an hour.

use std::collections::BTreeSet;

use tokio_postgres::{Client, Error};

use crate::mail::QueueId;

/// Milliseconds of one.
const QUARTER: u64 = 15 * 60 * 1_000;
/// The bits of an id below its milliseconds.
pub(super) const BELOW: u32 = 23;

/// The quarter of an hour whose tables an entry is in: ids begin with their time.
pub(super) fn quarter_of(id: QueueId) -> i64 {
    // At most 2^41 / 900,000.
    i64::try_from((id.0 >> BELOW) / QUARTER).unwrap_or_default()
}

/// The id as the database has it: the same bits, so that half of them are below zero. Ids of one part of a century keep their order.
#[expect(clippy::cast_possible_wrap, reason = "the bits are kept")]
pub(super) fn stored(id: QueueId) -> i64 {
    id.0 as i64
}

/// The id that the database has as `stored`.
#[expect(clippy::cast_sign_loss, reason = "the bits are kept")]
pub(super) fn id(stored: i64) -> QueueId {
    QueueId(stored as u64)
}

/// Whether the entry `e` of a quarter lives. What another partition says of its id, as of a commit that it gave up, is not about this entry.
pub(super) fn lives(number: i64) -> String {
    format!("not exists (select 1 from done_{number} d where d.id = e.id and d.part = e.part)")
}

/// Those for which there are tables.
pub(super) async fn there(client: &Client) -> Result<Vec<i64>, Error> {
    let rows = client
        .query("select number from quarter order by number", &[])
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Makes the tables of those that are not in `known`, which then has them.
pub(super) async fn make(
    client: &mut Client,
    wanted: &BTreeSet<i64>,
    known: &mut BTreeSet<i64>,
) -> Result<(), Error> {
    for number in wanted {
        if known.contains(number) {
            continue;
        }
        let made = client.transaction().await?;
        // Nodes that make the same at once wait for each other here.
        made.execute(
            "insert into quarter (number) values ($1) on conflict do nothing",
            &[number],
        )
        .await?;
        made.batch_execute(&format!(
            "create table if not exists entry_{number} (id bigint primary key, part bigint not null, head bytea not null, body bytea not null); \
             create index if not exists entry_{number}_part on entry_{number} (part, id); \
             create table if not exists done_{number} (id bigint not null, part bigint not null, primary key (id, part)); \
             create table if not exists progress_{number} (id bigint primary key, epoch bigint not null, turn bigint not null, kept bytea not null)"
        ))
        .await?;
        made.commit().await?;
        known.insert(*number);
    }
    Ok(())
}

/// Drops the tables of quarters before `before` that have no live entry, and returns how many. What is written into one meanwhile fails, and is said again.
pub(super) async fn drop_empty(client: &mut Client, before: i64) -> Result<usize, Error> {
    let mut dropped = 0;
    for number in there(client)
        .await?
        .into_iter()
        .filter(|number| *number < before)
    {
        let live = format!(
            "select exists (select 1 from entry_{number} e where {})",
            lives(number)
        );
        if client.query_one(&live, &[]).await?.try_get(0)? {
            continue;
        }
        let transaction = client.transaction().await?;
        // Nobody writes any more from here on; what was written since the first look is seen by the second.
        transaction
            .batch_execute(&format!(
                "lock table entry_{number} in access exclusive mode"
            ))
            .await?;
        if !transaction
            .query_one(&live, &[])
            .await?
            .try_get::<_, bool>(0)?
        {
            transaction
                .batch_execute(&format!(
                    "drop table entry_{number}, done_{number}, progress_{number}; delete from quarter where number = {number}"
                ))
                .await?;
            transaction.commit().await?;
            dropped += 1;
        }
    }
    Ok(dropped)
}

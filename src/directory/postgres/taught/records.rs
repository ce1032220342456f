//! Documents, events, digests, and the records that other rooms write and read.

use std::collections::BTreeMap;

use super::{PostgresState, number, time};
use crate::directory::postgres::accounts::column;
use crate::directory::postgres::connection::Values;
use crate::directory::{NoticeDigest, Unavailable};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

/// Rows that wait for one account, as on local disk.
const MOST: i64 = 1_000;

const TAKE: &str = "insert into documents (digest, at, lost) values ($1, $2, false) \
     on conflict (digest) do update set at = excluded.at, lost = false where documents.at < excluded.at";
const LOSE: &str = "insert into documents (digest, at, lost) values ($1, $2, true) \
     on conflict (digest) do update set at = excluded.at, lost = true where documents.at <= excluded.at";
/// The row of the counter is held until the end, so no number appears behind a later one.
const EVENT: &str = "with next as (update counters set value = greatest(value + 1, $1) where name = 'event' returning value) \
     insert into events (number, event) select value, $2 from next";
const ROW: &str = "with next as (update counters set value = greatest(value + 1, $2) where name = 'digest' returning value) \
     insert into digest_rows (account, number, line) select $1, value, $3 from next \
     where (select count(*) from digest_rows where account = $1) < $4";
const DROP: &str = "delete from digest_rows where account = $1 and number in \
     (select number from digest_rows where account = $1 order by number limit $2)";
/// Told to the other nodes, as what is below: each has all of them in memory. The answer is the number in the feed, and whether there was a record.
pub(super) const KEEP_SUSPENSION: &str = "with told as (update counters set value = value + 1 where name = 'feed' returning value), \
     tell as (insert into feed (seq, kind, key) select value, 'table', 'suspensions' from told), \
     kept as (insert into suspensions (domain, record) values ($1, $2) on conflict (domain) do update set record = excluded.record returning 1) \
     select value, (select count(*) from kept) from told";
pub(super) const FORGET_SUSPENSION: &str = "with told as (update counters set value = value + 1 where name = 'feed' returning value), \
     tell as (insert into feed (seq, kind, key) select value, 'table', 'suspensions' from told), \
     gone as (delete from suspensions where domain = $1 returning 1) \
     select value, (select count(*) from gone) from told";
pub(super) const KEEP_TOKEN: &str = "with told as (update counters set value = value + 1 where name = 'feed' returning value), \
     tell as (insert into feed (seq, kind, key) select value, 'table', 'tokens' from told), \
     kept as (insert into tokens (id, record) values ($1, $2) on conflict (id) do update set record = excluded.record returning 1) \
     select value, (select count(*) from kept) from told";
/// Told to nobody: each node notes the same of a day for itself.
pub(super) const NOTE_TOKEN: &str = "update tokens set record = $3 where id = $1 and record = $2";

impl PostgresState {
    pub(super) async fn taken(&self, digest: Vec<u8>) -> Result<Option<Timestamp>, Unavailable> {
        let sql = "select at from documents where digest = $1 and not lost";
        let row = self.link.row(sql, &[&digest]).await?;
        row.map(|row| column(&row, 0).map(time)).transpose()
    }

    pub(super) async fn note_taken(
        &self,
        digest: Vec<u8>,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        self.tell(TAKE, &[&digest, &number(at)]).await
    }

    pub(super) async fn note_lost(
        &self,
        digest: Vec<u8>,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        self.tell(LOSE, &[&digest, &number(at)]).await
    }

    pub(super) async fn put_event(&self, at: Timestamp, event: String) -> Result<(), Unavailable> {
        let at = number(at).saturating_mul(1_000);
        self.link.run_once(EVENT, &[&at, &event]).await.map(|_| ())
    }

    pub(super) async fn events_after(
        &self,
        after: u64,
        most: usize,
    ) -> Result<Vec<(u64, String)>, Unavailable> {
        let sql = "select number, event from events where number > $1 order by number limit $2";
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.link.run(sql, &[&after, &most]).await?;
        let read = rows.iter().map(|row| {
            let number: i64 = column(row, 0)?;
            Ok((u64::try_from(number).unwrap_or_default(), column(row, 1)?))
        });
        read.collect()
    }

    pub(super) async fn put_row(
        &self,
        account: ParticipantId,
        at: Timestamp,
        row: String,
    ) -> Result<(), Unavailable> {
        let at = number(at).saturating_mul(1_000);
        self.link
            .run_once(ROW, &[&account.as_str(), &at, &row, &MOST])
            .await
            .map(|_| ())
    }

    pub(super) async fn all_digests(&self) -> Result<Vec<NoticeDigest>, Unavailable> {
        let sql = "select account, line from digest_rows order by account, number";
        let mut all: BTreeMap<ParticipantId, Vec<String>> = BTreeMap::new();
        for row in &self.link.run(sql, &[]).await? {
            let (account, line): (String, String) = (column(row, 0)?, column(row, 1)?);
            if let Ok(account) = ParticipantId::parse(&account) {
                all.entry(account).or_default().push(line);
            }
        }
        Ok(all.into_iter().collect())
    }

    pub(super) async fn drop_rows(
        &self,
        account: ParticipantId,
        rows: usize,
    ) -> Result<(), Unavailable> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        // Run again it would drop others.
        self.link
            .run_once(DROP, &[&account.as_str(), &rows])
            .await
            .map(|_| ())
    }

    /// Keys and records, in the order of keys, whatever the database's own order is.
    pub(super) async fn records(
        &self,
        sql: &'static str,
    ) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        let mut all = BTreeMap::new();
        for row in &self.link.run(sql, &[]).await? {
            all.insert(column(row, 0)?, column(row, 1)?);
        }
        Ok(all.into_iter().collect())
    }

    /// Changes a record that all nodes have in memory, and waits until those that live have heard of it. Whether there is one, or was.
    pub(super) async fn keep(
        &self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<bool, Unavailable> {
        let Some(row) = self.link.row(sql, values).await? else {
            return Err(Unavailable("the counter of the feed is gone".to_owned()));
        };
        let (number, records): (i64, i64) = (column(&row, 0)?, column(&row, 1)?);
        self.link.is_heard(number).await?;
        Ok(records > 0)
    }
}

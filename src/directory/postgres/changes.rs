//! How changes are applied: what they come to is worked out over what they may touch, within the transaction that holds the counter of the feed. Many new
//! records go in by COPY, those that are known are changed, and what is already so is neither written nor told.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::Error;
use tokio_postgres::types::Type;

use super::accounts::{LOADED, load_state};
use super::connection::{Connection, Values};
use crate::directory::draft::{ACCOUNT, ADDRESS, Draft, NUMBER, ORDER, USERS, decode, key};
use crate::directory::loaded::LoadState;
use crate::directory::users::organisations;
use crate::directory::{Change, Conflict, Participant, Unavailable};
use crate::mail::{Domain, Mailbox};

/// More changed records than these are told in the feed as "anything": caches begin anew.
const TOLD: usize = 300;
/// From so many new records of a kind on they go in by COPY: its beginning and its end are two round trips.
const COPIED: usize = 100;

/// Records by their keys.
type Records = HashMap<Vec<u8>, Vec<u8>>;

/// What changes may read.
async fn read(connection: &Connection, changes: &[Change]) -> Result<Records, Error> {
    let mut records = Records::new();
    let (mut accounts, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    let mut domains: BTreeSet<Domain> = BTreeSet::new();
    let mut orders = BTreeSet::new();
    for change in changes {
        match change {
            Change::PutParticipant(account) => {
                accounts.insert(account.id.to_string());
                addresses.extend(account.addresses.iter().map(Mailbox::key));
                domains.extend(organisations(account));
            }
            Change::RemoveParticipant(id) => {
                accounts.insert(id.to_string());
            }
            Change::PutTransaction(order) => {
                orders.insert(order.id.to_string());
            }
            Change::BeginLoad | Change::EndLoad => {}
        }
    }
    let sql = "select id, record from participants where id = any($1)";
    add(connection, sql, (ACCOUNT, accounts), &mut records).await?;
    for record in records.values() {
        if let Ok(account) = decode::<Participant>(record) {
            domains.extend(organisations(&account));
        }
    }
    // Written as JSON on local disk, as which the draft reads it.
    let sql = "select address, '\"' || participant || '\"' from addresses where address = any($1)";
    add(connection, sql, (ADDRESS, addresses), &mut records).await?;
    let domains = domains.iter().map(ToString::to_string).collect();
    let sql = "select domain, record from domain_users where domain = any($1)";
    add(connection, sql, (USERS, domains), &mut records).await?;
    let sql = "select id, record from transactions where id = any($1)";
    add(connection, sql, (ORDER, orders), &mut records).await?;
    Ok(records)
}

async fn add(
    connection: &Connection,
    sql: &'static str,
    (kind, names): (u8, BTreeSet<String>),
    records: &mut Records,
) -> Result<(), Error> {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = names.into_iter().collect();
    for row in connection.run(sql, &[&names]).await? {
        let (name, record): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        records.insert(key(kind, &name), record.into_bytes());
    }
    Ok(())
}

/// How records of a kind are written.
struct Statements {
    /// Those that may be there.
    put: &'static str,
    /// Many that are not.
    copy: &'static str,
    /// Those that go.
    remove: &'static str,
}

const fn statements(kind: u8) -> Statements {
    match kind {
        ACCOUNT => Statements {
            put: "insert into participants (id, record) select unnest($1::text[]), unnest($2::text[]) \
                 on conflict (id) do update set record = excluded.record",
            copy: "copy participants (id, record) from stdin binary",
            remove: "delete from participants where id = any($1)",
        },
        ADDRESS => Statements {
            put: "insert into addresses (address, participant) select unnest($1::text[]), unnest($2::text[]) \
                 on conflict (address) do update set participant = excluded.participant",
            copy: "copy addresses (address, participant) from stdin binary",
            remove: "delete from addresses where address = any($1)",
        },
        USERS => Statements {
            put: "insert into domain_users (domain, record) select unnest($1::text[]), unnest($2::text[]) \
                 on conflict (domain) do update set record = excluded.record",
            copy: "copy domain_users (domain, record) from stdin binary",
            remove: "delete from domain_users where domain = any($1)",
        },
        NUMBER => Statements {
            put: "insert into order_numbers (number, transaction) select unnest($1::text[]), unnest($2::text[]) on conflict do nothing",
            copy: "copy order_numbers (number, transaction) from stdin binary",
            remove: "",
        },
        _ => Statements {
            put: "insert into transactions (id, record) select unnest($1::text[]), unnest($2::text[]) \
                 on conflict (id) do update set record = excluded.record",
            copy: "copy transactions (id, record) from stdin binary",
            remove: "delete from transactions where id = any($1)",
        },
    }
}

/// Keys and values of one kind that are to be written.
#[derive(Default)]
struct Rows {
    names: Vec<String>,
    values: Vec<String>,
}

impl Rows {
    fn push(&mut self, name: String, value: String) {
        self.names.push(name);
        self.values.push(value);
    }

    async fn put(&self, connection: &Connection, sql: &'static str) -> Result<(), Error> {
        if self.names.is_empty() {
            return Ok(());
        }
        let values: Values<'_> = &[&self.names, &self.values];
        connection.run(sql, values).await.map(drop)
    }

    async fn copy(&self, connection: &Connection, sql: &'static str) -> Result<(), Error> {
        let rows = self.names.iter().zip(&self.values);
        let mut copy = connection.copy(sql, &[Type::TEXT, Type::TEXT]).await?;
        for (name, value) in rows {
            copy.row(&[name, value]).await?;
        }
        copy.end().await.map(drop)
    }
}

/// What of a draft is of one kind.
#[derive(Default)]
struct Written {
    /// Nothing is there under these keys.
    new: Rows,
    /// Something may be.
    changed: Rows,
    gone: Vec<String>,
}

impl Written {
    fn of(kind: u8, draft: &Draft<'_>, records: &Records) -> Self {
        let mut written = Self::default();
        for (key, value) in &draft.writes {
            let Some((_, name)) = key.split_first().filter(|(first, _)| **first == kind) else {
                continue;
            };
            let name = String::from_utf8_lossy(name).into_owned();
            if let Some((number, transaction)) = name.split_once('\0') {
                written.number(number, transaction, draft, records);
                continue;
            }
            let Some(value) = value else {
                written.gone.push(name);
                continue;
            };
            let known = records.get(key);
            if known == Some(value) {
                continue;
            }
            let value = String::from_utf8_lossy(value);
            let value = match kind {
                ADDRESS => value.trim_matches('"').to_owned(),
                _ => value.into_owned(),
            };
            match known {
                None => written.new.push(name, value),
                Some(_) => written.changed.push(name, value),
            }
        }
        written
    }

    /// A number of an order. Entries stay for as long as their transaction, which nobody removes.
    fn number(&mut self, number: &str, transaction: &str, draft: &Draft<'_>, records: &Records) {
        let order = key(ORDER, transaction);
        let known = records.get(&order);
        let rows = match known {
            None => &mut self.new,
            Some(_) if draft.writes.get(&order).and_then(Option::as_ref) == known => return,
            Some(_) => &mut self.changed,
        };
        rows.push(number.to_owned(), transaction.to_owned());
    }

    async fn write(&self, connection: &Connection, kind: u8) -> Result<(), Error> {
        let Statements { put, copy, remove } = statements(kind);
        if self.new.names.len() >= COPIED {
            self.new.copy(connection, copy).await?;
        } else {
            self.new.put(connection, put).await?;
        }
        self.changed.put(connection, put).await?;
        if !self.gone.is_empty() {
            connection.run(remove, &[&self.gone]).await?;
        }
        Ok(())
    }
}

const TELL: &str = "insert into feed (seq, kind, key) select unnest($1::bigint[]), unnest($2::text[]), unnest($3::text[])";

/// Writes what a draft has come to, and returns what the feed is to tell.
async fn write(
    connection: &Connection,
    draft: &Draft<'_>,
    records: &Records,
) -> Result<Vec<(String, String)>, Error> {
    let mut told = Vec::new();
    for kind in [ACCOUNT, ADDRESS, USERS, ORDER, NUMBER] {
        let written = Written::of(kind, draft, records);
        written.write(connection, kind).await?;
        // No node keeps what numbers lead to.
        if kind != NUMBER {
            let names = [written.new.names, written.changed.names, written.gone];
            let names = names.into_iter().flatten();
            told.extend(names.map(|name| (char::from(kind).to_string(), name)));
        }
    }
    Ok(told)
}

/// What became of changes.
pub(super) struct Applied {
    pub(super) results: Vec<Result<(), Conflict>>,
    pub(super) loaded: LoadState,
    /// The number up to which the feed must be read before nobody uses what was before; none: nothing was there before.
    pub(super) removed: Option<i64>,
}

/// Applies changes within a transaction.
pub(super) async fn apply(
    connection: &Connection,
    changes: &[Change],
) -> Result<Result<Applied, Unavailable>, Error> {
    // Held until the commit: changes come one after another, and so do the numbers of the feed.
    let number = connection
        .run(
            "select value from counters where name = 'feed' for update",
            &[],
        )
        .await?;
    let number: i64 = number.first().map_or(Ok(0), |row| row.try_get(0))?;
    let before = connection.run(LOADED, &[]).await?;
    let before = match load_state(before.first()) {
        Ok(before) => before,
        Err(error) => return Ok(Err(error)),
    };
    let records = read(connection, changes).await?;
    let find = |kind: u8, id: &str| Ok(records.get(&key(kind, id)).cloned());
    let mut draft = Draft::over(&find, before);
    let mut results = Vec::with_capacity(changes.len());
    for change in changes {
        match draft.take(change.clone()) {
            Ok(result) => results.push(result),
            Err(error) => return Ok(Err(error)),
        }
    }
    let loaded = draft.loaded();
    if let Some(record) = loaded.record().filter(|_| loaded != before) {
        let record = String::from_utf8_lossy(record).into_owned();
        let sql = "insert into settings (name, value) values ('loaded', $1) on conflict (name) do update set value = excluded.value";
        connection.run(sql, &[&record]).await?;
    }
    let mut told = write(connection, &draft, &records).await?;
    // Also where it is so already: whoever says it again wants to be sure that all have heard of it.
    let removes = draft.writes.keys().any(|key| {
        let kind = key.first().copied();
        kind.is_some_and(|kind| kind == ACCOUNT || kind == ADDRESS) && records.contains_key(key)
    });
    if told.len() > TOLD {
        told = vec![("*".to_owned(), String::new())];
    }
    let last = number.saturating_add(i64::try_from(told.len()).unwrap_or(i64::MAX));
    if !told.is_empty() {
        let numbers: Vec<i64> = (number + 1..=last).collect();
        let (kinds, keys): (Vec<String>, Vec<String>) = told.into_iter().unzip();
        let values: Values<'_> = &[&numbers, &kinds, &keys];
        connection.run(TELL, values).await?;
        connection
            .run(
                "update counters set value = $1 where name = 'feed'",
                &[&last],
            )
            .await?;
    }
    Ok(Ok(Applied {
        results,
        loaded,
        removed: removes.then_some(last),
    }))
}

//! [`PostgresDirectory`]: accounts and orders for many nodes. What a change comes to is worked out as for the directory on local disk; whoever changes
//! something holds the counter of the feed until the end, so that changes come one after another, on all nodes together.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tokio_postgres::{Error, Row};

use super::connection::{Connection, Values};
use super::link::Link;
use crate::directory::draft::{ACCOUNT, ADDRESS, Draft, NUMBER, ORDER, USERS, decode, key};
use crate::directory::loaded::{LoadState, SharedLoadState};
use crate::directory::users::{Users, organisations};
use crate::directory::{
    Change, Conflict, Directory, DirectoryFuture, MOST_OF_AN_ORDER, Mask, Participant, Transaction,
    Unavailable,
};
use crate::mail::{Domain, Mailbox};
use crate::masking::providers::organisation;
use crate::masking::{MaskId, ParticipantId, TransactionId};

/// More changed records than these are told in the feed as "anything": caches begin anew.
const TOLD: usize = 300;
/// The directory on PostgreSQL.
pub struct PostgresDirectory {
    link: Arc<Link>,
    loaded: SharedLoadState,
}

/// Records by their keys.
type Records = HashMap<Vec<u8>, Vec<u8>>;

impl PostgresDirectory {
    /// The directory behind `link`.
    #[must_use]
    pub fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            loaded: SharedLoadState::new(LoadState::Never),
        }
    }

    /// Whether it answers: it was loaded at some time, so that an id that is not there is unknown. Asked until it was, and known from then on.
    ///
    /// # Errors
    /// [`Unavailable`] with what is to be done.
    pub async fn answers(&self) -> Result<(), Unavailable> {
        if self.loaded.get().answers().is_ok() {
            return Ok(());
        }
        let row = self.link.row(LOADED, &[]).await?;
        let loaded = load_state(row.as_ref())?;
        self.loaded.set(loaded);
        loaded.answers()
    }

    /// The first column of the row that `sql` finds for `id`.
    async fn text(&self, sql: &'static str, id: &str) -> Result<Option<String>, Unavailable> {
        let row = self.link.row(sql, &[&id]).await?;
        row.map(|row| column(&row, 0)).transpose()
    }

    /// As [`PostgresDirectory::text`], read as a record, for whoever takes "there is none" for an answer.
    async fn record<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        id: &str,
    ) -> Result<Option<T>, Unavailable> {
        self.answers().await?;
        let found = self.text(sql, id).await?;
        found.map(|text| decode(text.as_bytes())).transpose()
    }
}

const LOADED: &str = "select value from settings where name = 'loaded'";
const PARTICIPANT: &str = "select record from participants where id = $1";
const TRANSACTION: &str = "select record from transactions where id = $1";
const OF_ORDER: &str = "select record from order_numbers join transactions on id = transaction where number = $1 limit $2";
const OWNER: &str = "select participant from addresses where address = $1";
const DOMAIN: &str = "select record from domain_users where domain = $1";
const MASK: &str = "select participant, counterparty from masks where mask = $1 \
     union all select id, null from participants where id = $1";
/// A column that must be there and of its type.
pub(super) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    number: usize,
) -> Result<T, Unavailable> {
    row.try_get(number)
        .map_err(|error| Unavailable(format!("PostgreSQL: {error}")))
}

fn load_state(row: Option<&Row>) -> Result<LoadState, Unavailable> {
    let value: Option<String> = row.map(|row| column(row, 0)).transpose()?;
    Ok(LoadState::of_record(value.as_deref().map(str::as_bytes)))
}

/// What changes may read.
async fn read(connection: &Connection, changes: &[Change]) -> Result<Records, Error> {
    let mut records = Records::new();
    let (mut accounts, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    let mut domains: BTreeSet<Domain> = BTreeSet::new();
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
            Change::PutTransaction(_) | Change::BeginLoad | Change::EndLoad => {}
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

/// The statements that put and remove records of a kind.
const fn statements(kind: u8) -> (&'static str, &'static str) {
    match kind {
        ACCOUNT => (
            "insert into participants (id, record) select unnest($1::text[]), unnest($2::text[]) \
             on conflict (id) do update set record = excluded.record",
            "delete from participants where id = any($1)",
        ),
        ADDRESS => (
            "insert into addresses (address, participant) select unnest($1::text[]), unnest($2::text[]) \
             on conflict (address) do update set participant = excluded.participant",
            "delete from addresses where address = any($1)",
        ),
        USERS => (
            "insert into domain_users (domain, record) select unnest($1::text[]), unnest($2::text[]) \
             on conflict (domain) do update set record = excluded.record",
            "delete from domain_users where domain = any($1)",
        ),
        NUMBER => (
            "insert into order_numbers (number, transaction) select unnest($1::text[]), unnest($2::text[]) on conflict do nothing",
            "",
        ),
        _ => (
            "insert into transactions (id, record) select unnest($1::text[]), unnest($2::text[]) \
             on conflict (id) do update set record = excluded.record",
            "delete from transactions where id = any($1)",
        ),
    }
}

const TELL: &str = "insert into feed (seq, kind, key) select unnest($1::bigint[]), unnest($2::text[]), unnest($3::text[])";

/// Writes what a draft has come to, and returns what the feed is to tell.
async fn write(connection: &Connection, draft: &Draft<'_>) -> Result<Vec<(String, String)>, Error> {
    let mut told = Vec::new();
    for kind in [ACCOUNT, ADDRESS, USERS, ORDER, NUMBER] {
        let (mut put, mut values, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in &draft.writes {
            let Some((_, name)) = key.split_first().filter(|(first, _)| **first == kind) else {
                continue;
            };
            let name = String::from_utf8_lossy(name).into_owned();
            if let Some((number, transaction)) = name.split_once('\0') {
                // No node keeps what numbers lead to.
                put.push(number.to_owned());
                values.push(transaction.to_owned());
                continue;
            }
            told.push((char::from(kind).to_string(), name.clone()));
            match value {
                Some(value) => {
                    let value = String::from_utf8_lossy(value).into_owned();
                    put.push(name);
                    values.push(match kind {
                        ADDRESS => value.trim_matches('"').to_owned(),
                        _ => value,
                    });
                }
                None => gone.push(name),
            }
        }
        let (insert, delete) = statements(kind);
        if !put.is_empty() {
            connection.run(insert, &[&put, &values]).await?;
        }
        if !gone.is_empty() {
            connection.run(delete, &[&gone]).await?;
        }
    }
    Ok(told)
}

/// What became of changes.
struct Applied {
    results: Vec<Result<(), Conflict>>,
    loaded: LoadState,
    /// The number up to which the feed must be read before nobody uses what was before; none: nothing was there before.
    removed: Option<i64>,
}

/// Applies changes within a transaction.
async fn apply(
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
    let mut told = write(connection, &draft).await?;
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

impl Directory for PostgresDirectory {
    fn mask(&self, mask: &MaskId) -> DirectoryFuture<'_, Option<Mask>> {
        let mask = mask.clone();
        Box::pin(async move {
            self.answers().await?;
            let Some(row) = self.link.row(MASK, &[&mask.as_str()]).await? else {
                return Ok(None);
            };
            let id = |text: String| {
                ParticipantId::parse(&text).map_err(|error| Unavailable(error.to_string()))
            };
            let counterparty: Option<String> = column(&row, 1)?;
            Ok(Some(Mask {
                participant: id(column(&row, 0)?)?,
                counterparty: counterparty.map(id).transpose()?,
            }))
        })
    }

    fn mask_of(
        &self,
        participant: &ParticipantId,
        _counterparty: Option<&ParticipantId>,
    ) -> DirectoryFuture<'_, Option<MaskId>> {
        let found = self.participant(participant);
        Box::pin(async move {
            let found = found.await?;
            Ok(found.and_then(|found| MaskId::parse(found.id.as_str()).ok()))
        })
    }

    fn participant(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        let id = id.clone();
        Box::pin(async move {
            let found = self.record(PARTICIPANT, id.as_str()).await?;
            Ok(found.map(Arc::new))
        })
    }

    fn stored(&self, id: &ParticipantId) -> DirectoryFuture<'_, bool> {
        let id = id.clone();
        Box::pin(async move { Ok(self.text(PARTICIPANT, id.as_str()).await?.is_some()) })
    }

    fn owner(&self, address: &Mailbox) -> DirectoryFuture<'_, Option<ParticipantId>> {
        let key = address.key();
        Box::pin(async move {
            self.answers().await?;
            let found = self.text(OWNER, &key).await?;
            let found = found.map(|text| ParticipantId::parse(&text));
            found
                .transpose()
                .map_err(|error| Unavailable(error.to_string()))
        })
    }

    fn users(&self, domain: &Domain) -> DirectoryFuture<'_, usize> {
        let domain = organisation(domain);
        Box::pin(async move {
            let found: Option<Users> = self.record(DOMAIN, domain.as_str()).await?;
            Ok(found.map_or(0, |users| users.count()))
        })
    }

    fn transaction(&self, id: &TransactionId) -> DirectoryFuture<'_, Option<Arc<Transaction>>> {
        let id = id.clone();
        Box::pin(async move {
            let found = self.record(TRANSACTION, id.as_str()).await?;
            Ok(found.map(Arc::new))
        })
    }

    fn transactions_of_order(&self, number: &str) -> DirectoryFuture<'_, Vec<Arc<Transaction>>> {
        let number = number.to_owned();
        Box::pin(async move {
            self.answers().await?;
            let most = i64::try_from(MOST_OF_AN_ORDER).unwrap_or(i64::MAX);
            let rows = self.link.run(OF_ORDER, &[&number, &most]).await?;
            let mut found = Vec::with_capacity(rows.len());
            for row in &rows {
                let record: Transaction = decode(column::<String>(row, 0)?.as_bytes())?;
                if record.order.as_deref() == Some(&*number) {
                    found.push(Arc::new(record));
                }
            }
            Ok(found)
        })
    }

    fn apply(&self, changes: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>> {
        Box::pin(async move {
            let changes: Arc<[Change]> = changes.into();
            let applied = self.link.together(|connection| {
                let changes = changes.clone();
                Box::pin(async move { apply(connection, &changes).await })
            });
            let applied = applied.await?;
            self.loaded.set(applied.loaded);
            if let Some(number) = applied.removed {
                self.link.is_heard(number).await?;
            }
            Ok(applied.results)
        })
    }
}

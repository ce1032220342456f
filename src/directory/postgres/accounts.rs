//! [`PostgresDirectory`]: accounts and orders for many nodes. What a change comes to is worked out as for the directory on local disk; whoever changes
//! something holds the counter of the feed until the end, so that changes come one after another, on all nodes together.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio_postgres::Row;

use super::changes::apply;
use super::link::{Link, PATIENCE};
use crate::directory::draft::decode;
use crate::directory::loaded::{LoadState, SharedLoadState};
use crate::directory::users::Users;
use crate::directory::{
    Change, Conflict, Directory, DirectoryFuture, MOST_OF_AN_ORDER, Mask, Participant, Transaction,
    Unavailable,
};
use crate::mail::{Domain, Mailbox};
use crate::masking::providers::organisation;
use crate::masking::{MaskId, ParticipantId, TransactionId};

/// Changes of a load that are applied at once.
const BATCH: usize = 10_000;
/// More changes than these are a load, which may take longer than whoever changes an account waits.
const FEW: usize = 100;
/// How long a batch of a load may take.
const LONG: Duration = Duration::from_secs(120);

/// The directory on PostgreSQL.
pub struct PostgresDirectory {
    link: Arc<Link>,
    loaded: SharedLoadState,
}

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

pub(super) const LOADED: &str = "select value from settings where name = 'loaded'";
const PARTICIPANT: &str = "select record from participants where id = $1";
const STORED: &str = "select id from participants where id = any($1)";
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

pub(super) fn load_state(row: Option<&Row>) -> Result<LoadState, Unavailable> {
    let value: Option<String> = row.map(|row| column(row, 0)).transpose()?;
    Ok(LoadState::of_record(value.as_deref().map(str::as_bytes)))
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

    fn all_stored(&self, ids: &[ParticipantId]) -> DirectoryFuture<'_, Vec<bool>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        Box::pin(async move {
            let rows = self.link.run(STORED, &[&ids]).await?;
            let there = rows.iter().map(|row| column(row, 0));
            let there: HashSet<String> = there.collect::<Result<_, _>>()?;
            Ok(ids.iter().map(|id| there.contains(id)).collect())
        })
    }

    fn load_batch(&self) -> usize {
        BATCH
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
            let patience = if changes.len() > FEW { LONG } else { PATIENCE };
            let applied = self.link.together(patience, |connection| {
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

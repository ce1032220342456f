//! [`PostgresPolicies`]: the MTA-STS policies that any node has fetched.

use std::sync::Arc;

use super::accounts::column;
use super::connection::Values;
use super::link::Link;
use crate::directory::Unavailable;
use crate::mail::{Domain, Timestamp};

/// The policies of other servers' domains, for all nodes.
#[derive(Clone)]
pub struct PostgresPolicies(Arc<Link>);

const FIND: &str = "select record from policies where domain = $1";
const KEEP: &str = "insert into policies (domain, record, fetched, until) values ($1, $2, $3, $4) \
     on conflict (domain) do update set record = excluded.record, fetched = excluded.fetched, until = excluded.until \
     where policies.fetched < excluded.fetched";
const FORGET: &str = "delete from policies where until < $1";

/// As the database has it.
fn number(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

impl PostgresPolicies {
    /// The policies behind `link`.
    #[must_use]
    pub const fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    /// What is kept of a domain; none: no node has fetched anything.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn find(&self, domain: &Domain) -> Result<Option<String>, Unavailable> {
        let row = self.0.row(FIND, &[&domain.as_str()]).await?;
        row.map(|row| column(&row, 0)).transpose()
    }

    /// Keeps what was fetched at `fetched` and is good until `until`, unless another has fetched it later.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn keep(
        &self,
        domain: &Domain,
        record: &str,
        (fetched, until): (Timestamp, Timestamp),
    ) -> Result<(), Unavailable> {
        let domain = domain.as_str();
        let values: Values<'_> = &[&domain, &record, &number(fetched), &number(until)];
        self.0.run(KEEP, values).await.map(drop)
    }

    /// Forgets those that are good no longer.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn forget(&self, now: Timestamp) -> Result<(), Unavailable> {
        self.0.run(FORGET, &[&number(now)]).await.map(drop)
    }
}

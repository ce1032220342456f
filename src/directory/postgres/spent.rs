//! [`PostgresSpent`]: what all nodes have spent of budgets, added up by the database's clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::accounts::column;
use super::connection::Values;
use super::link::Link;
use crate::directory::Unavailable;

/// What a node has spent of a budget since it last said so.
#[derive(Debug, Clone, PartialEq)]
pub struct SpentMore {
    /// Which budget of whom, as a keyed digest.
    pub whose: [u8; 16],
    /// How much; less than zero where it came back.
    pub amount: f64,
    /// What comes back by itself in a second.
    pub rate: f64,
    /// How long it takes until all of a budget has come back.
    pub period: Duration,
}

/// What all nodes have spent of budgets.
#[derive(Clone)]
pub struct PostgresSpent(Arc<Link>);

/// One statement for all that a node has to say. What has come back by itself is taken off first.
const ADD: &str = "insert into spent (whose, amount, rate, at, until) \
     select whose, amount, rate, now(), now() + period * interval '1 second' \
     from (select unnest($1::bytea[]) as whose, unnest($2::float8[]) as amount, unnest($3::float8[]) as rate, unnest($4::float8[]) as period) told \
     on conflict (whose) do update set \
     amount = greatest(greatest(spent.amount - excluded.rate * greatest(extract(epoch from excluded.at - spent.at)::float8, 0), 0) + excluded.amount, 0), \
     rate = excluded.rate, at = greatest(spent.at, excluded.at), until = excluded.until \
     returning whose, amount";
const FORGET: &str = "delete from spent where until < now()";

impl PostgresSpent {
    /// What is spent behind `link`.
    #[must_use]
    pub const fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    /// Adds what this node has spent, and returns what all have, in the order of `more`. Nobody stands there twice. Where there is no answer it may have been
    /// added all the same.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn add(&self, more: &[SpentMore]) -> Result<Vec<f64>, Unavailable> {
        let whose: Vec<Vec<u8>> = more.iter().map(|more| more.whose.to_vec()).collect();
        let amounts: Vec<f64> = more.iter().map(|more| more.amount).collect();
        let rates: Vec<f64> = more.iter().map(|more| more.rate).collect();
        let periods: Vec<f64> = more.iter().map(|more| more.period.as_secs_f64()).collect();
        let values: Values<'_> = &[&whose, &amounts, &rates, &periods];
        let mut sums = HashMap::new();
        for row in &self.0.run_once(ADD, values).await? {
            sums.insert(column::<Vec<u8>>(row, 0)?, column::<f64>(row, 1)?);
        }
        let sum = |whose| sums.get(whose).copied().unwrap_or_default();
        Ok(whose.iter().map(sum).collect())
    }

    /// Forgets those who have spent nothing for so long that all has come back.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn forget(&self) -> Result<(), Unavailable> {
        self.0.run(FORGET, &[]).await.map(drop)
    }
}

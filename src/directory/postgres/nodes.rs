//! The nodes that there are: each writes of itself what the others must know.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::accounts::column;
use super::connection::Values;
use super::link::Link;
use crate::directory::Unavailable;

/// What a node says of itself at a start, and when it reads its files anew. Digests show drift, and no contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its name, which no other node has.
    pub name: String,
    /// Where it is; empty: not said.
    pub region: String,
    /// The program's version.
    pub version: String,
    /// A digest of the allowlist in force.
    pub allowlist: String,
    /// The same of the rules.
    pub rules: String,
    /// The same of the configuration, but for what differs from node to node.
    pub config: String,
    /// The numbers of its keys: of the secrets in their order, and which DKIM keys of a domain it has.
    pub keys: String,
}

/// A node as the others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it says of itself.
    pub facts: NodeFacts,
    /// How far it has read the feed.
    pub seen: u64,
    /// Milliseconds since it did.
    pub silent: u64,
}

impl Node {
    /// Whether it has read the feed within the last two seconds: its cache is used, and removals wait for it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.silent < 2_000
    }
}

const ALL: &str = "select name, region, version, allowlist, rules, config, keys, seen, \
     (extract(epoch from (now() - seen_at)) * 1000)::bigint from nodes order by name";
const RENEW: &str = "update nodes set region = $2, version = $3, config = $6, \
     allowlist = coalesce(nullif($4::text, ''), allowlist), rules = coalesce(nullif($5::text, ''), rules), \
     keys = coalesce(nullif($7::text, ''), keys) where name = $1 returning slot";
const ENTER: &str = "with next as (update counters set value = value + 1 where name = 'slot' returning value) \
     insert into nodes (name, region, version, allowlist, rules, config, keys, seen, seen_at, started_at, slot) \
     select $1, $2, $3, $4, $5, $6, $7, (select value from counters where name = 'feed'), now(), now(), value from next returning slot";

/// A node that has not read the feed for two seconds takes its cache for empty.
const BEHIND: &str =
    "select name from nodes where seen < $1 and seen_at > now() - interval '2 seconds' limit 1";
/// How often it is looked whether all nodes have heard of a removal.
const LOOK: Duration = Duration::from_millis(20);
/// How long that may take: a node that does not hear is no node any more by then.
const HEARD: Duration = Duration::from_secs(10);

impl Link {
    /// Waits until every node that lives has read the feed up to `number`.
    pub(super) async fn is_heard(&self, number: i64) -> Result<(), Unavailable> {
        self.changed.notify_waiters();
        let begun = Instant::now();
        while begun.elapsed() < HEARD {
            if self.row(BEHIND, &[&number]).await?.is_none() {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        let text = "a node has not heard of the change in time; it is made, and saying it again waits anew";
        Err(Unavailable(text.to_owned()))
    }

    /// All nodes that have ever been, by name.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn nodes(&self) -> Result<Vec<Node>, Unavailable> {
        let rows = self.run(ALL, &[]).await?;
        let read = rows.iter().map(|row| {
            let number =
                |at| column::<i64>(row, at).map(|number| u64::try_from(number).unwrap_or_default());
            Ok(Node {
                facts: NodeFacts {
                    name: column(row, 0)?,
                    region: column(row, 1)?,
                    version: column(row, 2)?,
                    allowlist: column(row, 3)?,
                    rules: column(row, 4)?,
                    config: column(row, 5)?,
                    keys: column(row, 6)?,
                },
                seen: number(7)?,
                silent: number(8)?,
            })
        });
        read.collect()
    }

    /// Says of a node what it is, and returns its number, which no other node has. What is empty stays as it was told: a command that has read no
    /// allowlist says nothing of the server's.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn tell_node(&self, facts: &NodeFacts) -> Result<u16, Unavailable> {
        let values: Values<'_> = &[
            &facts.name,
            &facts.region,
            &facts.version,
            &facts.allowlist,
            &facts.rules,
            &facts.config,
            &facts.keys,
        ];
        let row = match self.row(RENEW, values).await? {
            Some(row) => Some(row),
            None => self.row(ENTER, values).await?,
        };
        let slot: i32 = row.map_or(Ok(0), |row| column(&row, 0))?;
        u16::try_from(slot).map_err(|_| {
            Unavailable("there were more than 65,535 nodes; delete old rows of the table nodes and set the counter slot back".to_owned())
        })
    }
}

//! The nodes that there are: each writes of itself what the others must know.

use super::accounts::column;
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

const ALL: &str = "select name, region, version, allowlist, rules, config, seen, \
     (extract(epoch from (now() - seen_at)) * 1000)::bigint from nodes order by name";
const ENTER: &str = "insert into nodes (name, region, version, allowlist, rules, config, seen, seen_at, started_at) \
     values ($1, $2, $3, $4, $5, $6, (select value from counters where name = 'feed'), now(), now()) \
     on conflict (name) do update set region = excluded.region, version = excluded.version, allowlist = excluded.allowlist, \
     rules = excluded.rules, config = excluded.config";

impl Link {
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
                },
                seen: number(6)?,
                silent: number(7)?,
            })
        });
        read.collect()
    }

    /// Says of a node what it is.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn tell_node(&self, facts: &NodeFacts) -> Result<(), Unavailable> {
        let values = [
            &facts.name,
            &facts.region,
            &facts.version,
            &facts.allowlist,
            &facts.rules,
            &facts.config,
        ];
        let [name, region, version, allowlist, rules, config] = values;
        self.run(ENTER, &[name, region, version, allowlist, rules, config])
            .await
            .map(|_| ())
    }
}

//! What is counted of nodes, of their shards and of what waits.

use super::{Counter, Described, Gauge};

/// Every metric of them.
pub(super) const METRICS: &[Described] = &[
    (
        "allegromail_shard_adopted_total",
        Counter,
        &[],
        "messages that this node took over from another one, or from its own run before",
    ),
    (
        "allegromail_shard_failures_total",
        Counter,
        &[],
        "statements that a shard did not do, or did not acknowledge",
    ),
    (
        "allegromail_cluster_drift",
        Gauge,
        &["what"],
        "1 where nodes that live differ in it",
    ),
    (
        "allegromail_spool_entries",
        Gauge,
        &[],
        "messages that are accepted and have not come to their end",
    ),
];

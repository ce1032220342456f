//! What each metric counts, as `/metrics` says it beside the numbers. docs/interface.md has the same words: `cargo test --test tidy` holds them together.

use super::Kind::{self, Counter, Gauge, Histogram};

/// Name, kind, labels and help of every metric.
pub(super) type Described = (&'static str, Kind, &'static [&'static str], &'static str);

/// Every metric, by the part of the server that counts it.
pub(super) const METRICS: &[Described] = &[
    (
        "allegromail_build_info",
        Gauge,
        &["version"],
        "always 1; the version that runs",
    ),
    (
        "allegromail_inbound_sessions_total",
        Counter,
        &[],
        "SMTP sessions begun",
    ),
    (
        "allegromail_inbound_turned_away_total",
        Counter,
        &[],
        "connections beyond a limit, answered 421",
    ),
    (
        "allegromail_inbound_bad_proxies_total",
        Counter,
        &[],
        "connections on proxy_listen without a valid header",
    ),
    (
        "allegromail_inbound_accept_failed_total",
        Counter,
        &[],
        "connections that could not be accepted",
    ),
    (
        "allegromail_inbound_stressed",
        Gauge,
        &[],
        "1 while three quarters of the connections are taken",
    ),
    (
        "allegromail_inbound_accepted_total",
        Counter,
        &[],
        "messages accepted",
    ),
    (
        "allegromail_inbound_refused_total",
        Counter,
        &["reason"],
        "refusals, by reason word",
    ),
    (
        "allegromail_inbound_repeated_total",
        Counter,
        &[],
        "messages that came again since their client had not heard the 250",
    ),
    (
        "allegromail_inbound_discarded_total",
        Counter,
        &[],
        "messages taken and passed on to nobody",
    ),
    (
        "allegromail_inbound_bounces_total",
        Counter,
        &[],
        "reports of other servers that were recognised",
    ),
    (
        "allegromail_inbound_shared_spf_total",
        Counter,
        &[],
        "senders proven by a shared include only",
    ),
    (
        "allegromail_inbound_courier_masked_total",
        Counter,
        &["domain"],
        "couriers' messages shown under a masked domain",
    ),
    (
        "allegromail_inbound_connections",
        Gauge,
        &[],
        "SMTP connections that are open",
    ),
    (
        "allegromail_inbound_tls_total",
        Counter,
        &["version"],
        "sessions that turned to TLS",
    ),
    (
        "allegromail_inbound_answer_seconds",
        Histogram,
        &[],
        "from the end of data to the reply: the whole of what is decided and written",
    ),
    (
        "allegromail_allowlist_entries",
        Gauge,
        &[],
        "entries of the allowlist in force",
    ),
    (
        "allegromail_reloads_total",
        Counter,
        &["what", "outcome"],
        "what was read again: allowlist, content rules, dkim keys, certificates, trust roots; outcome: done, failed",
    ),
    (
        "allegromail_reload_failed",
        Gauge,
        &["what"],
        "1 where the last reload failed: what is in force is older than the files",
    ),
    (
        "allegromail_content_hits_total",
        Counter,
        &["rule", "action"],
        "rules on contents that held",
    ),
    (
        "allegromail_content_shadow_total",
        Counter,
        &["now", "then"],
        "messages of which the set of [content] shadow would decide otherwise",
    ),
    (
        "allegromail_handover_documents_total",
        Counter,
        &["outcome"],
        "documents of blocked messages: handed_over, deferred, refused; messages that went to the buyer for them: released",
    ),
    (
        "allegromail_handover_waiting",
        Gauge,
        &[],
        "messages held for their documents",
    ),
    (
        "allegromail_handover_waiting_bytes",
        Gauge,
        &[],
        "octets of those messages",
    ),
    (
        "allegromail_handover_oldest_seconds",
        Gauge,
        &[],
        "since when the oldest of them waits",
    ),
    (
        "allegromail_rewrite_leaks_stopped_total",
        Counter,
        &[],
        "messages that the leak gate stopped",
    ),
    (
        "allegromail_dsn_leaks_stopped_total",
        Counter,
        &[],
        "reports that the leak gate stopped",
    ),
    (
        "allegromail_flow_waited_total",
        Counter,
        &[],
        "large messages that waited for those before them",
    ),
    (
        "allegromail_queue_delivered_total",
        Counter,
        &[],
        "deliveries",
    ),
    (
        "allegromail_queue_deferred_total",
        Counter,
        &[],
        "attempts that failed for now",
    ),
    (
        "allegromail_queue_failed_total",
        Counter,
        &[],
        "messages given up",
    ),
    (
        "allegromail_queue_damaged_total",
        Counter,
        &[],
        "damaged messages that were ended",
    ),
    (
        "allegromail_queue_possible_duplicates_total",
        Counter,
        &[],
        "messages that may arrive twice after the last start",
    ),
    (
        "allegromail_queue_delay_seconds",
        Histogram,
        &[],
        "from the acceptance of a message to its delivery",
    ),
    (
        "allegromail_delivery_sts_total",
        Counter,
        &["result"],
        "MTA-STS policies: fetched, not_fetched; mismatch: a server that a policy does not name",
    ),
    (
        "allegromail_dns_failures_total",
        Counter,
        &[],
        "questions to the DNS that got no answer",
    ),
    (
        "allegromail_spool_damaged_total",
        Counter,
        &[],
        "damaged stretches and records found at start",
    ),
    (
        "allegromail_spool_unhealthy",
        Gauge,
        &[],
        "1 after a failed write, until a restart",
    ),
    (
        "allegromail_spool_commit_seconds",
        Histogram,
        &[],
        "what a write to the log takes until it is durable",
    ),
    (
        "allegromail_spool_commit_records",
        Histogram,
        &[],
        "records that one write made durable",
    ),
    (
        "allegromail_spool_entries",
        Gauge,
        &[],
        "messages that are accepted and have not come to their end",
    ),
    (
        "allegromail_history_failed_total",
        Counter,
        &[],
        "lines of the history that could not be written",
    ),
    (
        "allegromail_panics_total",
        Counter,
        &[],
        "faults of the program",
    ),
];

//! What each metric counts, as `/metrics` says it beside the numbers. docs/interface.md has the same words: `cargo test --test tidy` holds them together.

use super::Kind::{self, Counter, Gauge, Histogram};

/// Name, kind, labels and help of every metric.
pub(super) type Described = (&'static str, Kind, &'static [&'static str], &'static str);

mod nodes;

/// Every metric.
pub(super) fn all() -> impl Iterator<Item = &'static Described> {
    METRICS.iter().chain(nodes::METRICS)
}

/// By the part of the server that counts it.
const METRICS: &[Described] = &[
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
        "allegromail_inbound_checks_total",
        Counter,
        &["check", "result"],
        "checks of senders of accepted and refused mail: spf, dkim, name, dns; result: as in RFC 8601",
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
        "what was read again: allowlist, content rules, dkim keys, certificates, trust roots, configuration; outcome: done, failed",
    ),
    (
        "allegromail_reload_failed",
        Gauge,
        &["what"],
        "1 where the last reload failed, or a start serves with a last good set: what is in force is older than the files",
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
        &["place"],
        "messages that the leak gate stopped, by where: header section, body, encoded text, HTML, head of a part, calendar",
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
        "allegromail_queue_attempts_total",
        Counter,
        &["outcome", "status", "provider"],
        "attempts at delivery: delivered, deferred or failed; class and subject of the status (4.2); who runs the mailboxes, of a few large operators, or other",
    ),
    (
        "allegromail_queue_entries",
        Gauge,
        &["state", "age"],
        "messages in the queue: active, deferred or held, by age; the age is the upper bound in minutes (20m), or older",
    ),
    (
        "allegromail_queue_suspended",
        Gauge,
        &[],
        "destinations that an operator has suspended",
    ),
    (
        "allegromail_queue_suspended_since_timestamp_seconds",
        Gauge,
        &[],
        "since when the one of them is suspended that was so first, in seconds since 1970; 0 if none is",
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
        "MTA-STS policies: fetched, shared (another node has fetched it), not_fetched; mismatch: a server that a policy does not name",
    ),
    (
        "allegromail_delivery_dane_total",
        Counter,
        &["result"],
        "questions for TLSA records: used, none, unusable, no_answer",
    ),
    (
        "allegromail_delivery_tls_total",
        Counter,
        &["version"],
        "connections to other servers that turned to TLS",
    ),
    (
        "allegromail_dns_seconds",
        Histogram,
        &[],
        "what a question to the DNS takes, answered or not",
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
        "allegromail_center_messages_total",
        Counter,
        &[],
        "messages that the archive of the Message Center has got",
    ),
    (
        "allegromail_center_failed_total",
        Counter,
        &[],
        "batches that it could not take, each tried again",
    ),
    (
        "allegromail_center_skipped_total",
        Counter,
        &[],
        "messages given up for it, where when_behind says so",
    ),
    (
        "allegromail_center_unread_bytes",
        Gauge,
        &[],
        "octets of the log that it has not got yet",
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
        "allegromail_history_failed_total",
        Counter,
        &[],
        "lines of the history that could not be written",
    ),
    (
        "allegromail_verify_questions_total",
        Counter,
        &["result"],
        "addresses that carriers were answered about: order, closed, unknown",
    ),
    (
        "allegromail_verify_refused_total",
        Counter,
        &["cause"],
        "their requests without an answer: token (401), budget (429), directory (5xx), request (other 4xx)",
    ),
    (
        "allegromail_verify_untraced_total",
        Counter,
        &[],
        "questions about orders that left no line in the history",
    ),
    (
        "allegromail_center_requests_total",
        Counter,
        &["result"],
        "requests of participants' tools: done, refused (4xx), token (401), budget (429), unavailable (5xx)",
    ),
    (
        "allegromail_certificate_expiry_timestamp_seconds",
        Gauge,
        &["file"],
        "when the first certificate of a file in use expires, in seconds since 1970",
    ),
    (
        "allegromail_disk_free_bytes",
        Gauge,
        &[],
        "what may still be written under data_dir",
    ),
    (
        "allegromail_process_resident_bytes",
        Gauge,
        &[],
        "memory of the process",
    ),
    (
        "allegromail_process_open_files",
        Gauge,
        &[],
        "files and connections that are open",
    ),
    (
        "allegromail_process_open_files_limit",
        Gauge,
        &[],
        "how many may be open",
    ),
    (
        "allegromail_panics_total",
        Counter,
        &[],
        "faults of the program",
    ),
];

//! The whole relay over real sockets: cases by room, on the ground that `support` lays.
//!
//! One binary, so that the program is linked once. `support::stage` starts a relay with everything around it; `support::dialogue` speaks SMTP
//! word by word. Everything listens on free ports of 127.0.0.1.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and its tables are long"
)]

/// What cases stand on; no cases here.
mod support {
    pub mod admin;
    pub mod authority;
    pub mod bomb;
    pub mod dialogue;
    pub mod dkim;
    pub mod http;
    pub mod invariants;
    pub mod invoices;
    pub mod memory;
    pub mod peer;
    pub mod postfix;
    pub mod postgres;
    pub mod process;
    pub mod programs;
    pub mod receiver;
    pub mod stage;
    pub mod way_out;
}

/// Sessions of the server.
mod smtp {
    mod end_of_data;
    mod footprint;
    mod resources;
    mod sessions;
    mod starttls;
}

/// Whose message it is.
mod sender_proof {
    mod dkim_details;
    mod dkim_samples;
    mod dns_failures;
    mod forgeries;
    mod organisations;
    mod replays;
    mod replies;
    mod spf_and_dkim;
    mod spf_suite;
    mod work_budget;
}

/// Who may write to whom, how often, and what is answered.
mod policy {
    mod automatic_replies;
    mod budgets;
    mod complaints;
    mod contents;
    mod conversations;
    mod decisions;
    mod document_kinds;
    mod document_troubles;
    mod documents;
    mod empty_entries;
    mod recipients;
    mod refusal_budget;
    mod reply_all;
    mod roles;
}

/// What becomes of a message on its way through.
mod messages {
    mod attachments;
    mod bombs;
    mod copies;
    mod corpus;
    mod disguises;
    mod guesses;
    mod readings;
    mod shapes;
}

/// What comes back to a bounce token.
mod bounces {
    mod bounce_tokens;
    mod remote_reports;
    mod what_comes_back;
}

/// The way out.
mod delivery {
    mod dane;
    mod large_messages;
    mod loops;
    mod matrix;
    mod misbehaving_servers;
    mod mta_sts;
    mod outage;
    mod seven_bit;
    mod tls;
}

/// Commands, admin interface, starts and stops.
mod operations {
    mod admin_failures;
    mod admin_listeners;
    mod admin_origins;
    mod center;
    mod center_leaks;
    mod commands;
    mod compose;
    mod doctor;
    mod earlier_version;
    mod explain;
    mod first_day;
    mod invariants;
    mod key_rotation;
    mod last_good;
    mod measures;
    mod next_command;
    mod operators_changes;
    mod overdue_documents;
    mod ownership;
    mod queue_and_trace;
    mod queue_tools;
    mod reload;
    mod restarts;
    mod service_manager;
    mod traces;
    mod unloaded_directory;
    mod verify;
    mod verify_tokens;
    mod whole_sets;
}

/// What several nodes share: directory and state, whatever keeps them.
mod nodes {
    mod accounts;
    mod budgets;
    mod conformance;
    mod delivering;
    mod drift;
    mod imports;
    mod migration;
    mod relays;
    mod shards;
    mod sharing;
    mod standbys;
    mod taught;
    mod writers;
}

/// Other people's programs as peers: swaks, Postfix on both sides, Postfix's smtp-source.
mod interop {
    mod attachments;
    mod bulk;
    mod conversation;
    mod documents;
    mod panels;
    mod pictures;
    mod prometheus;
    mod signatures;
    mod swaks;
}

//! The whole relay over real sockets: sessions, decisions, proofs, delivery, commands, and other people's mail servers.
//!
//! One binary, so that the program is linked once. `stage` starts a relay with everything around it; `dialogue` speaks SMTP word by
//! word. Everything listens on free ports of 127.0.0.1.

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

mod answered;
mod asking;
mod authority;
mod bombs;
mod bounces;
mod circles;
mod commands;
mod conversations;
mod copies;
mod corpus;
mod dane;
mod dead_names;
mod decisions;
mod delivery;
mod dialogue;
mod disguises;
mod dkim_details;
mod dkim_samples;
mod earlier_version;
mod efforts;
mod empty_entries;
mod explaining;
mod footprint;
mod grid;
mod guesses;
mod hostile;
mod interface;
mod interop;
mod invariants;
mod marks;
mod measures;
mod neighbours;
mod operators;
mod organisations;
mod outage;
mod peer;
mod peers;
mod process;
mod reaching;
mod readings;
mod recipients;
mod refusals;
mod replays;
mod reply_all;
mod responders;
mod restarts;
mod returned;
mod roles;
mod rotation;
mod senders;
mod sessions;
mod seven_bit;
mod shapes;
mod spf_suite;
mod stage;
mod stored;
mod sts;
mod tls;
mod tls_out;
mod unloaded;
mod way_out;

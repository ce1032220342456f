//! A masked-mail relay: buyers and sellers write to each other without learning each other's address.
//!
//! A message is decided, rewritten and checked inside the SMTP session; then it is committed to the spool and answered 250;
//! after that only delivery is left. See docs/architecture.md for the whole.
//!
//! Rooms are folders, grouped below by layer. A room uses only rooms of its own layer or of lower ones, never in a
//! circle; the way in and the way out do not know each other (`tests/tidy.rs` reads this file and keeps it true).

// Layer 1: vocabulary, time, files, logs and metrics.
pub mod clock;
pub mod failpoint;
pub mod files;
pub mod mail;
pub mod observe;
pub mod offload;

// Layer 2: protocol, addresses, lookups, settings.
pub mod allowlist;
pub mod attachments;
pub mod auth;
pub mod config;
pub mod content;
pub mod directory;
pub mod masking;
pub mod message;
pub mod pictures;
pub mod resolve;
pub mod smtp;

// Layer 3: deciding, rewriting, reporting, keeping.
pub mod archive;
pub mod backpressure;
pub mod certificate;
pub mod digest;
pub mod dsn;
pub mod history;
pub mod in_force;
pub mod policy;
pub mod rewrite;
pub mod shards;
pub mod signing;
pub mod spool;
pub mod tokens;

// Layer 4: in, out, and when. `intake` answers what `inbound` asks, and `queue` calls `delivery` and `handover`; else none of them uses another.
pub mod delivery;
pub mod handover;
pub mod http;
pub mod inbound;
pub mod intake;
pub mod queue;

// Layer 5: what participants see beside their mail.
pub mod center;

// Layer 6: the program.
pub mod admin;
pub mod app;
pub mod cli;
pub mod portal;
// What the demo and the tests play against.
#[doc(hidden)]
pub mod scripted;
pub mod verify;

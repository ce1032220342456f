//! What is fuzzed: each target takes octets and panics where a promise does not hold. `cargo test` replays the corpus through them, and
//! `tests/fuzz/run` has libFuzzer look for new ways.
//!
//! The paths are written out because two crates have this module.

#[path = "targets/attached.rs"]
mod attached;
#[path = "targets/files.rs"]
mod files;
#[path = "targets/mail.rs"]
mod mail;
#[path = "targets/shown.rs"]
mod shown;
#[path = "targets/wire.rs"]
mod wire;

/// A target: what it is called, and what it does with octets.
pub type Target = (&'static str, fn(&[u8]));

/// All targets. The corpus of each is `tests/fuzz/corpus/NAME`.
pub const TARGETS: [Target; 18] = [
    ("command_line", wire::command_line),
    ("data_reader", wire::data_reader),
    ("reply_reader", wire::reply_reader),
    ("header_splitter", mail::header_splitter),
    ("rewriter", mail::rewriter),
    ("documents", mail::documents),
    ("charsets", mail::charsets),
    ("readers", mail::readers),
    ("contents", mail::contents),
    ("attachments", attached::attachments),
    ("pictures", attached::pictures),
    ("digest", shown::digest),
    ("courier", mail::courier),
    ("tokens", mail::tokens),
    ("report_reader", mail::report_reader),
    ("spool", files::spool),
    ("allowlist", files::allowlist),
    ("configuration", files::configuration),
];

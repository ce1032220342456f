//! The one list of configuration keys: table, name, default, and the words that `config example` prints.
//!
//! A key that is not here is an error in a file; a key that is here and not read by `check.rs` fails a test.

mod deciding;
mod key;
mod receiving;
mod sending;

pub(super) use key::{Key, Preset};

/// Tables that may stand several times.
pub(super) const ARRAYS: &[&str] = &["domain", "delivery.route"];

/// Tables whose keys are not fixed yet: they may stand in a file and be empty.
pub(super) const RESERVED: &[&str] = &["content"];

/// All keys, in the order of the example.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    [receiving::KEYS, deciding::KEYS, sending::KEYS]
        .into_iter()
        .flatten()
}

/// The keys of one table.
pub(super) fn of(table: &str) -> impl Iterator<Item = &'static Key> {
    all().filter(move |key| key.table == table)
}

/// The default of a key.
pub(super) fn default(table: &str, name: &str) -> Option<Preset> {
    of(table)
        .find(|key| key.name == name)
        .map(|key| key.default)
}

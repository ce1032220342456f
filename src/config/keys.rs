//! The one list of configuration keys: table, name, default, and the words that `config example` prints.
//!
//! A key that is not here is an error in a file; one that is here and that nobody reads would be taken in silence. Whoever adds one here adds
//! its check under `check/`. The shipped `deploy/allegromail.toml` is printed from this list, and a test holds the two together.

mod deciding;
mod key;
mod receiving;
mod sending;

pub(super) use key::{DefaultValue, Key};

/// Tables that may stand several times, as `[[…]]`. One of them lies in another table; its name has both.
pub(super) const ARRAYS: &[&str] = &["domain", "content.exception", "delivery.route"];

/// Tables that the example shows without setting them: what is right for them nobody but the operator knows, or they turn something on.
pub(super) const SHOWN: &[&str] = &["content.exception", "delivery.route", "center"];

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

/// What stands for a key that is not set; none where there is no such key, which only a mistake in `check/` can ask for.
pub(super) fn default(table: &str, name: &str) -> Option<DefaultValue> {
    of(table)
        .find(|key| key.name == name)
        .map(|key| key.default)
}

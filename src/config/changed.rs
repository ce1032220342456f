//! What a configuration file says otherwise than when the server read it: keys that only a restart takes over.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::keys::{self, DefaultValue};
use super::{Config, ConfigErrors, load};

/// The keys whose values have changed in the file of `config` since it was read, as `[smtp] listen` or `[[domain]]`; an array of tables counts as one. Also
/// keys whose secret files hold something else, which are read at start only as well. Comments, order and values that are the defaults do not count.
///
/// # Errors
/// What a start would say to the file as it is now.
pub fn changed(config: &Config) -> Result<Vec<String>, ConfigErrors> {
    let now = load(&config.file)?.config;
    let (before, after) = (values(&config.text), values(&now.text));
    let all = before.keys().chain(after.keys());
    let mut names: Vec<String> = all
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    let secrets = [
        ("[secrets] key_file", config.secrets != now.secrets),
        ("[admin] token_file", config.admin.token != now.admin.token),
        (
            "[handover] token_file",
            config.handover.token != now.handover.token,
        ),
    ];
    let secrets = secrets.into_iter().filter(|(_, differs)| *differs);
    names.extend(secrets.map(|(name, _)| name.to_owned()));
    names.sort();
    names.dedup();
    Ok(names)
}

/// Every value by its key; where a file does not set one, its default.
fn values(text: &str) -> BTreeMap<String, Value> {
    // It was read by the same library before.
    let root: Table = text.parse().unwrap_or_default();
    let mut values = BTreeMap::new();
    for key in keys::all() {
        if let DefaultValue::Value(default) = key.default
            && !keys::ARRAYS.contains(&key.table)
            && let Ok(mut table) = format!("value = {default}").parse::<Table>()
            && let Some(value) = table.remove("value")
        {
            values.insert(shown(key.table, key.name), value);
        }
    }
    for (name, value) in root {
        match value {
            Value::Table(table) => {
                // Of these the heading alone says something.
                if keys::SHOWN.contains(&name.as_str()) {
                    values.insert(format!("[{name}]"), Value::Boolean(true));
                }
                for (key, value) in table {
                    values.insert(named(&name, &key, &value), value);
                }
            }
            value => {
                values.insert(named("", &name, &value), value);
            }
        }
    }
    values
}

/// The name of a key, or of an array of tables.
fn named(table: &str, key: &str, value: &Value) -> String {
    let whole = if table.is_empty() {
        key.to_owned()
    } else {
        format!("{table}.{key}")
    };
    if keys::ARRAYS.contains(&whole.as_str()) && value.is_array() {
        format!("[[{whole}]]")
    } else {
        shown(table, key)
    }
}

fn shown(table: &str, key: &str) -> String {
    if table.is_empty() {
        key.to_owned()
    } else {
        format!("[{table}] {key}")
    }
}

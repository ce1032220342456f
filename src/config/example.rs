//! Prints the whole commented configuration from the list of keys.

use std::fmt::Write;

use super::keys::{self, ARRAYS, DefaultValue, SHOWN};

/// The configuration with every key, its default and its words. What has no default stands behind a `#`, and so do tables of examples: the file
/// as printed is one that loads and serves, once the secret key that it names is there.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# allegromail: every key with its default. A `#` before a key: not set by default.\n",
    );
    let mut table = "";
    for key in keys::all() {
        // Keys of a table stand together in the list: a heading twice would be an error of TOML.
        if key.table != table {
            table = key.table;
            let heading = if ARRAYS.contains(&table) {
                format!("[[{table}]]")
            } else {
                format!("[{table}]")
            };
            let mark = if SHOWN.contains(&table) { "# " } else { "" };
            let _ = write!(text, "\n{mark}{heading}\n");
        }
        let (mark, value) = match key.default {
            DefaultValue::Required(value) | DefaultValue::Value(value)
                if SHOWN.contains(&table) =>
            {
                ("# ", value)
            }
            DefaultValue::Required(value) | DefaultValue::Value(value) => ("", value),
            // One mark less on each line is the table with its defaults.
            DefaultValue::Absent(value) if SHOWN.contains(&table) => ("# # ", value),
            DefaultValue::Absent(value) => ("# ", value),
        };
        let _ = write!(text, "# {}\n{mark}{} = {value}\n", key.words, key.name);
    }
    text
}

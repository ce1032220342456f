//! What is known of one key.

/// What stands for a key that a file does not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Preset {
    /// It must be set; the text is an example.
    Required(&'static str),
    /// This TOML value.
    Value(&'static str),
    /// Nothing: the feature is off. The text is an example.
    Absent(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Key {
    /// The table, `[[…]]` ones by name; empty at the top.
    pub(in crate::config) table: &'static str,
    /// The key.
    pub(in crate::config) name: &'static str,
    /// Its default.
    pub(in crate::config) default: Preset,
    /// What it does, its unit and its limits.
    pub(in crate::config) words: &'static str,
}

pub(in crate::config) const fn key(
    table: &'static str,
    name: &'static str,
    default: Preset,
    words: &'static str,
) -> Key {
    Key {
        table,
        name,
        default,
        words,
    }
}

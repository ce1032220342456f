//! What is known of one key.

/// What stands for a key that a file does not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum DefaultValue {
    /// It must be set; the text is an example, which the error repeats.
    Required(&'static str),
    /// This TOML value. It goes through the same parser and the same checks as one in a file, so a default cannot be what a file may not say.
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
    pub(in crate::config) default: DefaultValue,
    /// What it does, its unit and its limits: the line above it in the example, and often the only manual that is read.
    pub(in crate::config) words: &'static str,
}

/// One row of the list, short enough to read it as a table.
pub(in crate::config) const fn key(
    table: &'static str,
    name: &'static str,
    default: DefaultValue,
    words: &'static str,
) -> Key {
    Key {
        table,
        name,
        default,
        words,
    }
}

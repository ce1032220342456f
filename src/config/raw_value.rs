//! Values as they stand in a file, before anybody has asked what they mean.

use std::ops::Range;

use toml::de::DeValue;

use super::diagnostics::Diagnostics;

/// A TOML value without its source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawValue {
    /// In any of TOML's four kinds of quotes.
    Text(String),
    /// Whole and signed, as TOML has them; whether below zero makes sense is the key's business.
    Integer(i64),
    Flag(bool),
    /// Of anything: what may stand in it is checked where it is read.
    List(Vec<Self>),
    /// An inline table, in the order of the file.
    Table(Vec<(String, Self)>),
    /// A date without a time: `2026-03-02`.
    Date(String),
    /// A kind that no key takes: a number with a fraction, a time, a number that is too large.
    Other,
}

impl RawValue {
    /// A copy, free of the text's lifetime, so that defaults and values of the file are one type.
    pub(super) fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Self::Other, Self::Integer),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Array(items) => {
                Self::List(items.iter().map(|item| Self::of(item.get_ref())).collect())
            }
            DeValue::Table(table) => Self::Table(
                table
                    .iter()
                    .map(|(key, value)| (key.get_ref().to_string(), Self::of(value.get_ref())))
                    .collect(),
            ),
            DeValue::Datetime(at) if at.time.is_none() => Self::Date(at.to_string()),
            DeValue::Float(_) | DeValue::Datetime(_) => Self::Other,
        }
    }
}

/// One value of a file, or the default that stands for it.
#[derive(Debug, Clone)]
pub(super) struct KeyValue {
    /// What it is.
    pub(super) value: RawValue,
    /// Where it stands; none for a default.
    pub(super) at: Option<Range<usize>>,
    /// `table.key`.
    pub(super) key: String,
}

impl KeyValue {
    /// The value, or none and a line in the log. Every reader ends here, so that each error has key and line.
    pub(super) fn or_tell<T>(
        &self,
        parsed: Result<T, String>,
        log: &mut Diagnostics<'_>,
    ) -> Option<T> {
        parsed
            .map_err(|message| log.error(self.at.clone(), &self.key, &message))
            .ok()
    }
}

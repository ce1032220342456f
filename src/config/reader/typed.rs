//! Values of one kind each: the text, size, number, flag, list or word that a key takes, or an error that says what it takes.

use std::ops::RangeInclusive;

use serde::de::IntoDeserializer;

use super::Section;
use crate::config::diagnostics::Diagnostics;
use crate::config::raw_value::RawValue;
use crate::config::value;

impl Section<'_> {
    /// A text, read by `parse`.
    pub(in crate::config) fn text<T>(
        &self,
        name: &str,
        log: &mut Diagnostics<'_>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.get(name, log)?;
        let parsed = match &found.value {
            RawValue::Text(text) => parse(text),
            _ => Err("is a text in quotes".to_owned()),
        };
        found.or_tell(parsed, log)
    }

    /// A number of bytes: a number, or a text with a unit. Bounds are the caller's: they differ from key to key.
    pub(in crate::config) fn size(&self, name: &str, log: &mut Diagnostics<'_>) -> Option<usize> {
        let found = self.get(name, log)?;
        let parsed = match &found.value {
            RawValue::Integer(number) => {
                u64::try_from(*number).map_err(|_| "is below zero".to_owned())
            }
            RawValue::Text(text) => value::size(text),
            _ => Err("is a number of bytes, or a text as \"35 MiB\"".to_owned()),
        };
        let parsed =
            parsed.and_then(|size| usize::try_from(size).map_err(|error| error.to_string()));
        found.or_tell(parsed, log)
    }

    /// A whole number within bounds, both included. One error says kind and bounds, whichever was missed.
    pub(in crate::config) fn number(
        &self,
        name: &str,
        log: &mut Diagnostics<'_>,
        bounds: RangeInclusive<i64>,
    ) -> Option<usize> {
        let found = self.get(name, log)?;
        let parsed = match &found.value {
            RawValue::Integer(number) if bounds.contains(number) => {
                usize::try_from(*number).map_err(|error| error.to_string())
            }
            _ => Err(format!(
                "is a whole number from {} to {}",
                bounds.start(),
                bounds.end()
            )),
        };
        found.or_tell(parsed, log)
    }

    /// true or false.
    pub(in crate::config) fn flag(&self, name: &str, log: &mut Diagnostics<'_>) -> Option<bool> {
        let found = self.get(name, log)?;
        let parsed = if let RawValue::Flag(flag) = found.value {
            Ok(flag)
        } else {
            Err("is true or false".to_owned())
        };
        found.or_tell(parsed, log)
    }

    /// A list of texts, each read by `parse`. The first that is wrong is told; they stand on one line more often than not.
    pub(in crate::config) fn list<T>(
        &self,
        name: &str,
        log: &mut Diagnostics<'_>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let found = self.get(name, log)?;
        let parsed = match &found.value {
            RawValue::List(items) => items
                .iter()
                .map(|item| {
                    if let RawValue::Text(text) = item {
                        parse(text)
                    } else {
                        Err("holds something that is no text".to_owned())
                    }
                })
                .collect(),
            _ => Err("is a list, as [\"…\"]".to_owned()),
        };
        found.or_tell(parsed, log)
    }

    /// One of the words of an enum, which has them from serde. The error lists them.
    pub(in crate::config) fn word<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        log: &mut Diagnostics<'_>,
    ) -> Option<T> {
        self.text(name, log, |text| {
            let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
                text.into_deserializer();
            T::deserialize(word).map_err(|error| error.to_string())
        })
    }
}

//! What a query or a path says. A parameter that is there and empty is one that is not there: many a client writes all of them.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::problem::Problem;
use crate::archive::{MessageId, ThreadId};

/// Reads a parameter by its [`FromStr`].
pub(super) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    let text = text.filter(|text| !text.is_empty());
    let read = text.map(|text| text.parse().map_err(serde::de::Error::custom));
    read.transpose()
}

/// A number of a feed. The archive counts with 63 bits, and so does the description.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Number(pub(super) u64);

impl TryFrom<u64> for Number {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        let fits = i64::try_from(number).is_ok();
        fits.then_some(Self(number))
            .ok_or("a number of a feed is less than 2^63")
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse::<u64>().map_err(|error| error.to_string())?;
        Self::try_from(number).map_err(str::to_owned)
    }
}

/// How many of something are wanted, 1 to `MOST`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count<const MOST: usize>(pub(super) usize);

impl<const MOST: usize> FromStr for Count<MOST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = text.parse().ok().filter(|count| (1..=MOST).contains(count));
        count
            .map(Self)
            .ok_or_else(|| format!("`limit` is a whole number from 1 to {MOST}"))
    }
}

/// A thread's id from a path. One that cannot be is one that is not there.
pub(super) fn thread(text: &str) -> Result<ThreadId, Problem> {
    ThreadId::parse(text).ok_or_else(|| Problem::no_such("thread"))
}

/// A message's id from a path.
pub(super) fn message(text: &str) -> Result<MessageId, Problem> {
    MessageId::parse(text).ok_or_else(|| Problem::no_such("message"))
}

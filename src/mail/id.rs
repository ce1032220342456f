//! Names of messages inside the relay.
//!
//! Both print as lower-case Crockford base32, so they can be read over the phone and typed in any case.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The name of a spooled entry: a number that only grows, within one data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueueId(pub u64);

/// The name under which an operator finds everything about one SMTP transaction: letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraceId(Box<str>);

impl TraceId {
    /// A trace id from 64 random bits of the session and the number of the transaction in it.
    #[must_use]
    pub fn new(session: u64, transaction: u32) -> Self {
        Self(format!("{}-{transaction}", base32(session)).into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn base32(mut number: u64) -> String {
    let mut digits = Vec::with_capacity(13);
    loop {
        let digit = ALPHABET
            .get((number & 31) as usize)
            .copied()
            .unwrap_or(b'0');
        digits.push(char::from(digit));
        number >>= 5;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32(self.0))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for QueueId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const NOT_AN_ID: &str = "not a queue id";
        if text.is_empty() {
            return Err(NOT_AN_ID);
        }
        text.bytes()
            .try_fold(0_u64, |number, octet| {
                let digit = ALPHABET
                    .iter()
                    .position(|a| *a == octet.to_ascii_lowercase())
                    .ok_or(NOT_AN_ID)?;
                number
                    .checked_mul(32)
                    .and_then(|n| n.checked_add(digit as u64))
                    .ok_or(NOT_AN_ID)
            })
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_ids_round_trip() {
        for number in [0, 1, 31, 32, 123_456_789, u64::MAX] {
            assert_eq!(
                QueueId(number).to_string().to_uppercase().parse(),
                Ok(QueueId(number))
            );
        }
        for text in ["", "u", "zzzzzzzzzzzzzzz", "a b"] {
            assert!(text.parse::<QueueId>().is_err(), "{text}");
        }
    }
}

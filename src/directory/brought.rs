//! What messages of one party brought to another, as keyed digests: addresses, domains, and which messages they were.
//!
//! Bounded: what does not fit any more is not forgotten in silence, the record says so.

use data_encoding::BASE64_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Addresses that are remembered of a pair and direction, and other readings of them beside.
pub const MOST_ADDRESSES: usize = 200;
/// Domains.
pub const MOST_DOMAINS: usize = 200;
/// Messages: the last ones. An answer to an older one is not known to quote what is remembered.
const MOST_MESSAGES: usize = 100;
/// Sentences: the last ones. Whoever quotes an older one has its token to show.
const MOST_SENTENCES: usize = 500;

/// What was brought, by one message or by all of a pair and direction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Brought {
    /// The addresses.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    pub addresses: Digests,
    /// Other ways to read them: with what stands before an address, where that may be a part of it.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    pub readings: Digests,
    /// The domains.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    pub domains: Digests,
    /// The Message-IDs that they left with, the last one at the end.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    pub messages: Digests,
    /// Sentences that rules on contents could hold against who quotes them, the last one at the end.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    pub sentences: Digests,
    /// There were more addresses.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_addresses: bool,
    /// There were more domains, or nobody looked for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_domains: bool,
}

impl Brought {
    /// Adds what another message brought, and says whether anything was new.
    pub fn add(&mut self, other: &Self) -> bool {
        let before = self.clone();
        self.more_addresses |= other.more_addresses;
        self.more_domains |= other.more_domains;
        self.more_addresses |= !self.addresses.add(&other.addresses, MOST_ADDRESSES);
        self.more_addresses |= !self.readings.add(&other.readings, MOST_ADDRESSES);
        self.more_domains |= !self.domains.add(&other.domains, MOST_DOMAINS);
        self.messages.add_last(&other.messages, MOST_MESSAGES);
        self.sentences.add_last(&other.sentences, MOST_SENTENCES);
        *self != before
    }
}

/// Digests of 64 bits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digests(Vec<u64>);

impl Digests {
    /// Whether `digest` is among them.
    #[must_use]
    pub fn holds(&self, digest: u64) -> bool {
        self.0.contains(&digest)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds those that are new, and lets the oldest go beyond `most`.
    fn add_last(&mut self, new: &Self, most: usize) {
        for digest in &new.0 {
            if !self.holds(*digest) {
                self.0.push(*digest);
            }
        }
        let gone = self.0.len().saturating_sub(most);
        self.0.drain(..gone);
    }

    /// Adds those that are new, `most` in all at most, and says whether all had room.
    fn add(&mut self, new: &Self, most: usize) -> bool {
        for digest in &new.0 {
            if self.holds(*digest) {
                continue;
            }
            if self.0.len() >= most {
                return false;
            }
            self.0.push(*digest);
        }
        true
    }
}

impl FromIterator<u64> for Digests {
    fn from_iter<T: IntoIterator<Item = u64>>(digests: T) -> Self {
        Self(digests.into_iter().collect())
    }
}

/// As base64 of their bytes: JSON would take twice the room for numbers.
impl Serialize for Digests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self
            .0
            .iter()
            .flat_map(|digest| digest.to_be_bytes())
            .collect();
        serializer.serialize_str(&BASE64_NOPAD.encode(&bytes))
    }
}

impl<'de> Deserialize<'de> for Digests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_NOPAD.decode(text.as_bytes());
        let bytes = bytes.map_err(serde::de::Error::custom)?;
        let digests = bytes
            .chunks_exact(8)
            .filter_map(|bytes| bytes.try_into().ok());
        Ok(digests.map(u64::from_be_bytes).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_bounded_and_says_when_it_was_not_enough() {
        let mut all = Brought::default();
        let one = |number: u64| Brought {
            addresses: [number].into_iter().collect(),
            domains: [number].into_iter().collect(),
            messages: [number].into_iter().collect(),
            ..Brought::default()
        };
        for number in 0..200 {
            assert!(all.add(&one(number)));
            assert!(!all.add(&one(number)), "the same again");
        }
        assert!(!all.more_addresses && !all.more_domains);
        assert!(all.addresses.holds(0) && all.messages.holds(199) && !all.messages.holds(99));
        all.add(&one(200));
        assert!(all.more_addresses && all.more_domains);
        assert_eq!((all.addresses.len(), all.domains.len()), (200, 200));
        let text = serde_json::to_string(&all).unwrap();
        assert!(text.len() < 8_000, "{}", text.len());
        assert_eq!(serde_json::from_str::<Brought>(&text).unwrap(), all);
        assert_eq!(
            serde_json::from_str::<Brought>("{}").unwrap(),
            Brought::default()
        );
    }
}

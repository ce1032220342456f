//! Keyed digests of what a message brought: addresses, domains, ids. They tell whether something was there, and to nobody without the key what.
//!
//! The keys are derived from those of `[secrets] key_file`; the first one makes new digests. Under a key that is gone nothing can be looked up.

use super::message_id::Pair;
use super::token::{TokenKeys, tag};

/// What a digest is of: the same text as an address and as a domain gives two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// An address, by [`crate::mail::Mailbox::key`].
    Address,
    /// A domain, as A-labels.
    Domain,
    /// The Message-ID that a message left with.
    Message,
    /// A sentence, by its folded words.
    Sentence,
}

/// The keys, each under its number: 32 bits, so that two hardly have the same.
pub struct GuessKeys(Vec<(u32, Vec<u8>)>);

impl GuessKeys {
    /// Derives the keys.
    #[must_use]
    pub fn new(secrets: &TokenKeys) -> Self {
        let keys = secrets.keys().iter().map(|secret| {
            let number = tag(secret, b"guess number");
            let number = number.first_chunk().copied().unwrap_or_default();
            (u32::from_be_bytes(number), tag(secret, b"guess digest"))
        });
        Self(keys.collect())
    }

    /// The number of the key that makes new digests; none without a key.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.0.first().map(|(number, _)| *number)
    }

    /// Whether digests under this key can be looked up.
    #[must_use]
    pub fn has(&self, number: u32) -> bool {
        self.0.iter().any(|(known, _)| *known == number)
    }

    /// Eight letters and digits for something between the two of a pair that people name it by; nobody without the key can tell of what.
    #[must_use]
    pub fn reference(&self, pair: Pair<'_>, text: &str) -> String {
        let key = self.0.first().map(|(_, key)| key.as_slice());
        let whole = format!("r/{}/{}/{text}", pair.writer, pair.reader);
        let digest = tag(key.unwrap_or_default(), whole.as_bytes());
        let short = digest.get(..5).unwrap_or(&digest);
        data_encoding::BASE32_NOPAD.encode(short)
    }

    /// The digest of `text` for what `pair.writer` wrote to `pair.reader`, 64 bits; none if the key is gone.
    #[must_use]
    pub fn digest(&self, number: u32, pair: Pair<'_>, of: Brought, text: &str) -> Option<u64> {
        let (_, key) = self.0.iter().find(|(known, _)| *known == number)?;
        let kind = match of {
            Brought::Address => 'a',
            Brought::Domain => 'd',
            Brought::Message => 'm',
            Brought::Sentence => 's',
        };
        // Ids are letters and digits, so nothing can be read in two ways.
        let whole = format!("{kind}/{}/{}/{text}", pair.writer, pair.reader);
        let digest = tag(key, whole.as_bytes());
        digest.first_chunk().copied().map(u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_of_one_pair_direction_kind_and_key() {
        let [a, b] = ["8awgqyk6a5", "k2m9x0r7t3"].map(|id| id.parse().unwrap());
        let pair = Pair {
            writer: &a,
            reader: &b,
        };
        let old = GuessKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
        let both = GuessKeys::new(&TokenKeys::new(vec![vec![8; 32], vec![7; 32]]));
        let number = old.first().unwrap();
        let one = old.digest(number, pair, Brought::Address, "x@y.example");
        assert!(one.is_some());
        assert_eq!(
            one,
            both.digest(number, pair, Brought::Address, "x@y.example")
        );
        for other in [
            old.digest(number, pair.reversed(), Brought::Address, "x@y.example"),
            old.digest(number, pair, Brought::Domain, "x@y.example"),
            old.digest(number, pair, Brought::Address, "z@y.example"),
            both.digest(both.first().unwrap(), pair, Brought::Address, "x@y.example"),
        ] {
            assert!(other.is_some() && other != one);
        }
        let gone = GuessKeys::new(&TokenKeys::new(vec![vec![8; 32]]));
        assert!(!gone.has(number) && both.has(number));
        assert_eq!(
            gone.digest(number, pair, Brought::Address, "x@y.example"),
            None
        );
    }
}

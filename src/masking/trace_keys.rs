//! What seals the words of the history that could name a participant, and digests the names by which its lines are found.
//!
//! A line has them as one text: key number (1), ciphertext and tag (16), in base64 (RFC 4648 5); AES-256-GCM-SIV (RFC 8452) with a fixed nonce, bound
//! to the trace id, so that the same words of another message look different. A digest is SipHash-2-4 under a key of its own: 64 bits, which are
//! enough to find a line and tell nothing to whoever has no key.

use std::hash::Hasher;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use data_encoding::BASE64URL_NOPAD;
use siphasher::sip::SipHasher24;

use super::token::{TokenKeys, key_number, tag};
use crate::mail::TraceId;

/// The keys of the history, derived from those of `[secrets]`: the first one seals and digests, all open and know again.
pub struct TraceKeys(Vec<Key>);

struct Key {
    number: u8,
    cipher: LessSafeKey,
    digest: [u8; 16],
}

impl TraceKeys {
    /// Derives the keys.
    #[must_use]
    pub fn new(secrets: &TokenKeys) -> Self {
        let keys = secrets.keys().iter().filter_map(|secret| {
            let cipher = UnboundKey::new(&AES_256_GCM_SIV, &tag(secret, b"trace seal"));
            Some(Key {
                number: key_number(secret),
                cipher: LessSafeKey::new(cipher.ok()?),
                digest: *tag(secret, b"trace digest").first_chunk()?,
            })
        });
        Self(keys.collect())
    }

    /// `text`, sealed for a line of `trace`. None only without a key.
    #[must_use]
    pub fn seal(&self, trace: &TraceId, text: Vec<u8>) -> Option<String> {
        let key = self.0.first()?;
        let mut octets = text;
        let bound = Aad::from(trace.as_str());
        key.cipher
            .seal_in_place_append_tag(nonce(), bound, &mut octets)
            .ok()?;
        octets.insert(0, key.number);
        Some(BASE64URL_NOPAD.encode(&octets))
    }

    /// What was sealed for a line of `trace`; none: by a key that is gone, or it was altered.
    #[must_use]
    pub fn open(&self, trace: &TraceId, sealed: &str) -> Option<Vec<u8>> {
        let octets = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let (number, sealed) = octets.split_first()?;
        let mut keys = self.0.iter().filter(|key| key.number == *number);
        keys.find_map(|key| {
            let mut sealed = sealed.to_vec();
            let bound = Aad::from(trace.as_str());
            let plain = key.cipher.open_in_place(nonce(), bound, &mut sealed).ok()?;
            Some(plain.to_vec())
        })
    }

    /// The digest of a name, by the key of today; zero without a key.
    #[must_use]
    pub fn digest(&self, name: &str) -> u64 {
        self.0.first().map_or(0, |key| key.digest(name))
    }

    /// The digests that any of the keys makes of it.
    pub fn digests(&self, name: &str) -> impl Iterator<Item = u64> {
        self.0.iter().map(move |key| key.digest(name))
    }
}

impl Key {
    fn digest(&self, name: &str) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.digest);
        hasher.write(name.as_bytes());
        hasher.finish()
    }
}

/// One for all: the same words of the same message look the same, and nothing else shows (RFC 8452 9).
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_trace_and_with_its_key_only() {
        let old = TraceKeys::new(&TokenKeys::new(vec![vec![1; 32]]));
        let new = TraceKeys::new(&TokenKeys::new(vec![vec![2; 32], vec![1; 32]]));
        let other = TraceKeys::new(&TokenKeys::new(vec![vec![2; 32]]));
        let (trace, another) = (TraceId::new(7, 1), TraceId::new(7, 2));
        let sealed = old.seal(&trace, b"jan@poczta.example".to_vec()).unwrap();
        assert!(!sealed.contains("jan"), "{sealed}");
        assert_eq!(new.open(&trace, &sealed).unwrap(), b"jan@poczta.example");
        assert_eq!(new.open(&another, &sealed), None);
        assert_eq!(other.open(&trace, &sealed), None);
        assert_eq!(new.open(&trace, "no base64!"), None);
    }

    #[test]
    fn a_name_is_known_again_by_its_digest_after_a_change_of_keys() {
        let old = TraceKeys::new(&TokenKeys::new(vec![vec![1; 32]]));
        let new = TraceKeys::new(&TokenKeys::new(vec![vec![2; 32], vec![1; 32]]));
        let kept = old.digest("jan@poczta.example");
        assert!(
            new.digests("jan@poczta.example")
                .any(|digest| digest == kept)
        );
        assert!(
            new.digests("ola@poczta.example")
                .all(|digest| digest != kept)
        );
        assert_ne!(new.digest("jan@poczta.example"), kept);
    }
}

//! Message-ID tokens: `<TOKEN@masked domain>` stands for a Message-ID of the other side (DESIGN.md, "Message-IDs are reversible tokens").
//!
//! A token is the original id, encrypted and authenticated (AES-256-GCM-SIV, RFC 8452, with a fixed nonce: the same id gives the same token,
//! and nothing else shows), bound to who wrote and who reads. Layout of the octets before base32: key number (1), kind (1), then
//! ciphertext and tag (16). An id that would make the whole longer than 200 octets gets a keyed digest (16) instead, under which it is stored.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};

use super::ParticipantId;
use super::token::{TokenKeys, crockford, key_number, tag};
use crate::mail::Domain;

/// The longest id that is written, without its angle brackets, in octets.
const MAX_ID: usize = 200;
const SEALED: u8 = 1;
const KEPT: u8 = 2;
const EVENT: u8 = 3;
const DIGEST: usize = 16;

/// Who wrote the message that an id names, and who reads it. A token opens for this pair only.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The account that wrote.
    pub writer: &'a ParticipantId,
    /// The account that it was written to.
    pub reader: &'a ParticipantId,
}

impl<'a> Pair<'a> {
    /// The same two, the other way round.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            writer: self.reader,
            reader: self.writer,
        }
    }

    fn text(self) -> String {
        format!("{}/{}", self.writer, self.reader)
    }
}

/// A token as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageIdToken {
    /// The id without angle brackets.
    pub id: String,
    /// Under what the original must be stored, for it is too long to stand in the token.
    pub kept: Option<[u8; DIGEST]>,
}

/// What a token that is ours stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    /// This id.
    Id(String),
    /// The one that is stored under this digest.
    Kept([u8; DIGEST]),
}

/// The keys of Message-ID tokens, derived from those of `[secrets]`: the first one seals, all open.
pub struct MessageIdKeys(Vec<Key>);

struct Key {
    number: u8,
    digest: Vec<u8>,
    cipher: LessSafeKey,
}

impl MessageIdKeys {
    /// Derives the keys.
    #[must_use]
    pub fn new(secrets: &TokenKeys) -> Self {
        let keys = secrets.keys().iter().filter_map(|secret| {
            let cipher = UnboundKey::new(&AES_256_GCM_SIV, &tag(secret, b"message-id seal"));
            Some(Key {
                number: key_number(secret),
                digest: tag(secret, b"message-id digest"),
                cipher: LessSafeKey::new(cipher.ok()?),
            })
        });
        Self(keys.collect())
    }

    /// The token for `id` (without angle brackets), at `domain`. None only without a key.
    #[must_use]
    pub fn seal(&self, pair: Pair<'_>, id: &str, domain: &Domain) -> Option<MessageIdToken> {
        let key = self.0.first()?;
        let mut octets = id.as_bytes().to_vec();
        key.cipher
            .seal_in_place_append_tag(nonce(), Aad::from(pair.text()), &mut octets)
            .ok()?;
        let sealed = [&[key.number, SEALED], octets.as_slice()].concat();
        let text = format!("{}@{domain}", crockford().encode(&sealed));
        if text.len() <= MAX_ID {
            return Some(MessageIdToken {
                id: text,
                kept: None,
            });
        }
        let digest = tag(&key.digest, format!("{}/{id}", pair.text()).as_bytes());
        let digest = *digest.first_chunk::<DIGEST>()?;
        let octets = [&[key.number, KEPT], digest.as_slice()].concat();
        Some(MessageIdToken {
            id: format!("{}@{domain}", crockford().encode(&octets)),
            kept: Some(digest),
        })
    }

    /// The token for the id of a calendar entry or a card (RFC 5545 3.8.4.7, RFC 6350 6.7.6), at `domain`. Such an id may be of any length, so
    /// the whole of it stands in its token. None only without a key.
    #[must_use]
    pub fn seal_event(&self, pair: Pair<'_>, id: &str, domain: &Domain) -> Option<String> {
        let key = self.0.first()?;
        let mut octets = id.as_bytes().to_vec();
        let bound = Aad::from(format!("event/{}", pair.text()));
        key.cipher
            .seal_in_place_append_tag(nonce(), bound, &mut octets)
            .ok()?;
        let sealed = [&[key.number, EVENT], octets.as_slice()].concat();
        Some(format!("{}@{domain}", crockford().encode(&sealed)))
    }

    /// The id of a calendar entry or a card behind its token, if that is one for `pair`.
    #[must_use]
    pub fn open_event(&self, pair: Pair<'_>, token: &str) -> Option<String> {
        let (local, _) = token.split_once('@')?;
        let octets = crockford()
            .decode(local.to_ascii_lowercase().as_bytes())
            .ok()?;
        let (&[number, kind], rest) = octets.split_first_chunk::<2>()?;
        if kind != EVENT {
            return None;
        }
        let mut keys = self.0.iter().filter(|key| key.number == number);
        keys.find_map(|key| {
            let mut sealed = rest.to_vec();
            let bound = Aad::from(format!("event/{}", pair.text()));
            let plain = key.cipher.open_in_place(nonce(), bound, &mut sealed).ok()?;
            String::from_utf8(plain.to_vec()).ok()
        })
    }

    /// What the local part of an id stands for, if it is a token for `pair`. One that is stored is the store's to check.
    #[must_use]
    pub fn open(&self, pair: Pair<'_>, local: &str) -> Option<Original> {
        let octets = crockford()
            .decode(local.to_ascii_lowercase().as_bytes())
            .ok()?;
        let (&[number, kind], rest) = octets.split_first_chunk::<2>()?;
        if kind == KEPT {
            return rest.try_into().ok().map(Original::Kept);
        }
        if kind != SEALED {
            return None;
        }
        self.0
            .iter()
            .filter(|key| key.number == number)
            .find_map(|key| {
                let mut sealed = rest.to_vec();
                let plain = key
                    .cipher
                    .open_in_place(nonce(), Aad::from(pair.text()), &mut sealed)
                    .ok()?;
                String::from_utf8(plain.to_vec()).ok()
            })
            .map(Original::Id)
    }
}

/// One nonce for all: GCM-SIV then shows whether two ids of a pair are the same, and that is what a token is for.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ParticipantId {
        ParticipantId::parse(text).unwrap()
    }

    #[test]
    fn a_token_opens_for_its_pair_and_direction_only() {
        let secrets = TokenKeys::new(vec![vec![7; 32]]);
        let keys = MessageIdKeys::new(&secrets);
        let domain = Domain::parse("allegromail.pl").unwrap();
        let (buyer, seller, other) = (id("8awgqyk6a5"), id("k2m9x0r7t3"), id("zzzzzzzzzz"));
        let pair = Pair {
            writer: &buyer,
            reader: &seller,
        };
        let token = keys.seal(pair, "1@poczta.example", &domain).unwrap();
        assert_eq!(keys.seal(pair, "1@poczta.example", &domain).unwrap(), token);
        assert!(token.id.len() <= 200 && token.kept.is_none(), "{token:?}");
        let local = token.id.split_once('@').unwrap().0;
        let original = Some(Original::Id("1@poczta.example".to_owned()));
        assert_eq!(keys.open(pair, local), original);
        assert_eq!(keys.open(pair, &local.to_ascii_uppercase()), original);
        assert_eq!(keys.open(pair.reversed(), local), None);
        let stranger = Pair {
            writer: &buyer,
            reader: &other,
        };
        assert_eq!(keys.open(stranger, local), None);
        for at in 0..local.len() {
            let mut octets = local.as_bytes().to_vec();
            octets[at] = if octets[at] == b'0' { b'1' } else { b'0' };
            let altered = String::from_utf8(octets).unwrap();
            assert!(
                !matches!(keys.open(pair, &altered), Some(Original::Id(_))),
                "{altered}"
            );
        }
    }

    #[test]
    fn ids_of_events_come_back_to_their_own_side_only() {
        let keys = MessageIdKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
        let domain = Domain::parse("allegromail.pl").unwrap();
        let (buyer, seller) = (id("8awgqyk6a5"), id("k2m9x0r7t3"));
        let pair = Pair {
            writer: &buyer,
            reader: &seller,
        };
        let long = format!("{}@poczta.example", "x".repeat(300));
        let token = keys.seal_event(pair, &long, &domain).unwrap();
        assert_eq!(keys.open_event(pair, &token.to_uppercase()), Some(long));
        assert_eq!(keys.open_event(pair.reversed(), &token), None);
        // Neither kind of token passes for the other.
        let local = token.split_once('@').unwrap().0;
        assert_eq!(keys.open(pair, local), None);
        let message = keys.seal(pair, "1@poczta.example", &domain).unwrap();
        assert_eq!(keys.open_event(pair, &message.id), None);
    }

    #[test]
    fn a_long_id_is_kept_and_old_keys_still_open() {
        let domain = Domain::parse("allegromail.pl").unwrap();
        let (buyer, seller) = (id("8awgqyk6a5"), id("k2m9x0r7t3"));
        let pair = Pair {
            writer: &buyer,
            reader: &seller,
        };
        let old = MessageIdKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
        let both = MessageIdKeys::new(&TokenKeys::new(vec![vec![8; 32], vec![7; 32]]));
        let long = format!("{}@poczta.example", "x".repeat(120));
        let token = old.seal(pair, &long, &domain).unwrap();
        let local = token.id.split_once('@').unwrap().0;
        assert_eq!(both.open(pair, local), token.kept.map(Original::Kept));
        let longest = "y".repeat(80);
        let token = old.seal(pair, &longest, &domain).unwrap();
        assert!(
            token.kept.is_none() && token.id.len() <= 200,
            "{}",
            token.id.len()
        );
        let local = token.id.split_once('@').unwrap().0;
        assert_eq!(both.open(pair, local), Some(Original::Id(longest)));
    }
}

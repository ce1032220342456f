//! Message-ID tokens: `<TOKEN@masked domain>` stands for a Message-ID of the other side (docs/architecture.md#masks-tokens-and-message-ids).
//!
//! A token is the original id, padded to one length, encrypted and authenticated (AES-256-GCM-SIV, RFC 8452, with a fixed nonce: the same id gives
//! the same token, and nothing else shows), bound to who wrote and who reads. Layout of the octets before base32: key number (1), kind (1), then
//! ciphertext and tag (16). All tokens at a domain have the length that brings the whole to 200 octets or a little less: at a domain of 15 octets
//! 97 are left for the id. Mail programs and shops write 30 to 90; a longer one gets a keyed digest (16) in its place, under which it is stored.
//!
//! Versions before padded nothing, and let the kind show whether an id was stored: those tokens still open.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};

use super::ParticipantId;
use super::token::{TokenKeys, crockford, key_number, tag};
use crate::mail::Domain;

/// The longest id that is written, without its angle brackets, in octets.
const MAX_ID: usize = 200;
/// As versions before sealed an id, and the digest of one that is stored.
const BARE: u8 = 1;
const BARE_DIGEST: u8 = 2;
/// The id of a calendar entry or a card.
const EVENT: u8 = 3;
const PADDED: u8 = 4;
const DIGEST: usize = 16;
/// Octets around the ciphertext: key number, kind and tag.
const AROUND: usize = 18;
/// What fills a sealed text up. No id holds it: those are printable.
const PADDING: u8 = 0;
/// What stands before a digest in the place of an id.
const STORED: u8 = PADDING;
/// The shortest padded id of a calendar entry, a card or a part; longer ones have twice, four times as much and so on. Most have less than 60 octets,
/// those of Outlook's entries 112; in more room for all, ids of parts, of which a page of HTML repeats many, would be needlessly long.
const EVENT_SIZE: usize = 64;

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
        if id.len() <= room(domain) && !id.as_bytes().contains(&PADDING) {
            return Some(MessageIdToken {
                id: self.padded(pair, id.as_bytes(), domain)?,
                kept: None,
            });
        }
        let digest = self.digest(pair, id)?;
        Some(MessageIdToken {
            id: self.stored(pair, &digest, domain)?,
            kept: Some(digest),
        })
    }

    /// A token like any other for a message that had no id; it leads nowhere. `name` tells the message from all others.
    #[must_use]
    pub fn seal_none(&self, pair: Pair<'_>, name: &str, domain: &Domain) -> Option<String> {
        // No id begins so: what is stored can never be found by it.
        let digest = self.digest(pair, &format!("\0{name}"))?;
        self.stored(pair, &digest, domain)
    }

    /// A token with a digest where others have an id.
    fn stored(&self, pair: Pair<'_>, digest: &[u8; DIGEST], domain: &Domain) -> Option<String> {
        self.padded(pair, &[&[STORED], digest.as_slice()].concat(), domain)
    }

    /// Under what an id is stored. By `pair`, or two pairs had one record.
    fn digest(&self, pair: Pair<'_>, id: &str) -> Option<[u8; DIGEST]> {
        let key = self.0.first()?;
        let digest = tag(&key.digest, format!("{}/{id}", pair.text()).as_bytes());
        digest.first_chunk().copied()
    }

    /// The token with `text` in it.
    fn padded(&self, pair: Pair<'_>, text: &[u8], domain: &Domain) -> Option<String> {
        let mut octets = text.to_vec();
        // At a domain so long that no id has room, its tokens are as long as a digest needs.
        octets.resize(room(domain).max(1 + DIGEST), PADDING);
        self.0.first()?.write(PADDED, &pair.text(), octets, domain)
    }

    /// The token for the id of a calendar entry or a card (RFC 5545 3.8.4.7, RFC 6350 6.7.6), at `domain`. Such an id may be of any length, so
    /// the whole of it stands in its token, and the lengths of tokens double. None only without a key.
    #[must_use]
    pub fn seal_event(&self, pair: Pair<'_>, id: &str, domain: &Domain) -> Option<String> {
        let mut octets = id.as_bytes().to_vec();
        let size = octets.len().max(EVENT_SIZE).next_power_of_two();
        octets.resize(size, PADDING);
        let bound = format!("event/{}", pair.text());
        self.0.first()?.write(EVENT, &bound, octets, domain)
    }

    /// The id of a calendar entry or a card behind its token, if that is one for `pair`.
    #[must_use]
    pub fn open_event(&self, pair: Pair<'_>, token: &str) -> Option<String> {
        let (local, _) = token.split_once('@')?;
        let (number, kind, sealed) = read(local)?;
        if kind != EVENT {
            return None;
        }
        let plain = self.opened(number, &format!("event/{}", pair.text()), &sealed)?;
        String::from_utf8(unpadded(&plain).to_vec()).ok()
    }

    /// What the local part of an id stands for, if it is a token for `pair`. One that is stored is the store's to check.
    #[must_use]
    pub fn open(&self, pair: Pair<'_>, local: &str) -> Option<Original> {
        let (number, kind, sealed) = read(local)?;
        if kind == BARE_DIGEST {
            return sealed.try_into().ok().map(Original::Kept);
        }
        if kind != BARE && kind != PADDED {
            return None;
        }
        let plain = self.opened(number, &pair.text(), &sealed)?;
        if kind == BARE {
            return String::from_utf8(plain).ok().map(Original::Id);
        }
        if let [STORED, rest @ ..] = plain.as_slice()
            && let Some(digest) = rest.first_chunk()
            && !unpadded(rest).is_empty()
        {
            return Some(Original::Kept(*digest));
        }
        let id = String::from_utf8(unpadded(&plain).to_vec()).ok()?;
        Some(Original::Id(id))
    }

    /// The text behind a ciphertext, if a key of this number sealed it and bound it to `bound`.
    fn opened(&self, number: u8, bound: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut keys = self.0.iter().filter(|key| key.number == number);
        keys.find_map(|key| {
            let mut sealed = sealed.to_vec();
            let bound = Aad::from(bound);
            let plain = key.cipher.open_in_place(nonce(), bound, &mut sealed).ok()?;
            Some(plain.to_vec())
        })
    }
}

impl Key {
    /// `text`, sealed and bound to `bound`, as an id at `domain`.
    fn write(&self, kind: u8, bound: &str, text: Vec<u8>, domain: &Domain) -> Option<String> {
        let mut octets = text;
        self.cipher
            .seal_in_place_append_tag(nonce(), Aad::from(bound), &mut octets)
            .ok()?;
        let sealed = [&[self.number, kind], octets.as_slice()].concat();
        Some(format!("{}@{domain}", crockford().encode(&sealed)))
    }
}

/// The octets of an id that a token at `domain` has room for.
fn room(domain: &Domain) -> usize {
    let local = MAX_ID.saturating_sub("@".len() + domain.as_str().len());
    // Five bits a character.
    (local * 5 / 8).saturating_sub(AROUND)
}

/// Key number, kind and ciphertext of a local part in any letter case.
fn read(local: &str) -> Option<(u8, u8, Vec<u8>)> {
    let octets = crockford()
        .decode(local.to_ascii_lowercase().as_bytes())
        .ok()?;
    let (&[number, kind], sealed) = octets.split_first_chunk::<2>()?;
    Some((number, kind, sealed.to_vec()))
}

/// A text without what fills it up.
fn unpadded(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|octet| *octet != PADDING);
    text.get(..end.map_or(0, |last| last + 1)).unwrap_or(text)
}

/// One nonce for all: GCM-SIV then shows whether two ids of a pair are the same, and that is what a token is for.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests;

//! Bounce tokens: `b-TOKEN@masked domain`, the envelope sender of everything that we send (docs/architecture.md#masks-tokens-and-message-ids).
//!
//! The hyphen can stand in no participant id, so a token is never taken for a mask. Layout of the 22 octets before base32:
//! key number (1), kind (1), day since the epoch (2), message number (8), HMAC-SHA256 over these cut to 80 bits (10).
//! With `b-` that is 38 characters, lower-case Crockford base32, read in any case: peers may fold the case of local parts.
//! Decoding is canonical: another spelling of the same bits is refused.

use data_encoding::{Encoding, Specification};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::mail::Timestamp;

/// What stands before the token.
const PREFIX: &str = "b-";
const BODY: usize = 12;
const MAC: usize = 10;
const DAY_MS: u64 = 86_400_000;

/// What kind of message a token was sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A participant's message to another.
    Participant,
    /// A courier's message to a participant.
    Courier,
}

/// A token that was verified, or is to be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BounceToken {
    /// Whose message it was.
    pub kind: TokenKind,
    /// The day on which it was minted, counted from the epoch.
    pub day: u16,
    /// The number of the message: its queue id.
    pub number: u64,
}

/// Why a local part is no token of ours that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not begin with `b-`: some other address.
    #[error("not a bounce address")]
    NotAToken,
    /// Altered, forged, cut short, or made with a key that is gone.
    #[error("the bounce address is not one that this relay wrote")]
    Forged,
    /// Older than bounces may come.
    #[error("the bounce address has expired")]
    Expired,
}

/// The keys of `[secrets] key_file`: the first one signs, all verify.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKeys(Vec<Vec<u8>>);

impl TokenKeys {
    /// Takes raw keys of 32 octets or more. The configuration checks their length and number (1 to 255).
    #[must_use]
    pub fn new(keys: Vec<Vec<u8>>) -> Self {
        Self(keys)
    }

    /// The keys themselves, for those that are derived from them.
    pub(super) fn keys(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// The numbers by which the keys are told apart, in their order. They tell nothing of the keys.
    pub fn numbers(&self) -> impl Iterator<Item = u8> {
        self.0.iter().map(|key| key_number(key))
    }

    /// The local part for a message sent now.
    #[must_use]
    pub fn sign(&self, kind: TokenKind, number: u64, now: Timestamp) -> String {
        let day = u16::try_from(now.0 / DAY_MS).unwrap_or(u16::MAX);
        let mut octets = Vec::with_capacity(BODY + MAC);
        let key = self.0.first().map_or(&[][..], Vec::as_slice);
        octets.push(key_number(key));
        octets.push(match kind {
            TokenKind::Participant => 1,
            TokenKind::Courier => 2,
        });
        octets.extend_from_slice(&day.to_be_bytes());
        octets.extend_from_slice(&number.to_be_bytes());
        let tag = tag(key, &octets);
        octets.extend_from_slice(tag.get(..MAC).unwrap_or(&tag));
        format!("{PREFIX}{}", crockford().encode(&octets))
    }

    /// Reads a local part of any case back, if it is ours and at most `max_age_days` old.
    ///
    /// # Errors
    /// [`TokenError`]; the MAC is compared in constant time.
    pub fn verify(
        &self,
        local: &str,
        now: Timestamp,
        max_age_days: u16,
    ) -> Result<BounceToken, TokenError> {
        let lower = local.to_ascii_lowercase();
        let text = lower.strip_prefix(PREFIX).ok_or(TokenError::NotAToken)?;
        let octets = crockford()
            .decode(text.as_bytes())
            .map_err(|_| TokenError::Forged)?;
        let (body, mac) = octets.split_at_checked(BODY).ok_or(TokenError::Forged)?;
        let &[number_of_key, kind, d0, d1, ref number @ ..] = body else {
            return Err(TokenError::Forged);
        };
        let number: [u8; 8] = number.try_into().map_err(|_| TokenError::Forged)?;
        if mac.len() != MAC {
            return Err(TokenError::Forged);
        }
        let genuine = self
            .0
            .iter()
            .filter(|key| key_number(key) == number_of_key)
            .any(|key| {
                let mut hmac = hmac(key);
                hmac.update(body);
                hmac.verify_truncated_left(mac).is_ok()
            });
        let kind = match kind {
            1 => TokenKind::Participant,
            2 => TokenKind::Courier,
            _ => return Err(TokenError::Forged),
        };
        if !genuine {
            return Err(TokenError::Forged);
        }
        let day = u16::from_be_bytes([d0, d1]);
        let today = u16::try_from(now.0 / DAY_MS).unwrap_or(u16::MAX);
        if today.saturating_sub(day) > max_age_days {
            return Err(TokenError::Expired);
        }
        Ok(BounceToken {
            kind,
            day,
            number: u64::from_be_bytes(number),
        })
    }
}

/// A number that names a key without its place in the list, so that keys can be added in front.
pub(super) fn key_number(key: &[u8]) -> u8 {
    tag(key, b"key number").first().copied().unwrap_or_default()
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes keys of every length (RFC 2104 2)"
)]
pub(super) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length")
}

pub(super) fn tag(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut hmac = hmac(key);
    hmac.update(text);
    hmac.finalize().into_bytes().to_vec()
}

#[expect(clippy::expect_used, reason = "a constant alphabet; a test builds it")]
pub(super) fn crockford() -> &'static Encoding {
    static CROCKFORD: std::sync::LazyLock<Encoding> = std::sync::LazyLock::new(|| {
        let mut spec = Specification::new();
        spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
        spec.encoding().expect("32 different symbols")
    });
    &CROCKFORD
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_392_000_000);

    #[test]
    fn a_token_comes_back_in_any_case() {
        let keys = TokenKeys::new(vec![vec![7; 32]]);
        let local = keys.sign(TokenKind::Courier, 42, NOW);
        assert_eq!(local.len(), 38);
        let token = keys.verify(&local.to_uppercase(), NOW, 19).unwrap();
        assert_eq!((token.kind, token.number), (TokenKind::Courier, 42));
    }

    #[test]
    fn every_altered_character_is_caught() {
        let keys = TokenKeys::new(vec![vec![7; 32]]);
        let local = keys.sign(TokenKind::Participant, 42, NOW);
        for at in 2..local.len() {
            let mut octets = local.clone().into_bytes();
            octets[at] = if octets[at] == b'0' { b'1' } else { b'0' };
            let altered = String::from_utf8(octets).unwrap();
            assert_eq!(
                keys.verify(&altered, NOW, 19),
                Err(TokenError::Forged),
                "{altered}"
            );
        }
        assert_eq!(
            keys.verify(local.get(..37).unwrap(), NOW, 19),
            Err(TokenError::Forged)
        );
        assert_eq!(
            keys.verify("8awgqyk6a5", NOW, 19),
            Err(TokenError::NotAToken)
        );
    }

    #[test]
    fn old_tokens_expire_and_old_keys_still_verify() {
        let old = TokenKeys::new(vec![vec![7; 32]]);
        let local = old.sign(TokenKind::Participant, 1, NOW);
        let both = TokenKeys::new(vec![vec![8; 32], vec![7; 32]]);
        assert!(both.verify(&local, NOW, 19).is_ok());
        let later = Timestamp(NOW.0 + 20 * DAY_MS);
        assert_eq!(both.verify(&local, later, 19), Err(TokenError::Expired));
    }
}

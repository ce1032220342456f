//! Tokens of whoever signs participants in: JSON Web Tokens (RFC 7519), checked with keys that it publishes.
//!
//! What a token is checked with is said by the key and never by the token: each key is good for one algorithm, and a token whose header names another one
//! is none. A key is found by the name that the token gives it, or all are tried, which are few.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::key_set::KeySet;
use crate::config;
use crate::mail::Timestamp;
use crate::masking::ParticipantId;
use crate::tokens::Scope;

/// The longest that a token may be good for from now on.
const LONGEST: Duration = Duration::from_secs(86_400);
/// How far the clock of whoever makes tokens may be ahead.
const AHEAD: Duration = Duration::from_secs(60);
/// The longest token in octets.
const LONGEST_TEXT: usize = 8 * 1024;
/// Keys that are kept.
const MOST_KEYS: usize = 16;
/// The smallest RSA modulus in octets (RFC 7518 3.3).
const SMALLEST_RSA: usize = 256;

/// Whose tokens are taken, and the keys that they are checked with.
pub struct SignIn {
    issuer: String,
    audience: String,
    keys: Arc<KeySet>,
}

/// A key, good for one algorithm.
pub(super) struct Key {
    name: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// What is read of a token.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    exp: u64,
    #[serde(default)]
    nbf: Option<u64>,
    /// Words with blanks in between (RFC 8693 4.2).
    #[serde(default)]
    scope: String,
}

/// What a token says.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) participant: ParticipantId,
    pub(super) scope: Vec<Scope>,
    pub(super) until: Timestamp,
}

impl SignIn {
    /// For the tokens that `config` describes, checked with `keys`.
    #[must_use]
    pub fn new(config: &config::SignIn, keys: Arc<KeySet>) -> Self {
        Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            keys,
        }
    }

    /// What `token` says, if it is good now.
    pub(super) async fn read(&self, token: &str, now: Timestamp) -> Option<Signed> {
        if token.len() > LONGEST_TEXT {
            return None;
        }
        let name = decode_header(token).ok()?.kid;
        let keys = self.keys.current(name.as_deref()).await;
        let mut candidates = keys.iter().filter(|key| key.is_named(name.as_deref()));
        let claims = candidates.find_map(|key| self.checked(token, key))?;
        self.signed(claims, now)
    }

    /// The claims of a token that `key` signed for us.
    fn checked(&self, token: &str, key: &Key) -> Option<Claims> {
        let mut validation = Validation::new(key.algorithm);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // The time is asked of our own clock.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &key.key, &validation);
        claims.ok().map(|token| token.claims)
    }

    fn signed(&self, claims: Claims, now: Timestamp) -> Option<Signed> {
        let moment = |seconds: u64| Timestamp(seconds.saturating_mul(1_000));
        let until = moment(claims.exp);
        let is_now = now < until && until <= now.plus(LONGEST);
        let begun = claims
            .nbf
            .is_none_or(|from| moment(from) <= now.plus(AHEAD));
        if claims.iss != self.issuer || !is_now || !begun {
            return None;
        }
        let words = claims.scope.split_ascii_whitespace();
        Some(Signed {
            participant: ParticipantId::parse(&claims.sub).ok()?,
            scope: words.filter_map(|word| word.parse().ok()).collect(),
            until,
        })
    }
}

impl Key {
    /// A token without a name for its key may be of any.
    pub(super) fn is_named(&self, name: Option<&str>) -> bool {
        name.is_none() || self.name.as_deref() == name
    }

    fn of(jwk: &Jwk) -> Option<Self> {
        let (algorithm, said) = match &jwk.algorithm {
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::RSA(key) => {
                // Base64: four letters for three octets.
                if key.n.len() / 4 * 3 < SMALLEST_RSA - 3 {
                    return None;
                }
                (Algorithm::RS256, KeyAlgorithm::RS256)
            }
            _ => return None,
        };
        let common = &jwk.common;
        let is_for_this = common.key_algorithm.is_none_or(|named| named == said);
        let signs = common
            .public_key_use
            .as_ref()
            .is_none_or(|what| *what == PublicKeyUse::Signature);
        if !is_for_this || !signs {
            return None;
        }
        Some(Self {
            name: common.key_id.clone(),
            algorithm,
            key: DecodingKey::from_jwk(jwk).ok()?,
        })
    }
}

/// The keys of a JSON Web Key Set (RFC 7517) that tokens may be checked with; others in it are passed over.
///
/// # Errors
/// It is none, or has no such key.
pub(super) fn keys(text: &[u8]) -> Result<Vec<Key>, String> {
    let set: JwkSet = serde_json::from_slice(text)
        .map_err(|error| format!("it is no JSON Web Key Set: {error}"))?;
    let keys: Vec<Key> = set
        .keys
        .iter()
        .filter_map(Key::of)
        .take(MOST_KEYS)
        .collect();
    if keys.is_empty() {
        return Err(
            "it has no key for EdDSA (Ed25519), ES256 or RS256 (2048 bits or more)".to_owned(),
        );
    }
    Ok(keys)
}

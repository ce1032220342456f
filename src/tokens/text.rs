//! The text of a token: `amv_ID_SECRET` of a courier, `amc_ID_SECRET` of a participant, 12 and 64 hexadecimal digits.
//!
//! The prefixes are for programs that look for secrets in what is published. The id is no secret: operators name a token by it. Only the digest of
//! the whole text is kept; the secret has 256 random bits, so a plain digest gives nothing to guess at.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Holder;

/// What the tokens of couriers begin with.
const COURIER: &str = "amv_";
/// What the tokens of participants begin with.
const PARTICIPANT: &str = "amc_";
/// Random bytes of an id.
const ID: usize = 6;
/// Random bytes of a secret.
const SECRET: usize = 32;

/// The digest of a token, in hexadecimal digits where it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// That of no token.
    pub(super) const NONE: Self = Self([0; 32]);

    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// In a time that tells nothing of either.
    pub(super) fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl TryFrom<String> for TokenDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("no digest of a token")
    }
}

impl From<TokenDigest> for String {
    fn from(digest: TokenDigest) -> Self {
        HEXLOWER.encode(&digest.0)
    }
}

/// A new token for `holder`: its id and its text. None: the system has no randomness.
pub(super) fn mint(holder: &Holder) -> Option<(String, String)> {
    let mut random = [0; ID + SECRET];
    aws_lc_rs::rand::fill(&mut random).ok()?;
    let (id, secret) = random.split_at(ID);
    let id = HEXLOWER.encode(id);
    let prefix = match holder {
        Holder::Courier { .. } => COURIER,
        Holder::Participant { .. } => PARTICIPANT,
    };
    let text = format!("{prefix}{id}_{}", HEXLOWER.encode(secret));
    Some((id, text))
}

/// The id that a text names, if it has one.
pub(super) fn id(text: &str) -> Option<&str> {
    let rest = text
        .strip_prefix(COURIER)
        .or_else(|| text.strip_prefix(PARTICIPANT));
    let (id, _) = rest?.split_once('_')?;
    Some(id)
}

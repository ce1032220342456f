//! What the checks of a sender found.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::mail::Domain;

/// How strictly a class of senders must prove its From (`[auth] registered`, `[auth] courier`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// An aligned SPF or DKIM pass.
    #[default]
    Require,
    /// As `Require`, but a domain that publishes nothing may pass on weaker evidence.
    Relaxed,
    /// Every From counts as proven: tests and closed networks only.
    Off,
}

/// `[auth] shared_spf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedSpf {
    /// Not enough: DKIM is wanted.
    Dkim,
    /// Enough, and marked.
    #[default]
    Warn,
    /// Enough.
    Accept,
}

/// What tells a signature that verifies from all others, however its field is written and whatever stands beside it: its value, which nobody
/// without the key can make again for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignatureDigest([u8; 32]);

impl SignatureDigest {
    /// The digest of a signature of `domain`.
    #[must_use]
    pub fn of(domain: &Domain, selector: &str, value: &[u8]) -> Self {
        let mut digest = Sha256::new();
        // Neither name holds a space.
        digest.update(format!("{domain} {selector} "));
        digest.update(value);
        Self(digest.finalize().into())
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What an unproven sender is told first, in plain words; the findings of the checks follow it.
pub(super) fn remedy(from: &Domain) -> String {
    format!(
        "it cannot be seen that this message is really from {from}. Send it through the mail server of your own provider; \
         who runs {from} can mend what follows."
    )
}

/// By what a From was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// The envelope's domain, which is aligned, lets the client send (RFC 7208).
    Spf {
        /// The domain that was asked.
        domain: Domain,
        /// Whether the EHLO name was asked, for a null reverse-path.
        helo: bool,
        /// Whether the client belongs to a mailing provider's servers that strangers share (`[auth] shared_spf_includes`).
        shared: bool,
    },
    /// An aligned domain signed it (RFC 6376).
    Dkim {
        /// `d=`.
        domain: Domain,
        /// `s=`: letters, digits, dots and hyphens.
        selector: String,
        /// This signature, and every other one that would do.
        signed: Vec<SignatureDigest>,
    },
    /// The client's name resolves back into the domain, which publishes nothing.
    Name {
        /// The From's domain.
        domain: Domain,
    },
    /// A token of the Message Center, which stands for the account: nothing of it came by mail.
    Token,
}

/// `SPF of shop.example`, as trails say it.
impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spf {
                domain,
                shared: false,
                ..
            } => write!(f, "SPF of {domain}"),
            Self::Spf { domain, .. } => {
                write!(f, "SPF of {domain}, through servers that strangers share")
            }
            Self::Dkim {
                domain, selector, ..
            } => write!(f, "DKIM d={domain} s={selector}"),
            Self::Name { domain } => {
                write!(f, "the client's name, which resolves back into {domain}")
            }
            Self::Token => f.write_str("a token of the Message Center"),
        }
    }
}

impl Means {
    /// The result as a method of an Authentication-Results field (RFC 8601 2.7), made of validated tokens only.
    #[must_use]
    pub fn result(&self) -> String {
        match self {
            Self::Spf {
                domain,
                helo: false,
                ..
            } => format!("spf=pass smtp.mailfrom={domain}"),
            Self::Spf { domain, .. } => format!("spf=pass smtp.helo={domain}"),
            Self::Dkim {
                domain, selector, ..
            } => {
                format!("dkim=pass header.d={domain} header.s={selector}")
            }
            Self::Name { .. } => "iprev=pass".to_owned(),
            Self::Token => "auth=pass".to_owned(),
        }
    }
}

/// The answer to "is the From who it says?", with the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Proven, and by what.
    Proven(Means),
    /// Not asked, since the class is `off`.
    NotAsked,
    /// No aligned pass; the text names client address, domain and what failed.
    Unproven(String),
    /// DNS gave no answer to a check that could have passed; the text names it.
    Deferred(String),
}

/// As the trail of `explain` says it.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven(means) => write!(f, "proven by {means}"),
            Self::NotAsked => f.write_str("taken for given"),
            Self::Unproven(text) | Self::Deferred(text) => f.write_str(text),
        }
    }
}

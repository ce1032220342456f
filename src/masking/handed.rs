//! To whose servers a message was handed, as a keyed digest: enough to know those servers again, and nothing for whoever reads the record.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::providers::organisation;
use super::token::{TokenKeys, tag};
use crate::mail::{Domain, QueueId};

/// The digest of one message and one organisational domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HandedTo(pub [u8; 16]);

impl TryFrom<String> for HandedTo {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let octets = HEXLOWER.decode(text.as_bytes()).ok();
        let octets = octets.and_then(|octets| octets.try_into().ok());
        octets.map(Self).ok_or("no digest of 16 octets in hex")
    }
}

impl From<HandedTo> for String {
    fn from(digest: HandedTo) -> Self {
        HEXLOWER.encode(&digest.0)
    }
}

/// The keys of these digests, derived from those of `[secrets]`: the first one makes them, all know them again.
#[derive(Clone)]
pub struct HandedKeys(Vec<Vec<u8>>);

impl HandedKeys {
    /// Derives the keys.
    #[must_use]
    pub fn new(secrets: &TokenKeys) -> Self {
        let keys = secrets.keys().iter();
        Self(keys.map(|secret| tag(secret, b"handed to")).collect())
    }

    /// The digest for a message and the domain of the address that it goes to. By message, so that no two records tell that they are about one
    /// domain.
    #[must_use]
    pub fn digest(&self, id: QueueId, domain: &Domain) -> HandedTo {
        let key = self.0.first().map_or(&[][..], Vec::as_slice);
        digest(key, id, domain)
    }

    /// The digests that any of the keys makes of it.
    pub fn digests(&self, id: QueueId, domain: &Domain) -> impl Iterator<Item = HandedTo> {
        self.0.iter().map(move |key| digest(key, id, domain))
    }
}

fn digest(key: &[u8], id: QueueId, domain: &Domain) -> HandedTo {
    let text = format!("{}/{}", id.0, organisation(domain));
    let digest = tag(key, text.as_bytes());
    // It is longer than that; the default stands for no case.
    HandedTo(digest.first_chunk().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_known_again_by_its_organisation_and_message() {
        let domain = |text: &str| Domain::parse(text).unwrap();
        let old = HandedKeys::new(&TokenKeys::new(vec![vec![1; 32]]));
        let new = HandedKeys::new(&TokenKeys::new(vec![vec![2; 32], vec![1; 32]]));
        let kept = old.digest(QueueId(7), &domain("poczta.example"));
        let known = |id, name| {
            new.digests(QueueId(id), &domain(name))
                .any(|digest| digest == kept)
        };
        assert!(known(7, "poczta.example") && known(7, "mx1.poczta.example"));
        assert!(!known(8, "poczta.example") && !known(7, "rowery.example"));
        let text = serde_json::to_string(&kept).unwrap();
        assert!(!text.contains("poczta") && text.len() == 34);
        assert_eq!(serde_json::from_str::<HandedTo>(&text).unwrap(), kept);
    }
}

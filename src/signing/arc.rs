//! ARC seals on couriers' mail: what was proven here, for a next server that believes us (RFC 8617).

use std::net::IpAddr;

use bytes::Bytes;
use mail_auth::arc::{ArcSealer, Set};
use mail_auth::common::crypto::DkimKey;
use mail_auth::common::headers::{Header, HeaderWriter};
use mail_auth::dkim::{Canonicalization, Signature};
use mail_auth::{
    ArcOutput, AuthenticatedMessage, AuthenticationResults, DkimOutput, DkimResult, SpfOutput,
    SpfResult,
};

use super::fields::OVERSIGNED;
use super::keys::{Borrowed, Selected};
use crate::auth::{Chain, Means};
use crate::mail::Domain;

/// Fields that a seal covers beside those that every signature of ours does, as far as a message has them.
const COVERED: [&str; 2] = ["DKIM-Signature", "Auto-Submitted"];

/// What was proven, and whose mail it is.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// Our name.
    pub host: Domain,
    /// The client.
    pub client: IpAddr,
    /// By what the From was proven.
    pub means: Means,
    /// The chain that came with the message; a broken one is not carried on.
    pub chain: Chain,
}

impl Sealing {
    fn results(&self) -> AuthenticationResults<'_> {
        let results = AuthenticationResults::new(self.host.as_str());
        match &self.means {
            Means::Spf { domain, .. } | Means::Name { domain } => {
                let spf = SpfOutput::new(domain.to_string()).with_result(SpfResult::Pass);
                let domain = domain.as_str();
                results.with_spf_mailfrom_result(&spf, self.client, domain, domain)
            }
            Means::Dkim {
                domain, selector, ..
            } => {
                let signature = Signature {
                    d: domain.to_string(),
                    s: selector.clone(),
                    ..Signature::default()
                };
                let passed = DkimOutput::pass().with_signature(&signature);
                results.with_dkim_result(&passed, domain.as_str())
            }
            // Couriers have none.
            Means::Token => results,
        }
    }
}

/// The first key that other servers can verify: RSA. Few know Ed25519 in ARC.
pub(super) fn key(keys: &[Selected]) -> Option<&Selected> {
    keys.iter().find(|key| matches!(key.key, DkimKey::Rsa(_)))
}

/// `message` with a seal of `domain` on top.
pub(super) fn seal(
    key: &Selected,
    domain: &Domain,
    sealing: &Sealing,
    message: &Bytes,
) -> mail_auth::Result<Bytes> {
    let Some(read) = AuthenticatedMessage::parse(message) else {
        return Ok(message.clone());
    };
    let results = sealing.results();
    let set = ArcSealer::from_key(Borrowed(&key.key))
        .domain(domain.as_str())
        .selector(key.selector.as_str())
        .headers(OVERSIGNED.iter().chain(&COVERED).copied())
        .header_canonicalization(Canonicalization::Relaxed)
        .body_canonicalization(Canonicalization::Simple)
        .seal(&read, &results, &chain(&read))?;
    Ok([set.to_header().as_bytes(), message].concat().into())
}

/// The sets of a chain that was verified before.
fn chain<'x>(read: &'x AuthenticatedMessage<'x>) -> ArcOutput<'x> {
    let mut output = ArcOutput::default().with_result(DkimResult::Pass);
    let sets = read
        .as_headers
        .iter()
        .zip(&read.ams_headers)
        .zip(&read.aar_headers);
    for ((seal, signature), results) in sets {
        output = output.with_set(Set {
            signature: whole(signature),
            seal: whole(seal),
            results: whole(results),
        });
    }
    output
}

fn whole<'x, T>(field: &'x Header<'x, T>) -> Header<'x, &'x T> {
    Header {
        name: field.name,
        value: field.value,
        header: &field.header,
    }
}

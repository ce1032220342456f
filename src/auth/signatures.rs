//! The DKIM signatures of a message, verified as far as they could prove a From: the work is bounded, whatever stands in the message.
//!
//! One after the other. The body is hashed once for all of them.

use std::vec::IntoIter;

use hickory_resolver::proto::rr::RecordType;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::headers::Header;
use mail_auth::common::verify::{DomainKey, VerifySignature};
use mail_auth::dkim::{DkimError, Signature};
use mail_auth::{AuthenticatedMessage, DkimResult, DnsError, Error};

use super::alignment::aligned;
use super::bodies::Bodies;
use super::fields::Fields;
use super::questions::Questions;
use crate::clock::{Clock, SystemClock};
use crate::mail::Domain;
use crate::message::Message;
use crate::offload::in_place;

/// Signatures that are looked at, from the top, where the latest signer put his; each may cost a look-up and an RSA operation.
pub(super) const MAX_SIGNATURES: usize = 8;
/// Names in one `h=`; matching them costs names times fields (docs/threats.md#80).
const MAX_NAMES: usize = 256;
/// How far a signer's clock may be ahead of ours, in seconds: a clock set wrong is no forgery, and a day covers every time zone.
const AHEAD: u64 = 86_400;

/// A signature that verifies.
pub(super) struct Signed {
    /// `d=`, aligned with the From.
    pub(super) domain: Domain,
    /// All of it: which fields it covers has yet to be looked at.
    pub(super) signature: Box<Signature>,
}

/// What one signature is worth.
pub(super) enum Verdict {
    /// Its domain signed what it covers.
    Verified(Signed),
    /// Nothing; why.
    Refused(String),
    /// The DNS gave no answer for its key.
    Unknown(String),
}

/// The signatures of one message whose verdicts have not been asked for.
pub(super) struct Signatures<'a> {
    questions: &'a Questions<'a>,
    /// Those that prove nothing, whatever their keys say.
    refused: IntoIter<Verdict>,
    usable: IntoIter<Header<'a, Signature>>,
    fields: Fields<'a>,
    bodies: Bodies,
}

impl<'a> Signatures<'a> {
    /// Reads them. Only those that are aligned with `from` cost more than a glance.
    pub(super) async fn of(
        questions: &'a Questions<'a>,
        message: &'a Message,
        from: &Domain,
    ) -> Self {
        in_place(message.head_octets(), || {
            Self::read(questions, message, from)
        })
        .await
    }

    fn read(questions: &'a Questions<'a>, message: &'a Message, from: &Domain) -> Self {
        // The header section only: the library would hash the body for every algorithm that anybody names.
        let section = message.raw().get(..message.head_octets());
        let section = section.unwrap_or_default();
        let (refused, read) = match AuthenticatedMessage::parse(section) {
            Some(mut read) => (sift(&mut read, from), read),
            None => {
                let why = "the message could not be read for DKIM".to_owned();
                (vec![Verdict::Refused(why)], AuthenticatedMessage::default())
            }
        };
        Self {
            questions,
            refused: refused.into_iter(),
            usable: read.dkim_headers.into_iter(),
            fields: Fields::new(read.headers),
            bodies: Bodies::of(message),
        }
    }

    /// The verdict on the next one.
    pub(super) async fn next(&mut self) -> Option<Verdict> {
        if let Some(refused) = self.refused.next() {
            return Some(refused);
        }
        let field = self.usable.next()?;
        Some(self.verify(field).await)
    }

    /// Body first, since that needs no question; then the key; then the signature.
    async fn verify(&mut self, field: Header<'a, Signature>) -> Verdict {
        let signature = &field.header;
        let hash = self.bodies.hash(signature.cb).await;
        if hash != signature.bh {
            let differs = Error::Dkim(DkimError::FailedBodyHashMatch);
            return judge(signature, &DkimResult::Neutral(differs));
        }
        let library = self.questions.library;
        let asked = library.txt_lookup::<DomainKey>(signature.domain_key(), Some(self.questions));
        let key = match self.questions.run(asked).await {
            Some(Ok(key)) => key,
            // TXT questions that failed before are answered as failures.
            Some(Err(Error::Dns(DnsError::Resolver(_)))) | None => {
                let name = signature.domain_key();
                self.questions.failed_for(RecordType::TXT, &name);
                return Verdict::Unknown(format!(
                    "DKIM d={} s={}: the DNS gave no answer for its key {}",
                    signature.d,
                    signature.s,
                    name.trim_end_matches('.')
                ));
            }
            Some(Err(error)) => return judge(signature, &DkimResult::PermError(error)),
        };
        let result = self.fields.verify(library, &field, hash, key).await;
        judge(&field.header, &result)
    }
}

/// Leaves only signatures that can prove something, and says of the others why they cannot.
fn sift(read: &mut AuthenticatedMessage<'_>, from: &Domain) -> Vec<Verdict> {
    let mut refused: Vec<Verdict> = Vec::new();
    for field in &read.errors {
        if field.name.eq_ignore_ascii_case(b"DKIM-Signature") {
            let why = format!("a DKIM signature cannot be used: {}", field.header);
            refused.push(Verdict::Refused(why));
        }
    }
    // They would be told a second time.
    read.errors.clear();
    let now = SystemClock.now().0 / 1_000;
    if read.dkim_headers.len() > MAX_SIGNATURES {
        let why = format!("only the first {MAX_SIGNATURES} DKIM signatures are looked at");
        refused.push(Verdict::Refused(why));
        read.dkim_headers.truncate(MAX_SIGNATURES);
    }
    // One that stands there twice is one.
    let mut seen: Vec<Signature> = Vec::new();
    read.dkim_headers.retain_mut(|field| {
        let signature = &mut field.header;
        if seen.contains(signature) {
            return false;
        }
        seen.push(signature.clone());
        // Neither reports (RFC 6651) nor signatures of third parties (RFC 6541) are worth a look-up.
        signature.r = false;
        signature.atps = None;
        let useless = useless(signature, from, now);
        let usable = useless.is_none();
        refused.extend(useless.map(Verdict::Refused));
        usable
    });
    refused
}

/// Why a signature proves nothing, whatever its key says.
fn useless(signature: &Signature, from: &Domain, now: u64) -> Option<String> {
    let (name, selector) = (&signature.d, &signature.s);
    let Some(domain) = Domain::parse(name).ok() else {
        return Some("a DKIM signature has a d= that is no domain".to_owned());
    };
    if !aligned(&domain, from) {
        return Some(format!("DKIM d={domain} is not aligned with {from}"));
    }
    let why = if !plain(selector) {
        "has a selector that is no name".to_owned()
    } else if signature.a == Algorithm::RsaSha1 {
        "is signed with SHA-1, which proves nothing (RFC 8301)".to_owned()
    } else if !covers(signature, "From") {
        "does not cover From".to_owned()
    } else if signature.h.len() > MAX_NAMES {
        format!("names more than {MAX_NAMES} fields")
    } else if signature.x != 0 && (signature.x <= now || signature.x <= signature.t) {
        "has expired".to_owned()
    } else if signature.t > now + AHEAD {
        "was made in the future, says its t=".to_owned()
    } else {
        return None;
    };
    Some(format!("DKIM d={domain} {why}"))
}

/// Whether a selector is what a name may hold: it goes into questions, replies and results (docs/threats.md#74).
fn plain(selector: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    selector.len() <= 253 && selector.chars().all(plain)
}

/// Whether `h=` names a field.
fn covers(signature: &Signature, field: &str) -> bool {
    signature
        .h
        .iter()
        .any(|name| name.trim().eq_ignore_ascii_case(field))
}

/// What came of a signature, in our words. Only a pass is one: neutral is what the library calls a signature that does not fit.
fn judge(signature: &Signature, result: &DkimResult) -> Verdict {
    let Ok(domain) = Domain::parse(&signature.d) else {
        return Verdict::Refused("a DKIM signature has a d= that is no domain".to_owned());
    };
    if *result == DkimResult::Pass {
        return Verdict::Verified(Signed {
            domain,
            signature: Box::new(signature.clone()),
        });
    }
    let key = format!("{}._domainkey.{domain}", signature.s);
    Verdict::Refused(format!(
        "DKIM d={domain} s={} does not verify: {}",
        signature.s,
        words(result, &key)
    ))
}

/// What the library says, in the words of a reply.
fn words(result: &DkimResult, key: &str) -> String {
    use mail_auth::common::crypto::CryptoError;
    let (DkimResult::Neutral(error) | DkimResult::Fail(error) | DkimResult::PermError(error)) =
        result
    else {
        return "no result".to_owned();
    };
    match error {
        Error::Dkim(DkimError::FailedBodyHashMatch) => {
            "broken signature: the body is not the one that was signed".to_owned()
        }
        Error::Crypto(CryptoError::FailedVerification) => format!(
            "broken signature: it was not made over these fields with the key {key} (RSA keys of less than 1024 bits count as none)"
        ),
        Error::Dns(DnsError::RecordNotFound(_)) => format!("missing record: there is no key {key}"),
        Error::Dkim(DkimError::RevokedPublicKey) => format!("the key {key} is revoked"),
        Error::Dns(DnsError::InvalidRecordType) | Error::ParseError => {
            format!("the record {key} is no DKIM key")
        }
        error => error.to_string(),
    }
}

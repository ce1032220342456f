//! The DKIM signatures of a message, verified as far as they could prove a From: the work is bounded, whatever stands in the message.

use hickory_resolver::proto::rr::RecordType;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::verify::VerifySignature;
use mail_auth::dkim::{Canonicalization, DkimError, Signature};
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, Error};

use super::alignment::aligned;
use super::questions::Questions;
use crate::clock::{Clock, SystemClock};
use crate::mail::Domain;
use crate::message::Message;

/// Signatures that are looked at, from the top, where the latest signer put his; each may cost a look-up and an RSA operation.
const MAX_SIGNATURES: usize = 8;
/// Names in one `h=`; matching them costs names times fields (hostile-inputs 80).
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

/// Every signature's verdict. Only those that are aligned with `from` cost more than a glance.
pub(super) async fn verify(
    questions: &Questions<'_>,
    message: &Message,
    from: &Domain,
) -> Vec<Verdict> {
    // Strict: a signature with `l=` covers a part of the body only, and counts as none.
    let Some(mut read) = AuthenticatedMessage::parse(message.raw()) else {
        return vec![Verdict::Refused(
            "the message could not be read for DKIM".to_owned(),
        )];
    };
    let mut verdicts = sift(&mut read, from);
    let usable = read.dkim_headers.clone();
    if usable.is_empty() {
        return verdicts;
    }
    let trimmed = trimmed(message.raw(), read.body_offset());
    // A relaxed body that differs may differ in blank lines at its end only: those are verified once more without them.
    let mut again = Vec::new();
    for output in outputs(questions, &read).await {
        let body_differs = matches!(
            output.result(),
            DkimResult::Neutral(Error::Dkim(DkimError::FailedBodyHashMatch))
        );
        match output.signature() {
            Some(signature)
                if body_differs
                    && signature.cb == Canonicalization::Relaxed
                    && trimmed.is_some() =>
            {
                again.push(signature.clone());
            }
            _ => verdicts.push(judge(questions, &output)),
        }
    }
    if let Some(mut read) = trimmed.as_deref().and_then(AuthenticatedMessage::parse)
        && !again.is_empty()
    {
        // The same message, so nothing new is refused.
        sift(&mut read, from);
        read.dkim_headers
            .retain(|field| again.contains(&field.header));
        for output in outputs(questions, &read).await {
            verdicts.push(judge(questions, &output));
        }
    }
    verdicts
}

/// The library's verdicts, one for each signature that was left. A check that dies gives none, but DKIM asks for TXT records
/// only, whose failures are answers.
async fn outputs<'x>(
    questions: &'x Questions<'x>,
    read: &'x AuthenticatedMessage<'x>,
) -> Vec<DkimOutput<'x>> {
    let verified = questions.run(questions.library.verify_dkim(questions.about(read)));
    verified.await.unwrap_or_default()
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
    read.dkim_headers.retain_mut(|field| {
        let signature = &mut field.header;
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

/// Whether a selector is what a name may hold: it goes into questions, replies and results (hostile-inputs 74).
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

/// One of the library's verdicts in our words. Only a pass is one: neutral is what it calls a signature that does not fit.
fn judge(questions: &Questions<'_>, output: &DkimOutput<'_>) -> Verdict {
    let Some(signature) = output.signature() else {
        return Verdict::Refused("a DKIM signature cannot be used".to_owned());
    };
    let Ok(domain) = Domain::parse(&signature.d) else {
        return Verdict::Refused("a DKIM signature has a d= that is no domain".to_owned());
    };
    let key = format!("{}._domainkey.{domain}", signature.s);
    match output.result() {
        DkimResult::Pass => Verdict::Verified(Signed {
            domain,
            signature: Box::new(signature.clone()),
        }),
        DkimResult::TempError(_) => {
            questions.failed_for(RecordType::TXT, &signature.domain_key());
            Verdict::Unknown(format!(
                "DKIM d={domain} s={}: the DNS gave no answer for its key {key}",
                signature.s
            ))
        }
        result => Verdict::Refused(format!(
            "DKIM d={domain} s={} does not verify: {}",
            signature.s,
            words(result, &key)
        )),
    }
}

/// The message without the lines of blanks that its body ends in; none where there are none. Relaxed canonicalisation leaves them out
/// (RFC 6376 3.4.4: blanks at line ends first, then empty lines); the library keeps them.
fn trimmed(raw: &[u8], body: usize) -> Option<Vec<u8>> {
    let (head, body) = raw.split_at_checked(body)?;
    let end = body
        .iter()
        .rposition(|octet| !b" \t\r\n".contains(octet))
        .map_or(0, |last| last + 1);
    let (text, tail) = body.split_at_checked(end)?;
    if !tail.iter().any(|octet| b" \t".contains(octet)) {
        return None;
    }
    let end: &[u8] = if text.is_empty() { b"" } else { b"\r\n" };
    Some([head, text, end].concat())
}

/// What the library says, in the words of a reply.
fn words(result: &DkimResult, key: &str) -> String {
    use mail_auth::common::crypto::CryptoError;
    use mail_auth::dkim::DkimError;
    use mail_auth::{DnsError, Error};
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

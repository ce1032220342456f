//! DKIM: did the From's own domain sign it (RFC 6376)?

use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::Signature;
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, SpfOutput,
};

use super::Means;
use super::alignment::aligned;
use super::prover::{Check, Evidence};
use crate::mail::{Domain, Mailbox};
use crate::message::{Message, parse_list};

/// Signatures that are looked at; each may cost a look-up and an RSA operation.
const MAX_SIGNATURES: usize = 8;

/// The message as the library reads it. Strict: a signature with `l=` covers a part of the body only, and counts as none.
fn read(message: &Message) -> Option<AuthenticatedMessage<'_>> {
    let mut read = AuthenticatedMessage::parse(message.raw())?;
    read.dkim_headers.truncate(MAX_SIGNATURES);
    Some(read)
}

/// Checks every signature; one aligned pass is enough.
pub(super) async fn check(library: &MessageAuthenticator, evidence: &Evidence<'_>) -> Check {
    let Some(message) = read(evidence.message) else {
        return Check::Failed("the message could not be read for DKIM".to_owned());
    };
    let outputs = library.verify_dkim(&message).await;
    let mut failed = Vec::new();
    let mut unknown = None;
    for output in &outputs {
        match judge(output, evidence.from.domain()) {
            Ok((means, signature)) if names_recipients(signature, evidence) => return Check::Passed(means),
            Ok((means, _)) => failed.push(format!(
                "{means} verifies, but no signed To or Cc names the recipient: the message may be a copy of one sent elsewhere"
            )),
            Err(Trouble::Unknown(what)) => unknown = Some(what),
            Err(Trouble::Failed(what)) => failed.push(what),
        }
    }
    match unknown {
        Some(what) => Check::Unknown(what),
        None if failed.is_empty() => Check::Absent("there is no DKIM signature".to_owned()),
        None => Check::Failed(failed.join("; ")),
    }
}

/// Whether the message, passed on byte for byte by another server, would be refused or set aside by the next one: nothing signed it for
/// its own domain, and that domain's DMARC policy is quarantine or reject (RFC 9989 4.7). None: the DNS gave no answer.
pub(super) async fn fails_elsewhere(
    library: &MessageAuthenticator,
    evidence: &Evidence<'_>,
) -> Option<bool> {
    let message = read(evidence.message)?;
    let outputs = library.verify_dkim(&message).await;
    if outputs
        .iter()
        .any(|output| judge(output, evidence.from.domain()).is_ok())
    {
        return Some(false);
    }
    let unsure = outputs
        .iter()
        .any(|output| matches!(output.result(), DkimResult::TempError(_)));
    let spf = SpfOutput::new(String::new());
    let dmarc = library
        .verify_dmarc(DmarcParameters::new(&message, &outputs, "", &spf))
        .await;
    match (dmarc.dkim_result(), dmarc.policy()) {
        (DmarcResult::TempError(_), _) => None,
        (_, Policy::Quarantine | Policy::Reject) if unsure => None,
        (_, policy) => Some(matches!(policy, Policy::Quarantine | Policy::Reject)),
    }
}

enum Trouble {
    Failed(String),
    Unknown(String),
}

fn judge<'a>(output: &'a DkimOutput<'a>, from: &Domain) -> Result<(Means, &'a Signature), Trouble> {
    let failed = |text: String| Err(Trouble::Failed(text));
    let Some(signature) = output.signature() else {
        return failed(format!(
            "a DKIM signature cannot be used ({})",
            output.result()
        ));
    };
    let name = signature.d.as_str();
    let Some(domain) = Domain::parse(name)
        .ok()
        .filter(|signer| aligned(signer, from))
    else {
        return failed(format!("DKIM d={name} is not aligned with {from}"));
    };
    match output.result() {
        DkimResult::Pass => {}
        DkimResult::TempError(_) => {
            return Err(Trouble::Unknown(format!(
                "the DKIM key {}._domainkey.{domain} could not be read",
                signature.s
            )));
        }
        result => {
            return failed(format!(
                "DKIM d={domain} s={} does not verify ({result})",
                signature.s
            ));
        }
    }
    if signature.a == Algorithm::RsaSha1 {
        return failed(format!(
            "DKIM d={domain} is signed with SHA-1, which proves nothing (RFC 8301)"
        ));
    }
    if !covers(signature, "From") {
        return failed(format!("DKIM d={domain} does not cover From"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if !signature.s.chars().all(plain) {
        return failed(format!("DKIM d={domain} has a selector that is no name"));
    }
    Ok((
        Means::Dkim {
            domain,
            selector: signature.s.clone(),
        },
        signature,
    ))
}

fn covers(signature: &Signature, field: &str) -> bool {
    signature
        .h
        .iter()
        .any(|name| name.trim().eq_ignore_ascii_case(field))
}

/// Whether every recipient stands in a signed To or Cc. Else one signed message, replayed, would open every mask. Of several fields of one
/// name a signature covers the last ones first (RFC 6376 5.4.2), so only as many as it names count.
fn names_recipients(signature: &Signature, evidence: &Evidence<'_>) -> bool {
    let named: Vec<Mailbox> = ["To", "Cc"]
        .into_iter()
        .flat_map(|field| signed_mailboxes(signature, evidence.message, field))
        .collect();
    evidence
        .recipients
        .iter()
        .all(|recipient| named.iter().any(|mailbox| mailbox.key() == recipient.key()))
}

fn signed_mailboxes(signature: &Signature, message: &Message, field: &str) -> Vec<Mailbox> {
    let covered = signature
        .h
        .iter()
        .filter(|name| name.trim().eq_ignore_ascii_case(field))
        .count();
    let fields: Vec<_> = message.named(field).collect();
    let lists = fields
        .iter()
        .rev()
        .take(covered)
        .flat_map(|field| parse_list(field.value).unwrap_or_default());
    lists.map(|listed| listed.mailbox).collect()
}

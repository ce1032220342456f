//! DKIM: did the From's own domain sign it (RFC 6376)?

use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::Signature;
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, MessageAuthenticator};

use super::alignment::aligned;
use super::prover::{Check, Evidence};
use crate::mail::{Domain, Mailbox};
use crate::message::{Message, parse_list};

/// Signatures that are looked at; each may cost a look-up and an RSA operation.
const MAX_SIGNATURES: usize = 8;

/// Checks every signature; one aligned pass is enough.
pub(super) async fn check(library: &MessageAuthenticator, evidence: &Evidence<'_>) -> Check {
    // Strict: a signature with `l=` covers a part of the body only, and counts as none.
    let Some(mut message) = AuthenticatedMessage::parse(evidence.message.raw()) else {
        return Check::Failed("the message could not be read for DKIM".to_owned());
    };
    message.dkim_headers.truncate(MAX_SIGNATURES);
    let outputs = library.verify_dkim(&message).await;
    let from = evidence.from.domain();
    let mut failed = Vec::new();
    let mut unknown = None;
    for output in &outputs {
        match judge(output, from, evidence) {
            Ok(proof) => return Check::Passed(proof),
            Err(Check::Unknown(what)) => unknown = Some(what),
            Err(Check::Failed(what) | Check::Absent(what) | Check::Passed(what)) => {
                failed.push(what)
            }
        }
    }
    match unknown {
        Some(what) => Check::Unknown(what),
        None if failed.is_empty() => Check::Absent("there is no DKIM signature".to_owned()),
        None => Check::Failed(failed.join("; ")),
    }
}

fn judge(output: &DkimOutput<'_>, from: &Domain, evidence: &Evidence<'_>) -> Result<String, Check> {
    let failed = |text: String| Err(Check::Failed(text));
    let Some(signature) = output.signature() else {
        return failed(format!(
            "a DKIM signature cannot be used ({})",
            output.result()
        ));
    };
    let domain = signature.d.as_str();
    if !Domain::parse(domain).is_ok_and(|signer| aligned(&signer, from)) {
        return failed(format!("DKIM d={domain} is not aligned with {from}"));
    }
    match output.result() {
        DkimResult::Pass => {}
        DkimResult::TempError(_) => {
            return Err(Check::Unknown(format!(
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
    if !names_recipients(signature, evidence) {
        return failed(format!(
            "DKIM d={domain} verifies, but no signed To or Cc names the recipient: the message may be a copy of one sent elsewhere"
        ));
    }
    Ok(format!("DKIM d={domain} s={} verifies", signature.s))
}

fn covers(signature: &Signature, field: &str) -> bool {
    signature
        .h
        .iter()
        .any(|name| name.trim().eq_ignore_ascii_case(field))
}

/// Whether every recipient stands in a signed To or Cc. Else one signed message, replayed, would open every mask.
fn names_recipients(signature: &Signature, evidence: &Evidence<'_>) -> bool {
    let fields = ["To", "Cc"]
        .into_iter()
        .filter(|field| covers(signature, field));
    let named: Vec<Mailbox> = fields
        .flat_map(|field| mailboxes(evidence.message, field))
        .collect();
    evidence
        .recipients
        .iter()
        .all(|recipient| named.iter().any(|mailbox| mailbox.key() == recipient.key()))
}

fn mailboxes(message: &Message, field: &str) -> Vec<Mailbox> {
    let fields = message.named(field);
    fields
        .flat_map(|field| parse_list(field.value).unwrap_or_default())
        .map(|visible| visible.mailbox)
        .collect()
}

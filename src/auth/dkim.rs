//! DKIM: did the From's own domain sign it (RFC 6376)?
//!
//! A signature says who wrote a message, not to whom it was sent. So it proves a sender here only if it covers the masked recipient as well
//! (docs/threats.md#81).

use mail_auth::dmarc::Policy;

use super::addressees::Addressees;
use super::evidence::{Check, Evidence, Step, Steps};
use super::questions::Questions;
use super::signatures::{Signatures, Verdict};
use super::{Means, SignatureDigest, dmarc};

/// Findings that a reply repeats; a message may carry a thousand signatures.
const TOLD: usize = 4;

/// Checks every signature that could count; one pass is enough, and a missing answer counts only where none passes.
/// `steps` tells of each, up to a few of those that fail, so that a refused sender learns what is wrong with which (docs/rules.md#issue-5168).
pub(super) async fn check(
    questions: &Questions<'_>,
    evidence: &Evidence<'_>,
    steps: &mut Steps,
) -> Check {
    let mut failed = Vec::new();
    let mut unknown = None;
    let mut passed = None;
    let from = evidence.from.domain();
    let mut signatures = Signatures::of(questions, evidence.message, from).await;
    // Read when a signature verifies: before, nobody needs them.
    let mut addressees = None;
    while let Some(verdict) = signatures.next().await {
        if matches!(verdict, Verdict::Verified(_)) && addressees.is_none() {
            addressees = Some(Addressees::of(evidence.message, evidence.recipients).await);
        }
        match judge(questions, evidence, verdict, addressees.as_ref()).await {
            Ok(means) => {
                let finding = format!("{means} passes, aligned");
                steps.push(Step::new("dkim", "pass", finding));
                passed = Some(with_other(passed, means));
            }
            Err(Trouble::Unknown(what)) => {
                steps.push(Step::new("dkim", "temperror", what.clone()));
                unknown = Some(what);
            }
            Err(Trouble::Failed(what)) => failed.push(what),
        }
    }
    let many = failed.len().saturating_sub(TOLD);
    failed.truncate(TOLD);
    if many > 0 {
        failed.push(format!("and {many} more of that kind"));
    }
    let told = failed.iter();
    steps.extend(told.map(|what| Step::new("dkim", "fail", what.clone())));
    match (passed, unknown) {
        (Some(means), _) => Check::Passed(means),
        (None, Some(what)) => Check::Unknown(what),
        (None, None) if failed.is_empty() => {
            let absent = "there is no DKIM signature".to_owned();
            steps.push(Step::new("dkim", "none", absent.clone()));
            Check::Absent(absent)
        }
        (None, None) => Check::Failed(failed.join("; ")),
    }
}

/// The first of several proofs, which counts; the others are told of, and known again.
fn with_other(passed: Option<Means>, means: Means) -> Means {
    match (passed, means) {
        (
            Some(Means::Dkim {
                domain,
                selector,
                mut signed,
            }),
            Means::Dkim { signed: others, .. },
        ) => {
            signed.extend(others);
            Means::Dkim {
                domain,
                selector,
                signed,
            }
        }
        (first, means) => first.unwrap_or(means),
    }
}

/// Why a signature is no proof.
enum Trouble {
    /// It is none, whatever is asked again.
    Failed(String),
    /// The DNS gave no answer.
    Unknown(String),
}

/// What a verified signature is worth as a proof of the From, recipients and strict alignment included.
async fn judge(
    questions: &Questions<'_>,
    evidence: &Evidence<'_>,
    verdict: Verdict,
    addressees: Option<&Addressees>,
) -> Result<Means, Trouble> {
    let signed = match verdict {
        Verdict::Verified(signed) => signed,
        Verdict::Refused(what) => return Err(Trouble::Failed(what)),
        Verdict::Unknown(what) => return Err(Trouble::Unknown(what)),
    };
    let (selector, value) = (&signed.signature.s, &signed.signature.b);
    let means = Means::Dkim {
        signed: vec![SignatureDigest::of(&signed.domain, selector, value)],
        selector: selector.clone(),
        domain: signed.domain,
    };
    if !addressees.is_some_and(|addressees| addressees.are_signed(&signed.signature)) {
        return Err(Trouble::Failed(format!(
            "{means} verifies, but no signed To or Cc names the recipient: the message may be a copy of one sent elsewhere"
        )));
    }
    match dmarc::strictness(questions, &means, evidence.from.domain()).await {
        Some(None) => Ok(means),
        Some(Some(demand)) => Err(Trouble::Failed(format!("{means} verifies, but {demand}"))),
        None => Err(Trouble::Unknown(questions.failed())),
    }
}

/// Whether the message, passed on byte for byte by another server, would be refused or set aside by the next one: nothing signed it for
/// its own domain, and that domain's DMARC policy is quarantine or reject (RFC 9989 4.7). None: the DNS gave no answer.
pub(super) async fn fails_elsewhere(
    questions: &Questions<'_>,
    evidence: &Evidence<'_>,
) -> Option<bool> {
    let from = evidence.from.domain();
    // A key that could not be asked for may be the one that saves the message.
    let mut unsure = false;
    let mut signatures = Signatures::of(questions, evidence.message, from).await;
    while let Some(verdict) = signatures.next().await {
        match verdict {
            Verdict::Verified(signed) => {
                let means = Means::Dkim {
                    domain: signed.domain,
                    // Nobody is told this one.
                    selector: String::new(),
                    signed: Vec::new(),
                };
                if dmarc::strictness(questions, &means, from).await?.is_none() {
                    return Some(false);
                }
            }
            Verdict::Unknown(_) => unsure = true,
            Verdict::Refused(_) => {}
        }
    }
    let (policy, _) = dmarc::policy(questions, from).await?;
    match policy {
        Policy::Quarantine | Policy::Reject if unsure => None,
        policy => Some(matches!(policy, Policy::Quarantine | Policy::Reject)),
    }
}

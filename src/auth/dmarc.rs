//! DMARC, as far as a proof needs it: what a domain wants done with mail that fails, and whether it wants strict alignment, or belongs to others than it seems (RFC 9989 4.7, 4.10).

use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::dmarc::{Alignment, Policy};
use mail_auth::{AuthenticatedMessage, DmarcResult, SpfOutput};

use super::Means;
use super::alignment::same_organisation;
use super::questions::Questions;
use crate::mail::Domain;

/// Which of its checks a domain wants aligned strictly.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Strict {
    /// `aspf=s`.
    spf: bool,
    /// `adkim=s`.
    dkim: bool,
}

/// What the record that speaks for `from` says; a policy of none where there is no record. None: the DNS gave no answer. What the policy wants done
/// never makes a proof easier: an aligned pass is asked of every domain (docs/threats.md#83).
pub(super) async fn policy(questions: &Questions<'_>, from: &Domain) -> Option<(Policy, Strict)> {
    // The library looks up the record in the course of a check, so it is given a message with no more than a domain in it.
    let head = format!("From: <postmaster@{from}>\r\n\r\n");
    let message = AuthenticatedMessage::parse(head.as_bytes())?;
    let spf = SpfOutput::new(String::new());
    let asked = questions.about(DmarcParameters::new(&message, &[], "", &spf));
    let found = questions.run(questions.library.verify_dmarc(asked)).await?;
    if matches!(found.dkim_result(), DmarcResult::TempError(_)) {
        return None;
    }
    let strict = |of: fn(&mail_auth::dmarc::Dmarc) -> Alignment| {
        found
            .dmarc_record()
            .is_some_and(|record| of(record) == Alignment::Strict)
    };
    let strict = Strict {
        spf: strict(|record| record.aspf),
        dkim: strict(|record| record.adkim),
    };
    Some((found.policy(), strict))
}

/// What a domain demands of a check that passed for another name of its organisation: none, if it is content (`adkim=r`, `aspf=r`, or
/// no record at all). The outer none: the DNS gave no answer.
pub(super) async fn strictness(
    questions: &Questions<'_>,
    means: &Means,
    from: &Domain,
) -> Option<Option<String>> {
    let (Means::Spf { domain, .. } | Means::Dkim { domain, .. }) = means else {
        return Some(None);
    };
    // Aligned in either mode, and not worth a question: this is most mail.
    if domain == from {
        return Some(None);
    }
    if !same_organisation(questions, domain, from).await? {
        return Some(Some(format!(
            "the DMARC records above {domain} and {from} say that they are not of one organisation (psd=)"
        )));
    }
    let (_, strict) = policy(questions, from).await?;
    let (demanded, tag) = match means {
        Means::Dkim { .. } => (strict.dkim, "adkim=s"),
        _ => (strict.spf, "aspf=s"),
    };
    Some(demanded.then(|| {
        format!("the DMARC record of {from} wants {from} itself ({tag}): {domain} is not aligned")
    }))
}

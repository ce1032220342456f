//! The weaker evidence of [`Mode::Relaxed`](super::Mode), for a domain that publishes nothing.
//!
//! A domain that publishes anything (SPF, a signature, DMARC) has said how its mail is to be told from forgeries, and this counts for nothing.

use mail_auth::IprevResult;
use mail_auth::dmarc::Dmarc;
use mail_auth::{DnsError, Error};

use super::alignment::{aligned, same_organisation};
use super::evidence::Evidence;
use super::proof::remedy;
use super::questions::Questions;
use super::{Means, Proof};
use crate::mail::{Domain, ReversePath};

/// Whether envelope and From are the same address, and the client's name resolves back (RFC 8601 2.7.3) and belongs to the domain. The text of a
/// refusal does not depend on who is registered.
pub(super) async fn check(questions: &Questions<'_>, evidence: &Evidence<'_>) -> Proof {
    let (client, from) = (evidence.client, evidence.from.domain());
    let unproven = |why: &str| {
        Proof::Unproven(format!(
            "{} client {client} is not proven to send for {from}: it publishes no SPF, there is no DKIM signature, {why}",
            remedy(from)
        ))
    };
    if !matches!(evidence.reverse_path, ReversePath::Mailbox(path) if path.key() == evidence.from.key())
    {
        return unproven("and the envelope sender is another address than the From");
    }
    let library = questions.library;
    let dmarc = library.txt_lookup::<Dmarc>(format!("_dmarc.{from}."), Some(questions));
    match questions.run(dmarc).await {
        Some(Err(Error::Dns(DnsError::RecordNotFound(_)))) => {}
        Some(Err(Error::Dns(DnsError::Resolver(_)))) | None => {
            return Proof::Deferred(questions.failed());
        }
        _ => return unproven("and its DMARC record asks for a proof"),
    }
    let Some(reverse) = questions
        .run(library.verify_iprev(questions.about(client)))
        .await
    else {
        return Proof::Deferred(questions.failed());
    };
    let names = reverse.ptr.as_deref().unwrap_or_default();
    // A name that its network gives out, `host-1-2-3-4.provider.example`, resolves back as well, but into another domain.
    let ours = |name: &str| {
        let name = Domain::parse(name.trim_end_matches('.')).ok()?;
        aligned(&name, from).then_some(name)
    };
    let ours = names.iter().find_map(|name| ours(name));
    if let (IprevResult::Pass, Some(name)) = (&reverse.result, &ours) {
        match same_organisation(questions, name, from).await {
            Some(true) => {
                return Proof::Proven(Means::Name {
                    domain: from.clone(),
                });
            }
            Some(false) => {}
            None => return Proof::Deferred(questions.failed()),
        }
    }
    match reverse.result {
        IprevResult::TempError(_) => Proof::Deferred(questions.failed()),
        // An empty list stands for a failure that is remembered.
        _ if reverse.ptr.is_some() && names.is_empty() => Proof::Deferred(questions.failed()),
        _ => unproven(&format!(
            "and the name of {client} does not resolve back into it"
        )),
    }
}

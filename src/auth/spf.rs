//! SPF: may this client send for the domain of the envelope (RFC 7208)?
//!
//! Alignment is looked at first: what an envelope's domain says of a From that is not its own needs no question.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mail_auth::SpfResult;
use mail_auth::spf::verify::SpfParameters;

use super::alignment::aligned;
use super::evidence::{Check, Evidence, ProverSettings};
use super::questions::Questions;
use super::{Means, SharedSpf, dmarc};
use crate::mail::{Domain, ReversePath};

/// Addresses that no client has: class E, and the discard prefix of RFC 6666. A record that lets them in lets everybody in.
const NOBODY_4: IpAddr = IpAddr::V4(Ipv4Addr::new(240, 0, 0, 1));
const NOBODY_6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1));

/// Whose permission is asked for, and on whose behalf.
struct Question<'a> {
    questions: &'a Questions<'a>,
    /// Ours, for the macro `%{r}`.
    hostname: &'a Domain,
    /// For the macro `%{h}`, or the identity itself.
    helo: &'a str,
    /// MAIL FROM; none: the EHLO name is the identity (RFC 7208 2.4, null reverse-path).
    sender: Option<String>,
}

impl Question<'_> {
    /// What the record says of `client`. A question that could not be asked is a temporary error (RFC 7208 2.6.6).
    async fn ask(&self, client: IpAddr) -> SpfResult {
        let parameters = match &self.sender {
            Some(sender) => {
                SpfParameters::verify_mail_from(client, self.helo, self.hostname.as_str(), sender)
            }
            None => SpfParameters::verify_ehlo(client, self.helo, self.hostname.as_str()),
        };
        let asked = self.questions.about(parameters);
        let found = self
            .questions
            .run(self.questions.library.verify_spf(asked))
            .await;
        found.map_or(SpfResult::TempError, |found| found.result())
    }

    /// Whether an address that nobody has would pass, too: `+all`, `ip4:0.0.0.0/0`, two halves of the net, all of them through includes
    /// (docs/threats.md#82). Asking is surer than reading the record, and most of its answers are cached by now.
    async fn lets_everybody_in(&self, client: IpAddr) -> bool {
        let nobody = if client.is_ipv4() { NOBODY_4 } else { NOBODY_6 };
        self.ask(nobody).await == SpfResult::Pass
    }
}

/// Checks SPF and its alignment with the From. Each finding names the domain and the client, for the reply has to say which record is missing or
/// wrong (docs/rules.md#issue-5168).
pub(super) async fn check(
    questions: &Questions<'_>,
    settings: &ProverSettings,
    evidence: &Evidence<'_>,
) -> Check {
    let (name, sender) = match evidence.reverse_path {
        ReversePath::Mailbox(mailbox) => (mailbox.domain().to_string(), Some(mailbox.to_string())),
        ReversePath::Null => (evidence.helo.to_owned(), None),
    };
    let Ok(domain) = Domain::parse(&name) else {
        return Check::Failed(format!("SPF has nothing to check: {name} is no domain"));
    };
    let from = evidence.from.domain();
    if !aligned(&domain, from) {
        return Check::Failed(format!(
            "SPF speaks for {domain}, which is not aligned with {from}"
        ));
    }
    let client = evidence.client;
    let helo = sender.is_none();
    let question = Question {
        questions,
        hostname: &settings.hostname,
        helo: evidence.helo,
        sender,
    };
    match question.ask(client).await {
        SpfResult::Pass if question.lets_everybody_in(client).await => Check::Failed(format!(
            "the SPF record of {domain} lets every address in, which proves nothing"
        )),
        SpfResult::Pass => {
            let shared = is_shared(questions, settings, client).await;
            // Only under this setting anything hangs on it; the others take the pass.
            if shared.is_none() && settings.shared_spf == SharedSpf::Dkim {
                return Check::Unknown(questions.failed());
            }
            let means = Means::Spf {
                domain,
                helo,
                // Where nobody can say, the weaker reading holds.
                shared: shared.unwrap_or(true),
            };
            match dmarc::strictness(questions, &means, from).await {
                Some(None) => Check::Passed(means),
                Some(Some(demand)) => Check::Failed(format!("{means} passes, but {demand}")),
                None => Check::Unknown(questions.failed()),
            }
        }
        SpfResult::TempError => Check::Unknown(format!(
            "SPF of {domain} could not be asked: {}",
            questions.failed()
        )),
        SpfResult::None => Check::Absent(format!("{domain} publishes no SPF record")),
        SpfResult::Fail => Check::Failed(format!("SPF of {domain} forbids {client}")),
        SpfResult::SoftFail => Check::Failed(format!("SPF of {domain} doubts {client} (softfail)")),
        SpfResult::Neutral => Check::Failed(format!(
            "SPF of {domain} says nothing of {client} (neutral)"
        )),
        SpfResult::PermError => {
            Check::Failed(format!("the SPF record of {domain} is broken (permerror)"))
        }
    }
}

/// Whether the record of the name that a client gives lets it in (RFC 7208 2.3).
pub(super) async fn helo_passes(
    questions: &Questions<'_>,
    settings: &ProverSettings,
    client: IpAddr,
    helo: &Domain,
) -> bool {
    let question = Question {
        questions,
        hostname: &settings.hostname,
        helo: helo.as_str(),
        sender: None,
    };
    question.ask(client).await == SpfResult::Pass && !question.lets_everybody_in(client).await
}

/// Whether the client is one of the servers that a shared include lists: every customer of that provider passes for every other one there
/// (docs/threats.md#77, #89). Its other mechanisms may list the same servers: that makes
/// them no less shared. None: the DNS gave no answer.
async fn is_shared(
    questions: &Questions<'_>,
    settings: &ProverSettings,
    client: IpAddr,
) -> Option<bool> {
    let mut unsure = false;
    for include in &settings.shared_includes {
        let question = Question {
            questions,
            hostname: &settings.hostname,
            helo: include.as_str(),
            // As if the mail came from the provider itself: then its own record is what is asked.
            sender: Some(format!("postmaster@{include}")),
        };
        match question.ask(client).await {
            SpfResult::Pass => return Some(true),
            SpfResult::TempError => {
                questions.failed();
                unsure = true;
            }
            _ => {}
        }
    }
    (!unsure).then_some(false)
}

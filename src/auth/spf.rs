//! SPF: may this client send for the domain of the envelope (RFC 7208)?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, SpfResult};

use super::alignment::aligned;
use super::prover::{Check, Evidence};
use crate::mail::{Domain, ReversePath};

/// Addresses that no client has: class E, and the discard prefix of RFC 6666. A record that lets them in lets everybody in.
const NOBODY_4: IpAddr = IpAddr::V4(Ipv4Addr::new(240, 0, 0, 1));
const NOBODY_6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1));

/// Whose permission is asked for.
struct Identity<'a> {
    helo: &'a str,
    /// MAIL FROM; none: the EHLO name is the identity (RFC 7208 2.4, null reverse-path).
    sender: Option<String>,
    domain: String,
}

/// Checks SPF and its alignment with the From.
pub(super) async fn check(
    library: &MessageAuthenticator,
    hostname: &Domain,
    evidence: &Evidence<'_>,
) -> Check {
    let identity = match evidence.reverse_path {
        ReversePath::Mailbox(mailbox) => Identity {
            helo: evidence.helo,
            sender: Some(mailbox.to_string()),
            domain: mailbox.domain().to_string(),
        },
        ReversePath::Null => Identity {
            helo: evidence.helo,
            sender: None,
            domain: evidence.helo.to_owned(),
        },
    };
    let Ok(domain) = Domain::parse(&identity.domain) else {
        return Check::Failed(format!(
            "SPF has nothing to check: {} is no domain",
            identity.domain
        ));
    };
    let from = evidence.from.domain();
    if !aligned(&domain, from) {
        return Check::Failed(format!(
            "SPF speaks for {domain}, which is not aligned with {from}"
        ));
    }
    match ask(library, hostname, evidence.client, &identity).await {
        SpfResult::Pass
            if lets_everybody_in(library, hostname, evidence.client, &identity).await =>
        {
            Check::Failed(format!(
                "the SPF record of {domain} lets every address in, which proves nothing"
            ))
        }
        SpfResult::Pass => Check::Passed(format!("SPF of {domain} lets {} in", evidence.client)),
        SpfResult::TempError => {
            Check::Unknown(format!("the SPF record of {domain} could not be read"))
        }
        SpfResult::None => Check::Absent(format!("{domain} publishes no SPF record")),
        SpfResult::Fail => Check::Failed(format!("SPF of {domain} forbids {}", evidence.client)),
        SpfResult::SoftFail => Check::Failed(format!(
            "SPF of {domain} doubts {} (softfail)",
            evidence.client
        )),
        SpfResult::Neutral => Check::Failed(format!(
            "SPF of {domain} says nothing of {} (neutral)",
            evidence.client
        )),
        SpfResult::PermError => {
            Check::Failed(format!("the SPF record of {domain} is broken (permerror)"))
        }
    }
}

async fn ask(
    library: &MessageAuthenticator,
    hostname: &Domain,
    client: IpAddr,
    identity: &Identity<'_>,
) -> SpfResult {
    let parameters = match &identity.sender {
        Some(sender) => {
            SpfParameters::verify_mail_from(client, identity.helo, hostname.as_str(), sender)
        }
        None => SpfParameters::verify_ehlo(client, identity.helo, hostname.as_str()),
    };
    library.verify_spf(parameters).await.result()
}

/// Whether an address that nobody has would pass, too: `+all`, `ip4:0.0.0.0/0`, two halves of the net, all of them through includes.
async fn lets_everybody_in(
    library: &MessageAuthenticator,
    hostname: &Domain,
    client: IpAddr,
    identity: &Identity<'_>,
) -> bool {
    let nobody = if client.is_ipv4() { NOBODY_4 } else { NOBODY_6 };
    ask(library, hostname, nobody, identity).await == SpfResult::Pass
}

//! Where a recipient's mail goes: a route, else MX hosts in order, else the domain itself (RFC 5321 5.1).
//!
//! Without a route, addresses of this machine and of private networks are never tried: an MX record is anybody's text. The address that
//! was checked is the one that is connected to.

use std::net::{IpAddr, SocketAddr};

use super::network_policy::NetworkPolicy;
use super::requirements::TlsRequirements;
use super::settings::DeliverySettings;
use super::sts::PolicyCache;
use super::tls::Security;
use crate::config::{Route, RouteDomain};
use crate::mail::{Diagnostic, Domain, EnhancedStatus, Outcome};
use crate::resolve::{MailHosts, Resolver};

/// The most addresses that one attempt tries: a domain may name a hundred, and each may cost half a minute (docs/threats.md#132, #133).
const MAX_HOPS: usize = 5;

/// One server to try. Also the key under which connections are kept, so two hops are the same only if a connection to one would do for the
/// other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Hop {
    /// Its name, for TLS and for reports; none where a route gives an address.
    pub(super) host: Option<Domain>,
    /// Where to connect.
    pub(super) address: SocketAddr,
    /// What the connection must be like.
    pub(super) security: Security,
}

/// What the way is found by.
#[derive(Clone, Copy)]
pub(super) struct RouteContext<'a> {
    /// Routes, our own name, and where we may go.
    pub(super) settings: &'a DeliverySettings,
    /// Asked for hosts and addresses.
    pub(super) resolver: &'a dyn Resolver,
    /// The MTA-STS policies that are known.
    pub(super) policies: &'a PolicyCache,
}

/// The servers for mail to `domain`, best first, [`MAX_HOPS`] at most; or the outcome, where there are none. What the DNS says for certain fails
/// the message at once, what it does not say defers it (docs/threats.md#130).
pub(super) async fn hops(domain: &Domain, guide: RouteContext<'_>) -> Result<Vec<Hop>, Outcome> {
    let RouteContext {
        settings, resolver, ..
    } = guide;
    let route = settings.routes.iter().find(|route| match &route.domain {
        RouteDomain::Every => true,
        RouteDomain::Exactly(only) => only == domain,
    });
    match route {
        Some(route) => routed(route, resolver).await,
        None => by_mx(domain, guide).await,
    }
}

/// It is certain that there is nowhere to go.
fn failed(status: EnhancedStatus, text: &str) -> Outcome {
    Outcome::Failed(Diagnostic::local(status, text))
}

/// It is not known now where to go.
fn deferred(status: EnhancedStatus, text: &str) -> Outcome {
    Outcome::Deferred(Diagnostic::local(status, text))
}

/// A route is the operator's word: its addresses are taken as they are, private ones too. A host that cannot be found is a fault on our side,
/// so the mail waits whatever the DNS says.
async fn routed(route: &Route, resolver: &dyn Resolver) -> Result<Vec<Hop>, Outcome> {
    let hop = |host: Option<Domain>, ip: IpAddr| Hop {
        host,
        address: SocketAddr::new(ip, route.port),
        security: route.tls.into(),
    };
    if let Ok(ip) = route.host.parse::<IpAddr>() {
        return Ok(vec![hop(None, ip)]);
    }
    let no_host = || {
        deferred(
            EnhancedStatus::DIRECTORY_4_4_3,
            "the route's host cannot be found",
        )
    };
    let host = Domain::parse(&route.host).map_err(|_| no_host())?;
    let addresses = resolver
        .addresses(&host)
        .await
        .map_err(|_| no_host())?
        .value;
    if addresses.is_empty() {
        return Err(no_host());
    }
    Ok(addresses
        .into_iter()
        .take(MAX_HOPS)
        .map(|ip| hop(Some(host.clone()), ip))
        .collect())
}

/// Neither a host nor its absence is known. The text says so of the domain, for the host's name would tell of the hidden side.
fn no_answer() -> Outcome {
    deferred(
        EnhancedStatus::DIRECTORY_4_4_3,
        "the DNS gave no answer for the recipient's domain",
    )
}

/// Why a message waits whose way leads back to this relay (RFC 5321 6.3). A fault of routes or of the DNS, to be mended by people: it is nobody's
/// message that is wrong.
pub(super) fn leads_back() -> Diagnostic {
    Diagnostic::local(
        EnhancedStatus::LOOP_4_4_6,
        "the way to the recipient leads back to this server (a mail loop); a route or MX record must name another server, under another name than this one's",
    )
}

/// A host with its preference.
type Preferred = (u16, Domain);

/// The hosts that a domain names, or the domain itself, and whether DNSSEC vouches for them. A domain that is not there, or takes no mail
/// (RFC 7505), is a failure at once.
async fn named(
    domain: &Domain,
    resolver: &dyn Resolver,
) -> Result<(Vec<Preferred>, bool), Outcome> {
    let found = resolver.mail_hosts(domain).await.map_err(|_| no_answer())?;
    match found.value {
        MailHosts::NoDomain => Err(failed(
            EnhancedStatus::BAD_DOMAIN_5_1_2,
            "the recipient's domain does not exist",
        )),
        MailHosts::Null => Err(failed(
            EnhancedStatus::NULL_MX_5_1_10,
            "the recipient's domain takes no mail",
        )),
        MailHosts::Implicit => Ok((vec![(0, domain.clone())], found.secure)),
        MailHosts::Hosts(hosts) => Ok((hosts, found.secure)),
    }
}

/// Where `own` is one of the hosts, only better ones may be tried, not even equal ones, or mail would go in a circle (RFC 5321 5.1). Whether
/// it is.
fn keep_better(hosts: &mut Vec<Preferred>, own: &Domain) -> bool {
    let found = hosts.iter().find(|(_, host)| host == own);
    let Some(limit) = found.map(|(preference, _)| *preference) else {
        return false;
    };
    hosts.retain(|(preference, _)| *preference < limit);
    true
}

/// The servers that the DNS names, each with what a connection to it must be like.
async fn by_mx(domain: &Domain, guide: RouteContext<'_>) -> Result<Vec<Hop>, Outcome> {
    let RouteContext {
        settings,
        resolver,
        policies,
    } = guide;
    let (mut hosts, vouched) = named(domain, resolver).await?;
    let own = keep_better(&mut hosts, &settings.hostname);
    let requirements = TlsRequirements {
        domain,
        policy: policies.find(domain, resolver).await,
        resolver,
        network: settings.network,
    };
    let NetworkPolicy {
        smtp_port, allows, ..
    } = settings.network;
    let mut hops = Vec::new();
    // Why hosts were left out: no answer; not in the policy; not to be gone to from here.
    let (mut silent, mut unnamed, mut passed_over) = (false, false, false);
    for (_, host) in hosts {
        let Ok(addresses) = resolver.addresses(&host).await else {
            silent = true;
            continue;
        };
        let security = match requirements.of(&host, vouched && addresses.secure).await {
            Ok(Some(security)) => security,
            Ok(None) => {
                unnamed = true;
                continue;
            }
            Err(_) => {
                silent = true;
                continue;
            }
        };
        for ip in in_turn(addresses.value) {
            if allows(ip) {
                hops.push(Hop {
                    host: Some(host.clone()),
                    address: SocketAddr::new(ip, smtp_port),
                    security: security.clone(),
                });
            } else {
                passed_over = true;
            }
        }
        // The hosts that are left would not be tried, so they are not asked for.
        if hops.len() >= MAX_HOPS {
            break;
        }
    }
    hops.truncate(MAX_HOPS);
    match () {
        () if !hops.is_empty() => Ok(hops),
        // Unknown before certain: the host that did not answer may be the good one.
        () if silent => Err(no_answer()),
        () if unnamed => Err(deferred(
            EnhancedStatus::new(4, 7, 5),
            "none of the recipient's mail servers is one that its domain's policy names",
        )),
        // The record that names us may be a mistake, and an hour later it is another one.
        () if own => Err(Outcome::Deferred(leads_back())),
        () if !passed_over => Err(failed(
            EnhancedStatus::new(5, 4, 4),
            "no mail server of the recipient's domain has an address",
        )),
        () => Err(failed(
            EnhancedStatus::LOOP_5_4_6,
            "no mail server of the recipient's domain can be reached from here",
        )),
    }
}

/// IPv6 and IPv4 in turn: a host with many addresses of a family that does not work from here is still reached over the other one.
fn in_turn(addresses: Vec<IpAddr>) -> impl Iterator<Item = IpAddr> {
    let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = addresses.into_iter().partition(IpAddr::is_ipv6);
    let longest = six.len().max(four.len());
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    (0..longest).flat_map(move |_| [six.next(), four.next()].into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_better_than_ourselves_are_tried() {
        let own = Domain::parse("mx.allegromail.pl").unwrap();
        let host = |preference, name: &str| (preference, Domain::parse(name).unwrap());
        let mut hosts = vec![
            host(5, "better.example"),
            host(10, "equal.example"),
            host(10, "mx.allegromail.pl"),
            host(20, "worse.example"),
        ];
        assert!(keep_better(&mut hosts, &own));
        assert_eq!(hosts, [host(5, "better.example")]);
        assert!(!keep_better(&mut hosts, &own));
        assert_eq!(hosts.len(), 1);
    }
}

//! Whether a report is brought by the servers that the mail was handed to: only they are quoted.
//!
//! Which domain that was stands in the record as a keyed digest. So it is known again, by the client's own name or by an address that the
//! account still has, and is read off the record by nobody.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;

use super::sent::Sent;
use crate::auth::Prover;
use crate::directory::{Directory, State, Unavailable};
use crate::inbound::Client;
use crate::mail::{Domain, Mailbox, QueueId};
use crate::masking::HandedKeys;
use crate::policy::Refusal;
use crate::resolve::{MailHosts, Resolver};
use crate::spool::{OnceMark, Origin, Target};

/// The longest that all questions about one report may take. Without an answer it is told without its words.
const PATIENCE: Duration = Duration::from_secs(5);
/// Mail hosts of a domain whose addresses are asked for; large providers name five.
const MOST_HOSTS: usize = 8;
/// Domains of one account that are asked for.
const MOST_DOMAINS: usize = 3;

/// Who knows whose a server is.
#[derive(Clone, Copy)]
pub(super) struct Servers<'a> {
    pub(super) keys: &'a HandedKeys,
    pub(super) state: &'a dyn State,
    pub(super) directory: &'a dyn Directory,
    pub(super) prover: &'a Prover,
    pub(super) resolver: &'a dyn Resolver,
}

/// Whether the client is an MX of the domain that the message was handed to, or has a proven name in it. At most eight reports a message
/// come here, and each asks for names of that domain only: a stranger's mail buys no questions of its choice.
pub(super) async fn is_handed_to(
    servers: Servers<'_>,
    client: &Client,
    sent: &Sent,
) -> Result<bool, Refusal> {
    let address = client.address.to_canonical();
    if let Ok(helo) = Domain::parse(&client.helo)
        && servers.was_handed_to(sent, &helo).await?
    {
        let named = timeout(PATIENCE, servers.is_named(address, &helo)).await;
        if named.unwrap_or(false) {
            return Ok(true);
        }
    }
    let mut domains: Vec<Domain> = Vec::new();
    for mailbox in receiver_of(servers.directory, sent).await? {
        let domain = mailbox.domain();
        if domains.len() < MOST_DOMAINS
            && !domains.contains(domain)
            && servers.was_handed_to(sent, domain).await?
        {
            domains.push(domain.clone());
        }
    }
    let asked = timeout(PATIENCE, async {
        for domain in &domains {
            if servers.is_mail_host(address, domain).await {
                return true;
            }
        }
        false
    });
    Ok(asked.await.unwrap_or(false))
}

impl Servers<'_> {
    /// Whether the message was, or was to be, handed to the servers of this domain's organisation.
    async fn was_handed_to(self, sent: &Sent, domain: &Domain) -> Result<bool, Unavailable> {
        for digest in self.keys.digests(QueueId(sent.token.number), domain) {
            let mark = OnceMark::handed(sent.line.at, digest);
            if sent.about.handed_to == Some(digest)
                || self.state.is_marked((mark.day, mark.digest)).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the name that the client gave leads to it, or the name's own SPF record lets it in (RFC 7208 2.3).
    async fn is_named(self, client: IpAddr, helo: &Domain) -> bool {
        self.is_at(client, helo).await || self.prover.helo_passes(client, helo).await
    }

    /// Whether the client is one of a domain's mail hosts.
    async fn is_mail_host(self, client: IpAddr, domain: &Domain) -> bool {
        let hosts = match self.resolver.mail_hosts(domain).await {
            Ok(found) => match found.value {
                MailHosts::Hosts(hosts) => hosts.into_iter().map(|(_, host)| host).collect(),
                MailHosts::Implicit => vec![domain.clone()],
                MailHosts::Null | MailHosts::NoDomain => Vec::new(),
            },
            Err(_) => Vec::new(),
        };
        for host in hosts.iter().take(MOST_HOSTS) {
            if self.is_at(client, host).await {
                return true;
            }
        }
        false
    }

    /// Whether a host has the client's address.
    async fn is_at(self, client: IpAddr, host: &Domain) -> bool {
        let found = self.resolver.addresses(host).await;
        found.is_ok_and(|found| found.value.contains(&client))
    }
}

/// The registered addresses of whom a message went to.
async fn receiver_of(directory: &dyn Directory, sent: &Sent) -> Result<Vec<Mailbox>, Unavailable> {
    let Target::Participant { participant, .. } = &sent.about.target else {
        return Ok(Vec::new());
    };
    let account = directory.participant(participant).await?;
    Ok(account.map_or_else(Vec::new, |account| account.addresses.clone()))
}

/// The registered addresses of both sides of a message.
pub(super) async fn registered(
    directory: &dyn Directory,
    sent: &Sent,
) -> Result<Vec<Mailbox>, Unavailable> {
    let mut addresses = receiver_of(directory, sent).await?;
    if let Origin::Participant { participant, .. } = &sent.about.origin
        && let Some(account) = directory.participant(participant).await?
    {
        addresses.extend(account.addresses.iter().cloned());
    }
    Ok(addresses)
}

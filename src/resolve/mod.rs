//! DNS as the relay needs it: where a domain's mail goes, and the addresses of a host (RFC 5321 5.1, RFC 7505).
//!
//! "No such record" and "no answer" are different answers: the first may be final, the second is always temporary.

mod hickory;

pub use hickory::{DnsResolver, Options};

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use crate::mail::Domain;

/// The DNS gave no usable answer: SERVFAIL, refused, a time-out. Never read as absence.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no answer from the DNS for {name}: {cause}")]
pub struct NoAnswer {
    /// The name that was asked for.
    pub name: String,
    /// What happened.
    pub cause: String,
}

/// A pending answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, NoAnswer>> + Send + 'a>>;

/// Where a domain's mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailHosts {
    /// Hosts in order of preference; equal preferences in the order in which they are to be tried.
    Hosts(Vec<Domain>),
    /// The domain exists and has no MX: its own address records count (implicit MX, RFC 5321 5.1).
    Implicit,
    /// `MX 0 .`: the domain takes no mail (RFC 7505).
    Null,
    /// There is no such domain.
    NoDomain,
}

/// A source of DNS answers.
pub trait Resolver: Send + Sync + 'static {
    /// Where the mail of `domain` goes.
    fn mail_hosts(&self, domain: &Domain) -> Answer<'_, MailHosts>;

    /// The addresses of `host`, IPv6 and IPv4; empty where it has none or does not exist.
    fn addresses(&self, host: &Domain) -> Answer<'_, Vec<IpAddr>>;

    /// The TXT records of a name, each with its strings joined; none where there are none.
    fn txt(&self, name: &str) -> Answer<'_, Vec<String>>;
}

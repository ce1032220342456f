//! DNS as the relay needs it: where a domain's mail goes, and the addresses of a host (RFC 5321 5.1, RFC 7505).
//!
//! "No such record" and "no answer" are different answers: the first may be final, the second is always temporary.

mod failure_cache;
mod hickory;
mod tlsa;
mod validated;

pub use failure_cache::FailureCache;
pub use hickory::{DnsResolver, ResolverOptions};
pub use tlsa::{Tlsa, TlsaMatching, TlsaUsage};

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
pub type DnsFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, NoAnswer>> + Send + 'a>>;

/// Whether the word of the DNS servers on DNSSEC is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dnssec {
    /// No: nothing counts as vouched for.
    #[default]
    Off,
    /// Yes: the servers validate, and nobody stands between them and us. On the same machine, say.
    TrustAd,
}

/// An answer, and whether DNSSEC vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validated<T> {
    /// The answer.
    pub value: T,
    /// Whether it is vouched for.
    pub secure: bool,
}

/// Where a domain's mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailHosts {
    /// Hosts with their preferences, the lowest first; equal preferences in the order in which they are to be tried.
    Hosts(Vec<(u16, Domain)>),
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
    fn mail_hosts(&self, domain: &Domain) -> DnsFuture<'_, Validated<MailHosts>>;

    /// The addresses of `host`, IPv6 and IPv4; empty where it has none or does not exist.
    fn addresses(&self, host: &Domain) -> DnsFuture<'_, Validated<Vec<IpAddr>>>;

    /// The TLSA records of a host's port that can be used for mail; none where there are no records that DNSSEC vouches for, and empty where
    /// there are some and none can be used.
    fn tlsa(&self, host: &Domain, port: u16) -> DnsFuture<'_, Option<Vec<Tlsa>>>;

    /// The TXT records of a name, each with its strings joined; none where there are none.
    fn txt(&self, name: &str) -> DnsFuture<'_, Vec<String>>;
}

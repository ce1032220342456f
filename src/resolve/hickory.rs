//! [`DnsResolver`]: DNS through hickory, with the edges that matter for mail.
//!
//! Names are asked for as fully qualified: a search list must not turn `dhl.com` into `dhl.com.office.example`. The hosts file is not asked.
//! hickory keeps answers but no failures, so failures are kept here for a few seconds: a dead domain must not cost seconds a message.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData};
use moka::sync::Cache;
use tokio::sync::Semaphore;

use super::{Answer, MailHosts, NoAnswer, Resolver};
use crate::mail::Domain;

/// Answers that are kept.
const CACHED: u64 = 100_000;
/// Questions under way at once.
const AT_ONCE: usize = 256;
/// How long a failure is believed.
const FAILED_FOR: Duration = Duration::from_secs(10);

/// How DNS is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long one server may take for one question: 3 seconds.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(3),
        }
    }
}

/// A resolver over the network.
pub struct DnsResolver {
    resolver: TokioResolver,
    slots: Arc<Semaphore>,
    failed: Cache<Name, String>,
}

/// What a look-up found.
enum Found {
    Records(Vec<RData>),
    NoData,
    NoName,
}

impl DnsResolver {
    /// A resolver that asks `servers`, or the system's where there are none.
    ///
    /// # Errors
    /// The system's settings cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        Self::with_options(servers, Options::default())
    }

    /// The same with other options than the usual ones.
    ///
    /// # Errors
    /// The system's settings cannot be read.
    pub fn with_options(servers: &[SocketAddr], with: Options) -> Result<Self, NetError> {
        let builder = if servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = servers.iter().map(|address| {
                let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
                udp.port = address.port();
                tcp.port = address.port();
                NameServerConfig::new(address.ip(), true, vec![udp, tcp])
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let mut builder = builder;
        let options = builder.options_mut();
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = CACHED;
        options.timeout = with.patience;
        options.attempts = 1;
        options.edns0 = true;
        Ok(Self {
            resolver: builder.build()?,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            failed: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(FAILED_FOR)
                .build(),
        })
    }

    /// The resolver itself, its cache shared, for the library that checks senders.
    #[must_use]
    pub fn tokio(&self) -> &TokioResolver {
        &self.resolver
    }

    /// The TXT records of a name, each with its strings joined; none where there are none.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let refuse = |cause: String| NoAnswer {
            name: name.to_owned(),
            cause,
        };
        let mut asked = Name::from_ascii(name).map_err(|error| refuse(error.to_string()))?;
        asked.set_fqdn(true);
        let joined = |record: &RData| match record {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        match self.resolver.txt_lookup(asked).await {
            Ok(lookup) => Ok(lookup
                .answers()
                .iter()
                .filter_map(|record| joined(&record.data))
                .collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NXDomain | ResponseCode::NoError => Ok(Vec::new()),
                code => Err(refuse(code.to_string())),
            },
            Err(error) => Err(refuse(error.to_string())),
        }
    }

    async fn ask(&self, domain: &Domain, kind: Kind) -> Result<Found, NoAnswer> {
        let refuse = |cause: String| NoAnswer {
            name: domain.to_string(),
            cause,
        };
        let mut name =
            Name::from_ascii(domain.as_str()).map_err(|error| refuse(error.to_string()))?;
        name.set_fqdn(true);
        if let Some(cause) = self.failed.get(&name) {
            return Err(refuse(cause));
        }
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|error| refuse(error.to_string()))?;
        let looked_up = match kind {
            Kind::Mx => self.resolver.mx_lookup(name.clone()).await,
            Kind::A => self.resolver.ipv4_lookup(name.clone()).await,
            Kind::Aaaa => self.resolver.ipv6_lookup(name.clone()).await,
        };
        match looked_up {
            Ok(lookup) => Ok(Found::Records(
                lookup
                    .answers()
                    .iter()
                    .map(|record| record.data.clone())
                    .collect(),
            )),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NXDomain => Ok(Found::NoName),
                ResponseCode::NoError => Ok(Found::NoData),
                code => {
                    self.failed.insert(name, code.to_string());
                    Err(refuse(code.to_string()))
                }
            },
            Err(error) => {
                self.failed.insert(name, error.to_string());
                Err(refuse(error.to_string()))
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Mx,
    A,
    Aaaa,
}

impl Resolver for DnsResolver {
    fn mail_hosts(&self, domain: &Domain) -> Answer<'_, MailHosts> {
        let domain = domain.clone();
        Box::pin(async move {
            Ok(match self.ask(&domain, Kind::Mx).await? {
                Found::NoName => MailHosts::NoDomain,
                Found::NoData => MailHosts::Implicit,
                Found::Records(records) => hosts(&records),
            })
        })
    }

    fn txt(&self, name: &str) -> Answer<'_, Vec<String>> {
        let name = name.to_owned();
        Box::pin(async move { self.texts(&name).await })
    }

    fn addresses(&self, host: &Domain) -> Answer<'_, Vec<IpAddr>> {
        let host = host.clone();
        Box::pin(async move {
            let (six, four) = tokio::join!(self.ask(&host, Kind::Aaaa), self.ask(&host, Kind::A));
            let mut found = Vec::new();
            let mut failure = None;
            for answer in [six, four] {
                match answer {
                    Ok(Found::Records(records)) => {
                        found.extend(records.iter().filter_map(|record| match record {
                            RData::A(a) => Some(IpAddr::V4(a.0)),
                            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                            _ => None,
                        }))
                    }
                    Ok(Found::NoData | Found::NoName) => {}
                    Err(error) => failure = Some(error),
                }
            }
            match failure {
                Some(error) if found.is_empty() => Err(error),
                _ => Ok(found),
            }
        })
    }
}

/// MX records by preference (RFC 5321 5.1), a lone `.` being a null MX (RFC 7505). Names that are no host names are passed over.
fn hosts(records: &[RData]) -> MailHosts {
    let mut hosts: Vec<(u16, u64, Domain)> = Vec::new();
    let mut null = false;
    for record in records {
        let RData::MX(mx) = record else { continue };
        if mx.exchange.is_root() {
            null = true;
            continue;
        }
        let text = mx.exchange.to_ascii();
        if let Ok(host) = Domain::parse(text.trim_end_matches('.')) {
            hosts.push((mx.preference, draw(), host));
        }
    }
    if hosts.is_empty() {
        // Records, but no host that mail could go to: the domain does not want any.
        return if null || records.iter().any(|record| matches!(record, RData::MX(_))) {
            MailHosts::Null
        } else {
            MailHosts::Implicit
        };
    }
    hosts.sort_by_key(|(preference, draw, _)| (*preference, *draw));
    MailHosts::Hosts(hosts.into_iter().map(|(_, _, host)| host).collect())
}

/// Equal preferences are tried in random order (RFC 5321 5.1).
fn draw() -> u64 {
    let mut octets = [0; 8];
    // Without randomness the order of the answer is as good.
    let _ = aws_lc_rs::rand::fill(&mut octets);
    u64::from_ne_bytes(octets)
}

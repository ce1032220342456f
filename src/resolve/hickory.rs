//! [`DnsResolver`]: DNS through hickory, with the edges that matter for mail.
//!
//! Names are asked for as fully qualified: a search list must not turn `dhl.com` into `dhl.com.office.example`. The hosts file is not asked.
//! hickory keeps answers but no failures: those are in [`FailureCache`].

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::sync::Semaphore;

use super::validated::{LookupResult, ValidatingClient};
use super::{DnsFuture, Dnssec, FailureCache, MailHosts, NoAnswer, Resolver, Tlsa, Validated};
use crate::mail::Domain;

/// Answers that are kept.
const CACHED: u64 = 100_000;
/// Questions under way at once.
const AT_ONCE: usize = 256;

/// How DNS is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolverOptions {
    /// How long one server may take for one question: 3 seconds.
    pub patience: Duration,
    /// Whether the servers' word on DNSSEC is taken.
    pub dnssec: Dnssec,
}

impl Default for ResolverOptions {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(3),
            dnssec: Dnssec::Off,
        }
    }
}

/// A resolver over the network.
pub struct DnsResolver {
    resolver: TokioResolver,
    slots: Arc<Semaphore>,
    failures: Arc<FailureCache>,
    patience: Duration,
    validating: Option<ValidatingClient>,
}

impl DnsResolver {
    /// A resolver that asks `servers`, or the system's where there are none.
    ///
    /// # Errors
    /// The system's settings cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        Self::with_options(servers, ResolverOptions::default())
    }

    /// The same with other options than the usual ones.
    ///
    /// # Errors
    /// The system's settings cannot be read.
    pub fn with_options(servers: &[SocketAddr], with: ResolverOptions) -> Result<Self, NetError> {
        let config = if servers.is_empty() {
            hickory_resolver::system_conf::read_system_conf()?.0
        } else {
            let servers = servers.iter().map(|address| {
                let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
                udp.port = address.port();
                tcp.port = address.port();
                NameServerConfig::new(address.ip(), true, vec![udp, tcp])
            });
            ResolverConfig::from_parts(None, Vec::new(), servers.collect())
        };
        let asked = config.name_servers().to_vec();
        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = CACHED;
        options.timeout = with.patience;
        options.attempts = 1;
        options.edns0 = true;
        let validating = match with.dnssec {
            Dnssec::Off => None,
            Dnssec::TrustAd => Some(ValidatingClient::new(asked, options.clone())?),
        };
        Ok(Self {
            validating,
            resolver: builder.build()?,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            failures: Arc::default(),
            patience: with.patience,
        })
    }

    /// The resolver itself, its cache shared, for the library that checks senders.
    #[must_use]
    pub fn tokio(&self) -> &TokioResolver {
        &self.resolver
    }

    /// The questions that failed lately, shared with the library that checks senders.
    #[must_use]
    pub const fn failures(&self) -> &Arc<FailureCache> {
        &self.failures
    }

    /// How long one server may take for one question.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.patience
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

    /// The records of a name, and whether DNSSEC vouches for them.
    async fn ask(
        &self,
        name: &str,
        kind: RecordType,
    ) -> Result<(Arc<LookupResult>, bool), NoAnswer> {
        let refuse = |cause: String| NoAnswer {
            name: name.to_owned(),
            cause,
        };
        let mut asked = Name::from_ascii(name).map_err(|error| refuse(error.to_string()))?;
        asked.set_fqdn(true);
        if let Some(cause) = self.failures.get(kind, name) {
            return Err(refuse(cause));
        }
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|error| refuse(error.to_string()))?;
        let begun = Instant::now();
        let answered = match &self.validating {
            Some(validating) => validating.ask(&asked, kind).await,
            None => self
                .look_up(&asked, kind)
                .await
                .map(|found| (Arc::new(found), false)),
        };
        metrics::histogram!("allegromail_dns_seconds").record(begun.elapsed());
        answered.map_err(|cause| {
            metrics::counter!("allegromail_dns_failures_total").increment(1);
            self.failures.note(kind, name, cause.clone());
            refuse(cause)
        })
    }

    async fn look_up(&self, name: &Name, kind: RecordType) -> Result<LookupResult, String> {
        match self.resolver.lookup(name.clone(), kind).await {
            Ok(lookup) => Ok(LookupResult::Records(
                lookup
                    .answers()
                    .iter()
                    .map(|record| record.data.clone())
                    .collect(),
            )),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NXDomain => Ok(LookupResult::NoName),
                ResponseCode::NoError => Ok(LookupResult::NoData),
                code => Err(code.to_string()),
            },
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Resolver for DnsResolver {
    fn mail_hosts(&self, domain: &Domain) -> DnsFuture<'_, Validated<MailHosts>> {
        let domain = domain.clone();
        Box::pin(async move {
            let (found, secure) = self.ask(domain.as_str(), RecordType::MX).await?;
            let value = match &*found {
                LookupResult::NoName => MailHosts::NoDomain,
                LookupResult::NoData => MailHosts::Implicit,
                LookupResult::Records(records) => hosts(records),
            };
            Ok(Validated { value, secure })
        })
    }

    fn tlsa(&self, host: &Domain, port: u16) -> DnsFuture<'_, Option<Vec<Tlsa>>> {
        let name = format!("_{port}._tcp.{host}");
        Box::pin(async move {
            if self.validating.is_none() {
                return Ok(None);
            }
            Ok(match self.ask(&name, RecordType::TLSA).await? {
                (found, true) => match &*found {
                    LookupResult::Records(records) => {
                        Some(records.iter().filter_map(usable).collect())
                    }
                    LookupResult::NoData | LookupResult::NoName => None,
                },
                // What DNSSEC does not vouch for says nothing (RFC 7672 2.2).
                (_, false) => None,
            })
        })
    }

    fn txt(&self, name: &str) -> DnsFuture<'_, Vec<String>> {
        let name = name.to_owned();
        Box::pin(async move { self.texts(&name).await })
    }

    fn addresses(&self, host: &Domain) -> DnsFuture<'_, Validated<Vec<IpAddr>>> {
        let host = host.clone();
        Box::pin(async move {
            let (six, four) = tokio::join!(
                self.ask(host.as_str(), RecordType::AAAA),
                self.ask(host.as_str(), RecordType::A)
            );
            let mut value = Vec::new();
            let (mut failure, mut secure) = (None, true);
            for answer in [six, four] {
                match answer {
                    Ok((found, vouched)) => {
                        if let LookupResult::Records(records) = &*found {
                            secure &= vouched;
                            value.extend(records.iter().filter_map(address));
                        }
                    }
                    Err(error) => failure = Some(error),
                }
            }
            match failure {
                Some(error) if value.is_empty() => Err(error),
                _ => Ok(Validated {
                    secure: secure && !value.is_empty(),
                    value,
                }),
            }
        })
    }
}

fn address(record: &RData) -> Option<IpAddr> {
    match record {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    }
}

fn usable(record: &RData) -> Option<Tlsa> {
    match record {
        RData::TLSA(tlsa) => Tlsa::of(tlsa),
        _ => None,
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
    let named = |(preference, _, host)| (preference, host);
    MailHosts::Hosts(hosts.into_iter().map(named).collect())
}

/// Equal preferences are tried in random order (RFC 5321 5.1).
fn draw() -> u64 {
    let mut octets = [0; 8];
    // Without randomness the order of the answer is as good.
    let _ = aws_lc_rs::rand::fill(&mut octets);
    u64::from_ne_bytes(octets)
}

//! Answers with what a validating resolver says of them: AD, authentic data (RFC 4035 3.2.3, RFC 6840 5.7).
//!
//! hickory's resolver neither asks for AD nor shows it, so these questions go to the same servers beside it, and are kept here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::config::{NameServerConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};
use moka::sync::Cache;

/// Answers that are kept.
const KEPT: u64 = 50_000;
/// The longest that an answer is kept.
const LONGEST: Duration = Duration::from_secs(3_600);
/// How long the absence of records is kept.
const ABSENT: Duration = Duration::from_secs(60);

/// What a look-up found.
pub(super) enum LookupResult {
    Records(Vec<RData>),
    NoData,
    NoName,
}

/// Asks servers whose word on DNSSEC is taken.
pub(super) struct ValidatingClient {
    pool: NameServerPool<TokioRuntimeProvider>,
    kept: Cache<(Name, RecordType), (Instant, Arc<LookupResult>, bool)>,
}

impl ValidatingClient {
    /// Asks these servers.
    pub(super) fn new(
        servers: Vec<NameServerConfig>,
        options: ResolverOpts,
    ) -> Result<Self, NetError> {
        let context = Arc::new(PoolContext::new(options, TlsConfig::new()?));
        Ok(Self {
            pool: NameServerPool::from_config(servers, context, TokioRuntimeProvider::default()),
            kept: Cache::new(KEPT),
        })
    }

    /// The records of a name, and whether DNSSEC vouches for them. Of the absence of records nothing is said.
    ///
    /// # Errors
    /// What happened instead of an answer; SERVFAIL is also what a validating server says of a forgery.
    pub(super) async fn ask(
        &self,
        name: &Name,
        kind: RecordType,
    ) -> Result<(Arc<LookupResult>, bool), String> {
        let key = (name.clone(), kind);
        if let Some((until, found, secure)) = self.kept.get(&key)
            && until > Instant::now()
        {
            return Ok((found, secure));
        }
        let mut options = DnsRequestOptions::default();
        options.use_edns = true;
        options.edns_set_dnssec_ok = true;
        options.recursion_desired = true;
        let mut request = DnsRequest::from_query(Query::query(name.clone(), kind), options);
        request.metadata.authentic_data = true;
        let (found, secure, ttl) = match self.pool.send(request).first_answer().await {
            Ok(answer) => {
                let of_kind = || {
                    answer
                        .answers
                        .iter()
                        .filter(|record| record.record_type() == kind)
                };
                let ttl = of_kind().map(|record| record.ttl).min();
                match (answer.metadata.response_code, ttl) {
                    (ResponseCode::NoError, Some(ttl)) => {
                        let records = of_kind().map(|record| record.data.clone()).collect();
                        let ttl = Duration::from_secs(ttl.into());
                        let secure = answer.metadata.authentic_data;
                        (LookupResult::Records(records), secure, ttl.min(LONGEST))
                    }
                    (ResponseCode::NoError, None) => (LookupResult::NoData, false, ABSENT),
                    (ResponseCode::NXDomain, _) => (LookupResult::NoName, false, ABSENT),
                    (code, _) => return Err(code.to_string()),
                }
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NXDomain => (LookupResult::NoName, false, ABSENT),
                ResponseCode::NoError => (LookupResult::NoData, false, ABSENT),
                code => return Err(code.to_string()),
            },
            Err(error) => return Err(error.to_string()),
        };
        let found = Arc::new(found);
        self.kept
            .insert(key, (Instant::now() + ttl, found.clone(), secure));
        Ok((found, secure))
    }
}

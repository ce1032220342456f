//! What a connection to a host must be like: DANE where DNSSEC vouches for the way there, else the MTA-STS policy of the domain, else whatever
//! the host offers.
//!
//! DANE decides alone where it is there (RFC 8461 2): the host's name has come by DNSSEC, and its records say more than a name does.

use super::network_policy::NetworkPolicy;
use super::sts::{Mode, Policy};
use super::tls::Security;
use crate::mail::Domain;
use crate::resolve::{NoAnswer, Resolver};

/// What the question for TLSA records came to, of a way that DNSSEC vouches for: records that decide, none, none that can be used, no answer.
const USED: &str = "used";
const NONE: &str = "none";
const UNUSABLE: &str = "unusable";
const NO_ANSWER: &str = "no_answer";

/// Has each result begin at zero: what was never counted is no series.
pub(super) fn count_from_zero() {
    for result in [USED, NONE, UNUSABLE, NO_ANSWER] {
        count_dane(result, 0);
    }
}

fn count_dane(result: &'static str, times: u64) {
    metrics::counter!("allegromail_delivery_dane_total", "result" => result).increment(times);
}

/// What a recipient's domain demands.
pub(super) struct TlsRequirements<'a> {
    /// The recipient's.
    pub(super) domain: &'a Domain,
    /// Its MTA-STS policy; none: it has none that could be had.
    pub(super) policy: Option<Policy>,
    /// Asked for TLSA records.
    pub(super) resolver: &'a dyn Resolver,
    /// Names the port, which is part of the name of TLSA records (RFC 7672 2.2.3).
    pub(super) network: NetworkPolicy,
}

impl TlsRequirements<'_> {
    /// What a connection to `host` must be like; none if the domain's policy does not name the host. `vouched`: DNSSEC vouches for the way
    /// from the domain to the host's addresses.
    ///
    /// # Errors
    /// [`NoAnswer`] to the question for TLSA records: nobody knows what is demanded, so the host gets nothing now (RFC 7672 2.1.2).
    pub(super) async fn of(
        &self,
        host: &Domain,
        vouched: bool,
    ) -> Result<Option<Security>, NoAnswer> {
        let by_policy = self.by_policy(host);
        if !vouched {
            return Ok(by_policy);
        }
        let tlsa = self.resolver.tlsa(host, self.network.smtp_port).await;
        count_dane(
            match &tlsa {
                Err(_) => NO_ANSWER,
                Ok(None) => NONE,
                Ok(Some(records)) if records.is_empty() => UNUSABLE,
                Ok(Some(_)) => USED,
            },
            1,
        );
        Ok(match tlsa? {
            None => by_policy,
            Some(records) if !records.is_empty() => Some(Security::Dane(records.into())),
            // Records, but none that can be used: encrypted, whoever it is (RFC 7672 2.2), unless the policy wants more.
            Some(_) => match by_policy {
                Some(Security::Opportunistic) => Some(Security::Encrypted),
                demanded => demanded,
            },
        })
    }

    /// What MTA-STS alone demands. A host that a policy in testing does not name gets its mail, and is counted (RFC 8461 5).
    fn by_policy(&self, host: &Domain) -> Option<Security> {
        let Some(policy) = &self.policy else {
            return Some(Security::Opportunistic);
        };
        let names = policy.names(host);
        if !names && policy.mode != Mode::None {
            metrics::counter!("allegromail_delivery_sts_total", "result" => "mismatch")
                .increment(1);
            tracing::debug!(event = "sts_mismatch", domain = %self.domain, %host, mode = ?policy.mode);
        }
        match policy.mode {
            Mode::Enforce if names => Some(Security::Verified),
            Mode::Enforce => None,
            Mode::Testing | Mode::None => Some(Security::Opportunistic),
        }
    }
}

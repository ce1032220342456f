//! [`FailureCache`]: questions that the DNS lately gave no answer to.
//!
//! hickory keeps answers, also "no such name", but no failures: without this every message would wait for a dead domain again.

use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;
use moka::sync::Cache;

/// How long a failure is believed.
const FAILED_FOR: Duration = Duration::from_secs(10);
/// Failures that are remembered.
const FAILED_MANY: u64 = 20_000;

/// Remembers failed questions for ten seconds. One type of one name each: a server that is silent about AAAA may well answer A.
pub struct FailureCache(Cache<(RecordType, String), String>);

impl Default for FailureCache {
    fn default() -> Self {
        Self(
            Cache::builder()
                .max_capacity(FAILED_MANY)
                .time_to_live(FAILED_FOR)
                .build(),
        )
    }
}

fn key(kind: RecordType, name: &str) -> (RecordType, String) {
    (kind, name.trim_end_matches('.').to_ascii_lowercase())
}

impl FailureCache {
    /// What was said when `name` was last asked for and gave no answer; none if it is to be asked.
    #[must_use]
    pub fn get(&self, kind: RecordType, name: &str) -> Option<String> {
        self.0.get(&key(kind, name))
    }

    /// Notes that a question got no answer, and why.
    pub fn note(&self, kind: RecordType, name: &str, cause: String) {
        self.0.insert(key(kind, name), cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_failure_is_remembered_for_its_type_and_name_only() {
        let failures = FailureCache::default();
        failures.note(RecordType::AAAA, "Mx.Shop.example.", "timed out".to_owned());
        let cause = failures.get(RecordType::AAAA, "mx.shop.example");
        assert_eq!(cause.as_deref(), Some("timed out"));
        assert_eq!(failures.get(RecordType::A, "mx.shop.example"), None);
        assert_eq!(failures.get(RecordType::AAAA, "shop.example"), None);
    }
}

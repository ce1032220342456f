//! The MTA-STS policies of all nodes, for delivery.

use crate::delivery::{PolicyFuture, SharedPolicies};
use crate::directory::PostgresPolicies;
use crate::mail::{Domain, Timestamp};

/// Those in the database.
pub(super) struct Policies(pub(super) PostgresPolicies);

impl SharedPolicies for Policies {
    fn find<'a>(&'a self, domain: &'a Domain) -> PolicyFuture<'a, Option<String>> {
        Box::pin(async move {
            let found = self.0.find(domain).await;
            found.map_err(|error| error.to_string())
        })
    }

    fn keep<'a>(
        &'a self,
        domain: &'a Domain,
        record: String,
        times: (Timestamp, Timestamp),
    ) -> PolicyFuture<'a, ()> {
        Box::pin(async move {
            let kept = self.0.keep(domain, &record, times).await;
            kept.map_err(|error| error.to_string())
        })
    }
}

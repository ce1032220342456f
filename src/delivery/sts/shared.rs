//! Policies that other nodes have fetched.

use std::pin::Pin;

use crate::mail::{Domain, Timestamp};

/// What is pending of [`SharedPolicies`]; the error says why there is no answer.
pub type PolicyFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Where all nodes keep the policies that they fetch, as records that they alone read.
pub trait SharedPolicies: Send + Sync + 'static {
    /// What is kept of a domain.
    fn find<'a>(&'a self, domain: &'a Domain) -> PolicyFuture<'a, Option<String>>;

    /// Keeps what was fetched at the first of `times` and is good until the second, unless another node has fetched it later.
    fn keep<'a>(
        &'a self,
        domain: &'a Domain,
        record: String,
        times: (Timestamp, Timestamp),
    ) -> PolicyFuture<'a, ()>;
}

//! What budgets are counted under where several nodes count together: a digest that names nobody to whoever has no key.

use super::token::{TokenKeys, tag};

/// The key of those digests, derived from the first one of `[secrets]`.
pub struct BudgetKeys(Vec<u8>);

impl BudgetKeys {
    /// Derives it.
    #[must_use]
    pub fn new(secrets: &TokenKeys) -> Self {
        let first = secrets.keys().first();
        Self(first.map_or_else(Vec::new, |secret| tag(secret, b"budget digest")))
    }

    /// The digest of whoever spends `budget`.
    #[must_use]
    pub fn digest(&self, budget: &str, whose: &str) -> [u8; 16] {
        // No line end in the name of a budget: two of them never run together.
        let digest = tag(&self.0, format!("{budget}\n{whose}").as_bytes());
        digest.first_chunk().copied().unwrap_or_default()
    }
}

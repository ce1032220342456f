//! Which domains are ours, and which of them a participant's address is written with (docs/rules.md#domains).

use std::collections::HashMap;

use super::MaskedAddress;
use super::MaskedLocal;
use super::{MaskId, TransactionId};
use crate::mail::Domain;

/// One `[[domain]]` table of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedDomain {
    /// The domain that we write.
    pub name: Domain,
    /// The marketplaces whose participants have their address here, by name (`allegro-pl`).
    pub marketplaces: Vec<String>,
    /// Older domains, accepted and never written.
    pub aliases: Vec<Domain>,
}

/// All domains of ours.
#[derive(Debug, Clone, Default)]
pub struct MaskedDomains {
    domains: Vec<MaskedDomain>,
    by_name: HashMap<Domain, usize>,
    by_marketplace: HashMap<String, usize>,
}

impl MaskedDomains {
    /// Files the domains by name, alias and marketplace. The configuration has checked that none stands twice.
    #[must_use]
    pub fn new(domains: Vec<MaskedDomain>) -> Self {
        let mut by_name = HashMap::new();
        let mut by_marketplace = HashMap::new();
        for (at, domain) in domains.iter().enumerate() {
            by_name.insert(domain.name.clone(), at);
            by_name.extend(domain.aliases.iter().map(|alias| (alias.clone(), at)));
            by_marketplace.extend(
                domain
                    .marketplaces
                    .iter()
                    .map(|market| (market.clone(), at)),
            );
        }
        Self {
            domains,
            by_name,
            by_marketplace,
        }
    }

    /// The domain of ours that `name` is, by its own name or as an alias.
    #[must_use]
    pub fn find(&self, name: &Domain) -> Option<&MaskedDomain> {
        self.by_name.get(name).and_then(|at| self.domains.get(*at))
    }

    /// The domain that participants of `marketplace` are written with; the first one for an unknown marketplace.
    #[must_use]
    pub fn for_marketplace(&self, marketplace: &str) -> Option<&Domain> {
        let at = self
            .by_marketplace
            .get(marketplace)
            .copied()
            .unwrap_or_default();
        self.domains.get(at).map(|domain| &domain.name)
    }

    /// The masked address of a participant of `marketplace`, as we write it. None only where no domain is configured.
    #[must_use]
    pub fn address(
        &self,
        mask: &MaskId,
        transaction: Option<&TransactionId>,
        marketplace: &str,
    ) -> Option<MaskedAddress> {
        let domain = self.for_marketplace(marketplace)?.clone();
        Some(MaskedAddress {
            local: MaskedLocal {
                mask: mask.clone(),
                transaction: transaction.cloned(),
            },
            domain,
        })
    }

    /// The marketplaces that a domain is configured for, in no order.
    pub fn marketplaces(&self) -> impl Iterator<Item = &str> {
        self.by_marketplace.keys().map(String::as_str)
    }

    /// Every domain of ours, in the order of the configuration.
    #[must_use]
    pub fn all(&self) -> &[MaskedDomain] {
        &self.domains
    }
}

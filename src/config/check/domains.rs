//! `[[domain]]`: the masked domains, each name and each marketplace once.

use std::collections::HashSet;
use std::path::Path;

use toml::de::DeTable;

use super::secrets;
use crate::config::checked::MaskedDomainConfig;
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;
use crate::config::value::domain;
use crate::masking::MaskedDomain;

/// `[[domain]]`, at least one; none of them if one is wrong.
pub(super) fn domains(
    root: &DeTable<'_>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Vec<MaskedDomainConfig>> {
    let sections = Section::several(Some(root), "domain", log);
    if sections.is_empty() {
        log.error(
            None,
            "domain",
            "is missing; name a masked domain with [[domain]] and name = \"allegromail.pl\"",
        );
    }
    // Over all domains and their aliases: an address must lead to one entry, and a marketplace to one way of writing.
    let mut names = HashSet::new();
    let mut markets = HashSet::new();
    let mut domains = Vec::new();
    for section in &sections {
        let name = section.text("name", log, domain);
        let aliases = section.list("aliases", log, domain);
        let marketplaces = section.list("marketplaces", log, |text| Ok(text.to_owned()));
        for name in name.iter().chain(aliases.iter().flatten()) {
            if !names.insert(name.clone()) {
                log.error(
                    section.at.clone(),
                    "domain.name",
                    &format!("{name} stands twice among names and aliases"),
                );
            }
        }
        for market in marketplaces.iter().flatten() {
            if !markets.insert(market.clone()) {
                log.error(
                    section.at.clone(),
                    "domain.marketplaces",
                    &format!("{market} belongs to two domains"),
                );
            }
        }
        let dkim = match section.get("dkim", log) {
            None => Some(Vec::new()),
            Some(found) => secrets::dkim(&found, folder, log),
        };
        if let (Some(name), Some(aliases), Some(marketplaces), Some(dkim)) =
            (name, aliases, marketplaces, dkim)
        {
            domains.push(MaskedDomainConfig {
                masked: MaskedDomain {
                    name,
                    marketplaces,
                    aliases,
                },
                dkim,
            });
        }
    }
    (domains.len() == sections.len() && !domains.is_empty()).then_some(domains)
}

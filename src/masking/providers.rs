//! Mailbox providers whose domains strangers share: `jan@gmail.com` says nothing of Jan but his name there.
//!
//! The list is `providers.txt` beside this file; whoever knows another one adds a line.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::mail::Domain;

/// At most so many accounts use a domain that belongs to somebody (docs/rules.md#what-is-rewritten).
pub const MOST_OWNERS: usize = 3;

static PROVIDERS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("providers.txt")
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .collect()
});

/// Whether strangers share `domain`: it is that of a mailbox provider, or below one.
#[must_use]
pub fn is_shared(domain: &Domain) -> bool {
    provider(domain).is_some()
}

/// The name in the list that `domain` is, or stands below.
#[must_use]
pub fn provider(domain: &Domain) -> Option<&'static str> {
    let mut rest = Some(domain.as_str());
    while let Some(name) = rest {
        if let Some(listed) = PROVIDERS.get(name) {
            return Some(listed);
        }
        rest = name.split_once('.').map(|(_, parent)| parent);
    }
    None
}

/// The domain of Gmail.
pub const GMAIL: &str = "gmail.com";

/// Whether dots in a local part mean nothing at `domain`, and no hyphens are handed out.
#[must_use]
pub fn ignores_dots(domain: &Domain) -> bool {
    [GMAIL, "googlemail.com"].contains(&domain.as_str())
}

/// The domain that somebody has registered, for `domain` at or below it; a public suffix itself stays what it is.
#[must_use]
pub fn organisation(domain: &Domain) -> Domain {
    psl::domain_str(domain.as_str())
        .and_then(|name| Domain::parse(name).ok())
        .unwrap_or_else(|| domain.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_told_from_owners() {
        let shared = |name: &str| is_shared(&Domain::parse(name).unwrap());
        for name in [
            "gmail.com",
            "wp.pl",
            "seznam.cz",
            "azet.sk",
            "freemail.hu",
            "poczta.onet.pl",
            "x.o2.pl",
        ] {
            assert!(shared(name), "{name}");
        }
        for name in ["rowery.example", "notgmail.com", "com", "pl"] {
            assert!(!shared(name), "{name}");
        }
        for line in include_str!("providers.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            assert_eq!(Domain::parse(line).unwrap().as_str(), line);
        }
    }

    #[test]
    fn an_organisation_is_what_somebody_registered() {
        for (domain, want) in [
            ("mail.kowalski.example", "kowalski.example"),
            ("kowalski.com.pl", "kowalski.com.pl"),
            ("a.b.kowalski.com.pl", "kowalski.com.pl"),
            ("com.pl", "com.pl"),
        ] {
            assert_eq!(organisation(&Domain::parse(domain).unwrap()).as_str(), want);
        }
    }
}

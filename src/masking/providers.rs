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

/// Who runs the mailboxes of `domain`, of those few whom most of a marketplace's mail goes to; `other`. A closed set, for metrics.
#[must_use]
pub fn operator(domain: &Domain) -> &'static str {
    let Some(listed) = provider(domain) else {
        return "other";
    };
    let named = OPERATORS.iter().find(|(_, domains)| {
        domains.iter().any(|own| match own.strip_suffix('*') {
            // With every ending that the provider has it in.
            Some(stem) => listed.starts_with(stem),
            // Some stand there with a host of theirs: `poczta.wp.pl`.
            None => listed
                .strip_suffix(own)
                .is_some_and(|host| host.is_empty() || host.ends_with('.')),
        })
    });
    named.map_or("other", |(name, _)| name)
}

/// Operators, and what is theirs in the list of providers.
const OPERATORS: [(&str, &[&str]); 9] = [
    ("google", &[GMAIL, "googlemail.com"]),
    (
        "microsoft",
        &["outlook.*", "hotmail.*", "live.*", "msn.com"],
    ),
    ("apple", &["icloud.com", "me.com", "mac.com"]),
    ("yahoo", &["yahoo.*", "ymail.com", "aol.com"]),
    ("wp", &["wp.pl", "o2.pl", "tlen.pl", "go2.pl"]),
    (
        "onet",
        &[
            "onet.pl",
            "onet.eu",
            "onet.com.pl",
            "op.pl",
            "vp.pl",
            "spoko.pl",
            "amorki.pl",
            "autograf.pl",
            "buziaczek.pl",
        ],
    ),
    (
        "interia",
        &["interia.pl", "interia.eu", "interia.com", "poczta.fm"],
    ),
    ("seznam", &["seznam.cz", "email.cz", "post.cz"]),
    (
        "centrum",
        &[
            "centrum.cz",
            "centrum.sk",
            "atlas.cz",
            "atlas.sk",
            "volny.cz",
        ],
    ),
];

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

    #[test]
    fn operators_own_what_is_in_the_list_and_strangers_are_others() {
        let of = |name: &str| operator(&Domain::parse(name).unwrap());
        for (name, wanted) in [
            ("gmail.com", "google"),
            ("hotmail.pl", "microsoft"),
            ("poczta.wp.pl", "wp"),
            ("post.cz", "seznam"),
            ("gazeta.pl", "other"),
            ("outlook.rowery.example", "other"),
            ("live.example", "other"),
        ] {
            assert_eq!(of(name), wanted, "{name}");
        }
        // A slip in the table would count as other for ever.
        for (name, domains) in OPERATORS {
            for domain in domains {
                let stem = domain.trim_end_matches('*');
                let known = PROVIDERS.iter().any(|listed| match stem == *domain {
                    true => listed == domain,
                    false => listed.starts_with(stem),
                });
                assert!(known, "{name}: {domain}");
            }
        }
    }
}

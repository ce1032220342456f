//! Links: where they lead, whose they are, and what they are taken for.

use linkify::{LinkFinder, LinkKind};

use super::fold::folded;

/// A link in a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// As it is written.
    pub url: String,
    /// The host, in small letters.
    pub host: String,
    /// Whether it leads to one page of the host, not to the front.
    pub is_deep: bool,
    /// What stands behind the host and what is shown in its place, folded: `invoice`, `faktura`.
    pub words: String,
}

/// What a link is looked for as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkType {
    /// To the front of a host.
    Shop,
    /// To one page.
    Deep,
    /// To an invoice or a receipt.
    Document,
    /// To a carrier's tracking.
    Tracking,
    /// To anywhere.
    Any,
}

/// Suffixes under which a name without a scheme is taken for a link; others are words as well (`kupione.to`, `look.at`).
const SUFFIXES: [&str; 34] = [
    "pl", "cz", "sk", "hu", "com", "eu", "net", "org", "info", "biz", "shop", "store", "online",
    "site", "de", "uk", "fr", "nl", "ro", "ua", "ru", "lt", "se", "dk", "ch", "xyz", "top", "club",
    "app", "dev", "io", "example", "test", "sklep",
];

/// Where a link or an address stands in a text.
pub(super) struct Found {
    pub(super) place: std::ops::Range<usize>,
    /// None: an e-mail address.
    pub(super) link: Option<Link>,
}

/// The links and addresses of a text.
pub(super) fn find(text: &str) -> Vec<Found> {
    if !may_hold(text.as_bytes()) {
        return Vec::new();
    }
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    let links = finder.links(text).filter_map(|found| {
        let link = match found.kind() {
            LinkKind::Email => None,
            _ => Some(Link::parse(found.as_str(), "")?),
        };
        Some(Found {
            place: found.start()..found.end(),
            link,
        })
    });
    links.collect()
}

/// Whether there may be one: neither is without an at sign, a colon, or a full stop within a word.
fn may_hold(text: &[u8]) -> bool {
    memchr::memchr3_iter(b'.', b'@', b':', text).any(|at| {
        let within = text
            .get(at + 1)
            .is_some_and(|behind| !behind.is_ascii_whitespace());
        text.get(at) != Some(&b'.') || within
    })
}

/// Whether a word is a suffix that makes a link of the word before it.
pub(super) fn is_suffix(word: &str) -> bool {
    SUFFIXES.contains(&word)
}

impl Link {
    /// Reads a link as it is written; `shown` is what stands in its place. None: it leads to no host, or is none at all.
    pub(super) fn parse(text: &str, shown: &str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        if !matches!(
            scheme.to_ascii_lowercase().as_str(),
            "" | "http" | "https" | "hxxp" | "hxxps"
        ) {
            return None;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at_checked(end)?;
        let host = host.rsplit('@').next()?.split(':').next()?;
        let host = host.trim_matches('.').to_lowercase();
        let is_named = scheme.is_empty() && !host.starts_with("www.");
        let last = host.rsplit('.').next()?;
        if !host.contains('.') || (is_named && !SUFFIXES.contains(&last)) {
            return None;
        }
        if !psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known() || is_suffix(last))
        {
            return None;
        }
        let path = path.trim_end_matches(['.', ',', ';', ':', '!', ')', '"', '\'']);
        let front = ["", "/", "/index.html", "/index.php", "/#"];
        let bare = path.split(['?', '#']).next().unwrap_or_default();
        let page = front.contains(&path)
            || (front.contains(&bare) && path.contains("utm_") && !path.contains("id="));
        Some(Self {
            url: text.to_owned(),
            host,
            is_deep: !page,
            words: folded(&format!("{path} {shown}")),
        })
    }

    /// A link to the front of a host that was written in words.
    pub(super) fn spoken(name: &str, suffix: &str) -> Self {
        let host = format!("{name}.{suffix}");
        Self {
            url: host.clone(),
            host,
            is_deep: false,
            words: String::new(),
        }
    }

    /// Whether its host is one of `hosts`, or below one.
    pub(super) fn is_at(&self, hosts: &[String]) -> bool {
        let below = |host: &String| {
            let rest = self.host.strip_suffix(host.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        hosts.iter().any(below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<(String, bool)> {
        let found = find(text).into_iter().filter_map(|found| found.link);
        found.map(|link| (link.host, link.is_deep)).collect()
    }

    #[test]
    fn links_are_told_from_words_and_files() {
        for (text, host, deep) in [
            ("zapraszam na sklep.pl", "sklep.pl", false),
            ("https://sklep.pl/", "sklep.pl", false),
            ("https://sklep.pl/?utm_source=mail", "sklep.pl", false),
            (
                "http://www.producent.com/manual/1.pdf",
                "www.producent.com",
                true,
            ),
            ("www.rowery.eu.", "www.rowery.eu", false),
            ("(sklep.pl)", "sklep.pl", false),
        ] {
            assert_eq!(hosts(text), [(host.to_owned(), deep)], "{text}");
        }
        for text in [
            "lista.csv",
            "rama.pl.step",
            "kupione.to super",
            "Dziękuję.Pozdrawiam",
            "jan@poczta.pl",
            "1.299",
            "np. to",
        ] {
            assert_eq!(hosts(text), [], "{text}");
        }
        let link = Link::parse("https://www.allegro.pl/oferta/1", "").unwrap();
        assert!(link.is_at(&["allegro.pl".to_owned()]));
        assert!(!link.is_at(&["llegro.pl".to_owned()]));
    }
}

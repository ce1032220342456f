//! What a remote server said, without what it tells of the hidden side (docs/rules.md#issue-2054: masked, not blanked).
//!
//! Addresses become the masked one, for there is only one recipient that they can be about; hosts and links become words. What still names the
//! hidden domain after that is given up whole: a poorer text is better than a leak.

use crate::mail::Mailbox;
use crate::rewrite;

/// The recipient whose addresses must not show, and what shows instead.
#[derive(Debug, Clone)]
pub struct HiddenAddresses {
    /// The real addresses; at least the one that the message went to.
    pub real: Vec<Mailbox>,
    /// The address that the writer knows.
    pub shown_as: String,
}

impl HiddenAddresses {
    /// Whether a lower-case text names one of the domains.
    fn names_domain(&self, lower: &str) -> bool {
        self.real
            .iter()
            .any(|real| lower.contains(real.domain().as_str()))
    }
}

/// The longest text that is kept, in characters. Servers write whole help pages into replies; the reason stands at the front.
const MAX_TEXT: usize = 400;

/// Masks `text`; the result is one line without control characters, of a few hundred characters at most. What names nobody stays word for word, for
/// without it nobody can mend anything.
#[must_use]
pub fn mask(text: &str, hidden: &HiddenAddresses) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    // Whole addresses first, in any spelling: some of its characters end a word.
    // Some more than is kept, since masks may be shorter than what they stand for.
    let text: String = text.chars().take(MAX_TEXT * 2).collect();
    let text = rewrite::mask_text(&text, &hidden.real, &hidden.shown_as);
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() || "<>()[]{}\"',;".contains(c) {
            out.push_str(&masked_word(&word, hidden));
            word.clear();
            out.push(if c.is_control() { ' ' } else { c });
        } else {
            word.push(c);
        }
    }
    out.push_str(&masked_word(&word, hidden));
    let out: String = out
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        // A name with its address: one word is enough.
        .replace("(host)[(host)]", "(host)")
        .chars()
        .take(MAX_TEXT)
        .collect();
    if still_shows(&out, hidden) {
        "the recipient's server gave a reason that cannot be shown".to_owned()
    } else {
        out
    }
}

/// Whether the masked text would still tell: then all of it is given up.
fn still_shows(text: &str, hidden: &HiddenAddresses) -> bool {
    // Nobody is to be looked for, where whom it is about is not known.
    if hidden.real.is_empty() {
        return false;
    }
    // The leak gate looks at it as at a message: it decodes what a curious reader may.
    hidden.names_domain(&text.to_ascii_lowercase())
        || rewrite::check(text.as_bytes(), &hidden.real).is_err()
}

/// One word: an address, a link, a host, an IP address, the hidden local part, or nothing of these. Any address becomes the mask: a server that
/// forwards names the next one, which is just as hidden.
fn masked_word(word: &str, hidden: &HiddenAddresses) -> String {
    let lower = word.to_ascii_lowercase();
    // A sentence may end with it.
    let bare = lower.trim_end_matches(['.', ':', '!', '?']);
    let is_local = |text: &str| {
        let mut real = hidden.real.iter();
        real.any(|real| real.local().eq_ignore_ascii_case(text))
    };
    // `user=jan`, `rcpt:jan`: the local part without its domain.
    let pieces = || bare.split(|c: char| !(c.is_ascii_alphanumeric() || "._+-".contains(c)));
    if bare.is_empty() {
        word.to_owned()
    } else if lower.contains("://")
        || lower.starts_with("www.")
        || (bare.contains('/') && bare.split('/').next().is_some_and(is_host))
    {
        "(link)".to_owned()
    } else if lower.contains('@')
        || lower.contains("=40")
        || lower.contains("%40")
        || pieces().any(is_local)
    {
        hidden.shown_as.clone()
    } else if is_host(bare) || is_ip(bare) || hidden.names_domain(&lower) {
        "(host)".to_owned()
    } else {
        word.to_owned()
    }
}

/// Two labels or more, the last of letters: `mx1.poczta.example`, but not `5.1.1` nor `e.g`.
fn is_host(word: &str) -> bool {
    // With a port behind it.
    let word = word.rsplit_once(':').map_or(word, |(host, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            host
        } else {
            word
        }
    });
    let labels: Vec<&str> = word.split('.').collect();
    let letters = |label: &&str| {
        label.len() >= 2 && label.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
    };
    labels.len() >= 2
        && labels.last().is_some_and(letters)
        && labels.iter().all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

/// An address as it stands in text or in a literal (RFC 5321 4.1.3): the servers of a shop are known by theirs.
fn is_ip(word: &str) -> bool {
    word.parse::<std::net::IpAddr>().is_ok()
        || word
            .strip_prefix("ipv6:")
            .is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok())
}

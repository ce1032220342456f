//! What is looked for in a text.

use super::ends::{address_begins, domain_ends, in_local_part, name_begins, name_ends};
use super::spelling::{self, Spelling, spelled};
use crate::mail::{Domain, Mailbox};
use crate::masking::{base_address, providers};
use crate::rewrite::fold::folded;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Needle {
    /// An address: not within a longer one; a tag (`+shop`) before its `@` belongs to it.
    Address(Address),
    /// A domain: also behind `www.` or within an address, but not as part of another name.
    Domain(Vec<u8>),
    /// An id of a part: wherever another part refers to it.
    Id(Vec<u8>),
}

/// An address as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Folded, without its tag.
    local: Vec<u8>,
    /// Folded, in U-labels or in A-labels.
    domain: Vec<u8>,
    /// Whether dots in the local part mean nothing.
    dotless: bool,
    /// Whether strangers have mailboxes there.
    shared: bool,
}

impl Address {
    /// The spellings of an address: each of the two forms of its domain, and in quotes that it may not need.
    fn all(address: &Mailbox) -> Vec<Self> {
        let base = base_address(address);
        let (local, domain) = (folded(base.local()), base.domain());
        let mut domains = names(domain);
        if domain.as_str() == providers::GMAIL {
            domains.push(b"googlemail.com".to_vec());
        }
        domains.dedup();
        let dotless = providers::ignores_dots(domain);
        let shared = providers::is_shared(domain);
        let quoted = [b"\"", local.as_slice(), b"\""].concat();
        let printed = base.to_string();
        let printed = printed.rsplit_once('@').map(|(local, _)| folded(local));
        let mut locals = vec![local, quoted];
        locals.extend(printed.filter(|printed| !locals.contains(printed)));
        let pairs = domains.iter().flat_map(|domain| {
            let locals = locals.iter();
            locals.map(move |local| (local.clone(), domain.clone()))
        });
        let whole = pairs.map(|(local, domain)| Self {
            local,
            domain,
            dotless,
            shared,
        });
        whole.collect()
    }

    fn spelled(&self, text: &[u8]) -> Option<Spelling> {
        if let Some(spelling) = self.forwarded(text) {
            return Some(spelling);
        }
        let local = spelled(text, &self.local, self.dotless)?;
        let sign = spelling::at_sign(text.get(local.length..)?, self.dotless)?;
        let domain = spelling::domain(text.get(local.length + sign.length..)?, &self.domain)?;
        Some(Spelling {
            length: local.length + sign.length + domain.length,
            percent: local.percent || sign.percent || domain.percent,
            in_list: sign.in_list,
        })
    }
}

/// As forwarders write it into the local part of their own address (SRS): the domain first.
impl Address {
    fn forwarded(&self, text: &[u8]) -> Option<Spelling> {
        let domain = spelled(text, &self.domain, false)?;
        let rest = text.get(domain.length..)?.strip_prefix(b"=")?;
        let local = spelled(rest, &self.local, self.dotless).filter(|_| !self.local.is_empty())?;
        Some(Spelling {
            length: domain.length + 1 + local.length,
            percent: domain.percent || local.percent,
            in_list: true,
        })
    }
}

/// The two forms of a domain, folded (RFC 5890 2.3.2.1).
pub(super) fn names(domain: &Domain) -> Vec<Vec<u8>> {
    let (unicode, _) = idna::domain_to_unicode(domain.as_str());
    vec![folded(domain.as_str()), folded(&unicode)]
}

impl Needle {
    /// The needles of an address.
    pub(super) fn address(address: &Mailbox) -> impl Iterator<Item = Self> {
        Address::all(address).into_iter().map(Self::Address)
    }

    /// Those of a domain.
    pub(super) fn domain(domain: &Domain) -> impl Iterator<Item = Self> {
        names(domain).into_iter().map(Self::Domain)
    }

    /// Octets of the shortest text that can spell it.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Address(address) => address.local.len() + 1 + address.domain.len(),
            Self::Domain(octets) | Self::Id(octets) => octets.len(),
        }
    }

    /// The octets that it begins with; `@` behind a local part.
    pub(super) fn front(&self) -> Vec<u8> {
        match self {
            Self::Address(address) => [address.local.as_slice(), b"@"].concat(),
            Self::Domain(octets) | Self::Id(octets) => octets.clone(),
        }
    }

    /// The octets of a domain or an id, folded; none of an address.
    pub(super) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Address(_) => None,
            Self::Domain(octets) | Self::Id(octets) => Some(octets),
        }
    }

    /// The domain of an address, folded; none of anything else.
    pub(super) fn domain_part(&self) -> Option<&[u8]> {
        match self {
            Self::Address(address) => Some(&address.domain),
            _ => None,
        }
    }

    /// Whether dots may stand between the octets that it begins with.
    pub(super) fn is_dotless(&self) -> bool {
        matches!(self, Self::Address(address) if address.dotless)
    }

    /// It from its octet of the greatest `rank` on, with that octet. None: it has none with a rank.
    pub(super) fn tail(&self, rank: impl Fn(u8) -> Option<usize>) -> Option<(u8, Self)> {
        match self {
            Self::Address(address) => {
                let tail = Address {
                    local: Vec::new(),
                    ..address.clone()
                };
                Some((b'@', Self::Address(tail)))
            }
            Self::Domain(octets) | Self::Id(octets) => {
                let ranked = octets.iter().enumerate();
                let ranked = ranked.filter_map(|(at, octet)| Some((at, rank(*octet)?)));
                let (at, _) = ranked.max_by_key(|(_, rank)| *rank)?;
                let octets = octets.get(at..)?.to_vec();
                Some((*octets.first()?, Self::Id(octets)))
            }
        }
    }

    /// How the front of `text` spells it; none if it does not.
    pub(super) fn spelled(&self, text: &[u8]) -> Option<Spelling> {
        match self {
            Self::Address(address) => address.spelled(text),
            Self::Domain(octets) | Self::Id(octets) => spelled(text, octets, false),
        }
    }

    /// Whether it stands alone where it was found, between `before` and the end of its spelling in `rest`: `jan@…` within `bojan@…` is another
    /// person's address, and must stay what it is.
    pub(super) fn stands_alone(&self, before: &[u8], rest: &[u8], spelling: Spelling) -> bool {
        let length = spelling.length;
        match self {
            Self::Id(_) => !rest
                .get(length)
                .is_some_and(|next| next.is_ascii_alphanumeric() || b"._-@$+=%".contains(next)),
            Self::Address(address) => {
                if spelling.in_list {
                    // Within the address of a list or a forwarder; elsewhere it may be a parameter of a link.
                    let inside = in_local_part(rest.get(length..).unwrap_or_default());
                    return !before.last().is_some_and(u8::is_ascii_alphanumeric)
                        && (inside || (address.shared && name_ends(rest, length)));
                }
                let hyphens = address.shared && !address.dotless;
                let first = address.local.first().copied().unwrap_or_default();
                address_begins(before, first, (address.shared, hyphens))
                    && domain_ends(rest, length, &address.domain)
            }
            Self::Domain(_) => name_begins(before) && name_ends(rest, length),
        }
    }
}

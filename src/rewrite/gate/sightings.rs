//! Which addresses and domains stand in a message, in any of the ways in which the gate reads it.
//!
//! What the gate would find of an address that is registered it finds here of one that is none: by these the two are treated alike. So whatever
//! could be the beginning or the end of an address counts as one, in every view.

use std::collections::{BTreeMap, HashSet};

use foldhash::fast::RandomState;
use memchr::{memchr_iter, memchr2_iter};

use super::around;
use super::cuts::{GAP, SEAM};
use super::names::{longest, may_be_cut_up, may_end, organisation, untagged};
use super::readings::{
    MOST_ENDS, Standing, domains, is_atext, is_of_name, locals, readings, starts,
};
use crate::mail::{Domain, Mailbox};
use crate::masking::{MaskedDomains, base_address, providers};

/// Addresses beyond these are counted, not told.
pub const MOST_SIGHTED: usize = 1_000;
/// Octets of a local part that are looked at, seams included.
const LONGEST_LOCAL: usize = 100;
/// Octets of a domain.
const LONGEST_DOMAIN: usize = 300;

/// An address that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Without its tag: with another one it is the same mailbox.
    pub mailbox: Mailbox,
    /// Whether it is the shortest reading of its place; others have what stands before it, too.
    pub shortest: bool,
    /// How its local part stands there.
    pub standing: Standing,
}

/// What stands in a message.
#[derive(Debug, Clone, Default)]
pub struct Sightings {
    /// The addresses, none of them a mask.
    pub addresses: Vec<Sighting>,
    /// The domains of organisations, those of shared providers and ours left out.
    pub domains: Vec<Domain>,
    /// There are more addresses, or places that could be read in too many ways.
    pub more_addresses: bool,
    /// The same of domains.
    pub more_domains: bool,
}

impl Sightings {
    /// Whether nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.domains.is_empty()
    }
}

/// Looks for them.
pub(super) struct Observer<'a> {
    masks: &'a MaskedDomains,
    /// Whether domains are looked for.
    domains: bool,
    addresses: BTreeMap<String, Sighting>,
    organisations: BTreeMap<Domain, ()>,
    /// Places that were looked at, as they stood there: views have most in common.
    seen: HashSet<Vec<u8>, RandomState>,
    more_addresses: bool,
    more_domains: bool,
}

impl<'a> Observer<'a> {
    pub(super) fn new(masks: &'a MaskedDomains, domains: bool) -> Self {
        Self {
            masks,
            domains,
            addresses: BTreeMap::new(),
            organisations: BTreeMap::new(),
            seen: HashSet::default(),
            more_addresses: false,
            more_domains: false,
        }
    }

    pub(super) fn sightings(self) -> Sightings {
        Sightings {
            addresses: self.addresses.into_values().collect(),
            domains: self.organisations.into_keys().collect(),
            more_addresses: self.more_addresses,
            more_domains: self.more_domains,
        }
    }

    /// Whether something could stand in `octets`, or come of them once something is cut out.
    pub(super) fn worth(&self, octets: &[u8]) -> bool {
        self.worth_addresses(octets) || self.worth_domains(octets)
    }

    /// Whether domains are looked for and could stand there.
    pub(super) fn worth_domains(&self, octets: &[u8]) -> bool {
        self.domains && self.dots(octets)
    }

    /// Whether addresses could stand there.
    pub(super) fn worth_addresses(&self, octets: &[u8]) -> bool {
        let goes_on = |at: usize| {
            octets.get(at + 1).is_some_and(|next| {
                next.is_ascii_alphanumeric()
                    || !next.is_ascii()
                    || b"\r\n<&=\x01\x02".contains(next)
            })
        };
        // Bare, the address in that of a list counts at a provider: a word with a dot stands behind the sign.
        let in_list = |at: usize| {
            let behind = octets
                .get(at + 1..)
                .unwrap_or_default()
                .iter()
                .take(LONGEST_LOCAL);
            let mut word = behind.take_while(|octet| is_of_name(**octet));
            word.any(|octet| *octet == b'.')
        };
        memchr_iter(b'@', octets).any(goes_on) || memchr_iter(b'=', octets).any(in_list)
    }

    /// Whether a dot stands where one of a domain could: a sentence ends before a blank, or before a line of its own.
    fn dots(&self, octets: &[u8]) -> bool {
        memchr_iter(b'.', octets).any(|at| {
            let rest = octets.get(at + 1..).unwrap_or_default();
            let line = rest
                .strip_prefix(b"\r\n")
                .or_else(|| rest.strip_prefix(b"\n"));
            let rest = line.map_or(rest, |line| {
                let quotes = line.iter().take_while(|octet| b" \t>".contains(octet));
                line.get(quotes.count()..).unwrap_or_default()
            });
            rest.first().is_some_and(|next| {
                next.is_ascii_alphanumeric() || !next.is_ascii() || b"<&=\x01\x02".contains(next)
            }) && (line.is_none() || may_be_cut_up(rest))
        })
    }

    /// Notes what stands in a view, which is in small letters.
    pub(super) fn look(&mut self, view: &str) {
        for at in memchr2_iter(b'@', b'=', view.as_bytes()) {
            self.address(view, at);
        }
        if self.domains {
            self.look_for_domains(view);
        }
    }

    /// The addresses around the at sign at `at`.
    fn address(&mut self, view: &str, at: usize) {
        let octets = view.as_bytes();
        let (mut before, mut behind) = octets
            .split_at_checked(at)
            .map(|(before, rest)| (before, rest.get(1..).unwrap_or_default()))
            .unwrap_or_default();
        if octets.get(at) == Some(&b'=') {
            self.in_list(before, behind);
            return;
        }
        before = around::before(before);
        behind = around::after(behind);
        let local = before.iter().rev().take(LONGEST_LOCAL);
        let quoted = before.last() == Some(&b'"');
        let local = if quoted {
            let inside = local.skip(1).take_while(|octet| !b"\"\r\n".contains(octet));
            inside.count() + 1
        } else {
            local.take_while(|octet| is_atext(**octet)).count()
        };
        let domain = behind.iter().take(LONGEST_DOMAIN);
        let domain = domain.take_while(|octet| is_of_name(**octet)).count();
        let local = before.get(before.len() - local..).unwrap_or_default();
        let domain = behind.get(..domain).unwrap_or_default();
        if local.is_empty() || domain.is_empty() || !self.is_new(&[local, b"@", domain].concat()) {
            return;
        }
        // Cut where characters were counted by octets.
        let local = String::from_utf8_lossy(local);
        let domain = String::from_utf8_lossy(domain);
        // Most addresses in a message are masks.
        if Domain::parse(&domain).is_ok_and(|domain| self.masks.find(&domain).is_some()) {
            return;
        }
        let locals = if quoted {
            let inside = local.trim_end_matches('"').replace('\\', "");
            vec![(inside, Standing::Whole)]
        } else {
            locals(&local)
        };
        let ends = domains(&domain);
        let names = ends.iter().flat_map(|text| readings(text));
        let mut domains: Vec<Domain> = names.filter_map(|text| longest(&text)).collect();
        domains.sort();
        domains.dedup();
        domains.retain(|domain| self.masks.find(domain).is_none());
        // Without a domain no local part makes an address: a picture has at signs, and a hundred places around each where one could begin.
        if !domains.is_empty()
            && (locals.len() > MOST_ENDS || ends.len() > MOST_ENDS || domains.len() > MOST_ENDS)
        {
            self.more_addresses = true;
        }
        for (number, (local, standing)) in locals.iter().take(MOST_ENDS).enumerate() {
            for domain in domains.iter().take(MOST_ENDS) {
                if let Ok(mailbox) = Mailbox::from_parts(untagged(local), domain.clone()) {
                    self.add(mailbox, number == 0, *standing);
                }
            }
        }
    }

    /// The address around an equals sign within that of a list or a forwarder: local part first (VERP), or domain first (SRS). Of a provider with many
    /// mailboxes it counts wherever it stands.
    fn in_list(&mut self, before: &[u8], behind: &[u8]) {
        let of_word = |octet: &u8| octet.is_ascii_alphanumeric() || b"._-".contains(octet);
        // Behind nearly every one in HTML stands a quotation mark.
        if !behind.first().is_some_and(of_word) {
            return;
        }
        let left = before
            .iter()
            .rev()
            .take(LONGEST_LOCAL)
            .take_while(|octet| of_word(octet))
            .count();
        let right = behind
            .iter()
            .take(LONGEST_LOCAL)
            .take_while(|octet| of_word(octet))
            .count();
        let left = before.get(before.len() - left..).unwrap_or_default();
        let (right, rest) = behind.split_at_checked(right).unwrap_or_default();
        if left.is_empty() || right.is_empty() || !(left.contains(&b'.') || right.contains(&b'.')) {
            return;
        }
        let inside = |octet: &u8| octet.is_ascii_graphic() && !b"@<>()[],;:\"\\".contains(octet);
        let length = rest
            .iter()
            .take(LONGEST_LOCAL)
            .take_while(|octet| inside(octet))
            .count();
        let in_local_part = rest.get(length) == Some(&b'@');
        let (left, right) = (
            String::from_utf8_lossy(left),
            String::from_utf8_lossy(right),
        );
        for (local, name) in [(&left, &right), (&right, &left)] {
            let names = readings(name).into_iter();
            let mut domains: Vec<Domain> = names.filter_map(|text| longest(&text)).collect();
            domains.sort();
            domains.dedup();
            domains.retain(|domain| in_local_part || providers::is_shared(domain));
            if domains.len() > MOST_ENDS {
                self.more_addresses = true;
            }
            // The ends of a run of words are all that a local part can be.
            let starts = local.match_indices(['-', '_', '.']).map(|(at, _)| at + 1);
            for start in starts.chain([0]).take(MOST_ENDS) {
                let text = local.get(start..).unwrap_or_default();
                for domain in domains.iter().take(MOST_ENDS) {
                    if let Ok(mailbox) = Mailbox::from_parts(text, domain.clone()) {
                        self.add(mailbox, start == 0, Standing::Whole);
                    }
                }
            }
        }
    }

    fn add(&mut self, mailbox: Mailbox, shortest: bool, standing: Standing) {
        let mailbox = base_address(&mailbox);
        let key = mailbox.key();
        if let Some(known) = self.addresses.get_mut(&key) {
            known.shortest |= shortest;
            known.standing = known.standing.min(standing);
        } else if self.addresses.len() < MOST_SIGHTED {
            let sighting = Sighting {
                mailbox,
                shortest,
                standing,
            };
            self.addresses.insert(key, sighting);
        } else {
            self.more_addresses = true;
        }
    }

    fn is_new(&mut self, place: &[u8]) -> bool {
        if self.seen.contains(place) {
            return false;
        }
        // Beyond this a message is looked at again and again rather than remembered.
        if self.seen.len() < 4 * MOST_SIGHTED {
            self.seen.insert(place.to_vec());
        }
        true
    }

    fn look_for_domains(&mut self, view: &str) {
        let octets = view.as_bytes();
        let mut done = 0;
        for at in memchr_iter(b'.', octets) {
            let next = octets.get(at + 1);
            let inside = next.is_some_and(|next| is_of_name(*next) && *next != b'.');
            if at < done || !inside {
                continue;
            }
            let before = octets.get(done..at).unwrap_or_default().iter().rev();
            let before = before
                .take(LONGEST_DOMAIN)
                .take_while(|octet| is_of_name(**octet));
            let after = octets.get(at..).unwrap_or_default().iter();
            let after = after
                .take(LONGEST_DOMAIN)
                .take_while(|octet| is_of_name(**octet));
            let (from, to) = (at - before.count(), at + after.count());
            done = to;
            let place = octets.get(from..to).unwrap_or_default();
            // A newsletter has the same few hosts hundreds of times, in every view.
            if self.seen.contains(place) {
                continue;
            }
            // Nearly all dots in prose are followed by nothing that is the end of a name.
            let cut = place.iter().any(|octet| matches!(*octet, SEAM | GAP));
            if !cut && place.is_ascii() && !may_end(place) {
                continue;
            }
            if !self.is_new(place) {
                continue;
            }
            self.domain(&String::from_utf8_lossy(place));
        }
    }

    fn domain(&mut self, place: &str) {
        let found: Vec<Domain> = starts(place)
            .into_iter()
            .flat_map(domains)
            .filter_map(|text| organisation(&text))
            .collect();
        for domain in found {
            if providers::is_shared(&domain) || self.is_mask(&domain) {
                continue;
            }
            if self.organisations.len() >= MOST_SIGHTED {
                self.more_domains = true;
                return;
            }
            self.organisations.insert(domain, ());
        }
    }

    fn is_mask(&self, domain: &Domain) -> bool {
        self.masks.find(domain).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_at_sign_without_a_domain_is_no_address_however_many_words_end_at_it() {
        let masks = MaskedDomains::new(Vec::new());
        let words = "a-".repeat(MOST_ENDS + 1);
        for (behind, more) in [("q7", false), ("q7.", false), ("poczta.example.pl", true)] {
            let mut observer = Observer::new(&masks, false);
            observer.look(&format!("{words}b@{behind} "));
            let seen = observer.sightings();
            assert_eq!(seen.more_addresses, more, "{behind}");
            assert_eq!(seen.addresses.is_empty(), !more, "{behind}");
        }
    }
}

//! What the reader of a message has brought to its writer before, and what the message brings in its turn.
//!
//! The words of couriers count for neither side: their addresses are public, and an answer to them goes to no participant.

use std::time::Duration;

use super::fault::internal;
use super::threading::MessageIds;
use crate::allowlist::Allowlist;
use crate::clock::Clock;
use crate::directory::{Brought as Record, Participant, State};
use crate::mail::{Domain, Mailbox, Timestamp};
use crate::masking::{Brought, GuessKeys, MaskedDomains, Pair, providers};
use crate::message::Message;
use crate::policy::Refusal;
use crate::rewrite::{Everything, Sightings, Standing};
use crate::spool::Disclosure;

/// What is remembered for one message: what its reader wrote to its writer.
pub(super) struct Recalled {
    /// By the numbers of the keys of their digests.
    records: Vec<(u32, Record)>,
    pub(super) addresses: Everything,
    pub(super) domains: Everything,
}

impl Recalled {
    /// Whether anything is remembered.
    pub(super) fn any(&self) -> bool {
        !self.records.is_empty()
    }
}

/// What is remembered of earlier messages, and by which keys.
#[derive(Clone, Copy)]
pub(super) struct Recollection<'a> {
    pub(super) ids: MessageIds<'a>,
    pub(super) keys: &'a GuessKeys,
    pub(super) state: &'a dyn State,
    pub(super) clock: &'a dyn Clock,
    /// `[policy] guess_memory`.
    pub(super) memory: Duration,
}

impl Recollection<'_> {
    /// What the reader of `pair` has brought to the writer.
    pub(super) async fn recall(
        self,
        message: &Message,
        pair: Pair<'_>,
    ) -> Result<Recalled, Refusal> {
        let records = self.records(pair).await?;
        let all = records.len();
        let records: Vec<_> = records
            .into_iter()
            .filter(|(number, _)| self.keys.has(*number))
            .collect();
        // Nothing, something under a key that is gone, or a message that is older than what is remembered.
        let forgotten = records.is_empty()
            || records.len() < all
            || self
                .answers_a_forgotten_one(message, pair, &records)
                .await?;
        let any = |more: fn(&Record) -> bool| records.iter().any(|(_, record)| more(record));
        let addresses = match forgotten {
            _ if any(|record| record.more_addresses) => Everything::Always,
            true => Everything::InAnswers,
            false => Everything::Never,
        };
        let domains = match forgotten || any(|record| record.more_domains) {
            true => Everything::InAnswers,
            false => Everything::Never,
        };
        Ok(Recalled {
            records,
            addresses,
            domains,
        })
    }

    /// Whether the message that `message` answers is one of the reader's that is not remembered: what it brought is not, either.
    async fn answers_a_forgotten_one(
        self,
        message: &Message,
        pair: Pair<'_>,
        records: &[(u32, Record)],
    ) -> Result<bool, Refusal> {
        let mut ids = message.ids("In-Reply-To");
        if ids.is_empty() {
            ids.extend(message.ids("References").pop());
        }
        for id in ids {
            let Some((token, host)) = id.rsplit_once('@') else {
                continue;
            };
            let ours = Domain::parse(host).is_ok_and(|host| self.ids.domains.find(&host).is_some());
            if !ours || self.ids.original(pair.reversed(), token).await?.is_none() {
                continue;
            }
            let token = token.to_ascii_lowercase();
            let known = records.iter().any(|(number, record)| {
                let digest = self
                    .keys
                    .digest(*number, pair.reversed(), Brought::Message, &token);
                digest.is_some_and(|digest| record.messages.holds(digest))
            });
            if !known {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the reader of `pair` has brought an address to the writer.
    pub(super) fn has_brought_address(
        self,
        recalled: &Recalled,
        pair: Pair<'_>,
        address: &Mailbox,
    ) -> bool {
        let (key, pair) = (address.key(), pair.reversed());
        recalled.records.iter().any(|(number, record)| {
            let digest = self.keys.digest(*number, pair, Brought::Address, &key);
            digest.is_some_and(|digest| {
                record.addresses.holds(digest) || record.readings.holds(digest)
            })
        })
    }

    /// The same for a domain.
    pub(super) fn has_brought_domain(
        self,
        recalled: &Recalled,
        pair: Pair<'_>,
        domain: &Domain,
    ) -> bool {
        recalled.records.iter().any(|(number, record)| {
            let digest =
                self.keys
                    .digest(*number, pair.reversed(), Brought::Domain, domain.as_str());
            digest.is_some_and(|digest| record.domains.holds(digest))
        })
    }

    /// Whether the reader of `pair` has brought a sentence to the writer.
    pub(super) fn has_brought_sentence(
        self,
        records: &[(u32, Record)],
        pair: Pair<'_>,
        sentence: &str,
    ) -> bool {
        records.iter().any(|(number, record)| {
            let digest = self
                .keys
                .digest(*number, pair.reversed(), Brought::Sentence, sentence);
            digest.is_some_and(|digest| record.sentences.holds(digest))
        })
    }

    /// What the reader of `pair` has brought to the writer, as digests.
    pub(super) async fn records(self, pair: Pair<'_>) -> Result<Vec<(u32, Record)>, Refusal> {
        let memory = u64::try_from(self.memory.as_millis()).unwrap_or(u64::MAX);
        let oldest = Timestamp(self.clock.now().0.saturating_sub(memory));
        let found = self.state.brought(pair.reader, pair.writer, oldest);
        Ok(found.await?)
    }

    /// What a message of `pair` brings: it counts once the message is durable. `sentences` are those that could be held against who quotes them.
    pub(super) fn delivery(
        self,
        pair: Pair<'_>,
        sightings: &Sightings,
        domains: bool,
        (sent_as, sentences): (&str, &[String]),
    ) -> Result<Disclosure, Refusal> {
        let number = self
            .keys
            .first()
            .ok_or_else(|| internal("no key for digests"))?;
        let digest = |of, text: &str| self.keys.digest(number, pair, of, text);
        let addresses = |main: bool| {
            let found = sightings.addresses.iter();
            let found = found.filter(move |found| {
                let whole = found.standing == Standing::Whole;
                found.standing != Standing::Apart && (found.shortest && whole) == main
            });
            found
                .filter_map(|found| digest(Brought::Address, &found.mailbox.key()))
                .collect()
        };
        let token = sent_as.split('@').next().unwrap_or_default();
        let token = token.to_ascii_lowercase();
        let all = Record {
            addresses: addresses(true),
            readings: addresses(false),
            domains: sightings
                .domains
                .iter()
                .filter_map(|domain| digest(Brought::Domain, domain.as_str()))
                .collect(),
            messages: digest(Brought::Message, &token).into_iter().collect(),
            sentences: sentences
                .iter()
                .filter_map(|sentence| digest(Brought::Sentence, sentence))
                .collect(),
            more_addresses: sightings.more_addresses,
            more_domains: sightings.more_domains || !domains,
        };
        // Cut to what a record holds.
        let mut brought = Record::default();
        brought.add(&all);
        Ok(Disclosure {
            writer: pair.writer.clone(),
            reader: pair.reader.clone(),
            at: self.clock.now(),
            key: number,
            brought,
        })
    }
}

/// Whether a domain names nobody, or whom everybody may know: ours, the marketplace's, a courier's, a shared provider's, the receiver's own.
pub(super) fn is_public(
    (domains, hostname, allowlist): (&MaskedDomains, &Domain, &Allowlist),
    domain: &Domain,
    receiver: &Participant,
) -> bool {
    let organisation = |of: &Domain| providers::organisation(of) == *domain;
    let ours = domains.all().iter().any(|ours| {
        let mut names = std::iter::once(&ours.name).chain(&ours.aliases);
        // A marketplace is called by its domain: `allegro-pl` is that of allegro.pl.
        let mut markets = ours.marketplaces.iter();
        names.any(organisation) || markets.any(|market| market.replace('-', ".") == domain.as_str())
    });
    ours || providers::is_shared(domain)
        || organisation(hostname)
        || allowlist.knows(domain)
        || receiver
            .addresses
            .iter()
            .any(|address| organisation(address.domain()))
}

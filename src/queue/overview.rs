//! What operators look at before they change something: the entries of a seller or a destination, how many of each, and how old what waits is.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::handle::QueueClient;
use super::listed::{EntryState, ListedEntry};
use super::looked_up::{breathe, destination, seller, sender};
use crate::directory::Unavailable;
use crate::mail::{Domain, QueueId};
use crate::masking::ParticipantId;
use crate::spool::Target;

/// The ages in minutes that `top` counts up to; what is older has a place of its own behind them. Those of Postfix's `qshape`.
const AGES: [u64; 9] = [5, 10, 20, 40, 80, 160, 320, 640, 1_280];

/// The same ages as a metric names them, each with all that is younger and not in the one before.
const AGE_NAMES: [&str; 10] = [
    "5m", "10m", "20m", "40m", "80m", "160m", "320m", "640m", "1280m", "older",
];

/// Entries of one state and age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedEntries {
    /// `active`, `deferred` or `held`.
    pub state: &'static str,
    /// The upper bound of their age in minutes, as `20m`; `older` than all bounds.
    pub age: &'static str,
    /// How many there are.
    pub entries: usize,
}

/// Which entries are wanted; what is not said fits every one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those about transactions of this seller.
    pub seller: Option<ParticipantId>,
    /// Those that would be sent to addresses at exactly this domain now.
    pub destination: Option<Domain>,
}

/// How much a change would touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueueCounts {
    /// Entries that are in the queue.
    pub entries: usize,
    /// Different sellers whose transactions they are about.
    pub sellers: usize,
    /// Different domains that they go to.
    pub destinations: usize,
}

/// What waits, by destination and age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueueTop {
    /// The bounds of the ages in minutes. Each place of `ages` counts what is younger than its bound, the last one what is older than all.
    pub minutes: Vec<u64>,
    /// All together.
    pub total: TopRow,
    /// The fullest destination first; then `other`, of which the names are not shown, and `nowhere`, whose receiver takes no mail any more.
    pub destinations: Vec<TopRow>,
}

/// What waits for one destination.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TopRow {
    /// A domain; of a provider all below it count too. `other`, `nowhere`, `total`.
    pub destination: String,
    /// Different domains in it.
    pub domains: usize,
    /// Entries.
    pub entries: usize,
    /// Entries by age.
    pub ages: Vec<usize>,
    /// Whether one of its domains is suspended.
    pub suspended: bool,
}

impl TopRow {
    fn new(destination: &str) -> Self {
        Self {
            destination: destination.to_owned(),
            ages: vec![0; AGES.len() + 1],
            ..Self::default()
        }
    }

    fn count(&mut self, age: Duration) {
        self.entries += 1;
        let minutes = age.as_secs() / 60;
        let place = AGES.partition_point(|bound| *bound <= minutes);
        if let Some(place) = self.ages.get_mut(place) {
            *place += 1;
        }
    }

    fn add(&mut self, other: &Self) {
        self.domains += other.domains;
        self.entries += other.entries;
        self.suspended |= other.suspended;
        for (own, others) in self.ages.iter_mut().zip(&other.ages) {
            *own += others;
        }
    }
}

impl QueueClient {
    /// The entries that are wanted, by id, with sender and seller where the directory answers; damaged ones too where everything is wanted.
    ///
    /// # Errors
    /// [`Unavailable`]: the directory does not say which entries are meant.
    pub async fn find(&self, wanted: &Wanted) -> Result<Vec<ListedEntry>, Unavailable> {
        let mut listed = Vec::new();
        for (number, (entry, state)) in self.snapshot().await.into_iter().enumerate() {
            breathe(number).await;
            if let Some(domain) = &wanted.destination
                && destination(&self.context, &entry).await?.as_ref() != Some(domain)
            {
                continue;
            }
            let of = seller(&self.context, &entry).await;
            let seller = match &wanted.seller {
                Some(wanted) if of.clone()?.as_ref() != Some(wanted) => continue,
                // Who only wants to see what waits gets that without a directory as well.
                _ => of.ok().flatten(),
            };
            let sender = sender(&self.context, &entry).await;
            listed.push(ListedEntry {
                sender: sender.ok().flatten(),
                seller: seller.map(|seller| seller.to_string()),
                ..ListedEntry::of(&entry, state)
            });
        }
        if *wanted == Wanted::default() {
            self.add_damaged(&mut listed).await;
        }
        listed.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(listed)
    }

    /// How many of `ids` are in the queue, of how many sellers and for how many destinations.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn counts(&self, ids: &HashSet<QueueId>) -> Result<QueueCounts, Unavailable> {
        let (mut sellers, mut destinations) = (HashSet::new(), HashSet::new());
        let chosen = self.snapshot().await.into_iter();
        let chosen = chosen.filter(|(entry, _)| ids.contains(&entry.id));
        let mut entries = 0;
        for (number, (entry, _)) in chosen.enumerate() {
            breathe(number).await;
            entries += 1;
            sellers.extend(seller(&self.context, &entry).await?);
            destinations.extend(destination(&self.context, &entry).await?);
        }
        Ok(QueueCounts {
            entries,
            sellers: sellers.len(),
            destinations: destinations.len(),
        })
    }

    /// What waits, by destination and age. `shown` says as what a participant's domain is shown; none: among the others. Addresses that are nobody's secret
    /// are shown as they are.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn top(
        &self,
        shown: impl Fn(&Domain) -> Option<String>,
    ) -> Result<QueueTop, Unavailable> {
        let now = self.context.clock.now();
        let mut by_domain: HashMap<(Domain, bool), TopRow> = HashMap::new();
        let mut nowhere = TopRow::new("nowhere");
        for (number, (entry, _)) in self.snapshot().await.into_iter().enumerate() {
            breathe(number).await;
            let public = matches!(entry.target, Target::Address(_));
            let row = match destination(&self.context, &entry).await? {
                None => &mut nowhere,
                Some(domain) => by_domain
                    .entry((domain, public))
                    .or_insert_with(|| TopRow::new("")),
            };
            row.count(now.since(entry.arrived));
        }
        let (mut rows, mut other) = (HashMap::<String, TopRow>::new(), TopRow::new("other"));
        let (mut total, mut domains) = (TopRow::new("total"), BTreeSet::new());
        for ((domain, public), mut row) in by_domain {
            row.domains = 1;
            row.suspended = self.context.suspensions.of(&domain, now).is_some();
            total.add(&row);
            let name = match public || row.suspended {
                true => Some(domain.to_string()),
                false => shown(&domain),
            };
            match name {
                Some(name) => {
                    let named = rows
                        .entry(name)
                        .or_insert_with_key(|name| TopRow::new(name));
                    named.add(&row);
                }
                None => other.add(&row),
            }
            domains.insert(domain);
        }
        total.add(&nowhere);
        total.domains = domains.len();
        let mut rows: Vec<TopRow> = rows.into_values().collect();
        rows.sort_by(|a, b| {
            let fuller = b.entries.cmp(&a.entries);
            fuller.then_with(|| a.destination.cmp(&b.destination))
        });
        let rest = [other, nowhere].into_iter().filter(|row| row.entries > 0);
        rows.extend(rest);
        Ok(QueueTop {
            minutes: AGES.to_vec(),
            total,
            destinations: rows,
        })
    }

    /// How many entries are in each state and of each age: all of them, also those of which there are none. Damaged ones are none.
    pub async fn by_state_and_age(&self) -> Vec<CountedEntries> {
        let now = self.context.clock.now();
        let states = ["active", "deferred", "held"];
        let mut rows = states.map(TopRow::new);
        for (entry, state) in self.entries().await {
            let state = match state {
                EntryState::Active => "active",
                EntryState::Deferred => "deferred",
                EntryState::Held => "held",
                EntryState::Damaged => continue,
            };
            if let Some(row) = rows.iter_mut().find(|row| row.destination == state) {
                row.count(now.since(entry.arrived));
            }
        }
        let counted = states.into_iter().zip(rows).flat_map(|(state, row)| {
            let ages = AGE_NAMES.into_iter().zip(row.ages);
            ages.map(move |(age, entries)| CountedEntries {
                state,
                age,
                entries,
            })
        });
        counted.collect()
    }

    /// Everything that is in the queue and not damaged, with what it is doing, by number.
    pub(super) async fn snapshot(&self) -> Vec<(std::sync::Arc<crate::spool::Entry>, EntryState)> {
        let mut listed = self.entries().await;
        listed.sort_by_key(|(entry, _)| entry.id);
        listed
    }
}

//! Which entries an operator means, as it is typed.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::config;
use crate::mail::{Mailbox, QueueId, Timestamp};
use crate::queue::{EntryState, ListedEntry};

/// Which entries.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Selection {
    /// Queue ids
    pub(super) ids: Vec<QueueId>,
    /// Every entry
    #[arg(long, conflicts_with = "ids")]
    pub(super) all: bool,
    /// Entries to this masked address
    #[arg(long, value_name = "MASKED")]
    to: Option<String>,
    /// Entries to or from addresses of this domain
    #[arg(long)]
    domain: Option<String>,
    /// Entries accepted longer ago than this, as 2h
    #[arg(long, value_parser = config::duration)]
    older: Option<Duration>,
    /// Entries in this state
    #[arg(long, value_enum)]
    state: Option<StateArg>,
}

/// A state as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StateArg {
    /// Being tried
    Active,
    /// Waiting
    Deferred,
    /// Held by an operator, or for their documents
    Held,
    /// Changed on the disk
    Damaged,
}

impl Selection {
    /// Whether entries are picked by what they are and not by name: then there may be more than the operator thinks.
    pub(super) fn filters(&self) -> bool {
        self.to.is_some() || self.domain.is_some() || self.older.is_some() || self.state.is_some()
    }

    /// Whether anything is chosen at all.
    pub(super) fn says_which(&self) -> bool {
        !self.ids.is_empty() || self.all || self.filters()
    }

    /// Whether all that was said fits this entry. What was not said fits every one.
    pub(super) fn takes(&self, entry: &ListedEntry, now: Timestamp) -> bool {
        let id = entry.id.parse::<QueueId>().ok();
        let by_id = self.ids.is_empty() || id.is_some_and(|id| self.ids.contains(&id));
        let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        // A reverse-path has brackets, the null one with nothing between them.
        let of = |address: &str, domain: &str| {
            let address = address.trim_matches(['<', '>']);
            Mailbox::parse(address).is_ok_and(|mailbox| is(mailbox.domain().as_str(), domain))
        };
        let state = match self.state {
            None => true,
            Some(StateArg::Active) => entry.state == EntryState::Active,
            Some(StateArg::Deferred) => entry.state == EntryState::Deferred,
            Some(StateArg::Held) => entry.state == EntryState::Held,
            Some(StateArg::Damaged) => entry.state == EntryState::Damaged,
        };
        let to = self.to.as_deref().is_none_or(|to| is(&entry.to, to));
        let domain = self
            .domain
            .as_deref()
            .is_none_or(|domain| of(&entry.to, domain) || of(&entry.from, domain));
        let older = self
            .older
            .is_none_or(|older| now.since(entry.arrived) >= older);
        by_id && state && to && domain && older
    }
}

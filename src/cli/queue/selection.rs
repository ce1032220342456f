//! Which entries an operator means, as it is typed.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use crate::admin::escaped;
use crate::config;
use crate::mail::{Domain, Mailbox, QueueId, Timestamp};
use crate::masking::ParticipantId;
use crate::queue::{EntryState, ListedEntry};

/// Which entries.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Selection {
    /// Queue ids
    pub(super) ids: Vec<QueueId>,
    /// Every entry
    #[arg(long, conflicts_with = "ids")]
    pub(super) all: bool,
    /// Entries about transactions of this seller
    #[arg(long, value_name = "ACCOUNT")]
    seller: Option<ParticipantId>,
    /// Entries that go to addresses at exactly this domain
    #[arg(long, value_name = "DOMAIN")]
    destination: Option<Domain>,
    /// Entries whose last reply has this code (450), status (4.2, 4.2.1) or these words
    #[arg(long, value_name = "REASON", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Entries to this masked address
    #[arg(long, value_name = "MASKED")]
    to: Option<String>,
    /// Entries to or from addresses of this domain
    #[arg(long)]
    domain: Option<String>,
    /// Entries accepted longer ago than this, as 2h
    #[arg(long = "older-than", visible_alias = "older", value_name = "DURATION", value_parser = config::duration)]
    older: Option<Duration>,
    /// Entries accepted no longer ago than this
    #[arg(long = "younger-than", value_name = "DURATION", value_parser = config::duration)]
    younger: Option<Duration>,
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
        self.needs_server()
            || self.reason.is_some()
            || self.to.is_some()
            || self.domain.is_some()
            || self.older.is_some()
            || self.younger.is_some()
            || self.state.is_some()
    }

    /// Whether only a running server can tell which entries are meant.
    pub(super) const fn needs_server(&self) -> bool {
        self.seller.is_some() || self.destination.is_some()
    }

    /// The path that asks the server for them.
    pub(super) fn path(&self) -> String {
        let seller = self.seller.as_ref().map(ToString::to_string);
        let destination = self.destination.as_ref().map(ToString::to_string);
        let words = [("seller", seller), ("destination", destination)];
        let given = words.into_iter();
        let given = given.filter_map(|(name, text)| Some((name, text?)));
        let given: Vec<String> = given
            .map(|(name, text)| format!("{name}={}", escaped(&text)))
            .collect();
        match given.is_empty() {
            true => "/v1/queue".to_owned(),
            false => format!("/v1/queue?{}", given.join("&")),
        }
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
        let younger = self
            .younger
            .is_none_or(|younger| now.since(entry.arrived) <= younger);
        let reason = self.reason.as_deref();
        let reason = reason.is_none_or(|reason| stopped_by(entry, reason));
        by_id && state && to && domain && older && younger && reason
    }
}

/// Whether the last attempt was stopped by `reason`: a reply code, a status or how it begins, or words.
fn stopped_by(entry: &ListedEntry, reason: &str) -> bool {
    let Some(reply) = &entry.last_reply else {
        return false;
    };
    let is_number = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    if !reason.bytes().all(is_number) {
        return reply.to_lowercase().contains(&reason.to_lowercase());
    }
    let status = entry.status.as_deref().unwrap_or_default();
    let rest = status.strip_prefix(reason);
    let code = reply.split([' ', '-']).next();
    code == Some(reason) || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::stopped_by;
    use crate::mail::{Diagnostic, EnhancedStatus, Reply, Timestamp, TraceId};
    use crate::queue::{EntryState, ListedEntry};
    use crate::spool::{Entry, Target};

    fn listed(last: Option<Diagnostic>) -> ListedEntry {
        let target = Target::Address("a@inpost.pl".parse().unwrap());
        let mut entry = Entry::new(
            crate::mail::QueueId(1),
            TraceId::new(1, 1),
            Timestamp(0),
            target,
        );
        entry.progress.last = last;
        ListedEntry::of(&entry, EntryState::Deferred)
    }

    #[test]
    fn a_reason_is_a_code_a_status_or_words() {
        let status = EnhancedStatus::new(4, 2, 1);
        let reply = Reply::new(450, Some(status), "the mailbox is Busy");
        let entry = listed(Some(Diagnostic::remote(None, reply)));
        for reason in ["450", "4", "4.2", "4.2.1", "busy", "Mailbox is"] {
            assert!(stopped_by(&entry, reason), "{reason}");
        }
        for reason in ["45", "4.", "4.2.11", "4.1", "5", "451", "nobody", "2.1"] {
            assert!(!stopped_by(&entry, reason), "{reason}");
        }
        let own = Diagnostic::local(EnhancedStatus::SUSPENDED_4_3_2, "suspended here");
        let own = listed(Some(own));
        assert!(stopped_by(&own, "4.3.2") && stopped_by(&own, "SUSPENDED"));
        assert!(!stopped_by(&own, "450"));
        assert!(!stopped_by(&listed(None), "4"), "not tried yet");
    }
}

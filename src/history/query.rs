//! What is looked for in the history.

use super::line::HistoryRecord;
use super::names::{self, plain};
use crate::config;
use crate::mail::{Mailbox, Timestamp};

/// What a search looks for. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceQuery {
    /// The ways to write one name; a line has one of them.
    names: Vec<String>,
    /// The seller of the transaction.
    seller: Option<String>,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

impl TraceQuery {
    /// A query for a trace id, a queue id, a masked or a real address, an account, a transaction, a Message-ID or a reference. Angle brackets around
    /// it and letter case are free.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let written = plain(text).into_owned();
        // A domain has two forms.
        let parsed = written
            .parse()
            .ok()
            .map(|address: Mailbox| address.to_string());
        let parsed = parsed.map(|address| address.to_ascii_lowercase());
        let mut names = vec![written];
        names.extend(parsed.filter(|parsed| Some(parsed) != names.first()));
        Self {
            names,
            ..Self::default()
        }
    }

    /// A query for everything.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Messages about transactions of this seller only.
    #[must_use]
    pub fn of_seller(self, account: &str) -> Self {
        Self {
            seller: Some(format!("{}{}", names::SELLER, plain(account))),
            ..self
        }
    }

    /// Messages of which a line stands between these times only; none: without a bound.
    #[must_use]
    pub fn between(self, since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self {
            since,
            until,
            ..self
        }
    }

    /// Whether nothing bounds it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// The names that lead to lines by the index; none: times alone do.
    pub(super) fn leading(&self) -> Vec<&str> {
        match &self.seller {
            Some(seller) if self.names.is_empty() => vec![seller],
            _ => self.names.iter().map(String::as_str).collect(),
        }
    }

    pub(super) fn in_time(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }

    /// Whether a message with these lines is meant.
    pub(super) fn means(&self, life: &[HistoryRecord]) -> bool {
        let seller = self.seller.as_deref();
        life.iter().any(|line| self.in_time(line.at))
            && seller.is_none_or(|seller| life.iter().any(|line| is_named(line, &[seller])))
    }
}

/// Whether a line has one of these names.
pub(super) fn is_named(line: &HistoryRecord, wanted: &[&str]) -> bool {
    let mut found = false;
    names::each(line, &mut |name| found |= wanted.contains(&name));
    found
}

/// The point in time that an operator names: RFC 3339, or how long ago (`2h`).
///
/// # Errors
/// It is neither.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        return Ok(at);
    }
    let back = config::duration(text).map_err(|_| {
        format!("{text:?} is no time: write 2026-11-24T10:00:00Z, or 2h for two hours ago")
    })?;
    let back = u64::try_from(back.as_millis()).unwrap_or(u64::MAX);
    Ok(Timestamp(now.0.saturating_sub(back)))
}

//! Points in time as data: milliseconds since 1970-01-01T00:00:00Z.
//!
//! Only [`crate::clock`] makes one from the machine's clock; pure rooms are handed theirs.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// Milliseconds since the epoch, UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The time `span` later; the last representable time where that is beyond it.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// As a Date field or a trace field prints it, always in UTC: the zone of the machine is nobody's business.
    #[must_use]
    pub fn to_rfc5322(self) -> String {
        self.date()
            .format(&Rfc2822)
            .unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 +0000".to_owned())
    }

    /// RFC 3339 with milliseconds, in UTC.
    #[must_use]
    pub fn to_rfc3339_millis(self) -> String {
        let seconds = self.to_string();
        let seconds = seconds.trim_end_matches('Z');
        format!("{seconds}.{:03}Z", self.0 % 1000)
    }

    /// The point in time that `text` names (RFC 3339); none: it names none, or one before 1970.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let millis = date.unix_timestamp_nanos() / 1_000_000;
        u64::try_from(millis).ok().map(Self)
    }

    /// Seconds since the epoch, as metrics have it.
    #[must_use]
    pub fn unix_seconds(self) -> f64 {
        Duration::from_millis(self.0).as_secs_f64()
    }

    fn date(self) -> OffsetDateTime {
        let seconds = i64::try_from(self.0 / 1000).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// RFC 3339, whole seconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.date().format(&Rfc3339).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_print_in_utc() {
        let at = Timestamp(1_795_392_000_000);
        assert_eq!(at.to_rfc5322(), "Mon, 23 Nov 2026 00:00:00 +0000");
        assert_eq!(at.to_string(), "2026-11-23T00:00:00Z");
        let at = Timestamp(at.0 + 42);
        assert_eq!(at.to_rfc3339_millis(), "2026-11-23T00:00:00.042Z");
    }

    #[test]
    fn points_in_time_are_read_in_any_zone() {
        let at = Timestamp(1_795_392_000_042);
        for text in ["2026-11-23T00:00:00.042Z", "2026-11-23T01:00:00.042+01:00"] {
            assert_eq!(Timestamp::parse_rfc3339(text), Some(at), "{text}");
        }
        for text in ["", "yesterday", "2026-11-23", "1969-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }
}

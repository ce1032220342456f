//! Enhanced status codes: `class.subject.detail` (RFC 3463; values registered by RFC 5248, 7372, 7505).
//!
//! Each constant carries its number in its name, so that a call site cannot say one thing and send another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `class.subject.detail`, class 2, 4 or 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnhancedStatus {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedStatus {
    /// Success of no particular kind.
    pub const OK_2_0_0: Self = Self::new(2, 0, 0);
    /// Sender accepted.
    pub const SENDER_OK_2_1_0: Self = Self::new(2, 1, 0);
    /// Recipient accepted.
    pub const RECIPIENT_OK_2_1_5: Self = Self::new(2, 1, 5);
    /// Mail system not accepting, of no particular kind.
    pub const SYSTEM_4_3_0: Self = Self::new(4, 3, 0);
    /// System not accepting network messages: deliveries there are suspended here.
    pub const SUSPENDED_4_3_2: Self = Self::new(4, 3, 2);
    /// Expired in the queue (RFC 3463 3.5).
    pub const EXPIRED_4_4_7: Self = Self::new(4, 4, 7);
    /// No answer from the host.
    pub const NO_ANSWER_4_4_1: Self = Self::new(4, 4, 1);
    /// The connection broke.
    pub const BAD_CONNECTION_4_4_2: Self = Self::new(4, 4, 2);
    /// The directory server (DNS) gave no answer.
    pub const DIRECTORY_4_4_3: Self = Self::new(4, 4, 3);
    /// Routing loop, while it may still be mended.
    pub const LOOP_4_4_6: Self = Self::new(4, 4, 6);
    /// Delivery refused: bad destination system (domain does not exist).
    pub const BAD_DOMAIN_5_1_2: Self = Self::new(5, 1, 2);
    /// Recipient has a null MX (RFC 7505).
    pub const NULL_MX_5_1_10: Self = Self::new(5, 1, 10);
    /// Routing loop.
    pub const LOOP_5_4_6: Self = Self::new(5, 4, 6);
    /// An address that needs SMTPUTF8 where it cannot go on (RFC 6531).
    pub const NO_UTF8_5_6_7: Self = Self::new(5, 6, 7);
    /// Mailbox disabled, not accepting messages.
    pub const DISABLED_5_2_1: Self = Self::new(5, 2, 1);
    /// Permanent failure of no particular kind.
    pub const FAILURE_5_0_0: Self = Self::new(5, 0, 0);

    /// Names a code. `class` is 2, 4 or 5; subject and detail are at most three digits.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self {
            class,
            subject,
            detail,
        }
    }

    /// 2, 4 or 5.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// What it is about: 0 to 7 by RFC 3463 2, up to three digits where somebody made one up.
    #[must_use]
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// What exactly; up to three digits.
    #[must_use]
    pub const fn detail(self) -> u16 {
        self.detail
    }

    /// Class and subject, as `4.2`, and `2` for every success: a closed set, for metrics. A subject that RFC 3463 has not counts as 0.
    #[must_use]
    pub fn kind(self) -> &'static str {
        let subjects: [&'static str; 8] = match self.class {
            4 => ["4.0", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7"],
            5 => ["5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7"],
            _ => ["2"; 8],
        };
        let [unknown, ..] = subjects;
        let known = subjects.get(usize::from(self.subject));
        known.copied().unwrap_or(unknown)
    }

    /// The same condition told as passing: class 4.
    #[must_use]
    pub const fn transient(self) -> Self {
        Self { class: 4, ..self }
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl FromStr for EnhancedStatus {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const NOT_A_STATUS: &str = "not an enhanced status code";
        let number = |part: Option<&str>| {
            part.filter(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|p| p.parse::<u16>().ok())
                .ok_or(NOT_A_STATUS)
        };
        let mut parts = text.split('.');
        let class = match parts.next() {
            Some("2") => 2,
            Some("4") => 4,
            Some("5") => 5,
            _ => return Err(NOT_A_STATUS),
        };
        let status = Self::new(class, number(parts.next())?, number(parts.next())?);
        parts.next().map_or(Ok(status), |_| Err(NOT_A_STATUS))
    }
}

impl TryFrom<String> for EnhancedStatus {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EnhancedStatus> for String {
    fn from(status: EnhancedStatus) -> Self {
        status.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::EnhancedStatus;

    #[test]
    fn what_a_metric_counts_is_a_closed_set_whatever_a_server_makes_up() {
        let kind = |class, subject| EnhancedStatus::new(class, subject, 1).kind();
        assert_eq!((kind(4, 2), kind(5, 7), kind(2, 1)), ("4.2", "5.7", "2"));
        assert_eq!((kind(4, 8), kind(5, 999)), ("4.0", "5.0"));
    }
}

//! A policy file as a value (RFC 8461 3.2). Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mail::Domain;

/// The longest time that a policy may be kept: a year (RFC 8461 3.2).
const LONGEST: u64 = 31_557_600;
/// The most patterns that are read; those behind are passed over, and their hosts are then not named.
const MAX_PATTERNS: usize = 500;

/// What happens where a server does not fit the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::delivery) enum Mode {
    /// It gets no mail.
    Enforce,
    /// It is noted.
    Testing,
    /// Nothing: the domain withdraws its policy.
    None,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::delivery) struct Policy {
    /// How strict it is.
    pub(in crate::delivery) mode: Mode,
    /// Names of servers, or `*.` and a domain.
    pub(super) patterns: Vec<String>,
    /// How long it may be kept.
    pub(super) max_age: Duration,
}

impl Policy {
    /// Reads a policy file. Of a field that stands twice the first counts, but for `mx`; unknown fields are passed over.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (mut version, mut mode, mut max_age) = (None, None, None);
        let mut patterns = Vec::new();
        for line in text.split('\n') {
            let Some((name, value)) = line.split_once(':') else {
                if line.trim().is_empty() {
                    continue;
                }
                return Err("a line is no field");
            };
            let value = value.trim();
            match name.trim() {
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => max_age = max_age.or(Some(value)),
                "mx" if patterns.len() < MAX_PATTERNS => patterns.push(pattern(value)?),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err("it has no version STSv1");
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            _ => return Err("its mode is none of enforce, testing and none"),
        };
        let max_age = max_age
            // Ten digits at most (RFC 8461 3.2), and no sign, which the parser would take.
            .filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()) && text.len() <= 10)
            .and_then(|text| text.parse::<u64>().ok())
            .ok_or("its max_age is no number of seconds")?;
        // A policy that lets no server in would stop all mail to the domain.
        if patterns.is_empty() && mode != Mode::None {
            return Err("it names no server");
        }
        Ok(Self {
            mode,
            patterns,
            max_age: Duration::from_secs(max_age.min(LONGEST)),
        })
    }

    /// Whether a server may get the domain's mail. A wildcard stands for exactly one label (RFC 8461 4.1).
    pub(in crate::delivery) fn names(&self, host: &Domain) -> bool {
        let host = host.as_str();
        self.patterns
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
                None => host == pattern,
            })
    }
}

/// A name of a host in A-labels, or `*.` before one. A star anywhere else is no name (RFC 8461 3.2).
fn pattern(value: &str) -> Result<String, &'static str> {
    let bad = "an mx is no name of a host";
    let (star, name) = match value.strip_prefix("*.") {
        Some(name) => ("*.", name),
        None => ("", value),
    };
    let name = Domain::parse(name).map_err(|_| bad)?;
    Ok(format!("{star}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_the_standard_says() {
        let text = "version: STSv1\r\nmode: enforce\r\nmx: MAIL.example.com\r\nmx: *.example.net\r\nmode: none\r\nmax_age: 604800\r\nnew: thing\r\n";
        let policy = Policy::parse(text).unwrap();
        assert_eq!(policy.mode, Mode::Enforce);
        assert_eq!(policy.max_age, Duration::from_secs(604_800));
        for (host, fits) in [
            ("mail.example.com", true),
            ("a.mail.example.com", false),
            ("example.com", false),
            ("a.example.net", true),
            ("a.b.example.net", false),
            ("example.net", false),
            ("aexample.net", false),
        ] {
            assert_eq!(policy.names(&host.parse().unwrap()), fits, "{host}");
        }
        let bare = Policy::parse("version:STSv1\nmode:none\nmax_age:0").unwrap();
        assert_eq!(bare.mode, Mode::None);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "<html>not found</html>",
            "version: STSv2\nmode: enforce\nmx: a.b\nmax_age: 1",
            "version: STSv1\nmode: strict\nmx: a.b\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1",
            "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 99999999999",
            "version: STSv1\nmode: enforce\nmx: a.b",
            "version: STSv1\nmode: enforce\nmx: *\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmx: a.*.b\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 1\nhello",
        ] {
            assert!(Policy::parse(text).is_err(), "{text:?}");
        }
    }
}

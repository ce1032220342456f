//! SMTP replies (RFC 5321 4.2): what we say, and what we hear.
//!
//! A [`Reply`] keeps code, enhanced status and text apart, so that a report (DSN) can quote each of them. Its text never
//! holds CR, LF or another control character: [`Reply::new`] replaces them, since a peer's reply ends up in headers and logs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::EnhancedStatus;

/// A reply code, 200 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReplyCode(u16);

impl ReplyCode {
    /// `code` as a reply code, if it is one (RFC 5321 4.2: first digit 2 to 5, second 0 to 5).
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 200 && code <= 559 && (code / 10) % 10 <= 5 {
            Some(Self(code))
        } else {
            None
        }
    }

    /// A code that is known to be good; any other becomes 451, the answer for our own faults.
    #[must_use]
    pub const fn known(code: u16) -> Self {
        match Self::new(code) {
            Some(code) => code,
            None => Self(451),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// 2xx.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 / 100 == 2
    }

    /// 3xx.
    #[must_use]
    pub const fn is_intermediate(self) -> bool {
        self.0 / 100 == 3
    }

    /// 4xx.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        self.0 / 100 == 4
    }

    /// 5xx.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.0 / 100 == 5
    }
}

/// A whole reply, one or more lines of text under one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The code.
    pub code: ReplyCode,
    /// The enhanced status, where the reply has one.
    pub status: Option<EnhancedStatus>,
    /// The lines without code, status and line ends; at least one.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line. Control characters in `text` become `?`.
    #[must_use]
    pub fn new(code: u16, status: Option<EnhancedStatus>, text: &str) -> Self {
        Self::multi(code, status, [text])
    }

    /// A reply of several lines. Control characters become `?`; no lines at all make one empty line.
    #[must_use]
    pub fn multi<'a>(
        code: u16,
        status: Option<EnhancedStatus>,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let clean = |line: &str| {
            line.chars()
                .map(|c| if c.is_control() { '?' } else { c })
                .collect::<String>()
        };
        let mut lines: Vec<String> = lines.into_iter().map(clean).collect();
        if lines.is_empty() {
            lines.push(String::new());
        }
        Self {
            code: ReplyCode::known(code),
            status,
            lines,
        }
    }

    /// The wire form, every line with its CRLF. The status stands on each line (RFC 2034 4).
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        // Code, status and line end take less than this.
        const AROUND: usize = 16;
        let octets = self.lines.iter().map(|line| line.len() + AROUND).sum();
        let mut wire = String::with_capacity(octets);
        let status = self.status.map(|status| format!("{status} "));
        let status = status.as_deref().unwrap_or_default();
        for (at, line) in self.lines.iter().enumerate() {
            let sep = if at + 1 == self.lines.len() { ' ' } else { '-' };
            wire.push_str(&self.code.0.to_string());
            wire.push(sep);
            wire.push_str(status);
            wire.push_str(line);
            wire.push_str("\r\n");
        }
        wire.into_bytes()
    }
}

/// All on one line, as logs and reports quote it.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code.0)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        for line in &self.lines {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}

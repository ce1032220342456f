//! What a remote server says it can do, from its reply to EHLO (RFC 5321 4.1.1.1).

use crate::mail::Reply;

/// The extensions that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions {
    /// Commands may be sent without waiting (RFC 2920).
    pub pipelining: bool,
    /// Octets over 127 in bodies (RFC 6152).
    pub eight_bit: bool,
    /// Non-ASCII addresses and header fields (RFC 6531).
    pub smtputf8: bool,
    /// TLS on this connection (RFC 3207).
    pub starttls: bool,
    /// The largest message in octets, where it says one (RFC 1870). Zero means no fixed limit.
    pub size: Option<u64>,
}

impl Extensions {
    /// Reads the lines of a reply to EHLO.
    #[must_use]
    pub fn of(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase()
                .as_str()
            {
                "PIPELINING" => found.pipelining = true,
                "8BITMIME" => found.eight_bit = true,
                "SMTPUTF8" => found.smtputf8 = true,
                "STARTTLS" => found.starttls = true,
                "SIZE" => found.size = words.next().and_then(|size| size.parse().ok()),
                _ => {}
            }
        }
        found
    }
}

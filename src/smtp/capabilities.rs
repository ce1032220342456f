//! What the server says it can do, in its reply to EHLO (RFC 5321 4.1.1.1).
//!
//! CHUNKING, DSN and AUTH are not offered: the first is a nest of state errors, the second would confirm mailboxes, the third nobody needs.

use crate::mail::{Domain, Reply};

/// What depends on configuration and connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The largest message in octets (SIZE, RFC 1870).
    pub max_message_size: usize,
    /// The most recipients of a message (LIMITS, RFC 9422).
    pub max_recipients: usize,
    /// Whether STARTTLS may be asked for now.
    pub starttls: bool,
}

/// The reply to EHLO.
#[must_use]
pub fn ehlo_reply(hostname: &Domain, offer: Offer) -> Reply {
    let size = format!("SIZE {}", offer.max_message_size);
    let limits = format!("LIMITS RCPTMAX={}", offer.max_recipients);
    let mut lines = vec![
        hostname.as_str(),
        "PIPELINING",
        &size,
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        &limits,
    ];
    if offer.starttls {
        lines.push("STARTTLS");
    }
    Reply::multi(250, None, lines)
}

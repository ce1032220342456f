//! Our own trace fields (RFC 5321 4.4), and couriers' mail with them in front.

use std::net::IpAddr;

use bytes::Bytes;

use crate::mail::{Domain, Timestamp, TraceId};
use crate::message::Message;

/// What our trace field on participants' mail says: our host, the trace id, the time. Nothing of the client: its name and address are
/// what the mask hides.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Our host.
    pub host: Domain,
    /// The name of the transaction.
    pub id: TraceId,
    /// When the message was taken.
    pub at: Timestamp,
}

impl Trace {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let line = format!(
            "Received: by {} with ESMTP id {};\r\n {}\r\n",
            self.host,
            self.id,
            self.at.to_rfc5322()
        );
        out.extend_from_slice(line.as_bytes());
    }
}

/// What our trace field on couriers' mail says: also who delivered it, as any server's does. A courier is no secret.
#[derive(Debug, Clone)]
pub struct CourierTrace {
    /// The client's address.
    pub client: IpAddr,
    /// What it called itself.
    pub helo: String,
    /// How it spoke (RFC 3848): `SMTP`, `ESMTP` or `ESMTPS`.
    pub protocol: &'static str,
    /// Our side.
    pub trace: Trace,
}

/// A courier's message: every byte of it, with our trace field in front, so that its signature still verifies (DOMAIN.md).
#[must_use]
pub fn courier(letter: &Message, trace: &CourierTrace) -> Bytes {
    let client = match trace.client.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("IPv6:{v6}"),
    };
    // What the client calls itself is anybody's text: only what a host name or literal may hold goes into the field.
    let helo: String = trace
        .helo
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(*c))
        .take(255)
        .collect();
    let helo = if helo.is_empty() { "unknown" } else { &helo };
    let head = format!(
        "Received: from {helo} ([{client}])\r\n by {} with {} id {};\r\n {}\r\n",
        trace.trace.host,
        trace.protocol,
        trace.trace.id,
        trace.trace.at.to_rfc5322()
    );
    let mut out = Vec::with_capacity(head.len() + letter.raw().len());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(letter.raw());
    Bytes::from(out)
}

//! Couriers' mail: it keeps every byte, with our trace fields in front. Only where it would be refused for that at the next server does
//! its From change.

use std::net::IpAddr;

use bytes::Bytes;

use super::Trace;
use crate::mail::Mailbox;
use crate::message::{Message, encode_words};

/// What our trace fields on couriers' mail say: also who delivered it, as any server's do. A courier is no secret.
#[derive(Debug, Clone)]
pub struct CourierTrace {
    /// The client's address.
    pub client: IpAddr,
    /// What it called itself.
    pub helo: String,
    /// How it spoke (RFC 3848): `SMTP`, `ESMTP` or `ESMTPS`.
    pub protocol: &'static str,
    /// What proved the sender, as a method of an Authentication-Results field (RFC 8601); none: nothing was checked.
    pub result: Option<String>,
    /// Our side.
    pub trace: Trace,
}

impl CourierTrace {
    /// Authentication-Results and Received, topmost first (RFC 8601 5: ours stands above our Received).
    fn write(&self) -> String {
        let client = match self.client.to_canonical() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("IPv6:{v6}"),
        };
        // What the client calls itself is anybody's text: only what a host name or literal may hold goes into the field.
        let plain = |c: &char| c.is_ascii_alphanumeric() || ".-_:[]".contains(*c);
        let helo: String = self.helo.chars().filter(plain).take(255).collect();
        let helo = if helo.is_empty() { "unknown" } else { &helo };
        let Trace { host, id, at } = &self.trace;
        let result = self.result.as_deref().unwrap_or("none");
        format!(
            "Authentication-Results: {host};\r\n {result}\r\nReceived: from {helo} ([{client}])\r\n by {host} with {} id {id};\r\n {}\r\n",
            self.protocol,
            at.to_rfc5322()
        )
    }

    /// Whether a field claims to be an Authentication-Results of ours: nobody outside may say that (RFC 8601 5).
    fn is_forged(&self, name: &[u8], value: &[u8]) -> bool {
        if !name.eq_ignore_ascii_case(b"Authentication-Results") {
            return false;
        }
        let text = String::from_utf8_lossy(value).to_ascii_lowercase();
        // A comment may stand before the name, so the name counts wherever it stands before the first result.
        text.split(';')
            .next()
            .is_some_and(|head| head.contains(self.trace.host.as_str()))
    }
}

/// A courier's message: every byte of it but forged results, so that its signature still verifies (docs/rules.md#what-is-rewritten).
#[must_use]
pub fn courier(message: &Message, trace: &CourierTrace) -> Bytes {
    let head = trace.write();
    let mut out = Vec::with_capacity(head.len() + message.raw().len());
    out.extend_from_slice(head.as_bytes());
    if message
        .fields()
        .any(|field| trace.is_forged(field.name, field.value))
    {
        copy_fields(message, &mut out, |name, value| {
            !trace.is_forged(name, value)
        });
    } else {
        out.extend_from_slice(message.raw());
    }
    Bytes::from(out)
}

/// A courier's message from an address of ours: `"NAME (ADDRESS)" <c-TOKEN@masked domain>`, answers to the courier. For mail that only SPF
/// proves and whose domain's DMARC policy would have it refused behind us. Its signatures, which prove nothing, go.
#[must_use]
pub fn courier_as(
    message: &Message,
    trace: &CourierTrace,
    from: (&Mailbox, Option<&str>),
    shown: &Mailbox,
) -> Bytes {
    let (address, name) = from;
    let phrase = encode_words(&match name {
        Some(name) => format!("{name} ({address})"),
        None => address.to_string(),
    });
    let mut out = Vec::with_capacity(message.raw().len() + 1_024);
    out.extend_from_slice(trace.write().as_bytes());
    out.extend_from_slice(format!("From: {phrase} <{shown}>\r\n").as_bytes());
    // A Reply-To of the courier's own is free (docs/rules.md#return-path-and-reply-to), and stays.
    if message.named("Reply-To").next().is_none() {
        out.extend_from_slice(format!("Reply-To: <{address}>\r\n").as_bytes());
    }
    copy_fields(message, &mut out, |name, value| {
        // A Sender would stand beside our From as somebody else, and no signature survives another From.
        let replaced = [&b"From"[..], b"Sender", b"DKIM-Signature"];
        !replaced
            .iter()
            .any(|field| name.eq_ignore_ascii_case(field))
            && !trace.is_forged(name, value)
    });
    Bytes::from(out)
}

/// The fields that are to stay, octet by octet, and all behind them: a signature that covers none of the others still verifies.
fn copy_fields(message: &Message, out: &mut Vec<u8>, keep: impl Fn(&[u8], &[u8]) -> bool) {
    let mut section = 0;
    for field in message.fields() {
        section += field.whole.len();
        if keep(field.name, field.value) {
            out.extend_from_slice(field.whole);
        }
    }
    out.extend_from_slice(message.raw().get(section..).unwrap_or_default());
}

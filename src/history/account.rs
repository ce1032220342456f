//! What a line tells beside its event: how the message came, how an attempt went, and what only whoever has the keys may read.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mail::{Mailbox, Reception, RemoteSession, Timestamp};

/// How a message came, without what names its writer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// The client's address.
    pub client: IpAddr,
    /// `SMTP`, `ESMTP` or `ESMTPS`.
    pub protocol: String,
    /// Octets of the message; zero before its end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub octets: u64,
    /// When the client said MAIL.
    pub began: Timestamp,
    /// When the last octet was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The checks of the sender: `spf=pass`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub checks: String,
    /// The rule that decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub decided: String,
    /// As whom the recipient sees the writer: a mask, or a courier's address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// The seller of the transaction.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub seller: String,
    /// What was changed on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Came {
    /// What of `reception` names nobody.
    #[must_use]
    pub fn of(reception: &Reception) -> Self {
        Self {
            client: reception.client,
            protocol: reception.protocol.to_owned(),
            octets: reception.octets as u64,
            began: reception.began,
            ended: reception.ended,
            checks: reception.checks.clone(),
            decided: reception.decided.clone(),
            from: reception.shown_as.clone(),
            seller: reception.seller.clone(),
            changed: reception
                .changed
                .iter()
                .map(|word| (*word).to_owned())
                .collect(),
        }
    }
}

/// How an attempt went, without what names the receiver. Milliseconds; together with the time before the queue these are the `delays` of Postfix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The port of the last server; none: none was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether and how TLS was spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// From the acceptance of the message to the start of this attempt.
    pub queue_ms: u64,
    /// Until a server could take the message.
    pub connection_ms: u64,
    /// Until its last reply.
    pub transmission_ms: u64,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tls {
    /// RFC 5246.
    #[serde(rename = "TLSv1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "TLSv1.3")]
    V1_3,
}

impl Tls {
    /// `TLSv1.3`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::V1_2 => "TLSv1.2",
            Self::V1_3 => "TLSv1.3",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::V1_2, Self::V1_3]
            .into_iter()
            .find(|tls| tls.word() == word)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Attempt {
    /// What of `session` names nobody; `queue`: how long the message had waited when it began.
    #[must_use]
    pub fn of(session: &RemoteSession, queue: Duration) -> Self {
        Self {
            port: session.address.map(|address| address.port()),
            tls: session.tls.and_then(Tls::of),
            queue_ms: millis(queue),
            connection_ms: millis(session.connection),
            transmission_ms: millis(session.transmission),
        }
    }
}

/// What a line keeps sealed: real addresses, hosts and domains, and words that may name them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// What the client called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helo: Option<String>,
    /// The visible From.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// MAIL FROM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverse_path: Option<String>,
    /// The writer's Message-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What each check of the sender found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<String>,
    /// The sentence of a refusal, as the client heard it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// To which address an attempt was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The last host of an attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Its last words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// What the system, TLS or the dialogue said of a connection that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Some text that says something.
fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Hidden {
    /// What of `reception` names the writer. A return path that is the From is not said twice.
    #[must_use]
    pub fn of_reception(reception: &Reception) -> Self {
        let from = reception.from.clone();
        let path = reception.reverse_path.trim_matches(['<', '>']);
        let same = from.as_deref() == Some(path);
        Self {
            helo: some(&reception.helo),
            reverse_path: (!same).then(|| reception.reverse_path.clone()),
            from,
            message_id: some(&reception.message_id),
            findings: some(&reception.findings),
            ..Self::default()
        }
    }

    /// What of an attempt names the receiver at `recipient`; `reply`: the server's last words.
    #[must_use]
    pub fn of_attempt(session: &RemoteSession, recipient: &Mailbox, reply: Option<String>) -> Self {
        Self {
            recipient: Some(recipient.to_string()),
            host: session.host.as_ref().map(ToString::to_string),
            address: session.address.map(|address| address.ip()),
            reply,
            error: session.error.clone(),
            ..Self::default()
        }
    }
}

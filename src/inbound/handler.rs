//! The seam between the protocol and everything that is decided about addresses and messages.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;

use bytes::Bytes;

use super::transaction::MailTransaction;
use crate::mail::{ForwardPath, Reply};
use crate::policy::Refusal;

/// A pending answer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a message came (RFC 3848).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// HELO.
    #[default]
    Smtp,
    /// EHLO.
    Esmtp,
    /// EHLO over TLS.
    Esmtps,
    /// No SMTP: written in the Message Center.
    Http,
}

impl Protocol {
    /// The word for it in a Received field.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Esmtp => "ESMTP",
            Self::Esmtps => "ESMTPS",
            Self::Http => "HTTP",
        }
    }
}

/// Who is at the other end of a session.
#[derive(Debug, Clone)]
pub struct Client {
    /// Names the session: 64 random bits.
    pub session: u64,
    /// Its address.
    pub address: IpAddr,
    /// What it calls itself: printable ASCII, and nothing more is known of it.
    pub helo: String,
    /// How it speaks.
    pub protocol: Protocol,
}

impl Client {
    /// A client that only exists in a question of `explain`.
    #[must_use]
    pub fn imagined(address: Option<IpAddr>) -> Self {
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Self {
            session: 0,
            address,
            helo: "unknown".to_owned(),
            protocol: Protocol::Esmtp,
        }
    }

    /// A participant in the Message Center: no client of ours has an address there.
    #[must_use]
    pub fn of_the_center(session: u64) -> Self {
        Self {
            session,
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            helo: "center".to_owned(),
            protocol: Protocol::Http,
        }
    }
}

/// Decides about senders, recipients and messages.
pub trait MailHandler: Send + Sync + 'static {
    /// Whether a transaction may begin: storage, budgets. The error is the refusal to send.
    fn mail_from<'a>(
        &'a self,
        client: &'a Client,
        transaction: &'a MailTransaction,
    ) -> BoxFuture<'a, Result<(), Reply>>;

    /// Whether one more recipient is taken. The error is the refusal to send.
    fn rcpt_to<'a>(
        &'a self,
        client: &'a Client,
        transaction: &'a MailTransaction,
        to: &'a ForwardPath,
    ) -> BoxFuture<'a, Result<(), Reply>>;

    /// Returns when a message of `octets` should be judged: a large one waits a moment while much is on its way out. Whom it is for is not asked,
    /// for the wait would tell it.
    fn backpressure(&self, octets: usize) -> BoxFuture<'_, ()>;

    /// Judges a message and makes it durable, if it may pass. The reply ends the transaction. `data` has CRLF line ends, dots unstuffed.
    fn handle_message<'a>(
        &'a self,
        client: &'a Client,
        transaction: MailTransaction,
        data: Bytes,
    ) -> BoxFuture<'a, Reply>;

    /// The reply for a refusal that the session itself makes, counted and logged like every other.
    fn refuse(
        &self,
        client: &Client,
        transaction: Option<&MailTransaction>,
        refusal: &Refusal,
    ) -> Reply;
}

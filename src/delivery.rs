//! The way out: routes and MX look-ups, connections, TLS, the SMTP dialogue, and one [`Outcome`] per recipient.

mod any_certificate;
mod connection;
mod dane;
mod destination;
mod downgrade;
mod network_policy;
mod pool;
mod requirements;
mod settings;
mod smtp;
mod sts;
mod tls;
mod transaction;
mod trouble;
mod watch;
mod wire;

use std::future::Future;
use std::pin::Pin;

use crate::mail::{Mailbox, Outcome, QueueId, RemoteSession, ReversePath};
use crate::spool::Content;

pub use any_certificate::AnyCertificate;
pub use network_policy::NetworkPolicy;
pub use pool::ParkedConnection;
pub use settings::{DeliverySettings, Timeouts};
pub use smtp::{DeliveryContext, SmtpDelivery};
pub use sts::{PolicyFuture, SharedPolicies};
pub use tls::TlsError;

/// One message to one recipient, ready for the wire.
#[derive(Debug, Clone)]
pub struct DeliveryRequest {
    /// The entry, for logs.
    pub id: QueueId,
    /// MAIL FROM.
    pub reverse_path: ReversePath,
    /// RCPT TO: a real address, known for the length of this attempt only.
    pub recipient: Mailbox,
    /// The message with CRLF line ends, not dot-stuffed.
    pub body: Content,
    /// Whether it needs SMTPUTF8.
    pub smtputf8: bool,
    /// Whether it holds octets over 127.
    pub eight_bit: bool,
}

/// How an attempt ended. Never an error: what goes wrong out there is data.
pub struct AttemptResult {
    /// What became of the message.
    pub outcome: Outcome,
    /// The last server, and where the time went.
    pub session: RemoteSession,
    /// The connection that the message went over, to be dropped when the outcome is durable: before that it takes no other message and says no
    /// goodbye, so that a crash leaves at most one message for each connection that may arrive twice.
    pub connection: Option<ParkedConnection>,
}

impl From<Outcome> for AttemptResult {
    /// An outcome that no connection waits for.
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            session: RemoteSession::default(),
            connection: None,
        }
    }
}

/// A pending attempt.
pub type AttemptFuture<'a> = Pin<Box<dyn Future<Output = AttemptResult> + Send + 'a>>;

/// Makes one attempt to deliver.
pub trait Deliver: Send + Sync + 'static {
    /// Tries every host that may take the message and says how it ended.
    fn deliver(&self, work: DeliveryRequest) -> AttemptFuture<'_>;
}

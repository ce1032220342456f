//! What is noted of an attempt for the history: the server, TLS, where the time went, and what a connection broke of.

use tokio::time::Instant;

use super::connection::Connection;
use super::destination::Hop;
use super::trouble::SessionError;
use crate::mail::RemoteSession;

/// An attempt that is being made.
pub(super) struct Watch {
    began: Instant,
    /// Since when the last server could take the message; none: not yet.
    connected: Option<Instant>,
    session: RemoteSession,
}

impl Watch {
    /// Of an attempt that begins now.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            connected: None,
            session: RemoteSession::default(),
        }
    }

    /// The next server is tried: what was noted of the one before counts no more.
    pub(super) fn turns_to(&mut self, hop: &Hop) {
        self.connected = None;
        self.session = RemoteSession {
            host: hop.host.clone(),
            address: Some(hop.address),
            ..RemoteSession::default()
        };
    }

    /// The message is sent over `connection` now.
    pub(super) fn sends(&mut self, connection: &Connection) {
        self.connected = Some(Instant::now());
        self.session.tls = connection.tls;
    }

    /// The connection broke, or did not come about.
    pub(super) fn breaks(&mut self, broken: &SessionError) {
        self.session.error = broken.words();
    }

    /// What was noted, when the attempt has ended.
    pub(super) fn end(self) -> RemoteSession {
        let now = Instant::now();
        let connected = self.connected.unwrap_or(now);
        RemoteSession {
            connection: connected.saturating_duration_since(self.began),
            transmission: now.saturating_duration_since(connected),
            ..self.session
        }
    }
}

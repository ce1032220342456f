//! Connections that wait for the next message to the same server.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::destination::Hop;

/// The most messages over one connection.
const MAX_USES: u32 = 100;
/// How long a connection may wait unused; shorter than other servers' patience.
const MAX_IDLE: Duration = Duration::from_secs(30);
/// The most connections that wait for one server.
const MAX_WAITING: usize = 20;

/// Idle connections by server.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Hop, Vec<(Instant, Connection)>>>);

impl Pool {
    fn idle(&self) -> MutexGuard<'_, HashMap<Hop, Vec<(Instant, Connection)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to `hop` that was alive when it was last looked at.
    pub(super) async fn take(&self, hop: &Hop) -> Option<Connection> {
        loop {
            let (since, mut connection) = self.idle().get_mut(hop)?.pop()?;
            if since.elapsed() < MAX_IDLE && !connection.is_stale().await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next message, or hands it back to be closed.
    pub(super) fn keep(&self, hop: &Hop, connection: Connection) -> Option<Connection> {
        if connection.used >= MAX_USES {
            return Some(connection);
        }
        let mut idle = self.idle();
        let waiting = idle.entry(hop.clone()).or_default();
        waiting.retain(|(since, _)| since.elapsed() < MAX_IDLE);
        if waiting.len() >= MAX_WAITING {
            return Some(connection);
        }
        waiting.push((Instant::now(), connection));
        None
    }

    /// Every connection that waits.
    pub(super) fn drain(&self) -> Vec<Connection> {
        self.idle()
            .drain()
            .flat_map(|(_, waiting)| waiting)
            .map(|(_, connection)| connection)
            .collect()
    }
}

//! Connections that wait for the next message to the same server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::destination::Hop;
use crate::failpoint;

/// The most messages over one connection: many servers end it at about as many by themselves.
const MAX_USES: u32 = 100;
/// How long a connection may wait unused; shorter than other servers' patience.
const MAX_IDLE: Duration = Duration::from_secs(30);
/// The most connections that wait for one server: as many as a lane of the queue has under way.
const MAX_WAITING: usize = 40;

/// The most connections that wait in all, and the most servers that are remembered for having had one.
const MAX_ALL: usize = 200;

/// A connection whose last outcome is not durable yet. Dropped, it waits for the next message or is closed.
pub struct ParkedConnection {
    pool: Arc<Pool>,
    hop: Hop,
    connection: Option<Connection>,
}

impl ParkedConnection {
    /// Keeps `connection` to `hop` back from `pool`.
    pub(super) const fn new(pool: Arc<Pool>, hop: Hop, connection: Connection) -> Self {
        Self {
            pool,
            hop,
            connection: Some(connection),
        }
    }
}

impl Drop for ParkedConnection {
    fn drop(&mut self) {
        failpoint::pass("delivery.unparking");
        let connection = self.connection.take();
        let left = connection.and_then(|connection| self.pool.keep(&self.hop, connection));
        // Without a runtime the process is ending, and the connection with it.
        if let (Some(left), Ok(runtime)) = (left, tokio::runtime::Handle::try_current()) {
            runtime.spawn(left.quit());
        }
    }
}

/// Idle connections by server, each with the time since when. No task looks after them: one that has waited too long goes when somebody comes
/// for it, or when room is needed.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Hop, Vec<(Instant, Connection)>>>);

impl Pool {
    fn idle(&self) -> MutexGuard<'_, HashMap<Hop, Vec<(Instant, Connection)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to `hop` that was alive when it was last looked at. It may have died since: that costs no attempt. The newest comes first, so
    /// that those that are not needed run out.
    pub(super) async fn take(&self, hop: &Hop) -> Option<Connection> {
        loop {
            let (since, mut connection) = self.idle().get_mut(hop)?.pop()?;
            if since.elapsed() < MAX_IDLE && !connection.wire.is_stale().await {
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
        // Servers whose connections are gone stay in the map until it is full.
        if idle.len() >= MAX_ALL {
            idle.retain(|_, waiting| {
                waiting.retain(|(since, _)| since.elapsed() < MAX_IDLE);
                !waiting.is_empty()
            });
        }
        if idle.values().map(Vec::len).sum::<usize>() >= MAX_ALL {
            return Some(connection);
        }
        let waiting = idle.entry(hop.clone()).or_default();
        waiting.retain(|(since, _)| since.elapsed() < MAX_IDLE);
        if waiting.len() >= MAX_WAITING {
            return Some(connection);
        }
        waiting.push((Instant::now(), connection));
        None
    }

    /// Every connection that waits, for the goodbye at the end.
    pub(super) fn drain(&self) -> Vec<Connection> {
        self.idle()
            .drain()
            .flat_map(|(_, waiting)| waiting)
            .map(|(_, connection)| connection)
            .collect()
    }
}

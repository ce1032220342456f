//! Reads messages back from a shard, over a connection of its own: a batch of writes or a lease that waits must not keep deliveries waiting.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::quarters::{quarter_of, stored};
use crate::directory::PostgresSettings;
use crate::mail::QueueId;

/// How long an answer may take. A message of the largest size is read in less.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads messages. Those that ask at once share a connection.
pub(super) struct Reader {
    settings: PostgresSettings,
    open: Mutex<Option<Arc<Client>>>,
}

impl Reader {
    pub(super) fn new(settings: PostgresSettings) -> Self {
        Self {
            settings,
            open: Mutex::new(None),
        }
    }

    /// The message of an entry; none: the shard has no such entry.
    ///
    /// # Errors
    /// Why it is not known, for the log.
    pub(super) async fn body(&self, id: QueueId) -> Result<Option<Bytes>, String> {
        match timeout(PATIENCE, self.read(id)).await {
            Ok(read) => read,
            Err(_) => {
                // Others that wait for the same connection end as they would have.
                self.open.lock().await.take();
                Err("no answer in time".to_owned())
            }
        }
    }

    async fn read(&self, id: QueueId) -> Result<Option<Bytes>, String> {
        let client = self.client().await?;
        let sql = format!("select body from entry_{} where id = $1", quarter_of(id));
        match client.query_opt(&sql, &[&stored(id)]).await {
            Ok(None) => Ok(None),
            Ok(Some(row)) => {
                let body: Vec<u8> = row.try_get(0).map_err(|error| error.to_string())?;
                Ok(Some(body.into()))
            }
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
            Err(error) => Err(super::session::words(&error)),
        }
    }

    async fn client(&self) -> Result<Arc<Client>, String> {
        let mut open = self.open.lock().await;
        if let Some(client) = open.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        let connected = self
            .settings
            .connect(Arc::new(AtomicBool::new(false)))
            .await;
        let client = Arc::new(connected.map_err(|error| error.to_string())?);
        *open = Some(client.clone());
        Ok(client)
    }
}

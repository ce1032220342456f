//! One connection to the database, and the statements that it has prepared.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::Severity;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Error, Row, Statement};

use super::fault::{PostgresError, at_start};
use super::settings::PostgresSettings;
use super::tls::Connector;

/// Values for the `$1`, `$2` … of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

impl PostgresSettings {
    /// Connects to the first of the hosts that takes changes. `warned` is set whenever the server warns of something, before the answer is heard that it
    /// belongs to.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub async fn connect(&self, warned: Arc<AtomicBool>) -> Result<Client, PostgresError> {
        let connector = Connector::new(self.roots.as_deref())
            .map_err(|error| PostgresError::Refused(format!("sslrootcert: {error}")))?;
        self.dial(&connector, Some(warned)).await
    }

    async fn dial(
        &self,
        connector: &Connector,
        warned: Option<Arc<AtomicBool>>,
    ) -> Result<Client, PostgresError> {
        let mut config = self.config.clone();
        if let Some(file) = &self.password_file {
            // Read each time: it may be changed while the server runs.
            let password = tokio::fs::read_to_string(file).await.map_err(|error| {
                let shown = file.display();
                PostgresError::Refused(format!(
                    "{shown}: {error}; password_file must be a file that this user may read"
                ))
            })?;
            config.password(password.trim_end_matches(['\r', '\n']));
        }
        let opened = config.connect(connector.clone()).await;
        let (client, mut worker) = opened.map_err(|error| at_start(self, &error))?;
        tokio::spawn(async move {
            while let Some(message) = poll_fn(|context| worker.poll_message(context)).await {
                match (message, &warned) {
                    (Ok(AsyncMessage::Notice(notice)), Some(warned))
                        if notice.parsed_severity() == Some(Severity::Warning) =>
                    {
                        warned.store(true, Ordering::SeqCst);
                    }
                    (Ok(_), _) => {}
                    // Whoever asks next hears that it has ended.
                    (Err(error), _) => {
                        tracing::warn!(event = "database_connection_lost", error = %super::fault::words(&error));
                        return;
                    }
                }
            }
        });
        Ok(client)
    }
}

/// A connection. Questions of many share it: they are sent one behind the other, without a wait for answers.
pub(super) struct Connection {
    pub(super) client: Client,
    prepared: Mutex<HashMap<&'static str, Statement>>,
}

impl Connection {
    /// Connects to the first of the hosts that takes changes.
    pub(super) async fn open(
        settings: &PostgresSettings,
        connector: &Connector,
    ) -> Result<Self, PostgresError> {
        let client = settings.dial(connector, None).await?;
        Ok(Self {
            client,
            prepared: Mutex::default(),
        })
    }

    /// Runs a statement.
    pub(super) async fn run(
        &self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(sql).await?;
        self.client.query(&statement, values).await
    }

    /// The statement of `sql`, prepared once for the life of the connection.
    pub(super) async fn prepared(&self, sql: &'static str) -> Result<Statement, Error> {
        let known = {
            let prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
            prepared.get(sql).cloned()
        };
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(prepared.entry(sql).or_insert(statement).clone())
    }
}

/// Rows on their way into a table. What is not ended is undone.
pub(super) struct Copy(Pin<Box<BinaryCopyInWriter>>);

impl Connection {
    /// Begins a COPY (`copy TABLE (COLUMNS) from stdin binary`) of rows with these types.
    pub(super) async fn copy(&self, sql: &'static str, types: &[Type]) -> Result<Copy, Error> {
        let sink = self.client.copy_in(sql).await?;
        Ok(Copy(Box::pin(BinaryCopyInWriter::new(sink, types))))
    }
}

impl Copy {
    /// Adds a row, which has as many values as there are types.
    pub(super) async fn row(&mut self, values: Values<'_>) -> Result<(), Error> {
        self.0.as_mut().write(values).await
    }

    /// Ends it: how many rows went in.
    pub(super) async fn end(mut self) -> Result<u64, Error> {
        self.0.as_mut().finish().await
    }
}

//! One connection to the database, and the statements that it has prepared.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::fault::{PostgresError, at_start};
use super::settings::PostgresSettings;
use super::tls::Connector;

/// Values for the `$1`, `$2` … of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

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
        let mut config = settings.config.clone();
        if let Some(file) = &settings.password_file {
            // Read each time: it may be changed while the server runs.
            let password = tokio::fs::read_to_string(file).await.map_err(|error| {
                let shown = file.display();
                PostgresError::Refused(format!("{shown}: {error}; [directory] password_file must be a file that this user may read"))
            })?;
            config.password(password.trim_end_matches(['\r', '\n']));
        }
        let opened = config.connect(connector.clone()).await;
        let (client, worker) = opened.map_err(|error| at_start(settings, &error))?;
        tokio::spawn(async move {
            // Whoever asks next hears that it has ended.
            if let Err(error) = worker.await {
                tracing::warn!(event = "database_connection_lost", error = %super::fault::words(&error));
            }
        });
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

//! What carriers ask: their tokens, and the listener where they do.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::data_dir;
use super::listen;
use super::lost;
use super::shared;
use super::stores::Stores;
use crate::config::{Config, Engine};
use crate::directory::{PostgresState, State};
use crate::http::{Guard, Listener};
use crate::tokens::Tokens;
use crate::verify::{self, VerifyContext};

/// The tokens, and the listener if there is one.
pub(super) struct Carriers {
    pub(super) tokens: Arc<Tokens>,
    pub(super) listener: Option<Listener>,
}

impl Carriers {
    /// Reads the tokens and binds what `[verify]` names.
    pub(super) async fn open(stores: &Stores) -> Result<Self, StartError> {
        let tokens = Tokens::load(stores.state.clone());
        let tokens = tokens.map_err(|error| StartError::because("state", error))?;
        let listener = match &stores.config.verify.http {
            Some(http) => Some(listen::http("verify", http).await?.for_strangers()),
            None => None,
        };
        Ok(Self {
            tokens: Arc::new(tokens),
            listener,
        })
    }

    /// Where it is bound.
    pub(super) fn shown(&self) -> Option<String> {
        let listener = self.listener.as_ref();
        listener.map(|listener| listener.shown().to_owned())
    }

    /// Answers until `shutdown`; none: there is no listener.
    pub(super) fn serve(
        self,
        stores: &Stores,
        shutdown: &CancellationToken,
    ) -> Option<JoinHandle<()>> {
        let config = &stores.config;
        let (listener, http) = (self.listener?, config.verify.http.as_ref()?);
        let context = VerifyContext {
            directory: stores.directory.clone(),
            domains: stores.domains.clone(),
            in_force: stores.in_force.clone(),
            tokens: self.tokens,
            history: stores.history.clone(),
            clock: stores.clock.clone(),
            unknown_per_token: config.verify.unknown_per_token,
            guard: Guard::new(http, &config.hostname, &config.verify.hosts),
        };
        Some(tokio::spawn(verify::serve(
            listener,
            context,
            shutdown.clone(),
        )))
    }
}

/// The tokens of a configuration while no server runs.
///
/// # Errors
/// [`StartError`]: the state is in use by a server that this configuration does not reach, or cannot be read.
pub async fn open_tokens(config: &Config) -> Result<Tokens, StartError> {
    data_dir::own(config).map_err(|error| StartError::because("data_dir", error.0))?;
    // As a start would: one that is lost is made again first, or a start would take the new one for whole.
    let state: Arc<dyn State> = match &config.directory {
        Engine::Sled => Arc::new(lost::state(config)?),
        Engine::Postgres(shared) => {
            let link = shared::link(shared).await?;
            Arc::new(PostgresState::new(link, &shared.node))
        }
    };
    Tokens::load(state).map_err(|error| StartError::because("state", error))
}

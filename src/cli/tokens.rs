//! `allegromail tokens`: make, list and revoke the tokens with which carriers ask about orders.

use clap::Subcommand;

use super::Exit;
use crate::admin::{Client, ClientError, NewToken, TokenMade};
use crate::allowlist::{Allowlist, Entry};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::verify::{ShownToken, TokenError, Tokens};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token for a courier and print it, this once
    Create {
        /// The courier's entry on the allowlist, as @domain or local@domain
        entry: Entry,
    },
    /// Print every token: id, entry, made, last used, state
    List,
    /// Revoke a token, at once
    Revoke {
        /// Its id
        id: String,
    },
}

/// Why a command failed.
enum Failure {
    /// The running server said no, or could not be asked.
    Server(ClientError),
    /// No server runs, and the same was found on the stores.
    Token(TokenError),
    /// No server runs, and the stores or the allowlist cannot be opened.
    Stores(Exit, String),
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

/// Runs the command, by the running server or on the stores where none runs.
pub(super) fn run(config: &Config, command: &Command, json: bool) -> Exit {
    super::block_on(async {
        let done = match command {
            Command::Create { entry } => create(config, entry)
                .await
                .map(|made| made_text(&made, json)),
            Command::List => list(config).await.map(|all| listed_text(&all, json)),
            Command::Revoke { id } => revoke(config, id).await.map(|()| revoked_text(id, json)),
        };
        match done {
            Ok(text) => {
                print!("{text}");
                Exit::Done
            }
            Err(failure) => failure.tell(),
        }
    })
}

impl Failure {
    fn tell(&self) -> Exit {
        let (exit, text) = match self {
            // The state store of the server does not take it.
            Self::Server(error @ ClientError::Refused { status: 503, .. }) => {
                (Exit::Unreachable, error.to_string())
            }
            Self::Server(error) => (Exit::from(error), error.to_string()),
            Self::Stores(exit, text) => (*exit, text.clone()),
            Self::Token(error @ TokenError::Unavailable(_)) => {
                (Exit::Unreachable, error.to_string())
            }
            Self::Token(error) => (Exit::BadData, error.to_string()),
        };
        eprintln!("allegromail: {text}");
        exit
    }
}

/// The answer of the server; none: none runs.
fn told<T>(answer: Result<T, ClientError>) -> Result<Option<T>, Failure> {
    match answer {
        Err(ClientError::Unreachable(_)) => Ok(None),
        answer => answer.map(Some).map_err(Failure::Server),
    }
}

/// The tokens of a configuration without a server.
fn open(config: &Config) -> Result<Tokens, Failure> {
    app::open_tokens(config).map_err(|error| Failure::Stores(Exit::Unreachable, error.to_string()))
}

/// The allowlist that a start would have.
fn allowlist(config: &Config) -> Result<Allowlist, Failure> {
    Allowlist::load(&config.allowlist)
        .map_err(|errors| Failure::Stores(Exit::BadData, errors.to_string()))
}

/// Who works on the stores.
fn user() -> String {
    format!("uid {}", rustix::process::getuid().as_raw())
}

async fn create(config: &Config, entry: &Entry) -> Result<TokenMade, Failure> {
    let new = NewToken {
        entry: entry.to_string(),
    };
    let body = serde_json::to_string(&new).unwrap_or_default();
    let answer = Client::new(&config.admin)
        .post("/v1/tokens", "application/json", body.into())
        .await;
    if let Some(made) = told(answer)? {
        return Ok(made);
    }
    let (allowlist, tokens) = (allowlist(config)?, open(config)?);
    let (id, token) = tokens.create(entry.clone(), &allowlist, &user(), SystemClock.now())?;
    Ok(TokenMade {
        id,
        entry: entry.clone(),
        token,
    })
}

async fn list(config: &Config) -> Result<Vec<ShownToken>, Failure> {
    if let Some(all) = told(Client::new(&config.admin).get("/v1/tokens").await)? {
        return Ok(all);
    }
    let allowlist = allowlist(config)?;
    Ok(open(config)?.list(&allowlist))
}

async fn revoke(config: &Config, id: &str) -> Result<(), Failure> {
    // Into the path of a request only what can be an id.
    if id.is_empty() || !id.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
        return Err(TokenError::NoSuchToken.into());
    }
    let path = format!("/v1/tokens/{id}");
    if told(Client::new(&config.admin).delete(&path).await)?.is_some() {
        return Ok(());
    }
    Ok(open(config)?.revoke(id, &user(), SystemClock.now())?)
}

/// The token alone on standard output, for a pipe; what it is goes to standard error.
fn made_text(made: &TokenMade, json: bool) -> String {
    if json {
        return format!("{}\n", serde_json::to_string(made).unwrap_or_default());
    }
    eprintln!("token {} of {}; it is shown this once", made.id, made.entry);
    format!("{}\n", made.token)
}

fn listed_text(all: &[ShownToken], json: bool) -> String {
    if json {
        return format!("{}\n", serde_json::to_string(all).unwrap_or_default());
    }
    let line = |token: &ShownToken| {
        let used = token.last_used.as_deref().unwrap_or("never");
        let state = match &token.revoked {
            Some(at) => format!(
                "revoked {at} by {}",
                token.revoked_by.as_deref().unwrap_or("-")
            ),
            None if token.good => "good".to_owned(),
            None => "its entry is not on the allowlist".to_owned(),
        };
        format!(
            "{} {} made {} by {}, last used {used}, {state}\n",
            token.id, token.entry, token.created, token.created_by
        )
    };
    all.iter().map(line).collect()
}

fn revoked_text(id: &str, json: bool) -> String {
    if json {
        format!("{}\n", serde_json::json!({ "revoked": id }))
    } else {
        format!("{id} is revoked\n")
    }
}

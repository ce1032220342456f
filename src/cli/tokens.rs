//! `allegromail tokens`: make, list and revoke the tokens with which carriers ask about orders, and participants use the Message Center.

use clap::{Args, Subcommand};

use super::Exit;
use crate::admin::{Client, ClientError, NewToken, TokenMade};
use crate::allowlist::{Allowlist, Entry};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::masking::ParticipantId;
use crate::tokens::{Holder, Scope, ShownToken, TokenError, Tokens};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token for a courier or a participant and print it, this once
    Create(Create),
    /// Print every token: id, entry, made, last used, state
    List,
    /// Revoke a token, at once
    Revoke {
        /// Its id
        id: String,
    },
}

/// A token that is to be made.
#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    whose: Whose,
    /// What the participant may do with it: messages:read, messages:write, or both where it is not said
    #[arg(
        long,
        value_name = "SCOPE",
        value_delimiter = ',',
        conflicts_with_all = ["named", "courier"]
    )]
    scope: Vec<Scope>,
}

/// Whose it is: one of the three.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The courier's entry on the allowlist, as --courier
    #[arg(value_name = "ENTRY")]
    named: Option<Entry>,
    /// The courier's entry on the allowlist, as @domain or local@domain
    #[arg(long, value_name = "ENTRY")]
    courier: Option<Entry>,
    /// The id of a participant, for its tools at the Message Center
    #[arg(long, value_name = "ID")]
    participant: Option<ParticipantId>,
}

impl Create {
    /// None: clap wants exactly one of the three.
    fn holder(&self) -> Option<Holder> {
        let whose = &self.whose;
        if let Some(entry) = whose.courier.as_ref().or(whose.named.as_ref()) {
            let entry = entry.clone();
            return Some(Holder::Courier { entry });
        }
        let mut scope = match self.scope.is_empty() {
            true => Scope::ALL.to_vec(),
            false => self.scope.clone(),
        };
        scope.sort_unstable();
        scope.dedup();
        Some(Holder::Participant {
            participant: whose.participant.clone()?,
            scope,
        })
    }
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
            Command::Create(new) => match new.holder() {
                Some(holder) => create(config, holder)
                    .await
                    .map(|made| made_text(&made, json)),
                None => return Exit::Usage,
            },
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
async fn open(config: &Config) -> Result<Tokens, Failure> {
    app::open_tokens(config)
        .await
        .map_err(|error| Failure::Stores(Exit::Unreachable, error.to_string()))
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

async fn create(config: &Config, holder: Holder) -> Result<TokenMade, Failure> {
    let new = match holder.clone() {
        Holder::Courier { entry } => NewToken {
            entry: Some(entry.to_string()),
            ..NewToken::default()
        },
        Holder::Participant { participant, scope } => NewToken {
            participant: Some(participant.to_string()),
            scope: Some(scope),
            ..NewToken::default()
        },
    };
    let body = serde_json::to_string(&new).unwrap_or_default();
    let answer = Client::new(&config.admin)
        .post("/v1/tokens", "application/json", body.into())
        .await;
    if let Some(made) = told(answer)? {
        return Ok(made);
    }
    if let Holder::Participant { participant, .. } = &holder {
        must_exist(config, participant).await?;
    }
    let (allowlist, tokens) = (allowlist(config)?, open(config).await?);
    let made = tokens.create(holder.clone(), &allowlist, &user(), SystemClock.now())?;
    Ok(TokenMade::new(holder, made))
}

/// Whether the directory of a configuration without a server has a participant.
async fn must_exist(config: &Config, id: &ParticipantId) -> Result<(), Failure> {
    let unreachable =
        |error: &dyn std::fmt::Display| Failure::Stores(Exit::Unreachable, error.to_string());
    let directory = app::open_directory(config)
        .await
        .map_err(|error| unreachable(&error))?;
    let found = directory.participant(id).await;
    match found.map_err(|error| unreachable(&error))? {
        Some(_) => Ok(()),
        None => Err(Failure::Stores(
            Exit::BadData,
            format!("there is no participant {id}; `allegromail import FILE` loads accounts"),
        )),
    }
}

async fn list(config: &Config) -> Result<Vec<ShownToken>, Failure> {
    if let Some(all) = told(Client::new(&config.admin).get("/v1/tokens").await)? {
        return Ok(all);
    }
    let allowlist = allowlist(config)?;
    Ok(open(config).await?.list(&allowlist))
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
    Ok(open(config).await?.revoke(id, &user(), SystemClock.now())?)
}

/// The token alone on standard output, for a pipe; what it is goes to standard error.
fn made_text(made: &TokenMade, json: bool) -> String {
    if json {
        return format!("{}\n", serde_json::to_string(made).unwrap_or_default());
    }
    let holder = match (&made.entry, &made.participant) {
        (Some(entry), _) => entry.to_string(),
        (None, Some(participant)) => format!("participant {participant}"),
        (None, None) => "nobody".to_owned(),
    };
    eprintln!("token {} of {holder}; it is shown this once", made.id);
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
        let holder = match (&token.entry, &token.participant) {
            (Some(entry), _) => entry.to_string(),
            (None, Some(participant)) => {
                let scope: Vec<&str> = token.scope.iter().map(|scope| scope.word()).collect();
                format!("participant {participant} ({})", scope.join(", "))
            }
            (None, None) => "-".to_owned(),
        };
        format!(
            "{} {holder} made {} by {}, last used {used}, {state}\n",
            token.id, token.created, token.created_by
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

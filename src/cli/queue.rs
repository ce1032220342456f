//! `allegromail queue`: look at what waits for delivery, and steer it (CONTRACT.md, "Program").
//!
//! Orders go to the running server. What only looks works on a stopped spool too. An order that a filter picks entries for says how
//! many first, and wants `--yes`.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::Exit;
use crate::admin::{Client, ClientError, Exported};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::mail::{Mailbox, QueueId, Timestamp};
use crate::queue::{Listed, State};
use crate::spool::Spool;

/// What is done with the queue.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// List what waits; everything without a filter
    List(Chosen),
    /// Print everything about entries
    Show(Chosen),
    /// Try entries now
    Retry(Ordered),
    /// Keep entries from being tried
    Hold(Ordered),
    /// Let held entries go on
    Release(Ordered),
    /// Give entries up; their writers get a report
    Fail(Ordered),
    /// Delete entries; nobody is told
    Drop(Ordered),
    /// Write messages, masked as they would be delivered, to files ID.eml
    Export {
        #[command(flatten)]
        chosen: Chosen,
        /// The folder
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        into: PathBuf,
    },
}

/// Which entries.
#[derive(Debug, Clone, Args)]
pub(super) struct Chosen {
    /// Queue ids
    ids: Vec<QueueId>,
    /// Every entry
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Entries to this masked address
    #[arg(long, value_name = "MASKED")]
    to: Option<String>,
    /// Entries to or from addresses of this domain
    #[arg(long)]
    domain: Option<String>,
    /// Entries accepted longer ago than this, as 2h
    #[arg(long, value_parser = duration)]
    older: Option<Duration>,
    /// Entries in this state
    #[arg(long, value_enum)]
    state: Option<Word>,
}

/// Which entries, and whether that many may be changed at once.
#[derive(Debug, Clone, Args)]
pub(super) struct Ordered {
    #[command(flatten)]
    chosen: Chosen,
    /// Do it for all that the filter picks
    #[arg(long)]
    yes: bool,
}

/// A state as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Word {
    /// Being tried
    Active,
    /// Waiting
    Deferred,
    /// Held by an operator
    Held,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| format!("{text:?} is no duration, as 30m, 2h or 1d"))
}

/// A number and a unit: s, m, h or d.
fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

impl Chosen {
    fn filters(&self) -> bool {
        self.to.is_some() || self.domain.is_some() || self.older.is_some() || self.state.is_some()
    }

    /// Whether anything is chosen at all.
    fn says_which(&self) -> bool {
        !self.ids.is_empty() || self.all || self.filters()
    }

    fn takes(&self, entry: &Listed, now: Timestamp) -> bool {
        let id = entry.id.parse::<QueueId>().ok();
        let by_id = self.ids.is_empty() || id.is_some_and(|id| self.ids.contains(&id));
        let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let of = |address: &str, domain: &str| {
            let address = address.trim_matches(['<', '>']);
            Mailbox::parse(address).is_ok_and(|mailbox| is(mailbox.domain().as_str(), domain))
        };
        let state = match self.state {
            None => true,
            Some(Word::Active) => entry.state == State::Active,
            Some(Word::Deferred) => entry.state == State::Deferred,
            Some(Word::Held) => entry.state == State::Held,
        };
        let to = self.to.as_deref().is_none_or(|to| is(&entry.to, to));
        let domain = self
            .domain
            .as_deref()
            .is_none_or(|domain| of(&entry.to, domain) || of(&entry.from, domain));
        let older = self
            .older
            .is_none_or(|older| now.since(entry.arrived) >= older);
        by_id && state && to && domain && older
    }
}

/// Runs `allegromail queue`.
pub(super) fn run(config: &Config, command: &Command, json: bool) -> Exit {
    super::block_on(async {
        let done = match command {
            Command::List(chosen) => list(config, chosen, json).await,
            Command::Show(chosen) => show(config, chosen, json).await,
            Command::Retry(ordered) => order(config, ordered, "retry", json).await,
            Command::Hold(ordered) => order(config, ordered, "hold", json).await,
            Command::Release(ordered) => order(config, ordered, "release", json).await,
            Command::Fail(ordered) => order(config, ordered, "fail", json).await,
            Command::Drop(ordered) => order(config, ordered, "drop", json).await,
            Command::Export { chosen, into } => export(config, chosen, into, json).await,
        };
        done.unwrap_or_else(|(exit, text)| {
            eprintln!("allegromail: {text}");
            exit
        })
    })
}

type Failed = (Exit, String);

fn not_reachable(error: impl std::fmt::Display) -> Failed {
    (Exit::Unreachable, error.to_string())
}

/// The entries that are chosen: of the running server, or of the spool where none runs.
async fn find(config: &Config, chosen: &Chosen) -> Result<Vec<Listed>, Failed> {
    let answer = match &config.admin {
        Some(admin) => Client::new(admin).get("/v1/queue").await,
        None => Err(ClientError::Unreachable("no [admin] listen".to_owned())),
    };
    let listed: Vec<Listed> = match answer {
        Err(ClientError::Unreachable(_)) => {
            let opened = app::open_idle_spool(config).map_err(not_reachable)?;
            let of = |entry| {
                let state = if entry_held(entry) {
                    State::Held
                } else {
                    State::Deferred
                };
                Listed::of(entry, state)
            };
            opened.recovered.iter().map(of).collect()
        }
        answer => answer.map_err(not_reachable)?,
    };
    let now = SystemClock.now();
    Ok(listed
        .into_iter()
        .filter(|entry| chosen.takes(entry, now))
        .collect())
}

fn entry_held(entry: &crate::spool::Entry) -> bool {
    entry.progress.held
}

fn word(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::Deferred => "deferred",
        State::Held => "held",
    }
}

fn print_json(value: &impl serde::Serialize) -> Result<Exit, Failed> {
    let text =
        serde_json::to_string(value).map_err(|error| (Exit::Temporary, error.to_string()))?;
    println!("{text}");
    Ok(Exit::Done)
}

async fn list(config: &Config, chosen: &Chosen, json: bool) -> Result<Exit, Failed> {
    let listed = find(config, chosen).await?;
    if json {
        return print_json(&listed);
    }
    for entry in &listed {
        let last = entry.last_reply.as_deref().unwrap_or("-");
        println!(
            "{:<8} {:<8} {:>3} {} {} {last}",
            entry.id,
            word(entry.state),
            entry.attempts,
            entry.next_attempt,
            entry.to
        );
    }
    eprintln!("{} entries", listed.len());
    Ok(Exit::Done)
}

async fn show(config: &Config, chosen: &Chosen, json: bool) -> Result<Exit, Failed> {
    let listed = which(config, chosen).await?;
    if json {
        return print_json(&listed);
    }
    for entry in &listed {
        println!("id            {}", entry.id);
        println!("state         {}", word(entry.state));
        println!("from          {}", entry.from);
        println!("to            {}", entry.to);
        println!("arrived       {}", entry.arrived);
        println!("attempts      {}", entry.attempts);
        println!("next attempt  {}", entry.next_attempt);
        println!(
            "last reply    {}",
            entry.last_reply.as_deref().unwrap_or("-")
        );
        println!("trace         {}\n", entry.trace);
    }
    Ok(Exit::Done)
}

/// As [`find`], where something must be chosen. Ids that are named must be there, one of them at least; a filter may pick nothing.
async fn which(config: &Config, chosen: &Chosen) -> Result<Vec<Listed>, Failed> {
    if !chosen.says_which() {
        let text = "say which: ids, --to, --domain, --older, --state or --all".to_owned();
        return Err((Exit::Usage, text));
    }
    let listed = find(config, chosen).await?;
    if listed.is_empty() && !chosen.ids.is_empty() {
        let text = "no entry in the queue is meant by that".to_owned();
        return Err((Exit::BadData, text));
    }
    Ok(listed)
}

async fn order(config: &Config, ordered: &Ordered, word: &str, json: bool) -> Result<Exit, Failed> {
    let Some(admin) = &config.admin else {
        return Err(not_reachable(
            "orders need a running server with [admin] listen",
        ));
    };
    let listed = which(config, &ordered.chosen).await?;
    let bulk = ordered.chosen.all || ordered.chosen.filters();
    if bulk {
        eprintln!("{word}: {} entries", listed.len());
        if !ordered.yes {
            let text = format!("add --yes to {word} them all");
            return Err((Exit::Usage, text));
        }
    }
    let named: HashSet<QueueId> = ordered.chosen.ids.iter().copied().collect();
    let mut failed = named.len().saturating_sub(listed.len());
    let mut done = 0;
    for entry in &listed {
        let path = format!("/v1/queue/{}/{word}", entry.id);
        let body = hyper::body::Bytes::new();
        match Client::new(admin)
            .post::<()>(&path, "application/json", body)
            .await
        {
            Ok(()) => done += 1,
            Err(ClientError::Unreachable(place)) => {
                return Err(not_reachable(format!("no server answers at {place}")));
            }
            Err(error) => {
                failed += 1;
                eprintln!("allegromail: {error}");
            }
        }
    }
    eprintln!("{word}: {done} done, {failed} not");
    if json {
        print_json(&serde_json::json!({ "order": word, "done": done, "failed": failed }))?;
    }
    Ok(if failed == 0 {
        Exit::Done
    } else {
        Exit::Deferred
    })
}

async fn export(
    config: &Config,
    chosen: &Chosen,
    into: &std::path::Path,
    json: bool,
) -> Result<Exit, Failed> {
    let listed = which(config, chosen).await?;
    let mut written = Vec::new();
    let bad = |error: String| (Exit::Temporary, error);
    for entry in &listed {
        let octets = message(config, entry).await?;
        let path = into.join(format!("{}.eml", entry.id));
        std::fs::write(&path, octets)
            .map_err(|error| bad(format!("{}: {error}", path.display())))?;
        if !json {
            println!("{}", path.display());
        }
        written.push(serde_json::json!({ "id": entry.id, "file": path }));
    }
    if json {
        return print_json(&written);
    }
    Ok(Exit::Done)
}

async fn message(config: &Config, entry: &Listed) -> Result<Vec<u8>, Failed> {
    let answer: Result<Exported, _> = match &config.admin {
        Some(admin) => {
            let path = format!("/v1/queue/{}/message", entry.id);
            Client::new(admin).get(&path).await
        }
        None => Err(ClientError::Unreachable(String::new())),
    };
    let damaged = |error: &dyn std::fmt::Display| (Exit::Temporary, error.to_string());
    match answer {
        Ok(exported) => data_encoding::BASE64
            .decode(exported.message.as_bytes())
            .map_err(|error| damaged(&error)),
        Err(ClientError::Unreachable(_)) => {
            let opened = app::open_idle_spool(config).map_err(not_reachable)?;
            let id = entry.id.parse().map_err(|error: &str| damaged(&error))?;
            let body = opened.spool.body(id).await;
            body.map(|body| body.to_vec())
                .map_err(|error| damaged(&error))
        }
        Err(error) => Err(damaged(&error)),
    }
}

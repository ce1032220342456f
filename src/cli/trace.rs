//! `allegromail trace`: the life of a message, from the first byte to the last outcome.

mod screen;

use clap::Args;

use super::Exit;
use crate::admin::{self, Client, ClientError, escaped};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::history::{self, TraceLine};

/// Which messages, and how much of them.
// What stands behind three slashes is printed by --help.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// A trace id, a queue id, a masked or real address, an account, a transaction, a Message-ID or a reference
    query: Option<String>,
    /// Of transactions of this seller only
    #[arg(long, value_name = "ACCOUNT")]
    seller: Option<String>,
    /// From this time on: RFC 3339, or how long ago (2h)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// With real addresses, hosts and words; the server logs it
    #[arg(long)]
    reveal: bool,
}

/// Prints the lives of the messages that are meant.
pub(super) fn run(config: &Config, asked: &Asked, json: bool) -> Exit {
    // Here as well as in the server: a slip is told before anything is asked.
    let times = (asked.since.as_deref(), asked.until.as_deref());
    let (text, seller) = (asked.query.as_deref(), asked.seller.as_deref());
    let query = match admin::trace_query(text, seller, times, SystemClock.now()) {
        Ok(query) => query,
        Err(error) => {
            eprintln!("allegromail: {error}");
            return Exit::Usage;
        }
    };
    super::block_on(async {
        match find(config, asked, query).await {
            Ok(lines) if lines.is_empty() => {
                let query = text.or(seller).unwrap_or("that time");
                eprintln!(
                    "allegromail: nothing is known of {query}: it was never here, or too long ago; what came lately: `allegromail trace --since 2h`"
                );
                Exit::BadData
            }
            Ok(lines) if json => {
                println!("{}", serde_json::to_string(&lines).unwrap_or_default());
                Exit::Done
            }
            Ok(lines) => {
                print!("{}", screen::told(&lines));
                Exit::Done
            }
            Err(error) => {
                eprintln!("allegromail: {error}");
                Exit::Unreachable
            }
        }
    })
}

/// What the history has, by the running server or from its files. The files can be read beside a server that has no interface; what it has
/// not flushed yet is missing then.
async fn find(
    config: &Config,
    asked: &Asked,
    query: history::TraceQuery,
) -> Result<Vec<TraceLine>, String> {
    match Client::new(&config.admin).get(&path(asked)).await {
        Err(ClientError::Unreachable(place)) if asked.reveal => {
            return Err(format!(
                "no server answers at {place}, which would log that real addresses are shown; `systemctl start allegromail`, or leave --reveal out"
            ));
        }
        Err(ClientError::Unreachable(_)) => {}
        answer => return answer.map_err(|error| error.to_string()),
    }
    let found = app::inspect_history(config).search(&query);
    let found = found.map_err(|error| error.to_string())?;
    Ok(history::shown(found, false))
}

/// The path that asks the server.
fn path(asked: &Asked) -> String {
    let words = [
        ("q", &asked.query),
        ("seller", &asked.seller),
        ("since", &asked.since),
        ("until", &asked.until),
    ];
    let given = words.into_iter();
    let given = given.filter_map(|(name, text)| Some((name, text.as_deref()?)));
    let mut given: Vec<String> = given
        .map(|(name, text)| format!("{name}={}", escaped(text)))
        .collect();
    if asked.reveal {
        given.push("reveal=true".to_owned());
    }
    format!("/v1/trace?{}", given.join("&"))
}

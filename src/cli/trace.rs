//! `allegromail trace`: the life of a message, from the first byte to the last outcome.

use super::Exit;
use crate::admin::{Client, ClientError};
use crate::app;
use crate::config::Config;
use crate::history::{Event, Query, TraceLine};

/// Prints the lives of the messages that `query` names.
pub(super) fn run(config: &Config, query: &str, json: bool) -> Exit {
    super::block_on(async {
        match find(config, query).await {
            Ok(lines) if lines.is_empty() => {
                eprintln!("allegromail: nothing is known of {query}");
                Exit::BadData
            }
            Ok(lines) if json => {
                println!("{}", serde_json::to_string(&lines).unwrap_or_default());
                Exit::Done
            }
            Ok(lines) => {
                lines.iter().for_each(print);
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
async fn find(config: &Config, query: &str) -> Result<Vec<TraceLine>, String> {
    let path = format!("/v1/trace?q={}", escaped(query));
    match Client::new(&config.admin).get(&path).await {
        Err(ClientError::Unreachable(_)) => {}
        answer => return answer.map_err(|error| error.to_string()),
    }
    let found = app::inspect_history(config).search(&Query::new(query));
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.into_iter().map(TraceLine::from).collect())
}

/// A value in the query of a URI (RFC 3986 2.1).
fn escaped(text: &str) -> String {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~".contains(octet);
    text.bytes()
        .map(|octet| {
            if plain(&octet) {
                char::from(octet).to_string()
            } else {
                format!("%{octet:02X}")
            }
        })
        .collect()
}

/// When, which transaction, which entry, to whom, what.
fn print(line: &TraceLine) {
    let id = line.id.as_deref().unwrap_or("-");
    println!(
        "{} {} {id} {} {}",
        line.at,
        line.trace,
        line.to,
        told(&line.event)
    );
}

/// An event in words. They are for people; scripts take `--json`.
fn told(event: &Event) -> String {
    match event {
        Event::Accepted(accepted) => {
            format!(
                "accepted {} as <{}>",
                accepted.about.message_id, accepted.sent_as
            )
        }
        Event::Refused { reason } => format!("refused {reason}"),
        Event::Discarded { text } => format!("discarded: {text}"),
        Event::Deferred { status, text } => format!("deferred {status} {text}"),
        Event::Delivered { attempts } => format!("delivered at attempt {attempts}"),
        Event::Failed {
            status,
            text,
            reported,
        } => {
            let told = if *reported {
                "reported"
            } else {
                "not reported"
            };
            format!("failed {status} {text} ({told})")
        }
        Event::Bounced { status, text } => format!("bounced {status} {text}"),
    }
}

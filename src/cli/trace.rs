//! `allegromail trace`: the life of a message, from the first byte to the last outcome.

use super::Exit;
use crate::admin::{Client, ClientError};
use crate::app;
use crate::config::Config;
use crate::history::{HistoryEvent, TraceLine, TraceQuery};

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
    let found = app::inspect_history(config).search(&TraceQuery::new(query));
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.into_iter().map(TraceLine::from).collect())
}

/// A value in the query of a URI (RFC 3986 2.1).
fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
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
fn told(event: &HistoryEvent) -> String {
    match event {
        HistoryEvent::Accepted(accepted) => {
            format!(
                "accepted {} as <{}>",
                accepted.about.message_id, accepted.sent_as
            )
        }
        HistoryEvent::Held(held) => format!(
            "held for its documents ({}) {} as <{}>",
            held.documents.join(", "),
            held.about.message_id,
            held.sent_as
        ),
        HistoryEvent::Refused { reason } => format!("refused {reason}"),
        HistoryEvent::Content(hit) => {
            let facts = hit.facts.join(", ");
            format!(
                "rule {} ({}), reference {}, set {}; {facts}",
                hit.rule, hit.action, hit.reference, hit.set
            )
        }
        HistoryEvent::Discarded { text } => format!("discarded: {text}"),
        HistoryEvent::Deferred { status, text } => format!("deferred {status} {text}"),
        HistoryEvent::HandedOver { documents } => format!("handed over: {}", documents.join(", ")),
        HistoryEvent::Released { text } => format!("released: {text}"),
        HistoryEvent::Delivered { attempts } => format!("delivered at attempt {attempts}"),
        HistoryEvent::Failed {
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
        HistoryEvent::Verified {
            token,
            entry,
            result,
        } => format!("verified by {entry} (token {token}): {result}"),
        HistoryEvent::Bounced { status, text } => format!("bounced {status} {text}"),
    }
}

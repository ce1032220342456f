//! Destinations to which nothing is delivered for now.

use std::time::Duration;

use clap::Args;

use super::entries::{CommandError, not_reachable, print_json};
use crate::admin::{Client, ClientError, NewSuspension};
use crate::cli::{Exit, count};
use crate::config::{self, Config, RouteDomain};
use crate::mail::Domain;
use crate::queue::{ResumedDestination, SuspendedDestination};

/// Which destination, and for how long.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct SuspendArgs {
    /// The domain of the recipients' real addresses, exactly
    domain: Domain,
    /// For how long, as 2h; without it until it is resumed
    #[arg(long = "for", value_name = "DURATION", value_parser = some_time)]
    span: Option<Duration>,
}

/// A span that is not over at once.
fn some_time(text: &str) -> Result<Duration, String> {
    let span = config::duration(text)?;
    match span.is_zero() {
        true => Err("for no time at all; leave --for out to wait until it is resumed".to_owned()),
        false => Ok(span),
    }
}

/// Suspends a destination.
pub(super) async fn suspend(
    config: &Config,
    arguments: &SuspendArgs,
    json: bool,
) -> Result<Exit, CommandError> {
    let domain = &arguments.domain;
    let new = NewSuspension {
        span: arguments.span.map(|span| format!("{}s", span.as_secs())),
    };
    let body = serde_json::to_vec(&new).map_err(|error| (Exit::Temporary, error.to_string()))?;
    let suspended: SuspendedDestination = Client::new(&config.admin)
        .put(&path(domain), body.into())
        .await
        .map_err(failed)?;
    for route in routes_by(config, domain) {
        eprintln!(
            "{domain} is the host of the route for {route}; what waits now is mail to addresses at {domain}, not what goes over that route"
        );
    }
    if json {
        return print_json(&suspended);
    }
    println!("suspended {}", told(&suspended));
    println!("to end that: allegromail queue resume {domain}");
    Ok(Exit::Done)
}

/// Resumes one.
pub(super) async fn resume(
    config: &Config,
    domain: &Domain,
    json: bool,
) -> Result<Exit, CommandError> {
    let resumed: ResumedDestination = Client::new(&config.admin)
        .remove(&path(domain))
        .await
        .map_err(failed)?;
    if json {
        return print_json(&resumed);
    }
    let entries = count(resumed.entries, "entry", "entries");
    let verb = if resumed.entries == 1 { "is" } else { "are" };
    println!("resumed {domain}; {entries} {verb} tried now");
    Ok(Exit::Done)
}

/// Prints which are suspended.
pub(super) async fn suspended(config: &Config, json: bool) -> Result<Exit, CommandError> {
    let all: Vec<SuspendedDestination> = Client::new(&config.admin)
        .get("/v1/suspensions")
        .await
        .map_err(failed)?;
    if json {
        return print_json(&all);
    }
    for suspended in &all {
        println!("{}", told(suspended));
    }
    let number = count(all.len(), "destination", "destinations");
    eprintln!("{number} suspended");
    Ok(Exit::Done)
}

fn path(domain: &Domain) -> String {
    // A-labels need no escape.
    format!("/v1/suspensions/{domain}")
}

/// What is wrong with the domain is told as wrong data; a store that does not take it as a server that is not there.
fn failed(error: ClientError) -> CommandError {
    match error {
        ClientError::Refused { status: 503, .. } => not_reachable(error),
        error => (Exit::from(&error), error.to_string()),
    }
}

/// The domain, until when, since when and by whom, and what waits.
fn told(suspended: &SuspendedDestination) -> String {
    let until = match &suspended.until {
        Some(until) => format!("until {until}"),
        None => "until it is resumed".to_owned(),
    };
    let waits = match suspended.entries {
        Some(1) => "1 entry waits".to_owned(),
        Some(number) => format!("{number} entries wait"),
        None => "how much waits is not known".to_owned(),
    };
    let SuspendedDestination {
        domain, since, by, ..
    } = suspended;
    format!("{domain} {until}, by {by} since {since}; {waits}")
}

/// For which domains mail goes over `domain` as a host, where none of them is `domain` itself.
fn routes_by(config: &Config, domain: &Domain) -> Vec<String> {
    let by = config.delivery.routes.iter().filter(|route| {
        let host = Domain::parse(&route.host);
        host.is_ok_and(|host| host == *domain)
    });
    let domains = by.filter_map(|route| match &route.domain {
        RouteDomain::Every => Some("*".to_owned()),
        RouteDomain::Exactly(served) if served == domain => None,
        RouteDomain::Exactly(served) => Some(served.to_string()),
    });
    domains.collect()
}

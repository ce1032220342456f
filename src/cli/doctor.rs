//! `allegromail doctor`: looks at everything that a server needs, from the configuration to the DNS, and says what to do about each fault.
//! It changes nothing. Exit 0: nothing is wrong; 1: something could not be looked at; 2: something is wrong; 78: the configuration is.

mod local;
mod server;

use std::path::Path;

use super::{Exit, dns};
use crate::clock::SystemClock;
use crate::config::{self, Config};
use crate::resolve::DnsResolver;

/// How a thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Good,
    /// Mail goes on; somebody should look.
    Warning,
    /// Mail suffers, or will.
    Wrong,
    /// It could not be looked at.
    Unknown,
}

/// One thing that was looked at.
#[derive(Debug, serde::Serialize)]
struct Finding {
    /// How it was found.
    state: State,
    /// What was looked at.
    what: String,
    /// What is the matter, and what to do about it; empty where all is well.
    remedy: String,
}

impl Finding {
    fn new(state: State, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    fn good(what: impl Into<String>) -> Self {
        Self::new(State::Good, what, "")
    }

    fn warning(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(State::Warning, what, remedy)
    }

    fn wrong(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(State::Wrong, what, remedy)
    }

    fn unknown(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(State::Unknown, what, remedy)
    }
}

impl From<dns::Finding> for Finding {
    fn from(found: dns::Finding) -> Self {
        let state = match found.state {
            dns::State::Good => State::Good,
            dns::State::Missing => State::Wrong,
            dns::State::NoAnswer => State::Unknown,
        };
        Self::new(state, found.what, found.remedy)
    }
}

/// Runs the command.
pub(super) fn run(path: Option<&Path>, json: bool) -> Exit {
    let loaded = match config::find(path).and_then(|path| config::load(&path)) {
        Ok(loaded) => loaded,
        // Without it nothing is known of all that it names.
        Err(errors) => {
            let wrong = errors.0.iter();
            let wrong = wrong.map(|problem| Finding::wrong("configuration", problem.to_string()));
            print(&wrong.collect::<Vec<_>>(), json);
            return Exit::Configuration;
        }
    };
    let config = loaded.config;
    let mut findings = vec![Finding::good(format!(
        "configuration {}",
        config.file.display()
    ))];
    let warnings = loaded.warnings.iter();
    findings.extend(warnings.map(|problem| Finding::warning("configuration", problem.to_string())));
    findings.extend(local::check(&config, &SystemClock));
    super::block_on(async {
        let (server, names) = tokio::join!(server::check(&config), names(&config));
        findings.extend(server);
        findings.extend(names);
        print(&findings, json)
    })
}

/// What the DNS says of our names.
async fn names(config: &Config) -> Vec<Finding> {
    match DnsResolver::new(&config.dns_servers) {
        Ok(resolver) => {
            let found = dns::findings(&resolver, config).await;
            found.into_iter().map(Finding::from).collect()
        }
        Err(error) => vec![Finding::wrong("[dns] servers", error.to_string())],
    }
}

/// Prints all of them, good ones too: an operator wants to see what was looked at. The worst decides the exit code.
fn print(findings: &[Finding], json: bool) -> Exit {
    let of = |state| {
        findings
            .iter()
            .filter(move |finding| finding.state == state)
    };
    if json {
        println!("{}", serde_json::to_string(findings).unwrap_or_default());
    } else {
        for finding in findings {
            let (what, remedy) = (&finding.what, &finding.remedy);
            match finding.state {
                State::Good => println!("ok       {what}"),
                State::Warning => println!("WARNING  {what}: {remedy}"),
                State::Wrong => println!("WRONG    {what}: {remedy}"),
                State::Unknown => println!("UNKNOWN  {what}: {remedy}"),
            }
        }
        println!(
            "{} looked at: {} wrong, {}, {} could not be seen",
            super::count(findings.len(), "thing", "things"),
            of(State::Wrong).count(),
            super::count(of(State::Warning).count(), "warning", "warnings"),
            of(State::Unknown).count()
        );
    }
    match () {
        () if of(State::Wrong).next().is_some() => Exit::Refused,
        () if of(State::Unknown).next().is_some() => Exit::Deferred,
        () => Exit::Done,
    }
}

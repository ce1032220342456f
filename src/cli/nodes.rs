//! `allegromail nodes`: the nodes over one database, and where they differ.

use serde::Serialize;

use super::Exit;
use crate::config::{Config, Engine};
use crate::directory::{Drift, Link, Node, PostgresError, drift};

/// What is printed as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    nodes: Vec<ShownNode<'a>>,
    drift: &'a [Drift],
}

/// A node.
#[derive(Serialize)]
struct ShownNode<'a> {
    name: &'a str,
    region: &'a str,
    version: &'a str,
    alive: bool,
    silent_seconds: u64,
    seen: u64,
    allowlist: &'a str,
    rules: &'a str,
    config: &'a str,
    keys: &'a str,
}

impl<'a> From<&'a Node> for ShownNode<'a> {
    fn from(node: &'a Node) -> Self {
        let facts = &node.facts;
        Self {
            name: &facts.name,
            region: &facts.region,
            version: &facts.version,
            alive: node.is_alive(),
            silent_seconds: node.silent / 1_000,
            seen: node.seen,
            allowlist: &facts.allowlist,
            rules: &facts.rules,
            config: &facts.config,
            keys: &facts.keys,
        }
    }
}

/// Prints every node that has ever been. 1 where nodes that live differ.
pub(super) async fn run(config: &Config, json: bool) -> Exit {
    let Engine::Postgres(shared) = &config.directory else {
        eprintln!(
            "there is one machine: `[directory] engine` is \"sled\"; docs/many-nodes.md tells how there are more"
        );
        return Exit::Configuration;
    };
    let link = match Link::open(shared.settings.clone()).await {
        Ok(link) => link,
        Err(error) => {
            eprintln!("allegromail: {error}");
            return match error {
                PostgresError::Refused(_) => Exit::Configuration,
                PostgresError::Unreachable(_) => Exit::Unreachable,
            };
        }
    };
    let nodes = match link.nodes().await {
        Ok(nodes) => nodes,
        Err(error) => {
            eprintln!("allegromail: {error}");
            return Exit::Unreachable;
        }
    };
    let found = drift(&nodes);
    if json {
        let shown = Shown {
            nodes: nodes.iter().map(ShownNode::from).collect(),
            drift: &found,
        };
        println!("{}", serde_json::to_string(&shown).unwrap_or_default());
    } else {
        print(&nodes, &found);
    }
    match found.is_empty() {
        true => Exit::Done,
        false => Exit::Deferred,
    }
}

fn print(nodes: &[Node], found: &[Drift]) {
    println!(
        "{:<16} {:<8} {:<10} {:<10} {:<14} {:<14} {:<14} keys",
        "node", "region", "version", "state", "allowlist", "rules", "config"
    );
    for node in nodes {
        let facts = &node.facts;
        let state = match (node.is_alive(), node.silent / 1_000) {
            (true, _) => "alive".to_owned(),
            (false, seconds) => format!("{seconds} s ago"),
        };
        let [allowlist, rules, config] =
            [&facts.allowlist, &facts.rules, &facts.config].map(|digest| short(digest));
        println!(
            "{:<16} {:<8} {:<10} {state:<10} {allowlist:<14} {rules:<14} {config:<14} {}",
            facts.name, facts.region, facts.version, facts.keys
        );
    }
    for drift in found {
        let states = drift.states.iter();
        let states: Vec<_> = states
            .map(|(state, nodes)| format!("{} at {}", short(state), nodes.join(", ")))
            .collect();
        eprintln!("{} differ: {}", drift.what, states.join("; "));
    }
    if !found.is_empty() {
        eprintln!(
            "bring the same files to all nodes, then `allegromail reload` at each, or a restart for the configuration"
        );
    }
}

/// The first twelve characters of a digest.
fn short(digest: &str) -> &str {
    match digest.contains(' ') {
        true => digest,
        false => digest.get(..12).unwrap_or(digest),
    }
}

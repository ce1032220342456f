//! Where nodes that live differ in what should be the same at all of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::nodes::{Node, NodeFacts};
use crate::mail::Timestamp;

/// Something that is not the same at all nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// What differs: one of [`COMPARED`].
    pub what: &'static str,
    /// What each of its states is called, and the nodes that have it.
    pub states: BTreeMap<String, Vec<String>>,
}

/// What is compared.
pub const COMPARED: [&str; 5] = ["allowlist", "config", "keys", "rules", "version"];

fn of<'a>(facts: &'a NodeFacts, what: &str) -> &'a str {
    match what {
        "allowlist" => &facts.allowlist,
        "config" => &facts.config,
        "keys" => &facts.keys,
        "rules" => &facts.rules,
        _ => &facts.version,
    }
}

/// Where the nodes that live differ. One that says nothing of something, for it has just started, differs in nothing.
#[must_use]
pub fn drift(nodes: &[Node]) -> Vec<Drift> {
    let compared = COMPARED.into_iter().map(|what| {
        let mut states: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for node in nodes.iter().filter(|node| node.is_alive()) {
            let state = of(&node.facts, what);
            if !state.is_empty() {
                let nodes = states.entry(state.to_owned()).or_default();
                nodes.push(node.facts.name.clone());
            }
        }
        Drift { what, states }
    });
    compared.filter(|drift| drift.states.len() > 1).collect()
}

/// Since when nodes differ.
#[derive(Default)]
pub struct DriftWatch(Mutex<BTreeMap<&'static str, (Timestamp, Drift)>>);

impl DriftWatch {
    /// Notes in what nodes differ now; what is new of it.
    pub fn note(&self, found: Vec<Drift>, now: Timestamp) -> Vec<Drift> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|what, _| found.iter().any(|drift| drift.what == *what));
        let mut new = Vec::new();
        for drift in found {
            match known.get_mut(drift.what) {
                Some((_, before)) => *before = drift,
                None => {
                    new.push(drift.clone());
                    known.insert(drift.what, (now, drift));
                }
            }
        }
        new
    }

    /// In what nodes have differed for so long.
    #[must_use]
    pub fn lasting(&self, now: Timestamp, span: Duration) -> Vec<&'static str> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lasting = known
            .iter()
            .filter(|(_, (since, _))| now.since(*since) >= span);
        lasting.map(|(what, _)| *what).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, allowlist: &str, silent: u64) -> Node {
        Node {
            facts: NodeFacts {
                name: name.to_owned(),
                allowlist: allowlist.to_owned(),
                version: "1".to_owned(),
                ..NodeFacts::default()
            },
            seen: 0,
            silent,
        }
    }

    #[test]
    fn nodes_that_live_are_compared_and_no_others() {
        let same = [node("a", "1", 0), node("b", "1", 0), node("c", "", 0)];
        assert_eq!(drift(&same), []);
        let dead = [node("a", "1", 0), node("b", "2", 5_000)];
        assert_eq!(drift(&dead), []);
        let found = drift(&[node("a", "1", 0), node("b", "2", 0), node("c", "1", 100)]);
        let states = [
            ("1".to_owned(), vec!["a".to_owned(), "c".to_owned()]),
            ("2".to_owned(), vec!["b".to_owned()]),
        ];
        assert_eq!(
            found,
            [Drift {
                what: "allowlist",
                states: states.into(),
            }]
        );
    }

    #[test]
    fn what_lasts_is_told_and_what_is_mended_is_forgotten() {
        let (watch, minute) = (DriftWatch::default(), Duration::from_secs(60));
        let differs = || drift(&[node("a", "1", 0), node("b", "2", 0)]);
        assert_eq!(watch.note(differs(), Timestamp(1_000)).len(), 1);
        assert_eq!(watch.note(differs(), Timestamp(31_000)), []);
        assert!(watch.lasting(Timestamp(60_999), minute).is_empty());
        assert_eq!(watch.lasting(Timestamp(61_000), minute), ["allowlist"]);
        assert_eq!(watch.note(Vec::new(), Timestamp(62_000)), []);
        assert_eq!(watch.note(differs(), Timestamp(63_000)).len(), 1);
        assert!(watch.lasting(Timestamp(64_000), minute).is_empty());
    }

    #[test]
    fn each_fact_is_compared() {
        let change: [fn(&mut NodeFacts); 5] = [
            |facts| facts.allowlist = "x".to_owned(),
            |facts| facts.config = "x".to_owned(),
            |facts| facts.keys = "x".to_owned(),
            |facts| facts.rules = "x".to_owned(),
            |facts| facts.version = "x".to_owned(),
        ];
        for (what, change) in COMPARED.into_iter().zip(change) {
            let (mut one, mut other) = (node("a", "1", 0), node("b", "1", 0));
            for facts in [&mut one.facts, &mut other.facts] {
                *facts = NodeFacts {
                    name: facts.name.clone(),
                    region: facts.name.clone(),
                    version: "1".to_owned(),
                    allowlist: "1".to_owned(),
                    rules: "1".to_owned(),
                    config: "1".to_owned(),
                    keys: "1".to_owned(),
                };
            }
            assert_eq!(drift(&[one.clone(), other.clone()]), []);
            change(&mut other.facts);
            let found = drift(&[one, other]);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].what, what);
        }
    }
}

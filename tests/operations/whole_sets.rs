//! A message is judged by the allowlist and the rules of one reload, or by those of another, and never by some of both.
//!
//! `ALLEGROMAIL_RELOADS=1000 cargo test --release --test relay whole_sets -- --nocapture` is the long form.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use allegromail::admin;
use allegromail::config::HttpListen;
use serde_json::Value;

use crate::support::dialogue::Dialogue;
use crate::support::stage::*;

/// Clients that send all the time.
const CLIENTS: usize = 4;
/// An order that is not the shop's: it may write there as a courier only.
const FOREIGN: &str = "probe1+probe0@allegromail.pl";
/// Another order of the shop.
const OTHER: &str = "5zz8c1w4mn+other1@allegromail.com";

/// The sets of one kind: in `a` the shop is a courier as well, and each has a rule of its own name against the same words.
fn put(folder: &Path, kind: &str) {
    let list = match kind {
        "a" => "@inpost.pl\nbiuro@rowery.example\n",
        "b" => "@inpost.pl\n",
        _ => "@inpost.pl\nbiuro@rowery.example\n@com.pl\n",
    };
    fs::write(folder.join("couriers.txt"), list).unwrap();
    let words = "pl = \"x\", cs = \"x\", sk = \"x\", hu = \"x\", en = \"x\"";
    let rules = format!(
        "kind = \"x\"\ncategory = \"prohibited\"\n[[rule]]\nid = \"test.{kind}\"\nremark = {{ {words} }}\ninstead = {{ {words} }}\n\
         [rule.phrases]\nen = [\"forbidden words\"]\n[[rule.example]]\nhit = \"Forbidden words.\"\nlang = \"en\"\n[[rule.example]]\n\
         miss = \"{}\"\nlang = \"en\"\n",
        // Of the broken kind an example comes out otherwise than it says.
        if kind == "broken" {
            "Forbidden words."
        } else {
            "Words."
        }
    );
    fs::write(folder.join("rules/test.toml"), rules).unwrap();
}

/// Sends until it is told to stop: to a party, to a party of another order, and to an order that is none of the writer's.
async fn send(
    smtp: std::net::SocketAddr,
    client: usize,
    done: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
) {
    let mut number = 0;
    let to = [BUYER, FOREIGN, OTHER];
    while !done.load(Ordering::Relaxed) {
        let mut dialogue = Dialogue::greeted(smtp).await;
        for _ in 0..20 {
            number += 1;
            let message = format!(
                "From: {BIURO}\r\nTo: {}\r\nSubject: hello {client} {number}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
                 Message-ID: <{client}.{number}@client.example>\r\n\r\nForbidden words, {number}.\r\n",
                to.join(", ")
            );
            dialogue.send(BIURO, &to, &message).await.assert("250");
            sent.fetch_add(1, Ordering::Relaxed);
            if done.load(Ordering::Relaxed) {
                break;
            }
        }
    }
}

/// What the history has of each message: the rules that its recipients were judged by, and the line of the foreign order if it was let in there.
fn judged(folder: &Path) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let mut judged: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for entry in fs::read_dir(folder.join("data/trace")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "ndjson") {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let (rules, foreign) = judged.entry(text("trace")).or_default();
            match line["event"].as_str().unwrap() {
                "content" => rules.push(text("rule")),
                // Mail, and no report on one that was refused.
                "accepted" if text("to") == FOREIGN && line["target"]["refused"].is_null() => {
                    foreign.push(line.to_string());
                }
                _ => {}
            }
        }
    }
    judged.retain(|_, (rules, _)| !rules.is_empty());
    judged
}

#[tokio::test(flavor = "multi_thread")]
async fn h091_no_message_is_judged_by_a_mixture_of_two_reloads() {
    let reloads = std::env::var("ALLEGROMAIL_RELOADS").map_or(60, |text| text.parse().unwrap());
    let sets = tempfile::TempDir::with_prefix("allegromail-sets-").unwrap();
    let path = sets.path();
    fs::create_dir(path.join("rules")).unwrap();
    put(path, "a");
    let mut setup = Setup {
        couriers: Some(path.join("couriers.txt")),
        ..Setup::default()
    }
    .key("content", &format!("rules = {:?}", path.join("rules")))
    .key(
        "content",
        "prohibited = [{ from = 2019-01-01, action = \"warn\" }]",
    );
    for budget in [
        "refusals_per_client",
        "messages_per_sender",
        "messages_per_transaction",
    ] {
        setup = setup.key("limits", &format!("{budget} = \"off\""));
    }
    let stage = setup.start().await;
    let client = admin::Client::at(HttpListen::Tcp(stage.relay.admin.parse().unwrap()));
    let (done, sent) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| tokio::spawn(send(stage.smtp(), number, done.clone(), sent.clone())))
        .collect();
    let (mut broken, mut in_force) = (0, "a");
    for round in 0..reloads {
        let is_broken = round % 10 == 7;
        let kind = match (is_broken, in_force) {
            (true, _) => "broken",
            (false, "a") => "b",
            (false, _) => "a",
        };
        put(path, kind);
        let told: Vec<admin::Reloaded> = client
            .post("/v1/reload", "application/json", "{}".into())
            .await
            .unwrap();
        let held = |what: &str| told.iter().find(|one| one.what == what).unwrap().done;
        assert_eq!(held("allowlist"), !is_broken, "{told:?}");
        assert_eq!(held("content rules"), !is_broken, "{told:?}");
        if is_broken {
            broken += 1;
        } else {
            in_force = kind;
        }
    }
    done.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    stage.drained().await;
    let folder = stage.stop().await;
    let (mut by_a, mut by_b, mut mixed) = (0, 0, Vec::new());
    for (trace, (rules, foreign)) in judged(folder.path()) {
        let all = |rule: &str| rules.len() == 2 && rules.iter().all(|own| own == rule);
        match foreign.first() {
            Some(_) if all("test.a") => by_a += 1,
            None if all("test.b") => by_b += 1,
            _ => mixed.push((trace, rules, foreign)),
        }
    }
    let sent = sent.load(Ordering::Relaxed);
    println!(
        "{reloads} reloads, {broken} of them broken; {sent} messages: {by_a} judged by the one pair of sets, {by_b} by the other, {} by a mixture",
        mixed.len()
    );
    assert!(mixed.is_empty(), "{:?}", mixed.first());
    assert_eq!(by_a + by_b, sent);
    assert!(by_a > 0 && by_b > 0);
}

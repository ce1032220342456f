//! What operators filter by, what they are told before many entries change, what they see of the whole, and who did what.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::Value;

use crate::support::http;
use crate::support::process::{Server, finished, free_port};
use crate::support::stage::*;

/// Domains that no command may print by itself.
const SECRETS: &[&str] = &["rowery.example", "poczta.example"];

/// Runs `allegromail queue`, or another command where the words begin with `/`, on a blocking thread: the relay answers in this process.
async fn queue(config: &str, words: &[&str]) -> (i32, String, String) {
    let all = match words {
        ["/", words @ ..] => [words, &["--config", config]].concat(),
        words => [&["queue"], words, &["--config", config]].concat(),
    };
    let owned: Vec<String> = all.iter().map(|text| (*text).to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        let words: Vec<&str> = owned.iter().map(String::as_str).collect();
        finished(&words)
    })
    .await
    .unwrap()
}

/// Runs a command that must succeed.
async fn done(config: &str, words: &[&str]) -> String {
    let (code, out, errors) = queue(config, words).await;
    assert_eq!(code, 0, "{words:?}: {out}{errors}");
    out
}

async fn ids(config: &str, words: &[&str]) -> Vec<String> {
    let out = done(config, &[&["list", "--json"], words].concat()).await;
    let listed: Vec<Value> = serde_json::from_str(&out).unwrap();
    let id = |entry: &Value| entry["id"].as_str().unwrap().to_owned();
    listed.iter().map(id).collect()
}

/// A relay whose next hop does not answer. Three messages wait: Jan's and Ola's to their seller, a courier's to Jan.
async fn stuck() -> (Stage, String) {
    let setup = Setup {
        next_hop: Some(free_port()),
        ..Setup::default()
    };
    let admin = format!("listen = \"127.0.0.1:{}\"", free_port());
    let stage = setup.key("admin", &admin).start().await;
    stage.send(JAN, SELLER).await.assert("250");
    let other = "k2m9x0r7t3+other1@allegromail.pl";
    stage.send(OLA, other).await.assert("250");
    stage.send(COURIER, BUYER).await.assert("250");
    stage.deferred().await;
    let config = stage.config.to_string_lossy().into_owned();
    (stage, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_pick_by_seller_destination_reason_and_age() {
    let (stage, config) = stuck().await;
    for (words, count) in [
        (&["--seller", "k2m9x0r7t3"][..], 3),
        (&["--seller", "K2M9X0R7T3"], 3),
        (&["--seller", "8awgqyk6a5"], 0),
        (&["--destination", "rowery.example"], 2),
        (&["--destination", "ROWERY.example"], 2),
        (&["--destination", "poczta.example"], 1),
        (&["--destination", "żółw.example"], 0),
        (&["--reason", "4.4.1"], 3),
        (&["--reason", "4.4"], 3),
        (&["--reason", "CANNOT BE reached"], 3),
        (&["--reason", "450"], 0),
        (&["--younger-than", "1h"], 3),
        (&["--older-than", "1h"], 0),
        (&["--older", "1h"], 0),
        (&["--destination", "rowery.example", "--reason", "5"], 0),
    ] {
        assert_eq!(ids(&config, words).await.len(), count, "{words:?}");
    }
    for words in [
        &["--destination", "rowery.example."][..],
        &["--destination", "*"],
        &["--reason", ""],
        &["--seller", "a b"],
        &["--older-than", "soon"],
    ] {
        let code = queue(&config, &[&["list"], words].concat()).await.0;
        assert_eq!(code, 64, "{words:?}");
    }
    // A screen: a header, the oldest first, both masks, nobody's domain.
    let out = done(&config, &["list"]).await;
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with("ID ") && lines[0].contains("SENDER"),
        "{out}"
    );
    assert!(
        lines[1].contains(BUYER) && lines[1].contains(SELLER),
        "{out}"
    );
    assert!(lines[2].contains("5zz8c1w4mn+other1@"), "{out}");
    assert!(
        lines[3].contains(COURIER) && lines[3].contains(BUYER),
        "{out}"
    );
    let shown = done(&config, &["show", "--destination", "rowery.example"]).await;
    assert!(shown.contains("seller        k2m9x0r7t3"), "{shown}");
    assert!(shown.contains("status        4.4.1"), "{shown}");
    for secret in SECRETS {
        assert!(!out.contains(secret) && !shown.contains(secret), "{secret}");
    }
    let _folder = stage.stop().await;
    // Without a server nobody says where to.
    let (code, _, errors) = queue(&config, &["list", "--destination", "rowery.example"]).await;
    assert!(code == 69 && errors.contains("leave --seller"), "{errors}");
    assert_eq!(ids(&config, &["--reason", "4.4.1"]).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_many_says_of_whom_and_what_to_type() {
    let (_stage, config) = stuck().await;
    let (code, _, errors) = queue(&config, &["hold", "--seller", "k2m9x0r7t3"]).await;
    assert_eq!(code, 64, "{errors}");
    assert!(
        errors.contains("hold: 3 entries of 1 seller, for 2 destinations"),
        "{errors}"
    );
    let next = errors.split("to hold them all: ").nth(1).unwrap().trim();
    let words: Vec<&str> = next.split(' ').skip(1).collect();
    assert_eq!(words.last(), Some(&"--yes"), "{next}");
    assert_eq!(ids(&config, &["--state", "held"]).await.len(), 0);
    let all = [&["/"], &words[..]].concat();
    // Its own --config is among the words.
    let words: Vec<&str> = all
        .iter()
        .copied()
        .take_while(|w| *w != "--config")
        .collect();
    done(&config, &[&words[..], &["--yes"]].concat()).await;
    assert_eq!(ids(&config, &["--state", "held"]).await.len(), 3);
    let one = ["drop", "--destination", "poczta.example"];
    let (code, _, errors) = queue(&config, &one).await;
    let counted = "drop: 1 entry of 1 seller, for 1 destination\n";
    assert!(code == 64 && errors.contains(counted), "{errors}");
    // What fits nothing changes nothing, and asks nothing.
    let nothing = ["drop", "--destination", "nowhere.example", "--json"];
    let (code, out, errors) = queue(&config, &nothing).await;
    assert!(code == 0 && errors.contains("0 entries match"), "{errors}");
    assert_eq!(out, "{\"done\":0,\"failed\":0,\"order\":\"drop\"}\n");
    // Named entries are meant.
    let held = ids(&config, &[]).await;
    done(&config, &["release", &held[0], &held[1]]).await;
    assert_eq!(ids(&config, &["--state", "held"]).await, held[2..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_top_names_only_domains_that_name_nobody() {
    let setup = Setup {
        next_hop: Some(free_port()),
        accounts: r#"{"type":"participant","id":"gm1","login":"g","marketplace":"allegro-pl","language":"pl","primary":"g@gmail.com","addresses":["g@gmail.com"]}
{"type":"transaction","id":"gmtx","buyer":"gm1","seller":"k2m9x0r7t3"}
"#
        .to_owned(),
        ..Setup::default()
    };
    let port = free_port();
    let admin = format!("listen = \"127.0.0.1:{port}\"");
    let stage = setup.key("admin", &admin).start().await;
    let config = stage.config.to_string_lossy().into_owned();
    stage.send(JAN, SELLER).await.assert("250");
    stage.send(COURIER, BUYER).await.assert("250");
    stage
        .send(BIURO, "gm1+gmtx@allegromail.pl")
        .await
        .assert("250");
    stage.deferred().await;
    let out = done(&config, &["top"]).await;
    let row = |name: &str| {
        let line = out.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name}: {out}"));
        line.split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(
        out.lines().next().unwrap().ends_with("1280  1280+"),
        "{out}"
    );
    assert_eq!(row("total"), "3 3 0 0 0 0 0 0 0 0 0 3 domains");
    assert_eq!(row("gmail.com"), "1 1 0 0 0 0 0 0 0 0 0");
    assert_eq!(row("other"), "2 2 0 0 0 0 0 0 0 0 0 2 domains");
    let json = done(&config, &["top", "--json"]).await;
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(told["destinations"][0]["destination"], "gmail.com");
    assert_eq!(
        (&told["total"]["entries"], &told["minutes"][8]),
        (&3.into(), &1280.into())
    );
    for secret in SECRETS {
        assert!(!out.contains(secret) && !json.contains(secret), "{secret}");
    }
    // Nobody is named here, so nobody is shown more.
    let (code, _, errors) = queue(&config, &["top", "--reveal"]).await;
    assert!(code == 69 && errors.contains("token_file"), "{errors}");
    // What an operator has named is no news to operators.
    done(&config, &["suspend", "rowery.example"]).await;
    let out = done(&config, &["top"]).await;
    let line = out.lines().find(|line| line.starts_with("rowery.example"));
    assert!(line.unwrap().ends_with("suspended"), "{out}");
    assert!(!out.contains("poczta.example"), "{out}");
    let metrics = http::get(("127.0.0.1", port), "/metrics");
    assert!(
        metrics.contains("allegromail_queue_suspended 1\n"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_destination_waits_over_a_restart_and_others_do_not() {
    let admin = || format!("listen = \"127.0.0.1:{}\"", free_port());
    let stage = Setup::default().key("admin", &admin()).start().await;
    let config = stage.config.to_string_lossy().into_owned();
    let out = done(&config, &["suspend", "Rowery.example"]).await;
    assert!(
        out.contains("suspended rowery.example until it is resumed, by 127.0.0.1 since"),
        "{out}"
    );
    assert!(out.contains("0 entries wait"), "{out}");
    let answer = stage.send(JAN, SELLER).await;
    answer.assert("250");
    stage.send(COURIER, BUYER).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [JAN], "others get theirs");
    let reply = stage.deferred().await;
    assert!(reply.contains("suspended by the operator"), "{reply}");
    let out = done(&config, &["suspended"]).await;
    assert!(
        out.contains("rowery.example") && out.contains("1 entry waits"),
        "{out}"
    );
    let folder = stage.stop().await;

    let setup = Setup {
        folder: Some(folder),
        ..Setup::default()
    };
    let stage = setup.key("admin", &admin()).start().await;
    stage.deferred().await;
    let waiting = ids(&config, &["--reason", "4.3.2"]).await;
    done(&config, &["retry", &waiting[0]]).await;
    stage.deferred().await;
    assert!(stage.sink.take().is_empty(), "a retry does not go round it");
    let out = done(&config, &["resume", "ROWERY.example"]).await;
    assert_eq!(out, "resumed rowery.example; 1 entry is tried now\n");
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
    stage.drained().await;
    let trace = answer.0.split("trace=").nth(1).unwrap();
    let life = done(
        &config,
        &["/", "trace", trace.trim_end().trim_end_matches(']')],
    )
    .await;
    for said in [
        "deferred 4.3.2 deliveries to the receiving server are suspended",
        "(by 127.0.0.1, ",
        "to be tried at once by 127.0.0.1",
        "its destination resumed by 127.0.0.1",
        "delivered at attempt",
        "next: the next server has it",
    ] {
        assert!(life.contains(said), "{said}: {life}");
    }
    assert!(!life.contains("rowery.example"), "{life}");
    let (code, _, errors) = queue(&config, &["resume", "rowery.example"]).await;
    assert!(code == 65 && errors.contains("queue suspended"), "{errors}");

    // In U-labels, for a while, and as the host of a route.
    let out = done(&config, &["suspend", "żółw.example", "--for", "2h"]).await;
    assert!(out.contains("xn--w-uga1v8h.example until 20"), "{out}");
    done(&config, &["suspend", "rowery.example", "--for", "1s"]).await;
    stage.send(JAN, SELLER).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [BIURO], "after a second");
    for words in [
        &["suspend", "rowery.example."][..],
        &["suspend", "[127.0.0.1]"],
        &["suspend", "*"],
        &["suspend", "a.example", "--for", "0s"],
        &["suspend"],
    ] {
        assert_eq!(queue(&config, words).await.0, 64, "{words:?}");
    }
    let _folder = stage.stop().await;
    for words in [&["suspend", "a.example"][..], &["suspended"], &["top"]] {
        assert_eq!(queue(&config, words).await.0, 69, "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_of_a_route_is_told_apart_from_the_domain_it_serves() {
    let routes = "[[delivery.route]]\ndomain = \"poczta.example\"\nhost = \"smart.example\"\nport = PORT_OF_SINK\ntls = \"none\"\n";
    let setup = Setup {
        routes: routes.to_owned(),
        ..Setup::default()
    };
    let admin = format!("listen = \"127.0.0.1:{}\"", free_port());
    let stage = setup
        .key("admin", &admin)
        .record("smart.example A 127.0.0.1")
        .start()
        .await;
    let config = stage.config.to_string_lossy().into_owned();
    let (code, _, errors) = queue(&config, &["suspend", "smart.example"]).await;
    assert_eq!(code, 0, "{errors}");
    assert!(
        errors.contains("smart.example is the host of the route for poczta.example"),
        "{errors}"
    );
    stage.send(COURIER, BUYER).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [JAN]);
    stage.drained().await;
    let (_, _, errors) = queue(&config, &["suspend", "poczta.example"]).await;
    assert!(!errors.contains("route"), "{errors}");
    stage.send(COURIER, BUYER).await.assert("250");
    stage.deferred().await;
    assert!(stage.sink.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_record_of_a_suspension_is_loud_and_keeps_no_mail() {
    let stage = Setup::default().start().await;
    let config = stage.config.clone();
    let folder = stage.stop().await;
    let path = folder.path().join("data/state");
    let state = allegromail::directory::SledState::open(&path).unwrap();
    state
        .keep_suspension("rowery.example", b"{\"since\":")
        .unwrap();
    drop(state);
    let server = Server::start(&config);
    let log = server.log();
    let line = log.lines().find(|line| line.contains("suspension_damaged"));
    assert!(line.unwrap().contains("rowery.example"), "{log}");
    server.stop();
    let setup = Setup {
        folder: Some(folder),
        ..Setup::default()
    };
    let stage = setup.start().await;
    stage.send(JAN, SELLER).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
}

/// A server over what `stuck` left, asked over a socket: there the system says who asks.
async fn by_socket() -> (Server, tempfile::TempDir, String) {
    let (stage, config) = stuck().await;
    let folder = stage.stop().await;
    let text = fs::read_to_string(&config).unwrap();
    let admin = text.split("[admin]\n").nth(1).unwrap();
    let admin = admin.split("[[").next().unwrap();
    let own = text.replace(&format!("[admin]\n{admin}"), "");
    assert_ne!(text, own);
    fs::write(&config, own).unwrap();
    (Server::start(Path::new(&config)), folder, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_says_who_made_it() {
    let (server, folder, config) = by_socket().await;
    let by = format!("uid {}", fs::metadata(folder.path()).unwrap().uid());
    let all = ids(&config, &[]).await;
    done(&config, &["suspend", "rowery.example"]).await;
    for (word, said) in [
        ("hold", "held"),
        ("release", "released"),
        ("retry", "to be tried at once"),
        ("fail", "given up"),
    ] {
        done(&config, &[word, &all[0]]).await;
        let life = done(&config, &["/", "trace", &all[0]]).await;
        assert!(
            life.contains(&format!("  {said} by {by}\n")),
            "{word}: {life}"
        );
        if word == "hold" {
            let next = format!(
                "next: an operator holds it: `allegromail queue release {}`",
                all[0]
            );
            assert!(life.contains(&next), "{life}");
        }
    }
    let life = done(&config, &["/", "trace", &all[0]]).await;
    assert!(
        life.contains("next: the writer has to send it again"),
        "{life}"
    );
    done(&config, &["drop", &all[1]]).await;
    let life = done(&config, &["/", "trace", &all[1]]).await;
    assert!(
        life.contains(&format!("its destination suspended by {by}")),
        "{life}"
    );
    assert!(life.contains(&format!("  dropped by {by}\n")), "{life}");
    assert!(life.contains("next: nothing; it goes nowhere"), "{life}");
    let lines = done(&config, &["/", "trace", "--json", &all[1]]).await;
    let lines: Vec<Value> = serde_json::from_str(&lines).unwrap();
    let orders = lines.iter().filter(|line| line["event"] == "ordered");
    let orders: Vec<_> = orders.map(|line| (&line["order"], &line["by"])).collect();
    let by_whom = Value::from(by.clone());
    assert_eq!(
        orders,
        [(&"suspend".into(), &by_whom), (&"drop".into(), &by_whom)]
    );
    done(&config, &["resume", "rowery.example"]).await;
    let revealed = done(&config, &["top", "--reveal"]).await;
    assert!(revealed.contains("poczta.example"), "{revealed}");
    let log = server.log();
    let logged = |event: &str, what: &str| {
        let named = format!("by=\"{by}\"");
        let mut lines = log.lines().filter(|line| line.contains(event));
        lines.any(|line| line.contains(what) && line.contains(&named))
    };
    for word in ["hold", "release", "retry", "fail", "drop"] {
        let order = format!("order=\"{word}\"");
        assert!(logged("operator_order", &order), "{word}: {log}");
    }
    assert!(logged("destination_suspended", "rowery.example"), "{log}");
    assert!(logged("destination_resumed", "rowery.example"), "{log}");
    assert!(logged("destinations_revealed", "domains="), "{log}");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_top_is_printed_again_and_again() {
    use std::io::{BufRead, BufReader};
    let (stage, config) = stuck().await;
    let words = ["queue", "top", "--watch", "1", "--config", &config];
    let mut child = std::process::Command::new(crate::support::process::PROGRAM)
        .args(words)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let totals = tokio::task::spawn_blocking(move || {
        let lines = out.lines().map_while(Result::ok);
        lines
            .filter(|line| line.starts_with("total"))
            .take(2)
            .count()
    });
    assert_eq!(totals.await.unwrap(), 2);
    child.kill().unwrap();
    child.wait().unwrap();
    stage.stop().await;
}

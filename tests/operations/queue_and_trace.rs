//! What operators do with the queue and ask of the history, against a running relay and a stopped one.

use serde_json::Value;

use crate::support::http;
use crate::support::process::{finished, free_port};
use crate::support::stage::*;

/// Runs a command on a blocking thread, since the relay answers in this process.
async fn command(arguments: &[&str]) -> (i32, String, String) {
    let owned: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = owned.iter().map(String::as_str).collect();
        finished(&arguments)
    })
    .await
    .unwrap()
}

async fn listed(config: &str, more: &[&str]) -> Vec<Value> {
    let all = [&["queue", "list", "--config", config, "--json"], more].concat();
    let (code, out, errors) = command(&all).await;
    assert_eq!(code, 0, "{errors}");
    serde_json::from_str(&out).unwrap()
}

/// A setup whose admin interface commands can find.
fn with_admin() -> Setup {
    let port = free_port();
    Setup::default().key("admin", &format!("listen = \"127.0.0.1:{port}\""))
}

/// A relay whose next hop does not answer, with two messages that wait: Jan's and a courier's.
async fn stuck() -> (Stage, String) {
    let setup = Setup {
        next_hop: Some(free_port()),
        ..with_admin()
    };
    let stage = setup.start().await;
    stage.send(JAN, SELLER).await.assert("250");
    stage.send(COURIER, BUYER).await.assert("250");
    stage.deferred().await;
    let config = stage.config.to_string_lossy().into_owned();
    (stage, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_listed_filtered_and_steered() {
    let (stage, config) = stuck().await;
    let all = listed(&config, &[]).await;
    assert_eq!(all.len(), 2);
    for entry in &all {
        for key in [
            "id",
            "state",
            "from",
            "to",
            "attempts",
            "next_attempt",
            "last_reply",
        ] {
            assert!(entry.get(key).is_some(), "{key}: {entry}");
        }
        assert_eq!(entry["state"], "deferred");
        assert!(!entry.to_string().contains("poczta.example"), "{entry}");
    }
    let to_seller = listed(&config, &["--to", &SELLER.to_uppercase()]).await;
    assert_eq!(to_seller.len(), 1);
    let id = to_seller[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(listed(&config, &["--older", "1h"]).await.len(), 0);
    assert_eq!(
        listed(&config, &["--domain", "allegromail.pl"]).await.len(),
        2
    );
    assert_eq!(
        listed(&config, &["--domain", "else.example"]).await.len(),
        0
    );

    let state = async |id: &str| listed(&config, &[id]).await[0]["state"].clone();
    let (code, _, errors) = command(&["queue", "hold", "--config", &config, &id]).await;
    assert_eq!((code, state(&id).await), (0, "held".into()), "{errors}");
    assert_eq!(listed(&config, &["--state", "held"]).await.len(), 1);
    stage.relay.queue().retry_now();
    assert_eq!(state(&id).await, "held", "a held entry is not tried");
    assert_eq!(
        command(&["queue", "release", "--config", &config, &id])
            .await
            .0,
        0
    );
    stage.deferred().await;
    let attempts = listed(&config, &[&id]).await[0]["attempts"].clone();
    assert!(attempts.as_u64().unwrap() >= 2, "{attempts}");

    // A bulk order says how many, and wants a yes.
    let (code, _, errors) = command(&["queue", "hold", "--config", &config, "--all"]).await;
    assert!(
        code == 64 && errors.contains("2 entries") && errors.contains("--yes"),
        "{errors}"
    );
    assert_eq!(command(&["queue", "hold", "--config", &config]).await.0, 64);
    let (code, _, errors) =
        command(&["queue", "hold", "--config", &config, "--all", "--yes"]).await;
    assert_eq!(code, 0, "{errors}");
    assert_eq!(listed(&config, &["--state", "held"]).await.len(), 2);

    // A filter that picks nothing has nothing to do; an id that is not there is an error, and one of two is a part.
    let nothing = ["--domain", "else.example", "--yes", "--json"];
    let hold = ["queue", "hold", "--config", &config];
    let (code, out, errors) = command(&[&hold[..], &nothing].concat()).await;
    assert!(code == 0 && errors.contains("0 entries"), "{errors}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["done"], &told["failed"]), (&0.into(), &0.into()));
    assert_eq!(command(&[&hold[..], &["zz"]].concat()).await.0, 65);
    assert_eq!(command(&[&hold[..], &[&id, &id, "zz"]].concat()).await.0, 1);
    assert_eq!(command(&[&hold[..], &["no/id"]].concat()).await.0, 64);

    let folder = stage.folder.path().to_string_lossy().into_owned();
    let (code, out, _) = command(&[
        "queue", "export", "--json", "--config", &config, &id, "--into", &folder,
    ])
    .await;
    let told: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!((code, told[0]["id"].as_str()), (0, Some(id.as_str())));
    let (code, out, _) = command(&[
        "queue", "export", "--config", &config, &id, "--into", &folder,
    ])
    .await;
    assert_eq!(code, 0);
    let message = std::fs::read_to_string(out.trim()).unwrap();
    assert!(
        message.contains("Hello.") && !message.contains(JAN),
        "{message}"
    );

    // Failing tells the writer; dropping tells nobody.
    assert_eq!(
        command(&["queue", "fail", "--config", &config, &id])
            .await
            .0,
        0
    );
    let reports = listed(&config, &["--state", "deferred"]).await;
    let reports = if reports.is_empty() {
        listed(&config, &["--state", "active"]).await
    } else {
        reports
    };
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(reports[0]["to"], BUYER);
    let held = listed(&config, &["--state", "held"]).await;
    let courier = held[0]["id"].as_str().unwrap();
    assert_eq!(
        command(&["queue", "drop", "--config", &config, courier])
            .await
            .0,
        0
    );
    assert_eq!(listed(&config, &[]).await.len(), 1, "only the report");
    let (code, _, errors) = command(&["queue", "drop", "--config", &config, courier]).await;
    assert_eq!(code, 65, "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_works_on_a_stopped_spool_and_orders_do_not() {
    let (stage, config) = stuck().await;
    let (code, _, _) = command(&[
        "queue", "hold", "--config", &config, "--to", SELLER, "--yes",
    ])
    .await;
    assert_eq!(code, 0);
    let folder = stage.stop().await;
    assert_eq!(listed(&config, &[]).await.len(), 2);
    assert_eq!(
        listed(&config, &["--state", "held"]).await.len(),
        1,
        "a hold is durable"
    );
    let (code, out, _) = command(&["queue", "show", "--config", &config, "--all"]).await;
    assert!(
        code == 0 && out.contains(SELLER) && out.contains("last reply"),
        "{out}"
    );
    let into = folder.path().to_string_lossy().into_owned();
    let (code, out, errors) = command(&[
        "queue", "export", "--config", &config, "--all", "--into", &into,
    ])
    .await;
    assert_eq!((code, out.lines().count()), (0, 2), "{errors}");
    let (code, _, errors) =
        command(&["queue", "retry", "--config", &config, "--all", "--yes"]).await;
    assert_eq!(code, 69, "{errors}");
    let (code, out, _) = command(&["trace", "--config", &config, SELLER]).await;
    assert!(
        code == 0 && out.contains("accepted") && out.contains("deferred"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_makes_nothing_where_no_server_has_run() {
    let stage = with_admin().start().await;
    let config = stage.config.to_string_lossy().into_owned();
    let folder = stage.stop().await;
    let data = folder.path().join("data");
    std::fs::remove_dir_all(data.join("spool")).unwrap();
    std::fs::remove_dir_all(data.join("trace")).unwrap();
    let left = || {
        let entries = std::fs::read_dir(&data).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = left();
    assert_eq!(listed(&config, &[]).await.len(), 0);
    let all = ["queue", "show", "--config", &config, "--all"];
    assert_eq!(command(&all).await.0, 0);
    assert_eq!(command(&["trace", "--config", &config, SELLER]).await.0, 65);
    assert_eq!(left(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_is_told_by_whatever_names_the_message() {
    let stage = with_admin().start().await;
    let config = stage.config.to_string_lossy().into_owned();
    let answer = stage.send(JAN, SELLER).await;
    let arrived = text(&stage.arrival().await);
    stage.drained().await;
    let refused = stage.send("x@strangers.example", SELLER).await;
    refused.assert("550");
    let between = |text: &str, start: &str, end: char| {
        let rest = text.split(start).nth(1).unwrap();
        rest.split([end, ';', ']'])
            .next()
            .unwrap()
            .trim()
            .to_owned()
    };
    let trace = between(&answer.0, "trace=", ']');
    let sent_as = between(&arrived, "Message-ID: <", '>');
    for query in [trace.as_str(), "<1@client.example>", &sent_as, SELLER] {
        let (code, out, errors) = command(&["trace", "--config", &config, query]).await;
        assert_eq!(code, 0, "{query}: {errors}");
        assert!(
            out.contains("accepted") && out.contains("delivered at attempt 1"),
            "{query}: {out}"
        );
        for secret in [JAN, BIURO, "rowery.example"] {
            assert!(!out.contains(secret), "{query}: {out}");
        }
    }
    let (_, out, _) = command(&["trace", "--config", &config, "--json", &trace]).await;
    let lines: Vec<Value> = serde_json::from_str(&out).unwrap();
    let id = lines[0]["id"].as_str().expect("a queue id is text");
    assert!(answer.0.contains(&format!("accepted as {id} ")), "{out}");
    let by_id = command(&["trace", "--config", &config, "--json", id]).await;
    assert_eq!((by_id.0, by_id.1), (0, out));
    let trace = between(&refused.0, "trace=", ';');
    let (code, out, _) = command(&["trace", "--config", &config, "--json", &trace]).await;
    assert_eq!(code, 0, "{trace} of {refused:?}");
    let lines: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, lines[0]["reason"].as_str()),
        (0, Some("sender-not-registered")),
        "{out}"
    );
    assert_eq!(
        command(&["trace", "--config", &config, "nothing"]).await.0,
        65
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explain_request_that_cannot_be_read_is_told_so() {
    let port = free_port();
    let setup = Setup::default().key("admin", &format!("listen = \"127.0.0.1:{port}\""));
    let stage = setup.start().await;
    let ask = |message: &str| {
        let body = format!(r#"{{"from":"{JAN}","to":"{SELLER}","message_base64":"{message}"}}"#);
        let kind = Some("application/json");
        http::post(("127.0.0.1", port), "/v1/explain", kind, &body)
    };
    let bad = ask("no base64!");
    assert!(
        bad.starts_with("HTTP/1.1 422") && bad.contains("message_base64"),
        "{bad}"
    );
    let good = ask(&data_encoding::BASE64.encode(message(JAN, SELLER, "").as_bytes()));
    assert!(
        good.starts_with("HTTP/1.1 200") && good.contains("accept"),
        "{good}"
    );
    stage.stop().await;
}

//! Three relays over one database, as a marketplace runs them: what one was told the others go by.

use std::fs;
use std::sync::Arc;

use allegromail::admin;
use allegromail::config::HttpListen;
use allegromail::mail::Domain;

use crate::support::postgres::Postgres;
use crate::support::process::{finished, free_port};
use crate::support::stage::*;

/// A relay over the database.
pub(super) fn node(server: &Postgres, database: &str, name: &str) -> Setup {
    Setup::default()
        .key("directory", "engine = \"postgres\"")
        .key("directory", &format!("url = \"{}\"", server.url(database)))
        .key("cluster", &format!("node = \"{name}\""))
}

/// The admin interface of a node.
fn admin(node: &Stage) -> admin::Client {
    admin::Client::at(HttpListen::Tcp(node.relay.admin.parse().unwrap()))
}

async fn three() -> Option<(Arc<Postgres>, [Stage; 3])> {
    let server = Postgres::shared()?;
    let stages = over(&server, &server.database()).await;
    Some((server, stages))
}

/// Three relays over a database.
async fn over(server: &Postgres, database: &str) -> [Stage; 3] {
    let start = |name| Box::pin(node(server, database, name).start());
    [start("mx1").await, start("mx2").await, start("mx3").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_at_whichever_node_it_comes_to() {
    let Some((_server, [one, two, three])) = three().await else {
        return;
    };
    one.send(JAN, SELLER).await.assert("250");
    assert_eq!(one.arrival().await.recipients, [BIURO]);
    // The seller answers from its second address, at another node; what the buyer writes at a third one goes there.
    two.send(SPRZEDAZ, BUYER).await.assert("250");
    assert_eq!(two.arrival().await.recipients, [JAN]);
    let known = until("the address last written from", async || {
        three.send(JAN, SELLER).await.assert("250");
        let came = three.arrival().await;
        (came.recipients == [SPRZEDAZ]).then_some(())
    });
    known.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_answer_to_a_removal_no_node_writes_to_the_address() {
    let Some((_server, [one, two, three])) = three().await else {
        return;
    };
    one.send(SPRZEDAZ, BUYER).await.assert("250");
    one.arrival().await;
    for node in [&two, &three] {
        until("the address last written from", async || {
            node.send(JAN, SELLER).await.assert("250");
            (node.arrival().await.recipients == [SPRZEDAZ]).then_some(())
        })
        .await;
    }
    one.remove_address("k2m9x0r7t3", SPRZEDAZ).await;
    for node in [&two, &three, &one] {
        node.send(JAN, SELLER).await.assert("250");
        assert_eq!(node.arrival().await.recipients, [BIURO]);
        node.send(SPRZEDAZ, BUYER).await.assert("550");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_automatic_reply_at_three_nodes_at_once_one_passes() {
    let Some((_server, nodes)) = three().await else {
        return;
    };
    let away = message(JAN, SELLER, "Auto-Submitted: auto-replied\r\n");
    let [one, two, three] = &nodes;
    let (a, b, c) = tokio::join!(
        one.send_message(JAN, &[SELLER], &away),
        two.send_message(JAN, &[SELLER], &away),
        three.send_message(JAN, &[SELLER], &away)
    );
    let answers = [a, b, c];
    let passed = answers.iter().filter(|answer| {
        answer.assert("250");
        !answer.0.contains("not passed on")
    });
    assert_eq!(passed.count(), 1, "{answers:?}");
    for node in &nodes {
        let again = node.send_message(JAN, &[SELLER], &away).await;
        assert!(again.0.contains("not passed on"), "{again:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_is_suspended_at_one_node_is_so_at_all_until_any_resumes_it() {
    let Some((_server, [one, two, three])) = three().await else {
        return;
    };
    let domain = Domain::parse("rowery.example").unwrap();
    let client = one.relay.queue().client();
    client.suspend(domain.clone(), None, "uid 0").await.unwrap();
    two.send(JAN, SELLER).await.assert("250");
    two.deferred().await;
    assert!(two.sink.take().is_empty());
    let resumed = three
        .relay
        .queue()
        .client()
        .resume(domain, "uid 0")
        .await
        .unwrap();
    assert!(resumed.is_some());
    assert_eq!(two.arrival().await.recipients, [BIURO]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_at_one_node_is_so_at_all() {
    let Some((_server, [one, two, three])) = three().await else {
        return;
    };
    for _ in 0..5 {
        let id = {
            let client = admin(&one);
            let made = client.post(
                "/v1/tokens",
                "application/json",
                r#"{"entry":"@inpost.pl"}"#.into(),
            );
            let made: serde_json::Value = made.await.unwrap();
            made["id"].as_str().unwrap().to_owned()
        };
        let good = async |node: &Stage| {
            let all: Vec<serde_json::Value> = admin(node).get("/v1/tokens").await.unwrap();
            let token = all.iter().find(|token| token["id"] == *id).unwrap();
            token["good"].as_bool().unwrap()
        };
        assert!(good(&two).await && good(&three).await);
        admin(&three)
            .delete(&format!("/v1/tokens/{id}"))
            .await
            .unwrap();
        assert!(!good(&one).await && !good(&two).await && !good(&three).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_mail_is_answered_451_and_nobody_is_unknown() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let database = server.database();
    let stage = Box::pin(node(&server, &database, "mx1").start()).await;
    stage.send(JAN, SELLER).await.assert("250");
    stage.arrival().await;
    server.stop();
    // What is at hand is used for two seconds more.
    tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
    for to in [SELLER, "nobody00@allegromail.pl"] {
        let answer = stage.send(JAN, to).await;
        answer.assert("451 4.3.0").because("directory-unavailable");
    }
    server.begin();
    until("the database again", async || {
        let answer = stage.send(JAN, SELLER).await;
        answer.0.starts_with("250").then_some(())
    })
    .await;
    stage
        .send(JAN, "nobody00@allegromail.pl")
        .await
        .assert("550 5.1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_node_from_starting_is_said_with_its_remedy() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let database = server.database();
    let stage = Box::pin(node(&server, &database, "mx1").start()).await;
    let config = stage.config.clone();
    let _folder = stage.stop().await;
    let written = fs::read_to_string(&config).unwrap();
    let serve = |url: &str, more: &str| {
        let line = format!("url = \"{}\"", server.url(&database));
        fs::write(
            &config,
            written.replace(&line, &format!("url = \"{url}\"\n{more}")),
        )
        .unwrap();
        let (exit, _, said) = finished(&["serve", "--config", config.to_str().unwrap()]);
        (exit, said)
    };
    let good = server.url(&database);
    let told = |what: (i32, String), exit: i32, words: &[&str]| {
        assert_eq!(what.0, exit, "{}", what.1);
        for word in words {
            assert!(what.1.contains(word), "no {word:?} in {}", what.1);
        }
    };
    let url = good.replace(&database, "elsewhere");
    told(
        serve(&url, ""),
        78,
        &["no database elsewhere", "createdb elsewhere"],
    );
    let url = format!("{good} password=hunter2hunter2");
    let (exit, said) = serve(&url, "");
    assert!(!said.contains("password=hunter2"), "{said}");
    told((exit, said), 78, &["directory.url", "password_file"]);
    let url = good.replace(&server.port.to_string(), &free_port().to_string());
    told(serve(&url, ""), 75, &["does not answer", "is it running"]);
    server.sql(
        &database,
        "insert into schema_versions (version) values (99)",
    );
    told(serve(&good, ""), 78, &["version 99", "newer"]);
    server.sql(&database, "delete from schema_versions where version = 99");
    // A role with a password, which may make no tables.
    let empty = server.database();
    server.sql(
        &empty,
        "create role mail login password 'right'; revoke create on schema public from public",
    );
    server.demand_passwords("mail");
    let of_mail = |database: &str| {
        server
            .url(database)
            .replace("user=allegromail", "user=mail")
    };
    told(serve(&of_mail(&empty), ""), 78, &["password_file"]);
    let password = config.with_file_name("password");
    let key = format!("password_file = \"{}\"", password.display());
    let write = |text: &str| {
        use std::os::unix::fs::PermissionsExt;
        fs::write(&password, text).unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("wrong\n");
    told(
        serve(&of_mail(&empty), &key),
        78,
        &["does not let mail in", "password_file"],
    );
    write("right\n");
    told(
        serve(&of_mail(&empty), &key),
        78,
        &["GRANT CREATE ON SCHEMA public TO mail"],
    );
}

/// The report of a server that has given up.
pub(super) fn bounce(to: &str) -> String {
    format!(
        "From: MAILER-DAEMON@rowery.example\r\nTo: <{to}>\r\nSubject: failure\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nbiuro@rowery.example: mailbox full\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mail.rowery.example\r\n\r\n\
         Final-Recipient: rfc822; biuro@rowery.example\r\nAction: failed\r\nStatus: 5.2.2\r\n\
         --b--\r\n"
    )
}

/// The server of the recipient gives up after it has taken the message, and its report comes to a node that has never seen it.
#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_at_a_node_that_did_not_send_the_message_reaches_its_writer() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let database = server.database();
    let [one, two, three] = over(&server, &database).await;
    one.send(JAN, SELLER).await.assert("250");
    let sent = one.arrival().await;
    let report = bounce(&sent.reverse_path);
    // Written behind the 250: until it is there, nobody says that there is no such message.
    until("the record", async || {
        let answer = two.send_message("", &[&sent.reverse_path], &report).await;
        assert!(
            answer.0.starts_with("250") || answer.0.starts_with("451"),
            "{answer:?}"
        );
        answer.0.starts_with("250").then_some(())
    })
    .await;
    let told = two.arrival().await;
    assert_eq!(
        (&*told.reverse_path, &*told.recipients),
        ("", &[JAN.to_owned()][..])
    );
    let told = text(&told);
    assert!(
        told.contains("5.2.2") && told.contains("k2m9x0r7t3+cub31c122@allegromail.pl"),
        "{told}"
    );
    // The same report at a third one: it was told.
    let again = three.send_message("", &[&sent.reverse_path], &report).await;
    assert!(again.0.contains("not passed on"), "{again:?}");
    // No address stands in the table.
    let held = server.sql(&database, "select line from records");
    for real in ["jan@poczta", "biuro@rowery", "sprzedaz@rowery"] {
        assert!(!held.contains(real), "{held}");
    }
}

/// One of three has another allowlist, until it reads that of the others.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_differ_are_shown_and_what_is_mended_is_not() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let database = server.database();
    let folder = tempfile::tempdir().unwrap();
    let couriers = folder.path().join("couriers.txt");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/allowlist/couriers.txt");
    let shipped = fs::read_to_string(shipped).unwrap();
    fs::write(&couriers, format!("{shipped}@parcels.example\n")).unwrap();
    let one = Box::pin(node(&server, &database, "mx1").start()).await;
    let two = Box::pin(node(&server, &database, "mx2").start()).await;
    let three = Setup {
        couriers: Some(couriers.clone()),
        ..node(&server, &database, "mx3")
    };
    let three = Box::pin(three.start()).await;
    let config = one.config.to_string_lossy().into_owned();
    let shown = || finished(&["nodes", "--json", "--config", &config]);
    let (exit, out, errors) = shown();
    assert_eq!(exit, 1, "{out}{errors}");
    let said: serde_json::Value = serde_json::from_str(&out).unwrap();
    let names: Vec<_> = said["nodes"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|node| node["alive"] == true), "{out}");
    let differs = |said: &serde_json::Value, what: &str| {
        let all = said["drift"].as_array().unwrap().clone();
        all.into_iter().find(|drift| drift["what"] == what)
    };
    let allowlist = differs(&said, "allowlist").unwrap();
    let mut states: Vec<_> = allowlist["states"].as_object().unwrap().values().collect();
    states.sort_by_key(|nodes| nodes.to_string());
    assert_eq!(
        states,
        [
            &serde_json::json!(["mx1", "mx2"]),
            &serde_json::json!(["mx3"])
        ]
    );
    for same in ["rules", "keys", "version"] {
        assert_eq!(differs(&said, same), None, "{out}");
    }
    assert!(names[0]["keys"].as_str().unwrap().starts_with("secrets "));
    let (_, _, told) = finished(&["nodes", "--config", &config]);
    assert!(
        told.contains("allowlist differ:") && told.contains("at mx3"),
        "{told}"
    );
    fs::write(&couriers, shipped).unwrap();
    let reloaded: serde_json::Value = admin(&three)
        .post("/v1/allowlist/reload", "application/json", "{}".into())
        .await
        .unwrap();
    assert!(reloaded.is_object(), "{reloaded}");
    until("the same allowlist", async || {
        let (_, out, _) = shown();
        let said: serde_json::Value = serde_json::from_str(&out).unwrap();
        differs(&said, "allowlist").is_none().then_some(())
    })
    .await;
    drop((one, two));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_machine_has_no_nodes_to_show() {
    let stage = Stage::ordinary().await;
    let config = stage.config.to_string_lossy().into_owned();
    let (exit, _, errors) = finished(&["nodes", "--config", &config]);
    assert_eq!(exit, 78, "{errors}");
    assert!(errors.contains("docs/many-nodes.md"), "{errors}");
}

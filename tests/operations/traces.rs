//! Where is my mail, and why: every name leads to the answer, which shows nobody's address unless it is asked to, and then it is logged.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use serde_json::Value;

use crate::support::dialogue::Dialogue;
use crate::support::process::{Server, finished, free_port};
use crate::support::stage::*;

/// What must not show: addresses, and the domains of whoever wrote or got mail here.
const SECRETS: &[&str] = &[
    "jan@",
    "biuro@",
    "sprzedaz@",
    "ola@",
    "x@strangers",
    "poczta.example",
    "rowery.example",
    "strangers.example",
    "writer.example",
];

async fn command(arguments: &[&str]) -> (i32, String, String) {
    let owned: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = owned.iter().map(String::as_str).collect();
        finished(&arguments)
    })
    .await
    .unwrap()
}

/// What `trace` says of `arguments`, in both forms; the lines of the JSON.
async fn traced(config: &str, arguments: &[&str]) -> (String, Vec<Value>) {
    let all = [&["trace", "--config", config], arguments].concat();
    let (code, out, errors) = command(&all).await;
    assert_eq!(code, 0, "{arguments:?}: {errors}");
    let (_, json, _) = command(&[&all[..], &["--json"]].concat()).await;
    for text in [&out, &json] {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{arguments:?}: {secret} in {text}");
        }
    }
    (out, serde_json::from_str(&json).unwrap())
}

/// The file of a message whose id names the domain of its writer's.
fn letter(from: &str, to: &str, id: &str) -> String {
    message(from, to, "").replace("<1@client.example>", id)
}

fn assert_no_secret_in(folder: &Path) {
    let mut kinds = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let octets = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&octets).to_lowercase();
        // A Message-ID is kept as it came, but for addresses: a report has to name it.
        for secret in SECRETS.iter().filter(|secret| **secret != "writer.example") {
            assert!(!text.contains(secret), "{secret} in {}", path.display());
        }
        kinds.push(path.extension().unwrap().to_string_lossy().into_owned());
    }
    assert!(kinds.contains(&"ndjson".to_owned()), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_leads_to_a_message_and_none_of_them_shows() {
    let port = free_port();
    let setup = Setup::default().key("admin", &format!("listen = \"127.0.0.1:{port}\""));
    let stage = setup.start().await;
    let config = stage.config.to_string_lossy().into_owned();
    let sent =
        letter(JAN, SELLER, "<A1@writer.example>").replace("Hello.", "I am jan@poczta.example.");
    stage
        .send_message(JAN, &[SELLER], &sent)
        .await
        .assert("250");
    stage.arrival().await;
    stage.drained().await;
    let stranger = letter("x@strangers.example", SELLER, "<B2@writer.example>");
    let stranger = stage
        .send_message("x@strangers.example", &[SELLER], &stranger)
        .await;
    stranger.assert("550");
    for query in [
        &["8awgqyk6a5"][..],
        &["JAN@poczta.example"],
        &[BIURO],
        &["<a1@writer.example>"],
        &["--seller", "k2m9x0r7t3"],
        &["cub31c122", "--seller", "k2m9x0r7t3", "--since", "1h"],
    ] {
        let (out, lines) = traced(&config, query).await;
        let events: Vec<_> = lines
            .iter()
            .map(|line| line["event"].as_str().unwrap())
            .collect();
        assert_eq!(events, ["accepted", "delivered"], "{query:?}: {out}");
        let came = &lines[0]["came"];
        assert_eq!(
            (
                &came["client"],
                &came["checks"],
                &came["decided"],
                &came["from"],
                &came["changed"]
            ),
            (
                &"127.0.0.1".into(),
                &"spf=pass".into(),
                &"party".into(),
                &BUYER.into(),
                &serde_json::json!(["addresses masked"])
            ),
            "{query:?}"
        );
        let attempt = &lines[1]["attempt"];
        assert_eq!(attempt["delays"].as_array().unwrap().len(), 4, "{query:?}");
        let reply = attempt["reply"].as_str().unwrap();
        assert!(reply.starts_with("250"), "{reply}");
        for said in [
            "first byte, from 127.0.0.1 by",
            "delays=",
            "server: 250",
            "next: the next server has it",
        ] {
            assert!(out.contains(said), "{query:?}: {said}: {out}");
        }
    }
    for query in [
        &["<B2@writer.example>"][..],
        &["x@strangers.example"],
        &["--since", "1h", "x@strangers.example"],
    ] {
        let (out, lines) = traced(&config, query).await;
        assert_eq!(lines.len(), 1, "{query:?}: {out}");
        assert_eq!(lines[0]["reason"], "sender-not-registered");
        assert_eq!(lines[0]["came"]["decided"], "registered or courier");
        assert!(
            lines[0]["said"].as_str().unwrap().contains("(address)"),
            "{out}"
        );
    }
    let all = traced(&config, &["--since", "1h"]).await.1;
    assert_eq!(all.len(), 3);
    let none = |arguments: &'static [&'static str]| {
        let config = config.clone();
        async move { command(&[&["trace", "--config", &config], arguments].concat()).await }
    };
    assert_eq!(none(&["--until", "1h"]).await.0, 65);
    assert_eq!(none(&["--seller", "8awgqyk6a5"]).await.0, 65);
    assert_eq!(none(&["ola@poczta.example"]).await.0, 65);
    assert_eq!(none(&[]).await.0, 64);
    let (code, _, errors) = none(&["--since", "yesterday"]).await;
    assert!(
        code == 64 && errors.contains("2h for two hours ago"),
        "{errors}"
    );
    let folder = stage.stop().await;
    assert_no_secret_in(&folder.path().join("data/trace"));
    // The files say the same without a server.
    assert_eq!(traced(&config, &["x@strangers.example"]).await.1.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_is_told_with_the_systems_word() {
    let port = free_port();
    let setup = Setup {
        next_hop: Some(port),
        ..Setup::default()
    };
    let listen = format!("listen = \"127.0.0.1:{}\"", free_port());
    let stage = setup.key("admin", &listen).start().await;
    let config = stage.config.to_string_lossy().into_owned();
    stage.send(JAN, SELLER).await.assert("250");
    stage.deferred().await;
    let (out, lines) = traced(&config, &[SELLER]).await;
    let attempt = &lines[1]["attempt"];
    assert_eq!(attempt["port"], port);
    assert!(
        attempt["error"].as_str().unwrap().contains("refused"),
        "{out}"
    );
    let next = lines[1]["next"].as_str().unwrap();
    let id = lines[1]["id"].as_str().unwrap();
    let wanted = format!("next: it waits until {next}: `allegromail queue retry {id}`\n");
    assert!(out.ends_with(&wanted), "{out}");
    stage.stop().await;
}

/// A server with this `[admin]`, one message taken and one refused.
async fn served(admin: &str) -> (Server, tempfile::TempDir, String) {
    let setup = Setup {
        next_hop: Some(free_port()),
        ..Setup::default()
    };
    let folder = setup
        .key("auth", "registered = \"off\"")
        .start()
        .await
        .stop()
        .await;
    let path = folder.path().join("allegromail.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (head, tail) = text.split_once("[admin]\n").unwrap();
    let tail = tail.split_once("[[delivery.route]]").unwrap().1;
    let admin = admin.replace("FOLDER", folder.path().to_str().unwrap());
    fs::write(
        &path,
        format!("{head}[admin]\n{admin}\n[[delivery.route]]{tail}"),
    )
    .unwrap();
    let token = folder.path().join("admin.token");
    fs::write(&token, "0123456789abcdef-0123456789abcdef\n").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let server = Server::start(&path);
    let mut dialogue = Dialogue::greeted(server.smtp).await;
    let sent = letter(JAN, SELLER, "<A1@writer.example>");
    dialogue.send(JAN, &[SELLER], &sent).await.assert("250");
    let config = path.to_string_lossy().into_owned();
    until("the attempt is told", async || {
        let (_, lines) = traced(&config, &[SELLER]).await;
        (lines.len() > 1).then_some(())
    })
    .await;
    (server, folder, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn real_addresses_are_shown_to_whoever_is_named_in_the_log() {
    let token = format!(
        "listen = \"127.0.0.1:{}\"\ntoken_file = \"admin.token\"",
        free_port()
    );
    for (admin, who) in [("listen = \"FOLDER/admin.sock\"", "uid"), (&token, "token")] {
        let (server, folder, config) = served(admin).await;
        let asked = ["trace", "--config", &config, "--reveal", JAN];
        let (code, out, errors) = command(&asked).await;
        assert_eq!(code, 0, "{who}: {errors}");
        for real in [
            "real From: jan@poczta.example",
            "real RCPT TO: biuro@rowery.example",
        ] {
            assert!(out.contains(real), "{who}: {real}: {out}");
        }
        let log = server.log();
        let line = log.lines().find(|line| line.contains("trace_revealed"));
        let line = line.unwrap_or_else(|| panic!("{who}: {log}"));
        let named = match who {
            "uid" => format!("uid {}", fs::metadata(folder.path()).unwrap().uid()),
            _ => "token, from 127.0.0.1".to_owned(),
        };
        let trace = out.split_whitespace().next().unwrap();
        assert!(line.contains(&named) && line.contains(trace), "{line}");
        for secret in SECRETS {
            assert!(!log.contains(secret), "{who}: {secret} in {log}");
        }
        server.stop();
        let (code, _, errors) = command(&asked).await;
        assert!(
            code == 69 && errors.contains("would log"),
            "{who}: {errors}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_addresses_are_shown_to_nobody_who_cannot_be_named() {
    let port = free_port();
    let setup = Setup::default().key("admin", &format!("listen = \"127.0.0.1:{port}\""));
    let stage = setup.start().await;
    let config = stage.config.to_string_lossy().into_owned();
    stage.send(JAN, SELLER).await.assert("250");
    stage.arrival().await;
    let (code, out, errors) = command(&["trace", "--config", &config, "--reveal", SELLER]).await;
    assert!(
        code == 69 && errors.contains("token_file"),
        "{code} {out} {errors}"
    );
    assert!(!out.contains(JAN), "{out}");
    stage.stop().await;
}

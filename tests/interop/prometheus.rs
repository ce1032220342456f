//! What Prometheus makes of the metrics and of the alerts that come with them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use allegromail::scripted::sink::Sink;

use crate::support::dialogue::Dialogue;
use crate::support::http;
use crate::support::process::{Server, wait_until};
use crate::support::programs::have;
use crate::support::stage::{BIURO, BUYER, JAN, SELLER, Setup, message};

pub(super) fn deployed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name);
    path.to_str().unwrap().to_owned()
}

/// What `promtool` says of a file or of what it is told; whether it found nothing wrong.
fn promtool(words: &[&str], input: &str) -> (bool, String) {
    let mut tool = Command::new("promtool")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = tool.stdin.take().unwrap();
    pipe.write_all(input.as_bytes()).unwrap();
    drop(pipe);
    let output = tool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn each_alert_fires_for_its_fault_and_not_beside_it() {
    if !have(&["promtool"]) {
        return;
    }
    let (alerts, cases) = (
        deployed("prometheus/alerts.yml"),
        deployed("prometheus/alerts_test.yml"),
    );
    let (good, said) = promtool(&["check", "rules", &alerts], "");
    assert!(good, "{said}");
    let (good, said) = promtool(&["test", "rules", &cases], "");
    assert!(good, "{said}");
    let named = |path: &str, mark: &str| -> BTreeSet<String> {
        let text = fs::read_to_string(path).unwrap();
        let names = text.lines().filter_map(|line| line.split_once(mark));
        let ends = |c: char| !c.is_ascii_alphanumeric();
        let names = names.map(|(_, name)| name.split(ends).next().unwrap().to_owned());
        names.collect()
    };
    assert_eq!(
        named(&alerts, "alert: "),
        named(&cases, "alertname: "),
        "each alert has a case"
    );
}

/// A relay as a process behind a sink, with traffic both ways and a refusal.
async fn under_way() -> (tempfile::TempDir, Sink, Server) {
    let sink = Sink::start().await.unwrap();
    let setup = Setup {
        next_hop: Some(sink.address().port()),
        ..Setup::default()
    };
    let setup = setup.key("auth", "registered = \"off\"");
    let folder = setup.start().await.stop().await;
    // A list of its own, which a test may break.
    let (config, list) = (
        folder.path().join("allegromail.toml"),
        folder.path().join("couriers.txt"),
    );
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("allowlist/couriers.txt");
    fs::copy(&shipped, &list).unwrap();
    let text = fs::read_to_string(&config).unwrap();
    let own = text.replace(&format!("path = {shipped:?}"), &format!("path = {list:?}"));
    assert_ne!(text, own);
    fs::write(&config, own).unwrap();
    let server = Server::start(&config);
    let mut dialogue = Dialogue::greeted(server.smtp).await;
    for (from, to, code) in [
        (JAN, SELLER, "250"),
        (BIURO, BUYER, "250"),
        (JAN, BUYER, "550"),
    ] {
        let message = message(from, to, "");
        dialogue.send(from, &[to], &message).await.assert(code);
    }
    sink.next().await;
    sink.next().await;
    (folder, sink, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_written_as_prometheus_wants_them() {
    if !have(&["promtool"]) {
        return;
    }
    let (_folder, _sink, server) = under_way().await;
    let mut shown = String::new();
    wait_until("two deliveries", || {
        shown = http::get(server.admin, "/metrics");
        shown.contains("allegromail_queue_delivered_total 2")
    });
    let (_, body) = shown.split_once("\r\n\r\n").unwrap();
    let (good, said) = promtool(&["check", "metrics"], body);
    assert!(good && said.is_empty(), "{said}");
    // What a panel draws that is one number is there from the first moment.
    let dashboard = fs::read_to_string(deployed("grafana/allegromail.json")).unwrap();
    let names = dashboard.split("allegromail_").skip(1);
    let names = names.map(|rest| {
        let ends = |c: char| !(c.is_ascii_lowercase() || c == '_');
        format!("allegromail_{}", rest.split(ends).next().unwrap())
    });
    // These appear with the first of their kind.
    let later = [
        "allegromail_certificate_expiry_timestamp_seconds",
        "allegromail_content_hits_total",
        "allegromail_delivery_sts_total",
        "allegromail_delivery_tls_total",
        "allegromail_dns_seconds_bucket",
        "allegromail_inbound_checks_total",
        "allegromail_inbound_tls_total",
        "allegromail_reload_failed",
    ];
    for name in names.collect::<BTreeSet<_>>() {
        let there = body.lines().any(|line| line.starts_with(&name));
        assert!(there || later.contains(&&*name), "{name} in\n{body}");
    }
    assert!(body.contains("allegromail_inbound_answer_seconds_count 3"));
    assert!(body.contains("allegromail_queue_delay_seconds_count 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_allowlist_raises_its_alert_until_it_is_mended() {
    let (folder, _sink, server) = under_way().await;
    let reload = |status: &str| {
        let answer = http::post(
            server.admin,
            "/v1/allowlist/reload",
            Some("application/json"),
            "",
        );
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        http::get(server.admin, "/metrics")
    };
    let list = folder.path().join("couriers.txt");
    let good = fs::read_to_string(&list).unwrap();
    fs::write(&list, "@com\n").unwrap();
    let metrics = reload("422");
    assert!(metrics.contains("allegromail_reload_failed{what=\"allowlist\"} 1"));
    assert!(metrics.contains("allegromail_reloads_total{what=\"allowlist\",outcome=\"failed\"} 1"));
    fs::write(&list, good).unwrap();
    let metrics = reload("200");
    assert!(metrics.contains("allegromail_reload_failed{what=\"allowlist\"} 0"));
}

//! What Prometheus itself makes of a relay with traffic: every panel of the dashboard has something to draw, every alert can be asked, and one fires.
//!
//! Nothing here depends on how fast anything is: traffic goes on until the last panel has two samples to go by, as it does in the world.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use allegromail::scripted::dns::{DnsServer, Zones};
use allegromail::scripted::sink::Sink;
use serde_json::Value;

use super::prometheus::deployed;
use crate::support::authority::Chain;
use crate::support::dialogue::Dialogue;
use crate::support::http;
use crate::support::peer::Peer;
use crate::support::process::{Server, free_port, wait_until};
use crate::support::programs::have;
use crate::support::stage::{BIURO, BUYER, JAN, SELLER, Setup, message};

/// How long the slowest machine may take until every panel has something.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running Prometheus that reads one relay every second and has the alerts that come with it.
struct Prometheus {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn start(relay: SocketAddr) -> Self {
        let folder = tempfile::TempDir::with_prefix("allegromail-test-").unwrap();
        let (file, port) = (folder.path().join("prometheus.yml"), free_port());
        let alerts = deployed("prometheus/alerts.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{alerts:?}]\nscrape_configs:\n  - job_name: allegromail\n    static_configs: [{{ targets: [\"{relay}\"] }}]\n"
        );
        fs::write(&file, text).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let prometheus = Self {
            child,
            port,
            _folder: folder,
        };
        wait_until("Prometheus", || prometheus.asked("/-/ready", "").is_some());
        prometheus
    }

    /// The answer to a request, by curl: long ones come in pieces. None: no success.
    fn asked(&self, path: &str, query: &str) -> Option<String> {
        let output = Command::new("curl")
            .args(["-s", "--fail", "--get", "--data-urlencode"])
            .arg(format!("query={query}"))
            .arg(format!("http://127.0.0.1:{}{path}", self.port))
            .output()
            .unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        output.status.success().then_some(answer)
    }

    fn data(&self, path: &str, query: &str) -> Value {
        let answer = self.asked(path, query);
        let answer = answer.unwrap_or_else(|| panic!("no answer of {path} to {query}"));
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        answer["data"].take()
    }

    /// The values of the series that an expression has now; what is not a number is none to draw.
    fn values(&self, expression: &str) -> Vec<f64> {
        let found = self.data("/api/v1/query", expression);
        let series = found["result"].as_array().unwrap().iter();
        let values = series.map(|series| series["value"][1].as_str().unwrap().parse().unwrap());
        values.filter(|value: &f64| !value.is_nan()).collect()
    }

    /// The alerts that it has read.
    fn alerts(&self) -> Vec<Value> {
        let groups = self.data("/api/v1/rules", "")["groups"].take();
        let groups = groups.as_array().unwrap().iter();
        let rules = groups.flat_map(|group| group["rules"].as_array().unwrap().clone());
        rules.collect()
    }

    /// The names of those that fire.
    fn firing(&self) -> BTreeSet<String> {
        let alerts = self.alerts().into_iter();
        let alerts = alerts.filter(|alert| alert["state"] == "firing");
        alerts
            .map(|alert| alert["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Title and expression of every panel, for every relay there is.
fn panels() -> Vec<(String, String)> {
    let dashboard = fs::read_to_string(deployed("grafana/allegromail.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            found.push((title.to_owned(), expression.replace("$instance", ".*")));
        }
    }
    // What the choice of a relay above the panels is made from.
    found.push(("instance".to_owned(), "allegromail_build_info".to_owned()));
    assert!(found.len() > 25, "{found:?}");
    found
}

/// The metrics that an expression names.
fn metrics(expression: &str) -> BTreeSet<String> {
    let names = expression.split("allegromail_").skip(1);
    let names = names.map(|rest| {
        let ends = |c: char| !(c.is_ascii_lowercase() || c == '_');
        format!("allegromail_{}", rest.split(ends).next().unwrap())
    });
    names.collect()
}

/// A relay as a process with all that goes on around one: senders whom the DNS proves, servers with and without TLS, and one that can only be found by MX.
struct World {
    folder: tempfile::TempDir,
    server: Server,
    _dns: DnsServer,
    _sink: Sink,
    _secure: Peer,
}

/// A participant whose server is found by MX, with a policy that cannot be had.
const GONE: &str = r#"{"type":"participant","id":"gone1","login":"gone","marketplace":"allegro-pl","primary":"x@gone.example"}
{"type":"transaction","id":"gone2","buyer":"gone1","seller":"k2m9x0r7t3"}
"#;

impl World {
    async fn new() -> Self {
        let dns = DnsServer::start(
            Zones::parse(&[
                "poczta.example TXT v=spf1 ip4:127.0.0.1 -all",
                "rowery.example TXT v=spf1 ip4:127.0.0.1 -all",
                "gone.example MX 10 mx.gone.example",
                // No mail goes to loopback by MX.
                "mx.gone.example A 127.0.0.1",
                "_mta-sts.gone.example TXT v=STSv1; id=1;",
                "mta-sts.gone.example A 127.0.0.1",
            ])
            .unwrap(),
        );
        let (dns, sink) = (dns.await.unwrap(), Sink::start().await.unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let acceptor = Chain::of_nobody("mx.rowery.example").acceptor();
        let secure = Peer::serve(listener, vec![], Some(acceptor));
        let route = |domain: &str, port: u16| {
            format!(
                "[[delivery.route]]\ndomain = {domain:?}\nhost = \"127.0.0.1\"\nport = {port}\n"
            )
        };
        let setup = Setup {
            by_mx: true,
            accounts: GONE.to_owned(),
            routes: route("poczta.example", sink.address().port())
                + &route("rowery.example", secure.port),
            ..Setup::default()
        };
        let setup = setup
            .key("limits", "messages_per_transaction = \"off\"")
            .key("limits", "messages_per_sender = \"off\"")
            .key("limits", "refusals_per_client = \"off\"");
        let folder = setup.start().await.stop().await;
        let (config, list) = (
            folder.path().join("allegromail.toml"),
            folder.path().join("couriers.txt"),
        );
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("allowlist/couriers.txt");
        fs::copy(&shipped, &list).unwrap();
        let text = fs::read_to_string(&config).unwrap();
        let lines = text.lines().map(|line| match line {
            line if line.starts_with("servers = ") => {
                format!("servers = [\"{}\"]\n", dns.address())
            }
            "[smtp]" => format!("[smtp]\n{}\n", certificate(folder.path())),
            line => format!(
                "{}\n",
                line.replace(&format!("{shipped:?}"), &format!("{list:?}"))
            ),
        });
        fs::write(&config, lines.collect::<String>()).unwrap();
        let server = Server::start(&config);
        Self {
            folder,
            server,
            _dns: dns,
            _sink: sink,
            _secure: secure,
        }
    }

    /// One of everything: taken, refused, delivered with and without TLS, put off, against a rule, over TLS.
    async fn traffic(&self) {
        let mut dialogue = Dialogue::greeted(self.server.smtp).await;
        for (from, to, code) in [
            (JAN, SELLER, "250"),
            (BIURO, BUYER, "250"),
            (BIURO, "gone1+gone2@allegromail.pl", "250"),
            (JAN, BUYER, "550"),
        ] {
            let message = message(from, to, "");
            dialogue.send(from, &[to], &message).await.assert(code);
        }
        let outside = "Sprzedam poza Allegro, bez prowizji, proszę o przelew na konto.";
        let head = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
        let offer = message(BIURO, BUYER, head).replace("Hello.", outside);
        let answer = dialogue.send(BIURO, &[BUYER], &offer).await;
        answer.because("content-prohibited");
        let (port, to) = (self.server.smtp.port().to_string(), SELLER);
        let secured = Command::new("swaks")
            .args(["--tls", "--server", "127.0.0.1", "--port", &port])
            .args(["--from", JAN, "--to", to, "--ehlo", "client.example"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&secured.stdout);
        assert!(secured.status.success(), "{said}");
    }
}

/// A certificate in a folder, and the line that names it.
fn certificate(folder: &Path) -> String {
    let made =
        rcgen::generate_simple_self_signed(vec!["mx.allegromail.example".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("mx.pem"), folder.join("mx.key"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    format!("tls = {{ certificate = {certificate:?}, key = {key:?} }}")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_has_something_to_draw_and_every_alert_something_to_watch() {
    if !have(&["prometheus", "curl", "swaks"]) {
        return;
    }
    let world = World::new().await;
    let admin = world.server.admin;
    http::post(admin, "/v1/reload", Some("application/json"), "{}");
    let prometheus = Prometheus::start(admin);
    let (mut empty, begun) = (panels(), Instant::now());
    while !empty.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "nothing to draw: {empty:#?}");
        world.traffic().await;
        empty.retain(|(_, expression)| prometheus.values(expression).is_empty());
    }

    let asked = || {
        let alerts = prometheus.alerts().into_iter();
        alerts.filter(|alert| alert["health"] != "unknown").count()
    };
    let all = fs::read_to_string(deployed("prometheus/alerts.yml")).unwrap();
    let all = all.matches("- alert: ").count();
    wait_until("each alert was asked", || asked() == all);
    for alert in prometheus.alerts() {
        assert_eq!(alert["health"], "ok", "{alert}");
        let query = alert["query"].as_str().unwrap();
        for metric in metrics(query) {
            let values = prometheus.values(&metric);
            assert!(!values.is_empty(), "no {metric} for {}", alert["name"]);
        }
    }

    assert_eq!(prometheus.firing(), BTreeSet::new(), "a sound relay");
    let list = world.folder.path().join("couriers.txt");
    let good = fs::read_to_string(&list).unwrap();
    fs::write(&list, "@*.pl\n").unwrap();
    let reload = || http::post(admin, "/v1/reload", Some("application/json"), "{}");
    reload();
    let failed = BTreeSet::from(["AllegromailReloadFailed".to_owned()]);
    wait_until("the alert of a broken allowlist", || {
        prometheus.firing() == failed
    });
    fs::write(&list, good).unwrap();
    reload();
    wait_until("its end", || prometheus.firing().is_empty());
}

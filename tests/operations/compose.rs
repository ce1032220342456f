//! The nodes of deploy/compose: what can be said of them without an engine that runs containers.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::process::finished;
use crate::support::programs::have;

const NODES: [&str; 3] = ["mx1", "mx2", "mx3"];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/compose"))
}

fn configuration(node: &str) -> toml::Table {
    let text = fs::read_to_string(folder().join(format!("{node}.toml"))).unwrap();
    text.parse().unwrap()
}

#[test]
fn each_configuration_is_one_that_a_node_starts_with() {
    for node in NODES {
        let place = tempfile::tempdir().unwrap();
        let secrets = place.path().join("secrets");
        fs::create_dir(&secrets).unwrap();
        for (name, text) in [
            ("secret.key", "x".repeat(32)),
            ("postgres.password", "y".into()),
        ] {
            let file = secrets.join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let couriers = concat!(env!("CARGO_MANIFEST_DIR"), "/allowlist");
        std::os::unix::fs::symlink(couriers, place.path().join("allowlist")).unwrap();
        let file = place.path().join("allegromail.toml");
        let text = fs::read_to_string(folder().join(format!("{node}.toml"))).unwrap();
        let data_dir = place.path().join("data").display().to_string();
        fs::write(&file, text.replace("/var/lib/allegromail", &data_dir)).unwrap();
        let (exit, out, errors) = finished(&[
            "config",
            "check",
            "--json",
            "--config",
            file.to_str().unwrap(),
        ]);
        assert_eq!(exit, 0, "{node}: {out}{errors}");
        let said: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(said["errors"], serde_json::json!([]), "{out}");
        assert_eq!(said["warnings"], serde_json::json!([]), "{out}");
    }
}

#[test]
fn nodes_differ_in_their_names_alone() {
    let strip = |node: &str| {
        let mut table = configuration(node);
        let hostname = table.remove("hostname").unwrap();
        let cluster = table["cluster"].as_table_mut().unwrap();
        assert_eq!(cluster.remove("node").unwrap().as_str(), Some(node));
        assert_eq!(hostname.as_str().unwrap(), format!("{node}.allegromail.pl"));
        table
    };
    assert_eq!(strip("mx1"), strip("mx2"));
    assert_eq!(strip("mx1"), strip("mx3"));
}

/// The compose file, its anchors and merges resolved.
fn compose() -> Option<Value> {
    if !have(&["python3"]) {
        return None;
    }
    let read = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";
    let output = Command::new("/usr/bin/python3")
        .args(["-c", read])
        .arg(folder().join("compose.yaml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let required = std::env::var_os("ALLEGROMAIL_INTEROP").is_some_and(|mode| mode == "require");
    if said.contains("No module named 'yaml'") && !required {
        eprintln!("SKIPPED: python3-yaml is not installed");
        return None;
    }
    assert!(output.status.success(), "{said}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_the_compose_file_names_is_there_and_fits_together() {
    let Some(compose) = compose() else {
        return;
    };
    let services = compose["services"].as_object().unwrap();
    let named: BTreeSet<&str> = services.keys().map(String::as_str).collect();
    assert_eq!(named, ["balancer", "mx1", "mx2", "mx3", "postgres"].into());
    let declared = compose["volumes"].as_object().unwrap();
    let mut own = BTreeSet::new();
    for (name, service) in services {
        for volume in texts(&service["volumes"]) {
            let (from, to) = volume.split_once(':').unwrap();
            match from.starts_with('.') {
                // Made by whoever tries it.
                true if from.starts_with("./secrets") => {}
                true => assert!(folder().join(from).exists(), "{name}: {from}"),
                false => assert!(declared.contains_key(from), "{name}: {from}"),
            }
            if to == "/var/lib/allegromail" {
                assert!(own.insert(from.to_owned()), "{name}: {from} is another's");
            }
        }
        let published = service.get("ports").is_some();
        assert_eq!(published, name == "balancer", "{name}");
    }
    assert_eq!(own.len(), 3);
    let balancer = fs::read_to_string(folder().join("haproxy.cfg")).unwrap();
    assert!(balancer.contains("send-proxy-v2") && balancer.contains("check-send-proxy"));
    let address = compose["services"]["balancer"]["networks"]["mail"]["ipv4_address"].as_str();
    let bound = compose["services"]["balancer"]["ports"][0]
        .as_str()
        .unwrap();
    let bound = bound.split_once(':').unwrap().1;
    assert!(balancer.contains(&format!("bind :{bound}\n")), "{bound}");
    for node in NODES {
        let service = &compose["services"][node];
        let mounted = texts(&service["volumes"]);
        let configured = format!("./{node}.toml:/etc/allegromail/allegromail.toml:ro");
        assert!(mounted.contains(&configured), "{node}");
        assert_eq!(service["command"][0], "serve");
        let config = configuration(node);
        let smtp = config["smtp"].as_table().unwrap();
        let from = smtp["proxy_from"][0].as_str().unwrap();
        assert_eq!(
            Some(from),
            address.map(|address| format!("{address}/32")).as_deref()
        );
        let listen = smtp["proxy_listen"][0].as_str().unwrap();
        let port = listen.rsplit_once(':').unwrap().1;
        assert!(
            balancer.contains(&format!("server {node} {node}:{port}\n")),
            "{node}"
        );
        // The socket of the database is where the node looks for it.
        let url = config["directory"]["url"].as_str().unwrap();
        let socket = url
            .split(' ')
            .find_map(|word| word.strip_prefix("host="))
            .unwrap();
        assert!(
            mounted.contains(&format!("postgres-socket:{socket}")),
            "{url}"
        );
    }
    let database = texts(&compose["services"]["postgres"]["volumes"]);
    assert!(
        database
            .iter()
            .any(|volume| volume.starts_with("postgres-socket:"))
    );
}

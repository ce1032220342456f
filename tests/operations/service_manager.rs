//! What systemd is told about the server (sd_notify(3)).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::dialogue::Dialogue;
use crate::support::process::{PROGRAM, Server, wait_until};
use crate::support::programs::have;
use crate::support::stage::{JAN, SELLER, Setup, message};

/// The next message that is no sign of life.
fn next(socket: &UnixDatagram) -> String {
    loop {
        let mut message = [0; 1_024];
        let length = socket.recv(&mut message).unwrap();
        let text = String::from_utf8_lossy(&message[..length]).into_owned();
        if text != "WATCHDOG=1\n" {
            return text;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_hears_of_start_life_and_stop() {
    let folder = Setup::default().start().await.stop().await;
    let config = folder.path().join("allegromail.toml");
    let place = folder.path().join("notify");
    let socket = UnixDatagram::bind(&place).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    let variables = [
        ("NOTIFY_SOCKET", place.to_str().unwrap()),
        ("WATCHDOG_USEC", "200000"),
    ];
    let server = Server::try_start(&config, &[], &variables).unwrap();
    assert_eq!(next(&socket), "STATUS=opening the stores\n");
    assert_eq!(next(&socket), "READY=1\nSTATUS=taking mail\n");
    for _ in 0..3 {
        let mut message = [0; 64];
        let length = socket.recv(&mut message).unwrap();
        assert_eq!(&message[..length], b"WATCHDOG=1\n");
    }
    server.stop();
    assert_eq!(
        next(&socket),
        "STOPPING=1\nSTATUS=ending what is under way\n"
    );
}

/// A socket that is gone holds nobody up.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_that_is_gone_stops_no_mail() {
    let folder = Setup::default().start().await.stop().await;
    let config = folder.path().join("allegromail.toml");
    let place = folder.path().join("notify");
    let variables = [
        ("NOTIFY_SOCKET", place.to_str().unwrap()),
        ("WATCHDOG_USEC", "20000"),
    ];
    let server = Server::try_start(&config, &[], &variables).unwrap();
    server.stop();
}

/// The unit asks for what the server tells, and takes away what it does not use.
#[test]
fn the_unit_is_supervised_and_exposed_little() {
    let unit = include_str!("../../deploy/allegromail.service");
    for line in [
        "Type=notify",
        "WatchdogSec=",
        "ExecReload=",
        "StateDirectoryMode=0700",
        "StartLimitIntervalSec=0",
    ] {
        assert!(unit.contains(line), "{line}");
    }
    if !have(&["systemd-analyze"]) {
        return;
    }
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/deploy/allegromail.service"
        ))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// The system calls of a set of systemd's, with those of the sets within it.
fn calls(set: &str) -> BTreeSet<String> {
    let output = Command::new("systemd-analyze")
        .args(["syscall-filter", "--no-pager", set])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().skip(1).map(str::trim);
    let mut all = BTreeSet::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.starts_with('@') {
            true => all.extend(calls(line)),
            false => _ = all.insert(line.to_owned()),
        }
    }
    all
}

/// What the unit's filter forbids the server never asks for, from its start over mail and a reload to its stop.
#[tokio::test(flavor = "multi_thread")]
async fn the_unit_lets_every_system_call_through() {
    if !have(&["systemd-analyze", "strace"]) {
        return;
    }
    let setup = Setup::default().key("auth", "registered = \"off\"");
    let folder = setup.start().await.stop().await;
    let config = folder.path().join("allegromail.toml");
    let traced = folder.path().join("calls");
    // -D: the server stays our own child.
    let before = ["strace", "-D", "-f", "-q", "-o", traced.to_str().unwrap()];
    let server = Server::try_start(&config, &before, &[]).unwrap();
    let mut dialogue = Dialogue::greeted(server.smtp).await;
    dialogue
        .send(
            JAN,
            &["k2m9x0r7t3@allegromail.pl"],
            &message(JAN, SELLER, ""),
        )
        .await
        .assert("250");
    server.signal("HUP");
    wait_until("the reload", || server.log().contains("event=\"reload"));
    server.stop();
    // The tracer writes its last lines after the server has ended.
    wait_until("the end of the trace", || {
        let text = std::fs::read_to_string(&traced).unwrap();
        text.lines()
            .any(|line| line.ends_with("+++ exited with 0 +++"))
    });
    let allowed = calls("@system-service");
    let forbidden = calls("@privileged");
    assert!(forbidden.contains("chroot"), "{forbidden:?}");
    let text = std::fs::read_to_string(&traced).unwrap();
    let made = text
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('))
        .map(|(call, _)| call.to_owned())
        .filter(|call| call.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let made: BTreeSet<String> = made.collect();
    assert!(
        made.contains("fdatasync") || made.contains("fsync"),
        "{made:?}"
    );
    let denied: Vec<_> = made
        .iter()
        .filter(|call| !allowed.contains(*call) || forbidden.contains(*call))
        .collect();
    assert!(denied.is_empty(), "{denied:?}");
}

/// A large spool takes its time, and whoever waits before a terminal is told; a log is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_takes_long_says_so_on_a_terminal_alone() {
    if !have(&["script"]) {
        return;
    }
    let folder = Setup::default().start().await.stop().await;
    let config = folder.path().join("allegromail.toml");
    let slow = [("ALLEGROMAIL_FAILPOINTS", "spool.opening=delay:2500")];
    let server = Server::try_start(&config, &[], &slow).unwrap();
    let log = server.log();
    server.stop();
    assert!(!log.contains("opening the stores"), "{log}");
    // Its port is taken, so that it ends by itself once the stores are open.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let text = fs::read_to_string(&config).unwrap();
    let port = format!("listen = [\"{}\"]", taken.local_addr().unwrap());
    let text = text.replace("listen = [\"127.0.0.1:0\"]", &port);
    assert!(text.contains(&port), "{text}");
    fs::write(&config, text).unwrap();
    let serve = format!("{PROGRAM} serve --config {}", config.display());
    let output = Command::new("script")
        .args(["-qec", &serve, "/dev/null"])
        .envs(slow)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("opening the stores since 1 s; "), "{told}");
    assert!(told.contains(" MB in the spool"), "{told}");
    drop(taken);
}

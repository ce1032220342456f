//! A server that has nothing to do writes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::ground::Ground;
use crate::support::client::Client;
use crate::support::http;
use crate::support::process::{Server, wait_until};

/// Length and time of the last change of every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        // A file that goes while it is looked at is a write, too: the next look misses it.
        let Ok(known) = entry.metadata() else {
            continue;
        };
        if known.is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.path(), (known.len(), known.modified().unwrap()));
        }
    }
    found
}

/// Waits until what was under way has come to the disk, and then wants rest for many times as long as any of our timers waits.
#[track_caller]
fn rests(ground: &Ground, when: &str) {
    let data = ground.folder.path().join("data");
    let still = |seconds| {
        let before = files(&data);
        std::thread::sleep(Duration::from_secs(seconds));
        files(&data) == before
    };
    wait_until(when, || still(2));
    assert!(still(3), "{when}");
}

/// Everything is delivered, and both stores have been exported.
fn settled(relay: &Server) {
    wait_until("an empty queue", || {
        http::get(relay.admin, "/v1/queue").contains("[]")
    });
    wait_until("the exports", || {
        relay.log().contains("event=\"exported\" what=\"state\"")
    });
}

#[test]
fn h183_a_server_that_has_nothing_to_do_writes_nothing() {
    let ground = Ground::new();
    // Every second an export of few changes would be due.
    ground.arm("app.export_late=number:1");
    let relay = ground.start();
    settled(&relay);
    rests(&ground, "rest after an import and the first export");
    let mut client = Client::connect(relay.smtp).unwrap();
    for _ in 0..60 {
        assert!(client.next(&ground.ledger).unwrap().starts_with("250"));
    }
    drop(client);
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    settled(&relay);
    rests(&ground, "rest after mail");
    relay.stop();
    let relay = ground.start();
    settled(&relay);
    rests(&ground, "rest after a restart");
    relay.stop();
}

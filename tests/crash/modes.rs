//! What lies under `data_dir` is its owner's alone, whoever made it and under whatever umask.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::ground::Ground;
use crate::support::client::Client;
use crate::support::process::{PROGRAM, wait_until};

/// The program behind a shell whose umask takes nothing away.
const OPEN: [&str; 4] = ["sh", "-c", "umask 0; exec \"$@\"", "sh"];

/// Calls `visit` with every path below `path` and itself, and with its mode.
fn each(path: &Path, visit: &mut dyn FnMut(&Path, u32)) {
    let known = fs::symlink_metadata(path).unwrap();
    visit(path, known.permissions().mode() & 0o7777);
    if known.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            each(&entry.unwrap().path(), visit);
        }
    }
}

/// Everything below `data_dir` is 0600 in 0700; returns how much that is.
#[track_caller]
fn all_closed(data: &Path) -> usize {
    let mut seen = 0;
    each(data, &mut |path, mode| {
        seen += 1;
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        if !path.is_symlink() {
            assert_eq!(mode, wanted, "{}: {mode:o}", path.display());
        }
    });
    seen
}

fn points(ground: &Ground) -> String {
    format!("file:{}", ground.folder.path().join("points").display())
}

#[test]
fn h167_all_that_is_made_under_data_dir_is_its_owners_alone() {
    let ground = Ground::new();
    let data = ground.folder.path().join("data");
    fs::remove_dir_all(&data).unwrap();
    let accounts = ground.folder.path().join("accounts.ndjson");
    let import = Command::new(OPEN[0])
        .args(&OPEN[1..])
        .args([PROGRAM, "import", accounts.to_str().unwrap(), "--config"])
        .arg(&ground.config)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(import.status.success(), "{import:?}");
    assert!(all_closed(&data) > 4);
    ground.arm("");
    let relay = ground.try_start(&points(&ground), &OPEN).unwrap();
    let mut client = Client::connect(relay.smtp).unwrap();
    for _ in 0..80 {
        assert!(client.next(&ground.ledger).unwrap().starts_with("250"));
    }
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    wait_until("an export", || {
        relay.log().contains("event=\"exported\" what=\"state\"")
    });
    assert!(all_closed(&data) > 15);
    relay.stop();
    assert!(all_closed(&data) > 15);
    // A start that makes stores again, and sets damage aside.
    fs::write(ground.data("directory/db"), b"rubbish".repeat(10_000)).unwrap();
    fs::write(ground.data("state/db"), b"rubbish".repeat(10_000)).unwrap();
    let segment = fs::read_dir(ground.data("spool"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|kind| kind == "seg"))
        .unwrap();
    let mut octets = fs::read(&segment).unwrap();
    octets[60..80].fill(0);
    fs::write(&segment, octets).unwrap();
    let relay = ground.try_start(&points(&ground), &OPEN).unwrap();
    wait_until("the directory", || {
        relay.log().contains("directory_restored")
    });
    assert!(ground.data("directory.damaged").exists());
    assert!(ground.data("spool/damaged").exists(), "{}", relay.log());
    let mut client = Client::connect(relay.smtp).unwrap();
    assert!(client.next(&ground.ledger).unwrap().starts_with("250"));
    all_closed(&data);
    relay.stop();
    all_closed(&data);
}

#[test]
fn h167_loose_modes_found_at_a_start_are_mended_and_told() {
    let ground = Ground::new();
    let data = ground.folder.path().join("data");
    let stranger = ground.folder.path().join("stranger.txt");
    fs::write(&stranger, "not ours").unwrap();
    symlink(&stranger, data.join("directory/link")).unwrap();
    fs::set_permissions(&stranger, fs::Permissions::from_mode(0o644)).unwrap();
    each(&data, &mut |path, _| {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    });
    let relay = ground.start();
    all_closed(&data);
    let told = relay.log();
    for path in ["data", "data/directory", "data/directory/db"] {
        let path = ground.folder.path().join(path).canonicalize().unwrap();
        let line = format!("event=\"modes_repaired\" path={}", path.display());
        assert!(told.contains(&line), "{path:?}\n{told}");
    }
    assert!(!told.contains("stranger.txt") && !told.contains("directory/link"));
    let mode = fs::metadata(&stranger).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o644);
    relay.stop();
    let relay = ground.start();
    assert!(!relay.log().contains("modes_repaired"), "{}", relay.log());
    relay.stop();
}

#[test]
fn h167_root_makes_nothing_in_the_folder_of_another_user() {
    let ground = Ground::new();
    let data = ground.folder.path().join("data");
    fs::remove_dir_all(&data).unwrap();
    fs::create_dir(&data).unwrap();
    if chown(&data, Some(12_345), Some(12_345)).is_err() {
        println!("SKIPPED: only root can give a folder to another user");
        return;
    }
    let accounts = ground.folder.path().join("accounts.ndjson");
    for arguments in [
        ["import", accounts.to_str().unwrap()].as_slice(),
        &["queue", "list"],
        &["mask", "bu00001"],
    ] {
        let refused = ground.command(arguments);
        assert!(!refused.status.success(), "{arguments:?}");
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(text.contains("12345"), "{text}");
        assert!(text.contains("sudo -u"), "{text}");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "{arguments:?}");
    }
    // Its own folder it may fill.
    chown(&data, Some(0), Some(0)).unwrap();
    let loaded = ground.command(&["import", accounts.to_str().unwrap()]);
    assert!(loaded.status.success(), "{loaded:?}");
}

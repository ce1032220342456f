//! A disk that is full, read-only, forbidden or failing: each is told as what it is, and what is queued is delivered as long as that is possible.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::FallocateFlags;

use crate::ground::Ground;
use crate::support::client::Client;
use crate::support::http;
use crate::support::process::{Server, wait_until};

/// A small file system of its own under `data_dir`, unmounted when dropped.
struct Mounted {
    path: PathBuf,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

fn mount(options: &str, path: &Path) -> bool {
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "allegromail-test"])
        .arg(path)
        .output();
    mounted.is_ok_and(|output| output.status.success())
}

/// A ground whose data directory is a file system of 8 MiB; none, with a loud line, where nothing can be mounted.
fn small() -> Option<(Ground, Mounted)> {
    let ground = Ground::new();
    let config = fs::read_to_string(&ground.config).unwrap();
    let config = config.replacen("[smtp]\n", "[smtp]\nmax_message_size = 65536\n", 1);
    fs::write(&ground.config, config).unwrap();
    let data = ground.folder.path().join("data");
    fs::remove_dir_all(&data).unwrap();
    fs::create_dir(&data).unwrap();
    if !mount("size=8m,mode=0700", &data) {
        assert!(
            std::env::var("ALLEGROMAIL_INTEROP").as_deref() != Ok("require"),
            "a file system must be mounted here, and cannot be"
        );
        println!("SKIPPED: no file system can be mounted (not root?): full disks are NOT tested");
        return None;
    }
    let mounted = Mounted { path: data };
    let accounts = ground.folder.path().join("accounts.ndjson");
    let loaded = ground.command(&["import", accounts.to_str().unwrap()]);
    assert!(loaded.status.success(), "{loaded:?}");
    Some((ground, mounted))
}

/// Takes every octet that is left, in one step: what the relay gives up because of it is not taken, too.
fn fill(ground: &Ground) {
    let file = fs::File::create(ground.data("filler")).unwrap();
    wait_until("a full disk", || {
        let disk = rustix::fs::fstatvfs(&file).unwrap();
        let free = disk.f_bavail * disk.f_frsize;
        rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, free).is_ok()
    });
}

/// What MAIL is answered.
fn mail(relay: &Server) -> String {
    let mut client = Client::connect(relay.smtp).unwrap();
    client.say("MAIL FROM:<buyer1@poczta.example>").unwrap()
}

fn points(ground: &Ground) -> String {
    format!("file:{}", ground.folder.path().join("points").display())
}

/// No attempt reaches the sink.
const NO_WAY: &str = "delivery.connecting=error:EMFILE";

fn queued(ground: &Ground, relay: &Server, messages: usize) {
    let mut client = Client::connect(relay.smtp).unwrap();
    for _ in 0..messages {
        let reply = client.next(&ground.ledger).unwrap();
        assert!(reply.starts_with("250"), "{reply}");
    }
}

fn empty(relay: &Server) {
    wait_until("an empty queue", || {
        http::get(relay.admin, "/v1/queue").contains("[]")
    });
}

#[test]
fn h175_a_start_on_a_full_disk_refuses_mail_and_drains_the_queue() {
    let Some((ground, _mounted)) = small() else {
        return;
    };
    ground.arm(NO_WAY);
    let relay = ground.start();
    queued(&ground, &relay, 40);
    relay.stop();
    fill(&ground);
    let relay = ground.start();
    assert!(relay.log().contains("reserve_given"), "{}", relay.log());
    assert!(mail(&relay).starts_with("452 4.3.1"), "{}", mail(&relay));
    assert!(http::get(relay.admin, "/readyz").contains(" 503 "));
    // Only now can anything be delivered.
    ground.arm("");
    ground.ledger.close(Duration::from_secs(30)).assert_whole();
    empty(&relay);
    // Another start on the full disk delivers nothing twice.
    relay.kill();
    let relay = ground.start();
    empty(&relay);
    assert_eq!(ground.ledger.close(Duration::from_secs(1)).duplicates, 0);
    assert!(mail(&relay).starts_with("452 4.3.1"), "{}", mail(&relay));
    // Room again: mail is taken without a restart, and room is kept again.
    fs::remove_file(ground.data("filler")).unwrap();
    wait_until("room again", || mail(&relay).starts_with("250"));
    queued(&ground, &relay, 5);
    wait_until("room that is kept", || {
        ground.data("spool/reserve").exists()
    });
    let closing = ground.ledger.close(Duration::from_secs(20));
    closing.assert_whole();
    assert_eq!(closing.duplicates, 0);
    relay.stop();
}

#[test]
fn h175_a_disk_that_fills_up_meanwhile_drains_too() {
    let Some((ground, _mounted)) = small() else {
        return;
    };
    ground.arm(NO_WAY);
    let relay = ground.start();
    queued(&ground, &relay, 40);
    fill(&ground);
    wait_until("452", || mail(&relay).starts_with("452 4.3.1"));
    ground.arm("");
    ground.ledger.close(Duration::from_secs(30)).assert_whole();
    empty(&relay);
    relay.kill();
    // The life of each is still told after a restart with room.
    fs::remove_file(ground.data("filler")).unwrap();
    let relay = ground.start();
    empty(&relay);
    let closing = ground.ledger.close(Duration::from_secs(1));
    closing.assert_whole();
    assert_eq!(closing.duplicates, 0);
    relay.stop();
}

#[test]
fn h175_an_import_on_a_full_disk_is_refused_and_harms_nothing() {
    let Some((ground, _mounted)) = small() else {
        return;
    };
    let relay = ground.start();
    fill(&ground);
    let account = "{\"type\":\"participant\",\"id\":\"zz00001\",\"login\":\"zz\",\"marketplace\":\"allegro-pl\",\"language\":\"pl\",\"primary\":\"zz@poczta.example\"}\n";
    let import = || {
        let kind = Some("application/x-ndjson");
        http::post(relay.admin, "/v1/import", kind, account)
    };
    let refused = import();
    assert!(refused.contains(" 503 "), "{refused}");
    assert!(refused.contains("the disk is full"), "{refused}");
    fs::remove_file(ground.data("filler")).unwrap();
    let loaded = import();
    assert!(loaded.contains(" 200 "), "without a restart: {loaded}");
    assert!(loaded.contains("\"applied\":1"), "{loaded}");
    wait_until("room again", || mail(&relay).starts_with("250"));
    queued(&ground, &relay, 5);
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    relay.stop();
}

#[test]
fn h175_a_file_system_that_may_not_be_written_to_is_told_as_that() {
    let Some((ground, mounted)) = small() else {
        return;
    };
    let relay = ground.start();
    relay.stop();
    assert!(mount("remount,ro", &mounted.path));
    let refused = ground.try_start(&points(&ground), &[]).err().unwrap();
    assert!(refused.contains("read-only"), "{refused}");
    assert!(refused.contains("move nothing away"), "{refused}");
    assert!(!refused.contains("import the last export"), "{refused}");
    assert!(mount("remount,rw", &mounted.path));
    let relay = ground.start();
    queued(&ground, &relay, 3);
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    relay.stop();
}

#[test]
fn h175_an_error_of_the_system_is_no_damage_in_any_store() {
    let ground = Ground::new();
    let relay = ground.start();
    wait_until("an export", || {
        relay.log().contains("event=\"exported\" what=\"state\"")
    });
    relay.stop();
    let stores = [
        ("directory.opening", "data/directory"),
        ("state.opening", "data/state"),
        ("spool.opening", "data/spool"),
        ("history.opening", "data/trace"),
    ];
    let errors = [
        ("ENOSPC", "the disk is full"),
        ("EDQUOT", "quota"),
        ("EROFS", "read-only"),
        ("EACCES", "permission is denied"),
        ("EPERM", "permission is denied"),
        ("EIO", "the disk reports an error"),
        ("EMFILE", "too many files"),
        ("ENFILE", "too many files"),
    ];
    for (point, path) in stores {
        for (error, words) in errors {
            ground.arm(&format!("{point}=error:{error}"));
            let refused = ground.try_start(&points(&ground), &[]).err().unwrap();
            let case = format!("{point} {error}: {refused}");
            assert!(refused.contains("exit status: 75"), "{case}");
            assert!(refused.contains(words) && refused.contains(path), "{case}");
            assert!(refused.contains("move nothing away"), "{case}");
            for wrong in ["is gone", "cannot be read", "_lost", "begun anew"] {
                assert!(!refused.contains(wrong), "{case}");
            }
        }
    }
    // An export that cannot be read now is not passed over for an older one.
    fs::remove_dir_all(ground.data("directory")).unwrap();
    ground.arm("backup.reading=error:EIO");
    let refused = ground.try_start(&points(&ground), &[]).err().unwrap();
    assert!(refused.contains("the disk reports an error"), "{refused}");
    ground.arm("");
    let relay = ground.start();
    wait_until("the directory", || {
        relay.log().contains("directory_restored")
    });
    queued(&ground, &relay, 5);
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    relay.stop();
}

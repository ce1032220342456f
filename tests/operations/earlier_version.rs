//! What an earlier version wrote on disk is read: `tests/data/0.1.0` has accounts, three queued messages and their history as 0.1.0 left them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use allegromail::scripted::sink::Sink;

use crate::support::process::{Server, finished};

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A folder with what 0.1.0 left, its key, and a configuration whose next hop is `port`.
fn folder(port: u16) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/0.1.0");
    copy(&fixture, &folder.path().join("data"));
    let key = folder.path().join("key");
    fs::rename(folder.path().join("data/key"), &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.path().join("couriers.txt"), "@inpost.pl\n").unwrap();
    // It was queued long ago.
    let config = format!(
        "hostname = \"mx.allegromail.example\"\ndata_dir = \"data\"\n\
         [smtp]\nlisten = [\"127.0.0.1:0\"]\n\
         [[domain]]\nname = \"allegromail.pl\"\nmarketplaces = [\"allegro-pl\"]\n\
         [allowlist]\npath = \"couriers.txt\"\n\
         [auth]\nregistered = \"off\"\ncourier = \"off\"\n\
         [secrets]\nkey_file = \"key\"\n\
         [delivery]\nexpire = \"3650d\"\n\
         [[delivery.route]]\ndomain = \"*\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"
    );
    fs::write(folder.path().join("allegromail.toml"), config).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_mail_and_history_of_0_1_0_are_read() {
    let sink = Sink::start().await.unwrap();
    let folder = folder(sink.address().port());
    let config = folder.path().join("allegromail.toml");
    let mut server = Server::start(&config);
    let mut arrived = BTreeMap::new();
    while arrived.len() < 3 {
        let message = sink.next().await;
        let text = String::from_utf8(message.data).unwrap();
        let subject = text.lines().find(|line| line.starts_with("Subject: "));
        arrived.insert(subject.unwrap().to_owned(), (message.recipients, text));
    }
    for (subject, recipient, holds) in [
        (
            "Subject: Pytanie 1",
            "biuro@rowery.test",
            "8awgqyk6a5+cub31c122@allegromail.pl",
        ),
        (
            "Subject: Pytanie 2",
            "jan@gmail.com",
            "k2m9x0r7t3+cub31c122@allegromail.pl",
        ),
        (
            "Subject: Pytanie 3",
            "jan@gmail.com",
            "Paczka jest w drodze.",
        ),
    ] {
        let (recipients, text) = &arrived[subject];
        assert_eq!(recipients, &[recipient]);
        assert!(text.contains(holds), "{text}");
    }
    let config = config.to_str().unwrap();
    let (code, life, _) = finished(&["trace", "1", "--config", config]);
    assert_eq!(code, 0, "{life}");
    assert!(
        life.contains("k2m9x0r7t3+cub31c122@allegromail.pl"),
        "{life}"
    );
    let question = [
        "--from",
        "jan@gmail.com",
        "--to",
        "k2m9x0r7t3+cub31c122@allegromail.pl",
    ];
    let (code, answer, _) = finished(&[&["explain", "--config", config][..], &question].concat());
    assert_eq!(code, 0, "{answer}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

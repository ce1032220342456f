//! Everything that is read again by one command, each by itself.

use std::fs;
use std::path::Path;

use crate::support::process::{Server, finished};
use crate::support::stage::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn one_command_reads_all_again_and_what_is_broken_keeps_out_nothing_else() {
    let folder = Setup::default().start().await.stop().await;
    let (config, list) = (
        folder.path().join("allegromail.toml"),
        folder.path().join("couriers.txt"),
    );
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("allowlist/couriers.txt");
    fs::write(&list, "@inpost.pl\n").unwrap();
    let text = fs::read_to_string(&config).unwrap();
    let own = text.replace(&format!("path = {shipped:?}"), &format!("path = {list:?}"));
    assert_ne!(text, own);
    // By the socket.
    let own = own.replace(
        "listen = \"127.0.0.1:0\"\nallow_tokenless_loopback = true\n",
        "",
    );
    fs::write(&config, own).unwrap();
    let config = config.to_str().unwrap();
    let reload = |more: &[&str]| finished(&[&["reload", "--config", config], more].concat());
    let server = Server::start(Path::new(config));

    fs::write(&list, "@inpost.pl\n@dpd.com.pl\n").unwrap();
    let (code, out, errors) = reload(&[]);
    assert_eq!((code, errors.as_str()), (0, ""));
    for line in [
        "allowlist: 2 entries, 1 added, 0 removed\n",
        "content rules: set ",
        "dkim keys: reloaded\n",
        "certificates: reloaded\n",
        "trust roots: reloaded\n",
        "configuration: as it was read at the start\n",
        "\n+ @dpd.com.pl\n",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }

    fs::write(&list, "@com\n").unwrap();
    let (code, out, errors) = reload(&[]);
    assert_eq!(code, 65);
    assert!(
        errors.contains("allowlist: the old one stays in force"),
        "{errors}"
    );
    assert!(errors.contains("couriers.txt:1"), "{errors}");
    assert!(
        out.contains("content rules: set ") && out.contains("trust roots: reloaded"),
        "{out}"
    );
    let (code, out, _) = reload(&["--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, told.as_array().unwrap().len()), (65, 6));
    let done: Vec<bool> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["done"] == true)
        .collect();
    assert_eq!(done, [false, true, true, true, true, true]);
    assert!(
        server
            .log()
            .contains("event=\"reload_failed\" what=\"allowlist\""),
        "{}",
        server.log()
    );

    // What was in force stays so: the broken set took nothing away.
    fs::write(&list, "@inpost.pl\n@dpd.com.pl\n").unwrap();
    let (code, out, _) = reload(&[]);
    assert_eq!(code, 0);
    assert!(
        out.contains("allowlist: 2 entries, 0 added, 0 removed"),
        "{out}"
    );
    server.stop();
    assert_eq!(reload(&[]).0, 69);
}

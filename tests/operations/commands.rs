//! The program's commands as processes: what they print, and how they exit.

use std::fs;

use crate::support::process::{Server, finished};
use crate::support::stage::{BUYER, COURIER, JAN, SELLER, Setup, Stage};

/// A folder with a configuration and accounts, and no server over it.
async fn prepared(setup: Setup) -> (tempfile::TempDir, String) {
    let stage = setup.start().await;
    let config = stage.config.to_string_lossy().into_owned();
    (stage.stop().await, config)
}

#[test]
fn wrong_arguments_are_usage_errors() {
    for arguments in [
        &["nonsense"][..],
        &["serve", "--nonsense"],
        &["explain"],
        &["import"],
        &["mask", "a+b"],
        &["allowlist", "test", "x"],
    ] {
        let (code, _, errors) = finished(arguments);
        assert_eq!(code, 64, "{arguments:?}: {errors}");
        assert!(!errors.is_empty());
    }
    for arguments in [&["--help"][..], &["--version"], &["import", "--help"]] {
        assert_eq!(finished(arguments).0, 0, "{arguments:?}");
    }
}

#[test]
fn the_example_configuration_is_complete_and_checks_out() {
    let (code, example, _) = finished(&["config", "example"]);
    assert_eq!(code, 0);
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("allegromail.toml");
    fs::write(&file, &example).unwrap();
    fs::create_dir(folder.path().join("certs")).unwrap();
    fs::write(folder.path().join("certs/secret.key"), [1; 32]).unwrap();
    fs::create_dir(folder.path().join("allowlist")).unwrap();
    fs::write(folder.path().join("allowlist/couriers.txt"), "@inpost.pl\n").unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(
        folder.path().join("certs/secret.key"),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    let file = file.to_string_lossy().into_owned();
    let (code, _, errors) = finished(&["config", "check", "--config", &file]);
    assert_eq!(code, 0, "{errors}");

    fs::write(
        &file,
        example.replace(
            "max_recipients = 100",
            "max_recipients = \"many\"\nmax_recipient = 5",
        ),
    )
    .unwrap();
    let (code, _, errors) = finished(&["config", "check", "--config", &file]);
    assert_eq!(code, 78);
    let line = example
        .lines()
        .position(|line| line == "max_recipients = 100")
        .unwrap()
        + 1;
    assert!(
        errors.contains(&format!("allegromail.toml:{line}:")),
        "{errors}"
    );
    assert!(
        errors.contains(&format!("allegromail.toml:{}:", line + 1)),
        "{errors}"
    );
    assert_eq!(finished(&["serve", "--config", &file]).0, 78);
    assert_eq!(
        finished(&["config", "check", "--config", "/nowhere/allegromail.toml"]).0,
        78
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn import_loads_the_good_lines_and_names_the_bad_ones() {
    let (folder, config) = prepared(Setup::default()).await;
    let data = folder.path().join("data.ndjson");
    let lines = [
        r#"{"type":"participant","id":"new1","login":"n","marketplace":"allegro-pl","language":"pl","primary":"n@p.example","addresses":["n@p.example"]}"#,
        "not json",
        r#"{"type":"participant","id":"bad id","login":"n","marketplace":"allegro-pl","language":"pl","primary":"m@p.example","addresses":["m@p.example"]}"#,
        r#"{"type":"transaction","id":"newtx","buyer":"new1","seller":"k2m9x0r7t3"}"#,
        r#"{"type":"participant","id":"thief","login":"t","marketplace":"allegro-pl","language":"pl","primary":"jan@poczta.example","addresses":["jan@poczta.example"]}"#,
    ];
    fs::write(&data, lines.join("\n")).unwrap();
    let data = data.to_string_lossy().into_owned();
    let (code, out, errors) = finished(&["import", "--config", &config, &data]);
    assert_eq!(code, 65, "{errors}");
    for line in [2, 3, 5] {
        assert!(errors.contains(&format!("data.ndjson:{line}:")), "{errors}");
    }
    assert!(
        !errors.contains("data.ndjson:1:") && !errors.contains("data.ndjson:4:"),
        "{errors}"
    );
    assert!(out.contains("2 of "), "{out}");
    let (code, out, _) = finished(&["unmask", "--config", &config, "new1@allegromail.pl"]);
    assert_eq!(code, 0);
    assert!(out.contains("n@p.example (primary)"), "{out}");
    let (code, out, _) = finished(&["mask", "--config", &config, "new1", "newtx"]);
    assert_eq!((code, out.as_str()), (0, "new1+newtx@allegromail.pl\n"));
    assert_eq!(finished(&["mask", "--config", &config, "nobody"]).0, 2);
    assert_eq!(
        finished(&["unmask", "--config", &config, "jan@poczta.example"]).0,
        65
    );
    assert_eq!(finished(&["import", "--config", &config, "/nowhere"]).0, 65);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commands_go_through_a_running_server() {
    let port = crate::support::process::free_port();
    let (folder, config) =
        prepared(Setup::default().key("admin", &format!("listen = \"127.0.0.1:{port}\""))).await;
    let server = Server::start(config.as_ref());
    assert_eq!(server.admin.port(), port);
    let data = folder.path().join("data.ndjson");
    let line = r#"{"type":"participant","id":"new1","login":"n","marketplace":"allegro-cz","language":"cs","primary":"n@p.example","addresses":["n@p.example"]}"#;
    let order = r#"{"type":"transaction","id":"newtx","buyer":"new1","seller":"nobody"}"#;
    fs::write(&data, format!("{line}\nrubbish\n{line}\n\n{{}}\n{order}\n")).unwrap();
    let (code, out, errors) = finished(&[
        "import",
        "--json",
        "--config",
        &config,
        &data.to_string_lossy(),
    ]);
    assert_eq!(code, 65, "{errors}");
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["applied"], 3);
    assert_eq!(told["warnings"][0]["line"], 6, "{told}");
    assert_eq!(told["warnings"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(
        (&told["bad"][0]["line"], &told["bad"][1]["line"]),
        (&2.into(), &5.into())
    );
    assert_eq!(
        finished(&["mask", "--config", &config, "new1"]).1,
        "new1@allegromail.com\n"
    );
    assert!(
        finished(&["unmask", "--config", &config, "new1@allegromail.com"])
            .1
            .contains("n@p.example")
    );
    let (code, out, _) = finished(&["allowlist", "reload", "--config", &config]);
    assert_eq!(code, 0);
    assert!(out.contains("264 entries in force"), "{out}");
    let (code, out, _) = finished(&[
        "explain", "--config", &config, "--from", JAN, "--to", SELLER,
    ]);
    assert_eq!(code, 0, "{out}");
    server.stop();
    assert_eq!(
        finished(&["allowlist", "reload", "--config", &config]).0,
        69
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_what_the_server_would_do() {
    let (folder, config) = prepared(Setup::default()).await;
    let explain =
        |arguments: &[&str]| finished(&[&["explain", "--config", &config][..], arguments].concat());
    let (code, out, _) = explain(&["--from", JAN, "--to", SELLER]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("accept: 250"), "{out}");
    let (code, out, _) = explain(&["--from", JAN, "--to", "k2m9x0r7t3+new1@allegromail.pl"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("[unknown-transaction;"), "{out}");
    let (code, out, _) = explain(&["--from", "x@stranger.example", "--to", SELLER, "--json"]);
    assert_eq!(code, 2, "{out}");
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&told["decision"], &told["reason"]),
        (&"refuse".into(), &"sender-not-registered".into())
    );
    assert!(told["trail"].as_array().unwrap().len() >= 2, "{told}");
    let mail = folder.path().join("mail.eml");
    fs::write(
        &mail,
        format!("From: {COURIER}\r\nTo: {BUYER}\r\n\r\nx\r\n"),
    )
    .unwrap();
    let (code, out, _) = explain(&[
        "--from",
        COURIER,
        "--to",
        BUYER,
        "--message",
        &mail.to_string_lossy(),
    ]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("@inpost.pl"),
        "the line of the allowlist is told: {out}"
    );
    // A message that would leak.
    fs::write(
        &mail,
        format!("From: {JAN}\r\nContent-Type: multipart/encrypted\r\n\r\nx\r\n"),
    )
    .unwrap();
    let (code, out, _) = explain(&[
        "--from",
        JAN,
        "--to",
        SELLER,
        "--message",
        &mail.to_string_lossy(),
    ]);
    assert_eq!(code, 2, "{out}");
    assert!(out.contains("[would-leak;"), "{out}");
}

#[test]
fn the_allowlist_is_checked_and_asked() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/allowlist");
    let (code, out, _) = finished(&["allowlist", "check", shipped]);
    assert_eq!(code, 0);
    assert!(out.contains("264 entries"), "{out}");
    let folder = tempfile::TempDir::new().unwrap();
    let broken = folder.path().join("broken.txt");
    fs::write(&broken, "@dhl.com\n@com.pl\n*.evil.example\n@dhl.com\n").unwrap();
    let (code, _, errors) = finished(&["allowlist", "check", &broken.to_string_lossy()]);
    assert_eq!(code, 65);
    assert!(
        errors.contains("broken.txt:2:") && errors.contains("broken.txt:3:"),
        "{errors}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn allowlist_test_names_the_line() {
    let (_folder, config) = prepared(Setup::default()).await;
    let (code, out, _) = finished(&["allowlist", "test", "--config", &config, COURIER]);
    assert_eq!(code, 0);
    assert!(
        out.contains("couriers.txt:") && out.contains("@inpost.pl"),
        "{out}"
    );
    assert_eq!(
        finished(&["allowlist", "test", "--config", &config, "x@evil-inpost.pl"]).0,
        2
    );
    assert_eq!(
        finished(&["allowlist", "test", "--config", &config, "x@sub.inpost.pl"]).0,
        2
    );
}

#[test]
fn the_demo_keeps_its_promises() {
    let (code, out, errors) = finished(&["demo"]);
    assert_eq!(code, 0, "{out}\n{errors}");
    assert!(out.contains("scenarios came out as promised"), "{out}");
    assert!(!out.contains("BROKEN"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_refuses_a_taken_port_and_a_taken_folder_with_a_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stage = Stage::ordinary().await;
    let config = stage.config.to_string_lossy().into_owned();
    let (code, _, errors) = finished(&["serve", "--config", &config]);
    assert_eq!(code, 75, "{errors}");
    assert!(errors.contains("in use by another process"), "{errors}");
    let folder = stage.stop().await;
    let file = folder.path().join("allegromail.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replacen("127.0.0.1:0", &taken.local_addr().unwrap().to_string(), 1);
    fs::write(&file, text).unwrap();
    let (code, _, errors) = finished(&["serve", "--config", &config]);
    assert_eq!(code, 75, "{errors}");
    assert!(errors.contains("[smtp] listen"), "{errors}");
}

#[test]
fn dkim_generate_makes_keys_once_and_prints_their_records() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("dkim").to_string_lossy().into_owned();
    let arguments = [
        "dkim",
        "generate",
        "--domain",
        "allegromail.pl",
        "--folder",
        &path,
    ];
    let (code, out, errors) = finished(&arguments);
    assert_eq!(code, 0, "{errors}");
    assert!(
        out.contains("s1._domainkey.allegromail.pl. IN TXT \"v=DKIM1; k=rsa; p="),
        "{out}"
    );
    assert!(
        out.contains("s2._domainkey.allegromail.pl. IN TXT \"v=DKIM1; k=ed25519; p="),
        "{out}"
    );
    assert!(
        out.contains("dkim = { selector = \"s1\", rsa_key = "),
        "{out}"
    );
    use std::os::unix::fs::PermissionsExt;
    let key = folder.path().join("dkim/s1.rsa.pem");
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let before = fs::read(&key).unwrap();
    let (code, _, errors) = finished(&arguments);
    assert_eq!(code, 65);
    assert!(errors.contains("s1.rsa.pem is there already"), "{errors}");
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_check_says_what_to_add_until_all_is_there() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    let (_, out, _) = finished(&[
        "dkim",
        "generate",
        "--domain",
        "allegromail.pl",
        "--folder",
        &path,
        "--json",
    ]);
    let keys: serde_json::Value = serde_json::from_str(&out).unwrap();
    let setup = || Setup {
        dkim: format!(
            "dkim = {{ selector = \"s1\", rsa_key = \"{path}/s1.rsa.pem\", ed25519_selector = \"s2\", ed25519_key = \"{path}/s2.ed25519.pem\" }}"
        ),
        ..Setup::default()
    };
    let check = async |setup: Setup| {
        let stage = setup.start().await;
        let config = stage.config.to_string_lossy().into_owned();
        finished(&["dns", "check", "--config", &config])
    };
    let (code, out, _) = check(setup()).await;
    assert_eq!(code, 2, "{out}");
    for told in [
        "MISSING  MX of allegromail.pl: add `allegromail.pl. IN MX 10 mx.allegromail.example.`",
        "MISSING  MX of user.allegrogroup.pl",
        "MISSING  SPF of allegromail.pl",
        "MISSING  DMARC of allegromail.pl",
        "MISSING  DKIM key s1._domainkey.allegromail.pl: add `",
        "MISSING  DKIM keys of allegromail.com",
        "MISSING  address of mx.allegromail.example",
    ] {
        assert!(out.contains(told), "{told} in {out}");
    }
    let mut full = setup()
        .record("mx.allegromail.example A 192.0.2.1")
        .record("user.allegrogroup.pl MX 10 mx.allegromail.example");
    for name in ["allegromail.pl", "allegromail.com"] {
        full = full.record(&format!("{name} MX 10 mx.allegromail.example"));
        full = full.record(&format!("{name} TXT v=spf1 a:mx.allegromail.example -all"));
        full = full.record(&format!("_dmarc.{name} TXT v=DMARC1; p=reject"));
    }
    for key in keys.as_array().unwrap() {
        full = full.record(&format!(
            "{} TXT {}",
            key["name"].as_str().unwrap(),
            key["record"].as_str().unwrap()
        ));
    }
    let (_, out, _) = check(full).await;
    let missing: Vec<&str> = out
        .lines()
        .filter(|line| !line.starts_with("ok "))
        .collect();
    assert_eq!(missing.len(), 1, "{out}");
    assert!(missing[0].contains("DKIM keys of allegromail.com"), "{out}");
    let (code, out, _) = check(setup().record("allegromail.pl SERVFAIL")).await;
    assert_eq!(code, 2);
    assert!(out.contains("NO REPLY MX of allegromail.pl"), "{out}");
}

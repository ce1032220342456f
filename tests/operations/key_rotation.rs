//! A rotation of signing keys: new ones are published first, then they sign, then the old ones go.

use std::fs;

use crate::support::process::finished;
use crate::support::stage::{BIURO, BUYER, Setup, message, text};

fn generate(path: &str, selectors: [&str; 2], more: &[&str]) -> (i32, String, String) {
    let words = [
        "dkim",
        "generate",
        "--domain",
        "allegromail.pl",
        "--folder",
        path,
        "--selector",
        selectors[0],
        "--ed25519-selector",
        selectors[1],
    ];
    finished(&[&words[..], more].concat())
}

#[test]
fn keys_go_beside_the_configuration_and_its_domains_are_known() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("allegromail.toml");
    let key = folder.path().join("secret.key");
    fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let write = |more: &str| {
        let text = format!(
            "hostname = \"mx.example\"\ndata_dir = \"data\"\n[[domain]]\nname = \"allegromail.pl\"\n{more}[secrets]\nkey_file = \"secret.key\"\n"
        );
        fs::write(&file, text).unwrap();
    };
    let path = file.to_string_lossy().into_owned();
    let generate =
        |more: &[&str]| finished(&[&["dkim", "generate", "--config", &path], more].concat());
    write("[[domain]]\nname = \"allegromail.com\"\n");
    let (code, _, errors) = generate(&[]);
    assert_eq!(code, 64, "{errors}");
    assert!(
        errors.contains("allegromail.toml has allegromail.pl, allegromail.com; name one"),
        "{errors}"
    );
    let (code, _, errors) = generate(&["--domain", "alegromail.pl", "--selector", "x1"]);
    assert_eq!(code, 0, "{errors}");
    assert!(
        errors.contains("note that alegromail.pl is no domain of"),
        "{errors}"
    );
    fs::remove_dir_all(folder.path().join("certs")).unwrap();
    write("");
    let (code, out, errors) = generate(&[]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.contains("s1._domainkey.allegromail.pl."), "{out}");
    // As the configuration there has to name them.
    assert!(out.contains("rsa_key = \"certs/dkim/s1.rsa.pem\""), "{out}");
    assert!(folder.path().join("certs/dkim/s1.rsa.pem").is_file());
    let (code, _, errors) = generate(&[]);
    assert_eq!(code, 65, "{errors}");
    assert!(
        errors.contains("certs/dkim/s1.rsa.pem is there already"),
        "{errors}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_wait_beside_the_old_ones_and_then_take_over() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    assert_eq!(generate(&path, ["s1", "s2"], &[]).0, 0);
    assert_eq!(generate(&path, ["t1", "t2"], &[]).0, 0);
    let table = |rsa: &str, ed25519: &str, sign: &str| {
        format!(
            "{{ selector = \"{rsa}\", rsa_key = \"{path}/{rsa}.rsa.pem\", ed25519_selector = \"{ed25519}\", ed25519_key = \"{path}/{ed25519}.ed25519.pem\"{sign} }}"
        )
    };
    for (old, new, signing, silent) in [
        ("", ", sign = false", ["s=s1", "s=s2"], ["s=t1", "s=t2"]),
        (
            ", sign = false",
            ", sign = true",
            ["s=t1", "s=t2"],
            ["s=s1", "s=s2"],
        ),
    ] {
        let stage = Setup {
            dkim: format!(
                "dkim = [{}, {}]",
                table("s1", "s2", old),
                table("t1", "t2", new)
            ),
            ..Setup::default()
        }
        .start()
        .await;
        stage.send(BIURO, BUYER).await.assert("250");
        let before = text(&stage.arrival().await);
        for selector in signing {
            assert!(
                before.contains(&format!("{selector};")),
                "{selector}: {before}"
            );
        }
        for selector in silent {
            assert!(
                !before.contains(&format!("{selector};")),
                "{selector}: {before}"
            );
        }
        // The files are read again; a broken one changes nothing.
        let key = folder.path().join("t1.rsa.pem");
        let pem = fs::read(&key).unwrap();
        fs::write(&key, "rubbish").unwrap();
        stage.relay.reload();
        stage
            .send_message(BIURO, &[BUYER], &message(BIURO, BUYER, "X-No: 2\r\n"))
            .await
            .assert("250");
        assert!(text(&stage.arrival().await).contains(&format!("{};", signing[0])));
        fs::write(&key, pem).unwrap();
        stage.relay.reload();

        let config = stage.config.to_string_lossy().into_owned();
        let (code, out, _) = finished(&["dns", "check", "--config", &config]);
        assert_eq!(code, 2, "{out}");
        for selector in ["s1", "s2", "t1", "t2"] {
            let missing = format!("MISSING  DKIM key {selector}._domainkey.allegromail.pl");
            assert!(out.contains(&missing), "{missing} in {out}");
        }
        let (code, _, errors) = generate(&path, ["t1", "u2"], &["--config", &config]);
        assert_eq!(code, 64, "{errors}");
        assert!(errors.contains("has a key under t1 already"), "{errors}");
    }
    let stage = Setup {
        dkim: format!("dkim = {}", table("s1", "s2", "")),
        ..Setup::default()
    }
    .start()
    .await;
    let config = stage.config.to_string_lossy().into_owned();
    let (code, out, errors) = generate(&path, ["u1", "u2"], &["--config", &config]);
    assert_eq!(code, 0, "{errors}");
    for told in [
        "; dkim = [{ selector = \"s1\"",
        "\"u2\", ed25519_key = ",
        ", sign = false }]",
        "; 3. then take the old ones away, here and in the DNS, and restart: dkim = { selector = \"u1\"",
    ] {
        assert!(out.contains(told), "{told} in {out}");
    }
}

#[test]
fn a_selector_names_one_key() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    assert_eq!(generate(&path, ["s1", "s2"], &[]).0, 0);
    let table = format!("{{ selector = \"s1\", rsa_key = \"{path}/s1.rsa.pem\" }}");
    fs::write(folder.path().join("secret.key"), [7; 32]).unwrap();
    let config = folder.path().join("a.toml");
    for (dkim, told) in [
        (
            format!("[{table}, {table}]"),
            "the selector s1 stands twice",
        ),
        ("[\"s1\"]".to_owned(), "or an array of tables"),
        (
            table.replace(" }", ", sign = \"no\" }"),
            "is no text or no key",
        ),
    ] {
        fs::write(
            &config,
            format!("hostname = \"mx.example\"\ndata_dir = \"data\"\n[[domain]]\nname = \"allegromail.pl\"\ndkim = {dkim}\n[secrets]\nkey_file = \"secret.key\"\n"),
        )
        .unwrap();
        let (code, out, errors) =
            finished(&["config", "check", "--config", &config.to_string_lossy()]);
        assert_eq!(code, 78, "{out}{errors}");
        assert!(
            errors.contains(told) || out.contains(told),
            "{told} in {out}{errors}"
        );
    }
}

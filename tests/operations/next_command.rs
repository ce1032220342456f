//! An error of the command line ends with what to type next, and nothing that was refused is told as damage.

use std::fs;
use std::os::unix::fs::lchown;

use crate::support::process::{Server, finished, free_port};
use crate::support::stage::Setup;

/// Words by which the last line of an error names a command.
const COMMANDS: [&str; 3] = ["`allegromail ", "`systemctl start", "try '--help'"];

/// Runs a command that must fail with this code, and looks for a command to type in its last line.
#[track_caller]
fn fails(config: &str, words: &[&str], code: i32, next: &str) {
    let words: Vec<&str> = [words, &["--config", config]].concat();
    let (ended, _, errors) = finished(&words);
    assert_eq!(ended, code, "{words:?}: {errors}");
    let last = errors.trim_end().lines().last().unwrap_or_default();
    let named = COMMANDS.iter().any(|command| last.contains(command));
    assert!(named && last.contains(next), "{words:?}: {last}");
}

/// A configuration with a list of its own, and accounts, without a server.
async fn prepared() -> (tempfile::TempDir, String) {
    let admin = format!("listen = \"127.0.0.1:{}\"", free_port());
    let setup = Setup::default().key("admin", &admin);
    let folder = setup.start().await.stop().await;
    let file = folder.path().join("allegromail.toml");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/allowlist/couriers.txt");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(shipped));
    fs::write(folder.path().join("couriers.txt"), "@inpost.pl\n").unwrap();
    fs::write(&file, text.replace(shipped, "couriers.txt")).unwrap();
    let config = file.to_str().unwrap().to_owned();
    (folder, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_without_a_server_ends_with_the_next_command() {
    let (folder, config) = prepared().await;
    let list = folder.path().join("couriers.txt");
    for words in [
        &["reload"][..],
        &["allowlist", "reload"],
        &["rules", "reload"],
        &["queue", "top"],
        &["queue", "suspended"],
        &["queue", "list", "--seller", "k2m9x0r7t3"],
        &["trace", "jan@poczta.example", "--reveal"],
    ] {
        fails(&config, words, 69, "systemctl start allegromail");
    }
    for (words, code, next) in [
        (&["import", "/nowhere/data.ndjson"][..], 65, "import FILE"),
        (&["mask", "nobody"], 2, "import"),
        (&["unmask", "nobody@allegromail.pl"], 2, "trace nobody@"),
        (&["unmask", "jan@poczta.example"], 65, "mask PARTICIPANT"),
        (&["queue", "show", "zz"], 65, "trace zz"),
        (&["queue", "hold"], 64, "queue list"),
        (&["trace", "nobody@poczta.example"], 65, "trace --since"),
        (&["tokens", "revoke", "abc"], 65, "tokens list"),
        (&["tokens", "create", "@x.example"], 65, "allowlist test"),
        (&["allowlist", "show", "99"], 2, "allowlist history"),
        (
            &[
                "dkim",
                "generate",
                "--domain",
                "allegromail.pl",
                "--selector",
                ".",
            ],
            64,
            "--selector s3",
        ),
        (&["rules", "test", "/nowhere.eml"], 65, "rules test"),
        (&["rules", "check", "/nowhere"], 78, "rules check /nowhere"),
        (&["queue", "nonsense"], 64, "--help"),
    ] {
        fails(&config, words, code, next);
    }
    let explain = ["explain", "--from", "jan@poczta.example", "--to"];
    let explain = [&explain[..], &["k2m9x0r7t3@allegromail.pl"]].concat();
    for (option, value, code) in [
        ("--message", "/nowhere.eml", 65),
        ("--mail-from", "nobody", 64),
        ("--helo", "a b", 64),
    ] {
        let words = [&explain[..], &[option, value]].concat();
        fails(&config, &words, code, option);
    }
    fs::write(&list, "@*.pl\n").unwrap();
    for words in [
        &["allowlist", "check"][..],
        &["allowlist", "diff"],
        &["allowlist", "test", "a@b.example"],
    ] {
        fails(&config, words, 65, "allowlist check");
    }
    fails(&config, &["config", "check"], 65, "config check");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("nonsense = 1\n{text}")).unwrap();
    for words in [
        &["config", "check"][..],
        &["reload"],
        &["allowlist", "diff"],
    ] {
        fails(&config, words, 78, "config check");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_fails_ends_with_the_next_command() {
    let (folder, config) = prepared().await;
    let server = Server::start(folder.path().join("allegromail.toml").as_path());
    fs::write(folder.path().join("couriers.txt"), "@*.pl\n").unwrap();
    fails(&config, &["reload"], 65, "`allegromail reload`");
    fails(&config, &["allowlist", "reload"], 65, "allowlist reload");
    // One fault, told once, and with no other one's remedy.
    let (_, found, _) = finished(&["doctor", "--config", &config]);
    let told = found.lines().filter(|line| line.contains("reload"));
    assert_eq!(told.count(), 1, "{found}");
    assert!(!found.contains("/v1/documents"), "{found}");
    drop(server);
}

/// What root sees is not what the server sees, and the spool of another user is as healthy as ever.
#[tokio::test(flavor = "multi_thread")]
async fn root_is_told_to_ask_as_the_user_of_the_server() {
    let (folder, config) = prepared().await;
    let user = 12_345;
    if lchown(folder.path().join("data"), Some(user), Some(user)).is_err() {
        eprintln!("SKIPPED: files can be given to another user by root only");
        return;
    }
    let (code, _, errors) = finished(&["config", "check", "--config", &config]);
    assert_eq!(code, 0, "{errors}");
    let asked = "sudo -u '#12345' allegromail config check";
    assert!(errors.contains(asked), "{errors}");
    let (code, _, errors) = finished(&["queue", "list", "--config", &config]);
    assert_eq!(code, 69, "{errors}");
    assert!(errors.contains("sudo -u '#12345'"), "{errors}");
    assert!(!errors.contains("healthy"), "{errors}");
    let keys = ["dkim", "generate", "--config", &config];
    let words = [&keys[..], &["--domain", "allegromail.pl"]].concat();
    let (code, told, errors) = finished(&words);
    assert_eq!(code, 0, "{errors}");
    assert!(told.contains("chown -R 12345 "), "{told}");
    // A user whom the system knows is called by name.
    lchown(folder.path().join("data"), Some(65_534), Some(65_534)).unwrap();
    let (_, _, errors) = finished(&["config", "check", "--config", &config]);
    assert!(errors.contains("sudo -u nobody allegromail"), "{errors}");
}

//! The allowlist and the rules before, at and after a change: compared, refused, kept for a start that finds them broken, and who changed them when.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::process::{Server, finished, wait_until};
use crate::support::stage::Setup;

/// A folder with everything that `serve` needs, its admin interface a socket.
struct Ground {
    _folder: tempfile::TempDir,
    _lists: tempfile::TempDir,
    config: String,
    data: PathBuf,
    list: PathBuf,
}

impl Ground {
    async fn new(lines: &str, setup: Setup) -> Self {
        let lists = tempfile::TempDir::with_prefix("allegromail-lists-").unwrap();
        let list = lists.path().join("couriers.txt");
        fs::write(&list, lines).unwrap();
        let setup = Setup {
            couriers: Some(list.clone()),
            ..setup
        };
        let folder = setup.start().await.stop().await;
        let file = folder.path().join("allegromail.toml");
        let text = fs::read_to_string(&file).unwrap();
        let by_socket = text.replace(
            "listen = \"127.0.0.1:0\"\nallow_tokenless_loopback = true\n",
            "",
        );
        assert_ne!(text, by_socket);
        fs::write(&file, by_socket).unwrap();
        Self {
            config: file.to_str().unwrap().to_owned(),
            data: folder.path().join("data"),
            _folder: folder,
            _lists: lists,
            list,
        }
    }

    fn put(&self, lines: &str) {
        fs::write(&self.list, lines).unwrap();
    }

    fn start(&self) -> Server {
        Server::start(Path::new(&self.config))
    }

    fn run(&self, words: &str) -> (i32, String, String) {
        let mut words: Vec<&str> = words.split(' ').collect();
        words.extend(["--config", &self.config]);
        finished(&words)
    }

    fn json(&self, words: &str) -> (i32, Value) {
        let (code, out, errors) = self.run(&format!("{words} --json"));
        let value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{errors}"));
        (code, value)
    }

    /// What a path of the socket answers, by curl as an operator would.
    fn ask(&self, path: &str) -> String {
        let socket = self.data.join("admin.sock");
        let output = std::process::Command::new("curl")
            .args(["-s", "--unix-socket"])
            .arg(socket)
            .arg(format!("http://localhost{path}"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_compared_with_the_one_in_force_before_it_is_reloaded() {
    let ground = Ground::new("@inpost.pl\n", Setup::default()).await;
    let other = ground.list.with_file_name("next.txt");
    let other = other.to_str().unwrap();
    let diff = format!("allowlist diff {other}");
    // Without a server: with what a start would serve with.
    fs::write(other, "@inpost.pl\n@dpd.com.pl\n").unwrap();
    let (code, out, _) = ground.run(&diff);
    assert_eq!(
        (code, out.lines().next()),
        (1, Some("+ @dpd.com.pl")),
        "{out}"
    );
    has(
        &out,
        &["1 added, 0 removed, 1 entry as in ", "couriers.txt"],
    );
    let server = ground.start();
    // With one: what it has in force, whatever the files are by now.
    ground.put("@dhl.com\n");
    let (code, out, _) = ground.run(&diff);
    assert_eq!(code, 1, "{out}");
    has(&out, &["generation 1 of the running server"]);
    let (code, told) = ground.json(&diff);
    assert_eq!(
        (code, told["added"][0].as_str(), told["unchanged"].as_u64()),
        (1, Some("@dpd.com.pl"), Some(1))
    );
    // The configured files, which the next reload would read.
    let (code, out, _) = ground.run("allowlist diff");
    assert_eq!(code, 1);
    has(
        &out,
        &[
            "+ @dhl.com\n",
            "- @inpost.pl\n",
            "1 added, 1 removed, 0 entries",
        ],
    );
    fs::write(other, "# the same\n@INPOST.pl\n").unwrap();
    assert_eq!(ground.run(&diff).0, 0);
    // Broken: every fault with its place and what to do.
    fs::write(other, "@inpost.pl\n@*.dhl.com\n@com.pl\n").unwrap();
    let (code, out, errors) = ground.run(&diff);
    assert_eq!((code, out.as_str()), (65, ""));
    has(
        &errors,
        &[
            "next.txt:2: ",
            "list each domain on its own",
            "next.txt:3: ",
            "write the courier's own domain",
            "allegromail allowlist check ",
        ],
    );
    let (code, told) = ground.json(&diff);
    assert_eq!((code, told["errors"].as_array().unwrap().len()), (65, 2));
    let (code, _, errors) = ground.run("allowlist diff /nowhere/couriers.txt");
    assert_eq!(code, 65);
    has(
        &errors,
        &["/nowhere/couriers.txt: cannot be read: No such file"],
    );
    // Nothing of it changed anything.
    let (_, told) = ground.json("allowlist history");
    assert_eq!(told.as_array().unwrap().len(), 1);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_says_who_changed_what_when_and_what_was_refused() {
    let ground = Ground::new("@inpost.pl\n", Setup::default()).await;
    let server = ground.start();
    ground.put("@inpost.pl\n@dpd.com.pl\n");
    assert_eq!(ground.run("allowlist reload").0, 0);
    ground.put("@com\n");
    server.signal("HUP");
    wait_until("the refusal", || {
        server
            .log()
            .contains("event=\"reload_failed\" what=\"allowlist\"")
    });
    ground.put("@dpd.com.pl\n");
    assert_eq!(ground.run("reload").0, 0);
    let (code, out, _) = ground.run("allowlist history");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!((code, lines.len()), (0, 4), "{out}");
    let uid = own_uid();
    has(
        lines[0],
        &[
            "generation 3 in force, by ",
            &uid,
            "1 entry, 0 added, 1 removed, digest ",
        ],
    );
    has(
        lines[1],
        &[
            "refused by SIGHUP, generation 2 stays in force: ",
            "couriers.txt:1: com is a public suffix",
        ],
    );
    has(
        lines[2],
        &[
            "generation 2 in force, by ",
            &uid,
            "2 entries, 1 added, 0 removed",
        ],
    );
    has(
        lines[3],
        &["generation 1 in force, by start: 1 entry, 1 added"],
    );
    let (_, told) = ground.json("allowlist history");
    assert_eq!(told[0]["generation"], 3);
    // printf '@dpd.com.pl\n' | sha256sum
    assert_eq!(
        told[0]["digest"],
        "1691475d92a2af128d4ef3039102fc294c376d954a0c48632b11e00dc282da37"
    );
    assert_eq!(
        (&told[1]["outcome"], &told[1]["by"]),
        (&"refused".into(), &"SIGHUP".into())
    );
    assert!(told[0]["time"].as_str().unwrap().ends_with('Z'));
    let (code, out, _) = ground.run("allowlist show 2");
    assert_eq!(code, 0);
    has(
        &out,
        &[
            "generation 2 in force",
            "\n+ @dpd.com.pl\n",
            "refused by SIGHUP",
        ],
    );
    assert_eq!(ground.run("allowlist show 9").0, 2);
    server.stop();
    // The same without a server.
    assert_eq!(ground.json("allowlist history").1, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_broken_sets_serves_with_the_last_good_ones_and_says_so_everywhere() {
    let rules = tempfile::TempDir::with_prefix("allegromail-rules-").unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    for file in fs::read_dir(shipped).unwrap().flatten() {
        fs::copy(file.path(), rules.path().join(file.file_name())).unwrap();
    }
    let setup = Setup::default().key("content", &format!("rules = {:?}", rules.path()));
    let ground = Ground::new("@inpost.pl\n@dpd.com.pl\n", setup).await;
    assert_eq!(ground.run("config check").0, 0);
    ground.put("@inpost.pl\n@com\n");
    fs::write(rules.path().join("zz.toml"), "rule = 7\n").unwrap();
    let (code, _, errors) = ground.run("config check");
    assert_eq!(code, 65);
    has(
        &errors,
        &[
            "couriers.txt:2: com is a public suffix",
            "zz.toml",
            "a start would serve with the last good set, of 2",
            "a reload would change nothing",
        ],
    );
    let server = ground.start();
    has(
        &server.log(),
        &[
            "event=\"last_good\" what=\"allowlist\"",
            "event=\"last_good\" what=\"content rules\"",
            "couriers.txt:2",
            "couriers=2",
        ],
    );
    has(
        &ground.ask("/readyz"),
        &["ready\nreload: the last one of allowlist, content rules failed"],
    );
    has(
        &ground.ask("/metrics"),
        &[
            "allegromail_reload_failed{what=\"allowlist\"} 1",
            "allegromail_reload_failed{what=\"content rules\"} 1",
        ],
    );
    has(
        &ground.run("allowlist history").1,
        &["refused by start, generation 1 stays in force: "],
    );
    assert_eq!(ground.run("allowlist diff").0, 65);
    assert_eq!(ground.run("reload").0, 65);
    // Mended: the alert ends.
    ground.put("@inpost.pl\n");
    fs::remove_file(rules.path().join("zz.toml")).unwrap();
    assert_eq!(ground.run("reload").0, 0);
    assert_eq!(ground.ask("/readyz"), "ready\n");
    has(
        &ground.ask("/metrics"),
        &["allegromail_reload_failed{what=\"allowlist\"} 0"],
    );
    server.stop();
    // With nothing kept, or what is kept damaged, the precise fault and nothing else.
    ground.put("@com\n");
    let kept = ground.data.join("in-force/allowlist.json");
    let whole = fs::read_to_string(&kept).unwrap();
    for (text, words) in [
        (Some("{}"), "its bytes have changed"),
        (None, "no last good set is kept at"),
    ] {
        match text {
            Some(text) => fs::write(&kept, text).unwrap(),
            None => fs::remove_file(&kept).unwrap(),
        }
        let (code, _, errors) = ground.run("serve");
        assert_eq!(code, 75, "{errors}");
        has(
            &errors,
            &[
                "couriers.txt:1: com is a public suffix",
                words,
                "allegromail allowlist check",
            ],
        );
        let (code, _, errors) = ground.run("config check");
        assert_eq!(code, 65);
        has(&errors, &["a start would fail", words]);
    }
    fs::write(&kept, whole).unwrap();
    ground.start().stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_no_reload_from_its_effect() {
    let ground = Ground::new("@inpost.pl\n", Setup::default()).await;
    // The start keeps both sets before the disk is full.
    let full = "in_force.keeping=error:ENOSPC@3-,in_force.noting=error:ENOSPC";
    let variables = [("ALLEGROMAIL_FAILPOINTS", full)];
    let server = Server::try_start(Path::new(&ground.config), &[], &variables).unwrap();
    ground.put("@dpd.com.pl\n");
    let (code, out, errors) = ground.run("reload");
    assert_eq!((code, errors.as_str()), (0, ""));
    has(
        &out,
        &[
            "allowlist: 1 entry, 1 added, 1 removed",
            "not kept for a restart: ",
            "in-force/allowlist.json: the disk is full",
            "generations.ndjson: the disk is full",
        ],
    );
    has(&server.log(), &["event=\"last_good_not_kept\""]);
    ground.put("@dhl.com\n");
    let (code, _, errors) = ground.run("allowlist reload");
    assert_eq!(code, 0);
    has(&errors, &["not kept for a restart: "]);
    assert_eq!(ground.run("allowlist diff").0, 0);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_names_the_keys_that_only_a_restart_takes_over() {
    let ground = Ground::new("@inpost.pl\n", Setup::default()).await;
    let server = ground.start();
    let before = fs::read_to_string(&ground.config).unwrap();
    let changed = before.replace("[smtp]\n", "[smtp]\nmax_recipients = 7\n");
    fs::write(&ground.config, format!("{changed}# a comment\n")).unwrap();
    let (code, out, errors) = ground.run("reload");
    assert_eq!(code, 1, "{out}{errors}");
    has(
        &errors,
        &["configuration: needs a restart: [smtp] max_recipients: read at the start only"],
    );
    has(&out, &["allowlist: 1 entry", "certificates: reloaded"]);
    let (_, told) = ground.json("reload");
    assert_eq!(
        told[5]["restart"],
        serde_json::json!(["[smtp] max_recipients"])
    );
    server.signal("HUP");
    wait_until("the log of the signal", || {
        server
            .log()
            .matches("event=\"restart_needed\" keys=\"[smtp] max_recipients\"")
            .count()
            == 3
    });
    // A secret is read at the start only as well.
    fs::write(&ground.config, &before).unwrap();
    fs::write(
        Path::new(&ground.config).with_file_name("secret.key"),
        [9; 32],
    )
    .unwrap();
    let (code, _, errors) = ground.run("reload");
    assert_eq!(code, 1);
    has(&errors, &["needs a restart: [secrets] key_file"]);
    // A file that no start would take. The command cannot read it either, so it is asked by the signal.
    fs::write(&ground.config, changed.replace("= 7", "= \"many\"")).unwrap();
    server.signal("HUP");
    wait_until("the failure", || {
        server
            .log()
            .contains("event=\"reload_failed\" what=\"configuration\"")
    });
    has(&server.log(), &["smtp.max_recipients"]);
    server.stop();
}

/// As the other end of the socket knows us.
fn own_uid() -> String {
    use std::os::unix::fs::MetadataExt;
    format!("uid {}", fs::metadata("/proc/self").unwrap().uid())
}

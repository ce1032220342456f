//! House rules that no compiler checks: layers, sizes, heads of files, names.
//!
//! Each test reads the sources as text and names every offender, so that the message says what to mend.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "tidy/citations.rs"]
mod citations;
#[path = "tidy/commands.rs"]
mod commands;
#[path = "tidy/markdown.rs"]
mod markdown;
#[path = "tidy/surface.rs"]
mod surface;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file in lines. A file that nears it is split by its nouns.
const MAX_LINES: usize = 400;
/// The same for a file of tests, whose tables are long.
const MAX_TEST_LINES: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file below `folder`, as path relative to the root and text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Whether a source is of tests alone.
fn is_of_tests(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("tests.rs") || path.contains("/tests/")
}

/// Room -> layer, as `src/lib.rs` declares them.
fn layers() -> BTreeMap<String, u32> {
    let mut layer = 0;
    let mut rooms = BTreeMap::new();
    for line in fs::read_to_string(root().join("src/lib.rs"))
        .unwrap()
        .lines()
    {
        if let Some(rest) = line.strip_prefix("// Layer ") {
            layer = rest.split(':').next().unwrap().parse().unwrap();
        } else if let Some(rest) = line.strip_prefix("pub mod ") {
            assert!(layer > 0, "{line} stands under no layer");
            rooms.insert(rest.trim_end_matches(';').to_owned(), layer);
        }
    }
    assert!(rooms.len() > 15, "src/lib.rs was not understood");
    rooms
}

/// Room -> rooms that its product code names as `crate::ROOM`.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let rooms = layers();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources("src") {
        let inside = path.strip_prefix("src/").unwrap();
        let room = inside.split(['/', '.']).next().unwrap().to_owned();
        if !rooms.contains_key(&room) || is_of_tests(&path) {
            continue;
        }
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for piece in product
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
            .flat_map(|l| l.split("crate::").skip(1))
        {
            let named: String = piece
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if rooms.contains_key(&named) && named != room {
                uses.entry(room.clone()).or_default().insert(named);
            }
        }
    }
    uses
}

#[test]
fn a_room_uses_only_its_own_layer_and_lower_ones() {
    let layers = layers();
    let mut wrong = Vec::new();
    for (room, used) in uses() {
        for other in used {
            if layers[&other] > layers[&room] {
                wrong.push(format!(
                    "{room} (layer {}) uses {other} (layer {})",
                    layers[&room], layers[&other]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_rooms_use_each_other_in_a_circle() {
    let mut left = uses();
    // Take away rooms that use nothing that is left; what remains stands in a circle.
    loop {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        let free: Vec<String> = left
            .iter()
            .filter(|(_, used)| used.is_disjoint(&names))
            .map(|(room, _)| room.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|room| {
            left.remove(room);
        });
    }
    assert!(
        left.is_empty(),
        "these rooms use each other in a circle: {left:#?}"
    );
}

#[test]
fn the_way_in_and_the_way_out_do_not_know_each_other() {
    let (layers, uses) = (layers(), uses());
    // As src/lib.rs says of layer 4.
    let known = [
        ("intake", "inbound"),
        ("queue", "delivery"),
        ("queue", "handover"),
    ];
    let mut within = Vec::new();
    for (room, used) in &uses {
        for other in used {
            if layers[room] == 4 && layers[other] == 4 {
                within.push((room.as_str(), other.as_str()));
            }
        }
    }
    assert_eq!(within, known);
    assert!(
        uses["spool"].is_disjoint(&["inbound", "intake"].map(str::to_owned).into()),
        "{:?}",
        uses["spool"]
    );
}

#[test]
fn pure_rooms_know_no_sockets_files_or_clocks() {
    let pure = [
        "mail",
        "smtp",
        "masking",
        "message",
        "content",
        "attachments",
        "pictures",
        "policy",
        "rewrite",
        "dsn",
        "digest",
        "shards",
    ];
    let banned = [
        "tokio",
        "std::fs",
        "std::net::Tcp",
        "SystemTime",
        "Instant::now",
        "crate::clock",
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let room = path
            .strip_prefix("src/")
            .unwrap()
            .split(['/', '.'])
            .next()
            .unwrap();
        if !pure.contains(&room) || is_of_tests(&path) {
            continue;
        }
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for line in product
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            wrong.extend(
                banned
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{path}: {word}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for (path, text) in [sources("src"), sources("tests")].concat() {
        let lines = text.lines().count();
        let limit = if is_of_tests(&path) {
            MAX_TEST_LINES
        } else {
            MAX_LINES
        };
        if lines > limit {
            wrong.push(format!("{path} has {lines} lines, {limit} at most"));
        }
        if !text.starts_with("//! ") {
            wrong.push(format!(
                "{path} does not begin with a line of //! that says what it is"
            ));
        }
        let stem = Path::new(&path)
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if [
            "util", "utils", "common", "helper", "helpers", "manager", "misc", "types",
        ]
        .contains(&stem.as_str())
        {
            wrong.push(format!("{path}: a name that says nothing"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_stands_on_the_map_of_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let missing: Vec<String> = layers()
        .into_keys()
        .filter(|room| !readme.contains(&format!("`{room}")))
        .collect();
    assert!(
        missing.is_empty(),
        "README.md does not name these rooms: {missing:?}"
    );
}

#[test]
fn the_top_level_is_the_one_agreed_on() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "deny.toml",
        "rust-toolchain.toml",
        "docs",
        "src",
        "allowlist",
        "rules",
        "certs",
        "tests",
        "deploy",
        "target",
    ];
    let extra: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !known.contains(&name.as_str()))
        .collect();
    assert!(extra.is_empty(), "not agreed on: {extra:?}");
}

/// Pages for readers, by path relative to the root.
fn pages() -> Vec<(String, String)> {
    let names = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned);
    let folders = ["docs", "deploy", "certs"].into_iter();
    let entries = folders.flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|e| e == "md"));
    let paths = paths.map(|path| path.strip_prefix(root()).unwrap().display().to_string());
    let mut names: Vec<String> = paths.chain(names).collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let text = fs::read_to_string(root().join(&name)).unwrap();
            (name, text)
        })
        .collect()
}

#[test]
fn every_path_in_the_pages_exists() {
    let mut missing = Vec::new();
    for (page, text) in pages() {
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.split(['*', '#']).next().unwrap();
            let ours = ["src/", "tests/", "deploy/", "allowlist/", "docs/", ".ci/"];
            if ours.iter().any(|folder| path.starts_with(folder))
                && !path.contains(' ')
                && !root().join(path).exists()
            {
                missing.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_shipped_configuration_is_the_example() {
    let shipped = fs::read_to_string(root().join("deploy/allegromail.toml")).unwrap();
    assert_eq!(
        shipped,
        allegromail::config::example(),
        "write it anew: cargo run -- config example > deploy/allegromail.toml"
    );
}

#[test]
fn dependencies_that_must_agree_are_there_once() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for name in [
        "rustls",
        "hickory-resolver",
        "hickory-proto",
        "mail-parser",
        "mail-builder",
        "aws-lc-rs",
        "aws-lc-sys",
        "bytes",
        "tokio",
    ] {
        let copies = lock.matches(&format!("name = \"{name}\"\n")).count();
        assert_eq!(copies, 1, "{name}");
    }
    for name in ["openssl-sys", "native-tls", "prost-build"] {
        assert!(
            !lock.contains(&format!("name = \"{name}\"\n")),
            "{name} is in the tree"
        );
    }
}

#[test]
fn no_build_that_serves_has_failpoints() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = |name: &str| {
        let (_, rest) = manifest.split_once(&format!("[{name}]\n")).unwrap();
        rest.split("\n[").next().unwrap().to_owned()
    };
    // Only the tests turn the feature on, and no other feature leads to it.
    assert!(section("features").contains("failpoints = []\n"));
    assert_eq!(section("features").matches("failpoints").count(), 1);
    assert!(!section("features").contains("default"));
    assert!(section("dev-dependencies").contains("features = [\"failpoints\"]"));
    assert_eq!(manifest.matches("\"failpoints\"").count(), 1);
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        if text.contains("ALLEGROMAIL_FAILPOINTS") && !path.starts_with("src/failpoint") {
            wrong.push(format!("{path} reads the variable that arms failpoints"));
        }
        if text.contains("feature = \"failpoints\"") && path != "src/failpoint.rs" {
            wrong.push(format!("{path} asks whether failpoints are compiled in"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_cases_stand_on_has_no_cases_and_every_case_file_is_listed() {
    let root_file = fs::read_to_string(root().join("tests/relay.rs")).unwrap();
    let mut listed = BTreeSet::new();
    let mut folder = "";
    for line in root_file.lines().map(str::trim) {
        let line = line.trim_start_matches("pub ");
        if let Some(name) = line.strip_prefix("mod ") {
            match name.split_once(' ') {
                Some((name, "{")) => folder = name,
                _ => {
                    listed.insert(format!("tests/{folder}/{}.rs", name.trim_end_matches(';')));
                }
            }
        }
    }
    assert!(listed.len() > 50, "tests/relay.rs was not understood");
    let folders: BTreeSet<&str> = listed
        .iter()
        .map(|path| path.rsplit_once('/').unwrap().0)
        .collect();
    let mut wrong = Vec::new();
    for (path, text) in folders.into_iter().flat_map(sources) {
        let is_support = path.starts_with("tests/support/");
        if is_support && (text.contains("#[test]") || text.contains("#[tokio::test")) {
            wrong.push(format!("{path} has cases"));
        }
        // The crash tests list what they alone stand on.
        if !is_support && !listed.contains(&path) {
            wrong.push(format!(
                "{path} is not run: tests/relay.rs does not list it"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

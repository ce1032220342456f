//! Every number of `docs/threats.md` has a test: one that is named after it, or one that stands in its entry.
//!
//! `python3 tests/catalogue.py` runs them and prints the numbers with results.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The last number.
const LAST: u32 = 224;

/// One number, as its entry tells of it.
struct Entry {
    number: u32,
    /// The tests that it names.
    tests: Vec<String>,
    /// Why it needs none.
    excuse: Option<String>,
}

/// The entries of `docs/threats.md`: list items that begin with an anchor, up to the next item or an empty line.
fn entries() -> Vec<Entry> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/threats.md");
    read(&fs::read_to_string(path).unwrap())
}

fn read(page: &str) -> Vec<Entry> {
    let mut items: Vec<(u32, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("* <a id=\"") {
            let (id, rest) = rest
                .split_once("\"></a>")
                .unwrap_or_else(|| panic!("{line}"));
            // Cases of other relays, `p01`, have no numbers.
            inside = id.bytes().all(|octet| octet.is_ascii_digit());
            if inside {
                let title = format!("**{id}. ");
                assert!(
                    rest.starts_with(&title),
                    "the number and its anchor: {line}"
                );
                items.push((id.parse().unwrap(), rest.to_owned()));
            }
        } else if let Some(more) = line.strip_prefix("  ").filter(|_| inside) {
            let (_, text) = items.last_mut().unwrap();
            text.push(' ');
            text.push_str(more);
        } else {
            inside = false;
        }
    }
    items
        .into_iter()
        .map(|(number, text)| {
            let (_, tests) = text
                .rsplit_once(" Tests: ")
                .unwrap_or_else(|| panic!("{number} says nothing of its tests"));
            Entry {
                number,
                tests: tests
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect(),
                excuse: tests.strip_prefix("none:").map(|why| why.trim().to_owned()),
            }
        })
        .collect()
}

/// The names of all tests below `src` and `tests`.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join("src"), root.join("tests")];
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                names.extend(named(&text));
            }
        }
    }
    names
}

/// The functions of a source that stand under a test attribute.
fn named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let after = line
            .strip_prefix("async fn ")
            .or_else(|| line.strip_prefix("fn "));
        if let Some(name) = after
            && std::mem::take(&mut marked)
        {
            names.push(name.split('(').next().unwrap().to_owned());
        }
    }
    names
}

/// The numbers that a test's name stands for: `h014_h038_…`, `h049_to_h063_…`.
fn numbers(name: &str) -> Vec<u32> {
    let number = |word: &str| -> Option<u32> {
        let digits = word.strip_prefix('h')?;
        (digits.len() == 3).then(|| digits.parse().ok())?
    };
    let words: Vec<&str> = name.split('_').collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = words.get(at).copied().and_then(number) {
        let last = (words.get(at + 1) == Some(&"to"))
            .then(|| words.get(at + 2).copied().and_then(number))
            .flatten();
        found.extend(first..=last.unwrap_or(first));
        at += if last.is_some() { 3 } else { 1 };
    }
    found
}

#[test]
fn names_of_tests_stand_for_numbers() {
    assert_eq!(numbers("h014_h038_a_client"), [14, 38]);
    assert_eq!(numbers("h001_to_h003_h015_nothing"), [1, 2, 3, 15]);
    assert!(numbers("hello_h012").is_empty() && numbers("h12_x").is_empty());
    let text = "#[test]\nfn one() {}\nfn two() {}\n#[tokio::test(flavor = \"x\")]\n#[ignore]\n    async fn three() {\n";
    assert_eq!(named(text), ["one", "three"]);
}

#[test]
fn entries_are_read_from_their_anchor_to_their_tests() {
    let page = "* <a id=\"1\"></a>**1. One.** Text in `code`.\n  Tests: `a`,\n  `b`.\n* <a id=\"2\"></a>**2. Two.** x\n  Tests: none: there is no such thing here.\n\n  `c`\n\
                * <a id=\"p01\"></a>**p01.** y\n  Tests: `d`.\n";
    let read = read(page);
    let [one, two] = read.as_slice() else {
        panic!("{} entries", read.len());
    };
    assert!(one.number == 1 && one.tests == ["a", "b"] && one.excuse.is_none());
    assert!(two.number == 2 && two.tests.is_empty());
    assert_eq!(two.excuse.as_deref(), Some("there is no such thing here."));
}

#[test]
fn every_number_has_a_test_or_says_why_not() {
    let tests = tests();
    let named: BTreeSet<u32> = tests.iter().flat_map(|name| numbers(name)).collect();
    let entries = entries();
    let listed: Vec<u32> = entries.iter().map(|entry| entry.number).collect();
    assert_eq!(
        listed,
        (1..=LAST).collect::<Vec<_>>(),
        "each number once, in order"
    );
    let mut wrong = Vec::new();
    for entry in &entries {
        let number = entry.number;
        for test in &entry.tests {
            if !tests.contains(test) {
                wrong.push(format!("{number}: there is no test {test}"));
            }
        }
        match &entry.excuse {
            Some(reason) if reason.len() < 20 => wrong.push(format!("{number} needs a reason")),
            Some(_) => {}
            None if entry.tests.is_empty() && !named.contains(&number) => {
                wrong.push(format!("{number} has no test"));
            }
            None => {}
        }
    }
    // A test that is named after a number which nobody knows.
    let strange: Vec<_> = named.iter().filter(|number| **number > LAST).collect();
    assert!(strange.is_empty(), "docs/threats.md lacks {strange:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Complaints about rules on contents.
const COMPLAINTS: u32 = 42;

#[test]
fn every_complaint_about_rules_has_a_test_or_comes_later() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules-on-contents.md");
    let page = fs::read_to_string(path).unwrap();
    let tests = tests();
    let rows = page.lines().filter(|line| line.starts_with("| <a id=\"c"));
    let mut listed = Vec::new();
    for row in rows {
        let number = row.trim_start_matches("| <a id=\"c");
        let (number, _) = number.split_once('"').unwrap();
        let number: u32 = number.parse().unwrap();
        listed.push(number);
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let named: Vec<&str> = cell
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| !name.starts_with('['))
            .collect();
        assert!(
            !named.is_empty() || cell.starts_with("later"),
            "c{number:02} names no test"
        );
        for name in named {
            assert!(
                tests.contains(name),
                "c{number:02}: there is no test {name}"
            );
        }
    }
    assert_eq!(listed, (1..=COMPLAINTS).collect::<Vec<_>>());
}

#[test]
fn every_complaint_about_centers_has_a_test_or_says_why_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/center.md");
    let page = fs::read_to_string(path).unwrap();
    let (tests, mut seen) = (tests(), 0);
    let rows = page.lines().filter(|line| {
        let first = line.strip_prefix("| ");
        first.is_some_and(|first| first.starts_with(|c: char| c.is_ascii_digit()))
    });
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        seen += cells[0].split(", ").count();
        let test = cells[3].trim_matches('`');
        let excused = ["later", "none"]
            .iter()
            .any(|word| cells[2].starts_with(word));
        assert!(excused || tests.contains(test), "{row}");
    }
    assert_eq!(seen, COMPLAINTS_ABOUT_CENTERS, "issues that are named");
}

/// Issues that are named in the table of complaints about centers.
const COMPLAINTS_ABOUT_CENTERS: usize = 68;

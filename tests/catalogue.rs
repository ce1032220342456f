//! The catalogue of hostile inputs: every number is a test named after it, or has its line in `tests/data/catalogue.txt`.
//!
//! `python3 tests/catalogue.py` runs what is named there and prints the table with results.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The last number.
const LAST: u32 = 197;

/// One line of the table.
struct Row {
    number: u32,
    covered: String,
}

fn table() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/catalogue.txt");
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split('|').map(str::trim).collect();
            assert!(
                columns.len() == 3 && !columns[1].is_empty(),
                "three columns, please: {line}"
            );
            Row {
                number: columns[0].parse().unwrap_or_else(|_| panic!("{line}")),
                covered: columns[2].to_owned(),
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
fn every_number_has_a_test_or_a_line_that_says_why_not() {
    let tests = tests();
    let mut by_name: BTreeMap<u32, usize> = BTreeMap::new();
    for name in &tests {
        for number in numbers(name) {
            *by_name.entry(number).or_default() += 1;
        }
    }
    let rows = table();
    let listed: Vec<u32> = rows.iter().map(|row| row.number).collect();
    assert_eq!(
        listed,
        (1..=LAST).collect::<Vec<_>>(),
        "each number once, in order"
    );
    let (mut wrong, mut open) = (Vec::new(), Vec::new());
    for row in &rows {
        let named = by_name.get(&row.number).copied().unwrap_or_default();
        if let Some(reason) = row.covered.strip_prefix("none:") {
            if reason.trim().len() < 20 {
                wrong.push(format!("{} needs a reason", row.number));
            }
        } else {
            for other in row.covered.split_whitespace() {
                if !tests.contains(other) && other != "open" {
                    wrong.push(format!("{}: there is no test {other}", row.number));
                }
            }
        }
        if row.covered == "open" {
            open.extend((named == 0).then_some(row.number));
        } else if named == 0 && row.covered.is_empty() {
            wrong.push(format!("{} has no test and no line", row.number));
        }
    }
    println!("{} numbers, {} open: {open:?}", rows.len(), open.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

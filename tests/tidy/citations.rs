//! Every page that is cited is here: links of Markdown, and paths in comments.

use std::fs;
use std::path::PathBuf;

use super::markdown::{anchors, dead_links};
use super::root;

/// Paths of all text files whose name ends in one of `ends`, relative to the root.
fn files(ends: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                // Built, or bytes that a fuzzer found.
                if ![".git", "target", "tests/fuzz/corpus"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if ends.iter().any(|end| name.ends_with(end)) {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_link_leads_somewhere() {
    let pages = files(&[".md"]);
    let dead: Vec<String> = pages
        .iter()
        .flat_map(|page| dead_links(root(), page))
        .collect();
    assert!(dead.is_empty(), "{dead:#?}");
}

/// Where code and its tests cite something.
const CITING: [&str; 8] = [
    ".rs", ".toml", ".py", ".sh", "/run", ".md", ".txt", ".service",
];

/// The paths and anchors of pages under `docs/` that a line names.
fn cited(line: &str) -> Vec<(String, Option<String>)> {
    let inside = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '/', '.'].contains(&c);
    let mut found = Vec::new();
    for (at, _) in line.match_indices("docs/") {
        // Part of an address, or of another path.
        if line[..at].ends_with(inside) {
            continue;
        }
        let path: String = line[at..].chars().take_while(|c| inside(*c)).collect();
        let Some(end) = path.find(".md") else {
            continue;
        };
        let path = path[..end + 3].to_owned();
        let rest = &line[at + path.len()..];
        let anchor = rest.strip_prefix('#').map(|rest| {
            let name = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || ['-', '_'].contains(c));
            name.collect::<String>().trim_end_matches('-').to_owned()
        });
        found.push((path, anchor.filter(|anchor| !anchor.is_empty())));
    }
    found
}

#[test]
fn every_cited_page_is_here() {
    let mut dead = Vec::new();
    for file in files(&CITING) {
        // Its own samples.
        if file == "tests/tidy/citations.rs" {
            continue;
        }
        let text = fs::read_to_string(root().join(&file)).unwrap();
        for (number, line) in text.lines().enumerate() {
            for (path, anchor) in cited(line) {
                let page = fs::read_to_string(root().join(&path)).ok();
                let there = page.is_some_and(|page| {
                    anchor
                        .as_ref()
                        .is_none_or(|anchor| anchors(&page).contains(anchor))
                });
                if !there {
                    let anchor = anchor
                        .map(|anchor| format!("#{anchor}"))
                        .unwrap_or_default();
                    dead.push(format!("{file}:{}: {path}{anchor}", number + 1));
                }
            }
        }
    }
    assert!(
        dead.is_empty(),
        "{} citations lead nowhere: {dead:#?}",
        dead.len()
    );
}

/// Whether a line cites a document that was never part of this repository. Taken apart, for this file is looked through, too.
fn cites_elsewhere(line: &str) -> bool {
    let pages = ["DOMAIN", "CONTRACT", "DESIGN", "reliability", "crates"];
    let named = pages.iter().any(|page| {
        let page = format!("{page}.md");
        let mut at = line.match_indices(&page);
        at.any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '/'))
    });
    let numbered = line.match_indices("peers ").any(|(at, word)| {
        line[at + word.len()..].starts_with(|c: char| c.is_ascii_digit())
            && !line[..at].ends_with(char::is_alphanumeric)
    });
    named || numbered || line.contains(concat!("hostile", "-inputs"))
}

#[test]
fn nothing_cites_a_document_that_is_elsewhere() {
    let mut dead = Vec::new();
    for file in files(&CITING) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let lines = text.lines().enumerate();
        let citing = lines.filter(|(_, line)| cites_elsewhere(line));
        dead.extend(citing.map(|(at, line)| format!("{file}:{}: {}", at + 1, line.trim())));
    }
    assert!(
        dead.is_empty(),
        "{} citations lead nowhere: {dead:#?}",
        dead.len()
    );
}

#[test]
fn citations_are_found_in_lines() {
    let one = |path: &str, anchor: Option<&str>| (path.to_owned(), anchor.map(str::to_owned));
    assert_eq!(
        cited("// Counted (docs/threats.md#94, docs/rules.md); https://host.example/docs/x.md"),
        [
            one("docs/threats.md", Some("94")),
            one("docs/rules.md", None)
        ]
    );
    assert!(
        cites_elsewhere(&format!("as {} 3.1 has it", "peers"))
            && cites_elsewhere(&format!("({}.md, rule 4)", "DOMAIN"))
    );
    assert!(!cites_elsewhere("four peers and docs/rules.md"));
}

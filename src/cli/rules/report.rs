//! `allegromail rules report`: what a set does to labelled messages. A fifth of the families is hidden: of these only totals are printed, so that
//! rules are made for facts and not for phrases.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Exit;
use crate::content::{Action, Attachment, Direction, Facts, Letter, RuleSet, Source};

/// What makes a family hidden, together with its name.
const SEED: &str = "allegromail";
/// One of so many families is hidden.
const HIDDEN: u32 = 5;
/// How families begin that rules were made with.
const PRACTICE: &str = "practice/";

/// What is measured.
#[derive(Debug, Args)]
pub(in crate::cli) struct Report {
    /// The labelled messages, one JSON object a line
    #[arg(
        long,
        value_name = "FILE",
        default_value = "tests/data/contents/messages.jsonl"
    )]
    pub(super) set: PathBuf,
    /// Another set of rules
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
    /// List what came out otherwise, in the part that is not hidden
    #[arg(long)]
    misses: bool,
}

/// A labelled message (tests/data/contents/README.md).
#[derive(Debug, Deserialize)]
struct Labelled {
    id: String,
    family: String,
    lang: String,
    direction: Direction,
    origin: String,
    #[serde(default)]
    asked: bool,
    #[serde(default)]
    asked_document: bool,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    html: String,
    #[serde(default)]
    attachments: Vec<File>,
    #[serde(default)]
    quotes_other: bool,
    expect: Expected,
}

#[derive(Debug, Deserialize)]
struct File {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Expected {
    action: String,
    category: String,
    kind: String,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    of: u32,
    found: u32,
}

impl Share {
    fn count(&mut self, found: bool) {
        self.of += 1;
        self.found += u32::from(found);
    }

    /// The bounds of the share at 95 % (Wilson's interval), in percent.
    fn bounds(self) -> (f64, f64) {
        const Z: f64 = 1.96;
        if self.of == 0 {
            return (0.0, 100.0);
        }
        let (n, p) = (
            f64::from(self.of),
            f64::from(self.found) / f64::from(self.of),
        );
        let middle = p + Z * Z / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 100.0 / (1.0 + Z * Z / n);
        ((middle - spread) * scale, (middle + spread) * scale)
    }

    fn shown(self) -> String {
        if self.of == 0 {
            return format!("{:>24}", "-");
        }
        let (low, high) = self.bounds();
        let share = 100.0 * f64::from(self.found) / f64::from(self.of);
        format!(
            "{:>4}/{:<4} {share:5.1} ({low:4.1}-{high:4.1})",
            self.found, self.of
        )
    }
}

/// Kind and language.
type Cell = (String, String);

/// What came out of one part of the set.
#[derive(Debug, Default)]
struct Totals {
    /// Hits that were stopped as strictly as they should be.
    recall: BTreeMap<Cell, Share>,
    /// What should pass and was blocked.
    blocked: BTreeMap<Cell, Share>,
}

impl Totals {
    fn sum(table: &BTreeMap<Cell, Share>, is: impl Fn(&Cell) -> bool) -> Share {
        let cells = table.iter().filter(|(cell, _)| is(cell));
        cells.fold(Share::default(), |sum, (_, share)| Share {
            of: sum.of + share.of,
            found: sum.found + share.found,
        })
    }
}

/// Measures the set.
pub(super) fn run(set: &RuleSet, report: &Report, json: bool) -> Exit {
    let text = match std::fs::read_to_string(&report.set) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("allegromail: {}: {error}", report.set.display());
            return Exit::BadData;
        }
    };
    let measured = match measure(set, &text) {
        Ok(measured) => measured,
        Err(error) => {
            eprintln!("allegromail: {}:{error}", report.set.display());
            return Exit::BadData;
        }
    };
    let Measured {
        shown,
        hidden,
        misses,
    } = measured;
    for miss in misses.iter().filter(|_| report.misses) {
        println!("{miss}");
    }
    if json {
        println!(
            "{}",
            serde_json::json!({"shown": summary(&shown), "hidden": summary(&hidden)})
        );
    } else {
        println!(
            "{:<24} {:<49} | hidden: stopped, blocked by fault",
            "", "not hidden: stopped, blocked by fault"
        );
        table(&shown, &hidden);
    }
    Exit::Done
}

/// What a set did to labelled messages.
struct Measured {
    shown: Totals,
    hidden: Totals,
    /// What came out otherwise, where it is not hidden.
    misses: Vec<String>,
}

/// Tries a set on labelled messages, one a line.
///
/// # Errors
/// The number of a line, and what is wrong with it.
fn measure(set: &RuleSet, text: &str) -> Result<Measured, String> {
    let mut measured = Measured {
        shown: Totals::default(),
        hidden: Totals::default(),
        misses: Vec::new(),
    };
    for (at, line) in text.lines().enumerate() {
        let message: Labelled =
            serde_json::from_str(line).map_err(|error| format!("{}: {error}", at + 1))?;
        let hidden = is_hidden(&message.family);
        let totals = if hidden {
            &mut measured.hidden
        } else {
            &mut measured.shown
        };
        if let Some(fault) = count(set, &message, totals).filter(|_| !hidden) {
            let line = format!("{} {} {fault}", message.id, message.family);
            measured.misses.push(line);
        }
    }
    Ok(measured)
}

/// Whether a family is among those of which only totals are shown; what was written while rules were made is not.
fn is_hidden(family: &str) -> bool {
    let digest = Sha256::digest(format!("{family}{SEED}"));
    // 256 leaves a rest of one, so this is the whole digest as a number.
    let sum: u32 = digest.iter().map(|octet| u32::from(*octet)).sum();
    sum.is_multiple_of(HIDDEN) && !family.starts_with(PRACTICE)
}

/// Judges one message; what came out otherwise.
fn count(set: &RuleSet, message: &Labelled, totals: &mut Totals) -> Option<String> {
    let letter = Letter::read(Source {
        subject: message.subject.clone(),
        plain: vec![message.text.clone()],
        html: vec![message.html.clone()],
        attachments: message
            .attachments
            .iter()
            .map(|file| Attachment {
                name: file.name.clone(),
                kind: file.kind.clone(),
            })
            .collect(),
        ..Source::default()
    });
    let facts = Facts {
        direction: message.direction,
        asked: message.asked || message.asked_document,
        asked_document: message.asked_document,
        automatic: message.origin == "program",
    };
    let findings = set.evaluate(&letter, &facts, &|_| message.quotes_other);
    let found = findings.strictest(set, |_| Action::Block);
    let action = found.map_or("pass", |(_, action)| action.name());
    let wanted = message.expect.action.as_str();
    let kind = if wanted == "pass" {
        format!("pass: {}", message.expect.kind)
    } else {
        format!("{} {}", message.expect.category, message.expect.kind)
    };
    let cell = (kind, message.lang.clone());
    let stopped = matches!(
        (wanted, action),
        ("block", "block") | ("warn", "warn" | "block")
    );
    if wanted == "pass" {
        totals
            .blocked
            .entry(cell)
            .or_default()
            .count(action == "block");
    } else {
        totals.recall.entry(cell).or_default().count(stopped);
    }
    let rule = found
        .and_then(|(hit, _)| set.rules.get(hit.rule))
        .map(|rule| rule.id.as_str());
    let sentence = found
        .and_then(|(hit, _)| hit.sentence)
        .and_then(|number| letter.sentences.get(number));
    let right = if wanted == "pass" {
        action != "block"
    } else {
        stopped
    };
    (!right).then(|| {
        format!(
            "{wanted} expected, {action} by {} {:?}: {:?} {:?}",
            rule.unwrap_or("none"),
            sentence.map(|sentence| &sentence.text),
            message.subject,
            message.text
        )
    })
}

fn table(shown: &Totals, hidden: &Totals) {
    let line = |name: &str, is: &dyn Fn(&Cell) -> bool| {
        let cells = [
            Totals::sum(&shown.recall, is),
            Totals::sum(&shown.blocked, is),
            Totals::sum(&hidden.recall, is),
            Totals::sum(&hidden.blocked, is),
        ];
        println!(
            "{name:<24} {}  {} | {}  {}",
            cells[0].shown(),
            cells[1].shown(),
            cells[2].shown(),
            cells[3].shown()
        );
    };
    let mut kinds: Vec<&String> = shown
        .recall
        .keys()
        .chain(hidden.recall.keys())
        .map(|(kind, _)| kind)
        .collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        line(kind, &|cell| cell.0 == *kind);
    }
    for language in ["pl", "en", "cs", "sk", "hu"] {
        line(&format!("duplicates, {language}"), &|cell| {
            cell.0.starts_with("duplicate") && cell.1 == language
        });
        line(&format!("prohibited, {language}"), &|cell| {
            cell.0.starts_with("prohibited") && cell.1 == language
        });
        line(&format!("innocent, {language}"), &|cell| {
            cell.0.starts_with("pass") && cell.1 == language
        });
    }
    line("duplicates", &|cell| cell.0.starts_with("duplicate"));
    line("prohibited", &|cell| cell.0.starts_with("prohibited"));
    line("innocent", &|cell| cell.0.starts_with("pass"));
}

fn summary(totals: &Totals) -> serde_json::Value {
    let share = |share: Share| serde_json::json!({"of": share.of, "found": share.found, "bounds": share.bounds()});
    serde_json::json!({
        "duplicates": share(Totals::sum(&totals.recall, |cell| cell.0.starts_with("duplicate"))),
        "prohibited": share(Totals::sum(&totals.recall, |cell| cell.0.starts_with("prohibited"))),
        "innocent_blocked": share(Totals::sum(&totals.blocked, |_| true)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not what is hidden: that a new rule undoes nothing that was there.
    #[test]
    fn the_rules_that_are_shipped_do_what_they_did() {
        let set = RuleSet::shipped().unwrap();
        for (text, duplicates, prohibited) in [
            (
                include_str!("../../../tests/data/contents/messages.jsonl"),
                0.97,
                0.97,
            ),
            // Most of what was written last was not found when it was first read.
            (
                include_str!("../../../tests/data/contents/practice.jsonl"),
                0.95,
                0.88,
            ),
        ] {
            let measured = measure(&set, text).unwrap();
            let share = |table, kind: &str| {
                let sum = Totals::sum(table, |cell| cell.0.starts_with(kind));
                f64::from(sum.found) / f64::from(sum.of)
            };
            let (recall, blocked) = (&measured.shown.recall, &measured.shown.blocked);
            let misses = measured.misses.join("\n");
            assert!(share(recall, "duplicate") > duplicates, "{misses}");
            assert!(share(recall, "prohibited") > prohibited, "{misses}");
            assert!(share(blocked, "pass") < 0.01, "{misses}");
        }
    }

    #[test]
    fn a_share_has_bounds_that_so_few_leave() {
        let none = Share { of: 225, found: 0 };
        let (low, high) = none.bounds();
        assert!(low < 0.01 && (1.6..1.8).contains(&high), "{high}");
    }
}

//! `docs/interface.md` names the whole surface, and nothing that is not there: keys are read from the example of a configuration, the rest from the
//! sources. Commands are in `commands.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;

use super::markdown::{quoted, rows, section};
use super::{root, sources};

pub(super) fn page() -> String {
    fs::read_to_string(root().join("docs/interface.md")).unwrap()
}

/// The product's sources without white space, so that no line break of the formatter matters.
fn squeezed() -> Vec<(String, String)> {
    let product = sources("src").into_iter();
    let product =
        product.filter(|(path, _)| !path.ends_with("tests.rs") && !path.contains("/tests/"));
    product
        .map(|(path, text)| (path, text.split_whitespace().collect()))
        .collect()
}

/// Fails with what one of both has and the other has not.
fn assert_same<T: Ord + Debug>(what: &str, program: &BTreeSet<T>, page: &BTreeSet<T>) {
    let lacking: Vec<&T> = program.difference(page).collect();
    let invented: Vec<&T> = page.difference(program).collect();
    assert!(
        lacking.is_empty() && invented.is_empty(),
        "{what}: docs/interface.md lacks {lacking:?}, and has what the program has not: {invented:?}"
    );
}

/// Heading of the table, key, and what the example says of its default; none where it is not set by default.
fn keys() -> Vec<(String, String, Option<String>)> {
    let mut heading = "### Top level".to_owned();
    let mut shown_only = false;
    let mut keys = Vec::new();
    for line in allegromail::config::example().lines() {
        let plain = line.trim_start_matches("# ");
        if plain.starts_with('[') && plain.ends_with(']') {
            heading = format!("### `{plain}`");
            shown_only = plain.len() < line.len();
        } else if let Some((key, value)) = plain.split_once(" = ")
            && key
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        {
            let set = match shown_only {
                true => !line.starts_with("# # "),
                false => plain.len() == line.len(),
            };
            keys.push((
                heading.clone(),
                key.to_owned(),
                set.then(|| value.to_owned()),
            ));
        }
    }
    assert!(keys.len() > 40, "the example was not understood");
    keys
}

#[test]
fn the_interface_has_every_key_with_its_default() {
    let page = page();
    let mut wrong = Vec::new();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (heading, key, default) in keys() {
        let rows = rows(section(&page, &heading));
        match rows.iter().find(|row| row[0] == format!("`{key}`")) {
            None => wrong.push(format!("{heading}: lacks {key}")),
            Some(row) => {
                let told = match &default {
                    None => row[1] == "not set",
                    Some(value) => row[1] == format!("`{value}`") || row[1] == "required",
                };
                if !told {
                    wrong.push(format!(
                        "{heading}: {key} has the default {}, not {}",
                        default.as_deref().unwrap_or("none"),
                        row[1]
                    ));
                }
            }
        }
        known.entry(heading).or_default().insert(key);
    }
    for (heading, keys) in known {
        for row in rows(section(&page, &heading)) {
            let invented = quoted(row[0]).filter(|key| !keys.contains(*key));
            wrong.extend(invented.map(|key| format!("{heading}: there is no key {key}")));
        }
    }
    assert!(wrong.is_empty(), "docs/interface.md: {wrong:#?}");
}

#[test]
fn the_interface_has_every_exit_code() {
    let text = fs::read_to_string(root().join("src/cli/exit.rs")).unwrap();
    let text: String = text.split_whitespace().collect();
    let digits = |text: &str| {
        text.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    };
    let arms = text.split("Exit::").filter_map(|arm| arm.split_once("=>"));
    let codes: BTreeSet<String> = arms
        .map(|(_, code)| digits(code))
        .filter(|code| !code.is_empty())
        .collect();
    assert!(codes.len() > 5, "src/cli/exit.rs was not understood");
    let page = page();
    let rows = rows(section(&page, "### Exit codes"));
    let told = rows.iter().map(|row| row[0].to_owned()).collect();
    assert_same("exit codes", &codes, &told);
}

#[test]
fn the_interface_has_every_reason_with_its_reply() {
    let text = fs::read_to_string(root().join("src/policy/reason.rs")).unwrap();
    let text: String = text.split_whitespace().collect();
    let mut replies = BTreeSet::new();
    for arm in text.split("=>(\"").skip(1) {
        let (word, rest) = arm.split_once("\",").unwrap();
        let (code, rest) = rest.split_once(",s(").unwrap();
        let status = rest.split_once(')').unwrap().0.replace(',', ".");
        replies.insert((word.to_owned(), format!("{code} {status}")));
    }
    assert!(
        replies.len() > 30,
        "src/policy/reason.rs was not understood"
    );
    let page = page();
    let rows = rows(section(&page, "## Replies and reasons"));
    let told = rows
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), row[1].to_owned()))
        .collect();
    assert_same("reasons", &replies, &told);
}

#[test]
fn the_interface_has_every_metric_with_its_labels() {
    let (mut metrics, mut all) = (BTreeSet::new(), BTreeSet::new());
    for (_, text) in squeezed() {
        for kind in ["counter", "gauge", "histogram"] {
            for call in text.split(&format!("{kind}!(\"")).skip(1) {
                let call = call.split(')').next().unwrap();
                let (name, rest) = call.split_once('"').unwrap();
                let labels = rest.split(",\"").skip(1);
                let labels =
                    labels.filter_map(|label| Some(format!("`{}`", label.split_once("\"=>")?.0)));
                let labels = labels.collect::<Vec<_>>().join(", ");
                metrics.insert((name.to_owned(), kind.to_owned(), labels));
            }
        }
        let named = text.split("\"allegromail_").skip(1);
        let named = named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
        all.extend(named.map(|name| format!("allegromail_{name}")));
    }
    // Described and never counted, or named in another way than in the macro.
    for name in all {
        let counted = metrics.iter().any(|(known, ..)| *known == name);
        assert!(counted, "{name}: of which kind is it?");
    }
    assert!(metrics.len() > 15, "the macros were not understood");
    let page = page();
    let rows = rows(section(&page, "## Metrics"));
    let told = rows
        .iter()
        .map(|row| {
            (
                row[0].trim_matches('`').to_owned(),
                row[1].to_owned(),
                row[2].to_owned(),
            )
        })
        .collect();
    assert_same("metrics", &metrics, &told);
}

/// Name, kind, labels and help of each metric, as the program describes them.
fn described() -> BTreeSet<[String; 4]> {
    let files = ["described.rs", "described/nodes.rs"];
    let text = files.map(|file| fs::read_to_string(root().join("src/observe/metrics").join(file)));
    let text = text.map(Result::unwrap).concat();
    let (_, table) = text.split_once("&[Described] = &[").unwrap();
    let entries = table.split("    (\n").skip(1);
    let described = entries.map(|entry| {
        let quoted: Vec<&str> = entry.split('"').skip(1).step_by(2).collect();
        let (labels, ends) = quoted[1..].split_at(quoted.len() - 2);
        let kind = ["Counter", "Gauge", "Histogram"];
        let kind = kind
            .into_iter()
            .find(|kind| entry.contains(&format!(" {kind},")));
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        [
            quoted[0].to_owned(),
            kind.unwrap().to_lowercase(),
            labels.join(", "),
            ends[0].to_owned(),
        ]
    });
    described.collect()
}

#[test]
fn metrics_are_described_as_the_interface_does() {
    let page = page();
    let told = rows(section(&page, "## Metrics")).into_iter().map(|row| {
        let name = row[0].trim_matches('`');
        [name, row[1], row[2], &row[3].replace('`', "")].map(str::to_owned)
    });
    assert_same("descriptions of metrics", &described(), &told.collect());
}

#[test]
fn alerts_and_dashboard_name_metrics_that_there_are() {
    let known: BTreeSet<String> = described().into_iter().map(|[name, ..]| name).collect();
    let mut asked = 0;
    for path in [
        "deploy/prometheus/alerts.yml",
        "deploy/prometheus/alerts_test.yml",
        "deploy/grafana/allegromail.json",
    ] {
        let text = fs::read_to_string(root().join(path)).unwrap();
        for rest in text.split("allegromail_").skip(1) {
            let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_'));
            let name = format!("allegromail_{}", &rest[..end.unwrap_or(rest.len())]);
            let bare = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(&name);
            assert!(known.contains(bare), "{path}: {name} is no metric");
            asked += 1;
        }
    }
    assert!(asked > 40, "the files were not understood");
    let alerts = fs::read_to_string(root().join("deploy/prometheus/alerts.yml")).unwrap();
    let operating = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    for line in alerts
        .lines()
        .filter_map(|line| line.split_once("runbook: "))
    {
        let (page, anchor) = line.1.split_once('#').unwrap();
        assert_eq!(page, "docs/operating.md");
        let title = |line: &&str| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            line.starts_with('#') && title.replace(' ', "-") == anchor
        };
        assert!(
            operating.lines().any(|line| title(&line)),
            "{anchor} leads nowhere"
        );
    }
}

#[test]
fn the_interface_has_every_endpoint() {
    let mut endpoints = BTreeSet::new();
    for (_, text) in squeezed() {
        for handler in text.split("utoipa::path(").skip(1) {
            let (method, rest) = handler.split_once(",path=\"").unwrap();
            let path = rest.split_once('"').unwrap().0;
            endpoints.insert(format!("{} {path}", method.to_uppercase()));
        }
        for route in text.split(".route(\"").skip(1) {
            let (path, rest) = route.split_once("\",axum::routing::").unwrap();
            let method = rest.split_once('(').unwrap().0;
            endpoints.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    assert!(endpoints.len() > 15, "the handlers were not understood");
    let page = page();
    let sections = [
        "## Admin interface",
        "## Interface for carriers",
        "## Interface for participants",
    ];
    let rows = sections
        .map(|heading| rows(section(&page, heading)))
        .concat();
    let told = rows.iter().flat_map(|row| quoted(row[0]));
    let told = told
        .filter(|text| text.contains(" /"))
        .map(str::to_owned)
        .collect();
    assert_same("endpoints", &endpoints, &told);
}

#[test]
fn the_interface_has_no_event_that_is_not_logged() {
    let logged: BTreeSet<String> = squeezed()
        .iter()
        .flat_map(|(_, text)| text.split("event=\"").skip(1))
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect();
    let page = page();
    let rows = rows(section(&page, "## Log"));
    let told: BTreeSet<String> = rows
        .iter()
        .flat_map(|row| quoted(row[0]))
        .map(str::to_owned)
        .collect();
    assert!(told.len() > 50, "docs/interface.md was not understood");
    let invented: Vec<&String> = told.difference(&logged).collect();
    assert!(
        invented.is_empty(),
        "docs/interface.md has events that are not logged: {invented:?}"
    );
}

//! `docs/interface.md` names the whole surface, and nothing that is not there. What there is is read from the program: its help, its example of a
//! configuration, and the sources of the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::process::Command;

use super::markdown::{quoted, rows, section};
use super::{root, sources};

fn page() -> String {
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
            let set = shown_only || plain.len() == line.len();
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
                        "{heading}: {key} has the default {default:?}, not {}",
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

/// What `--help` of a command lists.
#[derive(Default)]
struct Help {
    commands: Vec<String>,
    options: BTreeSet<String>,
    arguments: Vec<String>,
}

fn help(words: &[String]) -> Help {
    let program = Command::new(env!("CARGO_BIN_EXE_allegromail"))
        .args(words)
        .arg("-h")
        .output()
        .unwrap();
    assert!(program.status.success(), "{words:?} --help");
    let text = String::from_utf8(program.stdout).unwrap();
    let (mut help, mut part) = (Help::default(), "");
    for line in text.lines() {
        if !line.starts_with(' ') {
            part = line.trim_end_matches(':');
            continue;
        }
        let first = line.split_whitespace().next().unwrap_or_default();
        match part {
            "Commands" if line.starts_with("  ") && !line.starts_with("   ") => {
                help.commands.push(first.to_owned());
            }
            "Arguments" if first.starts_with(['<', '[']) => {
                let name = first.trim_matches(['<', '>', '[', ']', '.']);
                help.arguments.push(name.to_owned());
            }
            "Options" if first.starts_with('-') => {
                let words = line.split_whitespace().take(2);
                help.options.extend(
                    words
                        .filter(|word| word.starts_with("--"))
                        .map(str::to_owned),
                );
            }
            _ => {}
        }
    }
    help
}

/// The help of every command by its words (`queue list`); that of the program itself under none.
fn commands() -> BTreeMap<String, Help> {
    let (mut open, mut found) = (vec![Vec::new()], BTreeMap::new());
    while let Some(words) = open.pop() {
        let help = help(&words);
        open.extend(help.commands.iter().map(|command| {
            let mut words = words.clone();
            words.push(command.clone());
            words
        }));
        found.insert(words.join(" "), help);
    }
    assert!(found.len() > 20, "the help was not understood");
    found
}

#[test]
fn the_interface_has_every_command_with_its_options() {
    let page = page();
    let commands = commands();
    let shared = &commands[""].options;
    let told = section(&page, "## Commands");
    let told = told.split("\n### ").next().unwrap();
    let mut wrong: Vec<String> = shared
        .iter()
        .filter(|option| !told.contains(&format!("`{option}")))
        .map(|option| format!("lacks {option} of all commands"))
        .collect();
    for (words, help) in commands.iter().filter(|(words, _)| !words.is_empty()) {
        let first = words.split(' ').next().unwrap();
        let told = section(&page, &format!("### `allegromail {first}`"));
        let command = format!("`allegromail {words}");
        if ![" ", "`"]
            .iter()
            .any(|end| told.contains(&format!("{command}{end}")))
        {
            wrong.push(format!("lacks {command}`"));
        }
        let options = help.options.difference(shared);
        let options = options.filter(|option| !told.contains(&format!("`{option}")));
        wrong.extend(options.map(|option| format!("lacks {option} of {command}`")));
        let arguments = help
            .arguments
            .iter()
            .filter(|name| !told.contains(name.as_str()));
        wrong.extend(arguments.map(|name| format!("lacks {name} of {command}`")));
    }
    assert!(wrong.is_empty(), "docs/interface.md: {wrong:#?}");
}

#[test]
fn every_command_in_the_pages_exists() {
    let commands = commands();
    let mut wrong = Vec::new();
    for (name, text) in super::pages() {
        // Inline code, and lines of fences.
        for code in quoted(&text).flat_map(str::lines) {
            let words: Vec<&str> = code.split_whitespace().collect();
            let lower = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase());
            for at in 0..words.len() {
                let rest: Vec<&str> = words[at..].iter().copied().skip(1).collect();
                if words[at] != "allegromail"
                    || !rest.first().is_some_and(lower)
                    || rest[0] == "allegromail"
                {
                    continue;
                }
                let named = rest.iter().take_while(|word| lower(word)).count();
                let lengths = (1..=named.min(2)).rev();
                let mut known =
                    lengths.filter_map(|length| commands.get(&rest[..length].join(" ")));
                let Some(help) = known.next() else {
                    wrong.push(format!("{name}: there is no command: {code}"));
                    continue;
                };
                let own = rest
                    .iter()
                    .take_while(|word| !["&&", "|", ">", "#"].contains(*word));
                let options = own.filter(|word| word.starts_with("--"));
                wrong.extend(
                    options
                        .filter(|option| !help.options.contains(**option))
                        .map(|option| format!("{name}: there is no {option}: {code}")),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
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
    assert!(codes.contains("78"), "src/cli/exit.rs was not understood");
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
    let mut metrics = BTreeSet::new();
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
        // One that is named in another way than in the macro.
        let named = text.split("\"allegromail_").skip(1);
        for name in named.filter_map(|rest| Some(rest.split_once('"')?.0)) {
            let name = format!("allegromail_{name}");
            assert!(
                metrics.iter().any(|(known, ..)| *known == name),
                "{name}: of which kind is it?"
            );
        }
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
    let rows = rows(section(&page, "## Admin interface"));
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

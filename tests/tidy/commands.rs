//! The commands, read from the program's own help: `docs/interface.md` has them all with their options, and no page has one that is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::markdown::{quoted, section};
use super::pages;
use super::surface::page;

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

/// What is wrong with a line of code of a page, where it has commands of ours in it.
fn faults(code: &str, commands: &BTreeMap<String, Help>) -> Vec<String> {
    let words: Vec<&str> = code.split_whitespace().collect();
    let lower = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase());
    let mut faults = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let rest = &words[at + 1..];
        let named = rest.iter().take_while(|word| lower(word)).count();
        // `sudo -u allegromail allegromail …`: the user.
        if *word != "allegromail" || named == 0 || rest[0] == "allegromail" {
            continue;
        }
        let mut lengths = (1..=named.min(2)).rev();
        let known =
            lengths.find_map(|length| Some((length, commands.get(&rest[..length].join(" "))?)));
        let Some((length, help)) = known else {
            faults.push(format!("there is no such command: {code}"));
            continue;
        };
        if !help.commands.is_empty() && named > length {
            faults.push(format!("there is no such command: {code}"));
        }
        let own = rest
            .iter()
            .take_while(|word| !["&&", "|", ">", "#"].contains(*word));
        let options = own.filter(|word| word.starts_with("--"));
        let unknown = options.filter(|option| !help.options.contains(**option));
        faults.extend(unknown.map(|option| format!("there is no {option}: {code}")));
    }
    faults
}

#[test]
fn every_command_in_the_pages_exists() {
    let commands = commands();
    let mut wrong = Vec::new();
    for (name, text) in pages() {
        // Inline code, and lines of fences.
        for code in quoted(&text).flat_map(str::lines) {
            let faults = faults(code, &commands).into_iter();
            wrong.extend(faults.map(|fault| format!("{name}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

//! `allegromail rules`: check a set, say what it makes of one message, measure it on labelled ones.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use super::Exit;
use crate::admin::{Client, ClientError, RulesInForce};
use crate::config;
use crate::content::{Action, Direction, Facts, Findings, Letter, RuleSet};
use crate::in_force::load_rules;
use crate::message::Message;

mod report;

pub(super) use report::Report;

/// What can be done with rules on contents.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Load a set and run its examples; print every error with file, rule and example
    Check {
        /// A folder of *.toml [default: the set that is compiled in]
        folder: Option<PathBuf>,
    },
    /// Print the facts of one message, the rules that hold, and what becomes of it
    Test {
        /// The message, as it was sent
        message: PathBuf,
        /// What is known beside it; may be repeated
        #[arg(long, value_enum)]
        fact: Vec<FactName>,
        /// Who writes to whom
        #[arg(long, value_enum, default_value = "seller-to-buyer")]
        direction: DirectionName,
        /// Another set
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// Print each rule: what it is against, why, and what to do instead, as a table in Markdown
    List {
        /// The language of remarks: en, pl, cs, sk, hu
        #[arg(long, default_value = "en")]
        language: String,
        /// Another set
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// Have the running server read its set again, and print which is in force
    Reload,
    /// Measure a set on labelled messages: recall and false blocks by kind and language, with 95 % bounds
    Report(Report),
}

/// A fact that the text does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FactName {
    /// It answers the other side
    Asked,
    /// The other side had asked for a document
    AskedDocument,
    /// A program sent it
    Automatic,
}

/// Who writes to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DirectionName {
    /// A seller about an order
    SellerToBuyer,
    /// A buyer about an order
    BuyerToSeller,
    /// Either before an order
    Question,
}

/// Runs the command.
pub(super) fn run(command: &Command, config: Option<&Path>, json: bool) -> Exit {
    match command {
        Command::Reload => reload(config, json),
        Command::Check { folder } => check(folder.as_deref(), json),
        Command::Test {
            message,
            fact,
            direction,
            rules,
        } => with_set(rules.as_deref(), |set| {
            test(&set, message, &facts(fact, *direction), json)
        }),
        Command::List { language, rules } => with_set(rules.as_deref(), |set| {
            print!("{}", set.described(language));
            Exit::Done
        }),
        Command::Report(report) => with_set(report.rules.as_deref(), |set| {
            report::run(&set, report, json)
        }),
    }
}

/// Has the running server read its own files. 65 where they are broken: it then keeps the old set.
fn reload(config: Option<&Path>, json: bool) -> Exit {
    let config = config::find(config).and_then(|path| config::load(&path));
    let config = match config {
        Ok(loaded) => loaded.config,
        Err(errors) => {
            return super::wrong_configuration(&errors);
        }
    };
    super::block_on(async {
        let client = Client::new(&config.admin);
        let done: Result<RulesInForce, _> = client
            .post("/v1/rules/reload", "application/json", "{}".into())
            .await;
        match done {
            Ok(set) if json => println!("{}", serde_json::to_string(&set).unwrap_or_default()),
            Ok(set) => println!(
                "set {} in force: {}, {} come out as they say",
                set.set,
                super::count(set.rules, "rule", "rules"),
                super::count(set.examples, "example", "examples")
            ),
            Err(error) => {
                eprintln!("allegromail: {error}");
                if matches!(error, ClientError::Refused { .. }) {
                    eprintln!(
                        "the old set stays in force; mend it, try it with `allegromail config check`, then `allegromail rules reload`"
                    );
                }
                return Exit::from(&error);
            }
        }
        Exit::Done
    })
}

/// Does something with a set, if it loads.
fn with_set(folder: Option<&Path>, run: impl FnOnce(RuleSet) -> Exit) -> Exit {
    match folder.map_or_else(RuleSet::shipped, load_rules) {
        Ok(set) => run(set),
        Err(problems) => {
            let folder = folder.map_or_else(String::new, |folder| format!(" {}", folder.display()));
            eprintln!("{problems}\nmend it, then `allegromail rules check{folder}`");
            Exit::Configuration
        }
    }
}

fn check(folder: Option<&Path>, json: bool) -> Exit {
    with_set(folder, |set| {
        let (rules, phrases, examples, words) = set.sizes();
        if json {
            println!(
                "{}",
                serde_json::json!({"rules": rules, "phrases": phrases, "examples": examples, "words": words})
            );
        } else {
            println!(
                "{rules} rules with {phrases} phrases of {words} words; {examples} examples come out as they say"
            );
        }
        Exit::Done
    })
}

fn facts(names: &[FactName], direction: DirectionName) -> Facts {
    let has = |name| names.contains(&name);
    Facts {
        direction: match direction {
            DirectionName::SellerToBuyer => Direction::SellerToBuyer,
            DirectionName::BuyerToSeller => Direction::BuyerToSeller,
            DirectionName::Question => Direction::Question,
        },
        asked: has(FactName::Asked) || has(FactName::AskedDocument),
        asked_document: has(FactName::AskedDocument),
        automatic: has(FactName::Automatic),
    }
}

/// A file whose lines end in LF, with those that the message had on its way.
fn as_sent(raw: Vec<u8>) -> Vec<u8> {
    if memchr::memmem::find(&raw, b"\r\n").is_some() {
        return raw;
    }
    let lines = raw.split(|octet| *octet == b'\n');
    lines.collect::<Vec<_>>().join(b"\r\n".as_slice())
}

fn test(set: &RuleSet, path: &Path, facts: &Facts, json: bool) -> Exit {
    let message = std::fs::read(path).map_err(|error| error.to_string());
    let message = message
        .and_then(|raw| Message::parse(as_sent(raw).into()).map_err(|error| error.to_string()));
    let message = match message {
        Ok(message) => message,
        Err(error) => {
            eprintln!(
                "allegromail: {}: {error}; name a message: `allegromail rules test message.eml`",
                path.display()
            );
            return Exit::BadData;
        }
    };
    let letter = Letter::of(&message);
    let findings = set.evaluate(&letter, facts, &|_| false);
    if json {
        println!("{}", as_json(set, &letter, &findings));
        return Exit::Done;
    }
    println!("facts     {facts:?}, asks something: {}", findings.question);
    for placed in &letter.links {
        let (place, link) = (placed.place, &placed.link);
        println!(
            "link      {} in {place:?}{}",
            link.host,
            if link.is_deep { ", to one page" } else { "" }
        );
    }
    for file in &letter.attachments {
        println!("file      {} ({})", file.name, file.kind);
    }
    for number in &findings.safe {
        println!("safe      {}", id(set, *number));
    }
    for hit in &findings.hits {
        let sentence = hit.sentence.and_then(|number| letter.sentences.get(number));
        let sentence = sentence
            .map(|sentence| format!(": {:?}", sentence.text))
            .unwrap_or_default();
        let cleared = if hit.cleared { ", cleared" } else { "" };
        println!(
            "rule      {} ({}{cleared}){sentence}",
            id(set, hit.rule),
            hit.action.name()
        );
    }
    match findings.strictest(set, |_| Action::Block) {
        Some((hit, action)) => println!("outcome   {} by {}", action.name(), id(set, hit.rule)),
        None => println!("outcome   pass"),
    }
    Exit::Done
}

fn id(set: &RuleSet, number: usize) -> &str {
    set.rules
        .get(number)
        .map(|rule| rule.id.as_str())
        .unwrap_or_default()
}

fn as_json(set: &RuleSet, letter: &Letter, findings: &Findings) -> serde_json::Value {
    let hits = findings.hits.iter().map(|hit| {
        let sentence = hit.sentence.and_then(|number| letter.sentences.get(number));
        serde_json::json!({"rule": id(set, hit.rule), "action": hit.action.name(), "cleared": hit.cleared, "sentence": sentence.map(|sentence| &sentence.text)})
    });
    let outcome = findings.strictest(set, |_| Action::Block);
    serde_json::json!({
        "question": findings.question,
        "safe": findings.safe.iter().map(|number| id(set, *number)).collect::<Vec<_>>(),
        "hits": hits.collect::<Vec<_>>(),
        "outcome": outcome.map_or("pass", |(_, action)| action.name()),
        "rule": outcome.map(|(hit, _)| id(set, hit.rule)),
    })
}

//! Rules on contents: reading 10 KB of each language, and trying them on the set that is shipped and on one of two thousand rules.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use divan::{Bencher, black_box};

use allegromail::content::{Facts, Letter, RuleSet, Source};

/// Letters, many of people who write what rules look for in other words.
static LETTERS: LazyLock<Vec<serde_json::Value>> = LazyLock::new(|| {
    let letters = include_str!("../../data/contents/practice.jsonl").lines();
    letters
        .map(|letter| serde_json::from_str(letter).unwrap())
        .collect()
});

const LANGUAGES: [&str; 5] = ["pl", "en", "cs", "sk", "hu"];

/// Octets that are read.
const LENGTH: usize = 10_240;

fn text(letter: &serde_json::Value) -> &str {
    letter["text"].as_str().unwrap()
}

/// Prose of 10 KB of a language, of letters that pass. No sentence stands there twice: the same once more would not be read.
fn prose(language: &str) -> Source {
    let own = |letter: &&serde_json::Value| letter["lang"] == language;
    let mut letters: Vec<_> = LETTERS.iter().filter(own).collect();
    // The others where those that pass are not enough.
    letters.sort_by_key(|letter| letter["expect"]["action"] != "pass");
    let mut all = String::new();
    for letter in letters {
        all.push_str(text(letter));
        all.push_str("\r\n\r\n");
    }
    all.truncate(all.floor_char_boundary(LENGTH));
    assert!(all.len() > LENGTH - 4);
    Source {
        subject: "Re: Rower górski".to_owned(),
        plain: vec![all],
        ..Source::default()
    }
}

static SHIPPED: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::shipped().unwrap());

/// Two thousand rules of eight phrases each, of two to four terms of two choices, made of the words of all letters.
static MANY: LazyLock<RuleSet> = LazyLock::new(|| {
    let words = LETTERS
        .iter()
        .flat_map(|letter| text(letter).split(|c: char| !c.is_alphabetic()));
    let words = words.map(str::to_lowercase);
    // Some letters are disguised as others, and `hxxp` is undone.
    let is_plain = |word: &String| {
        word.chars().count() >= 4 && word.chars().all(|c| c < '\u{250}') && !word.contains("xx")
    };
    let words: Vec<String> = words
        .filter(is_plain)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut any = |bound: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap() % bound
    };
    let mut file = "kind = \"many\"\ncategory = \"prohibited\"\n".to_owned();
    for number in 0..2_000 {
        let mut phrases = Vec::new();
        let mut said = Vec::new();
        for _ in 0..8 {
            said.clear();
            let mut terms = Vec::new();
            for _ in 0..2 + any(3) {
                let (word, other) = (&words[any(words.len())], &words[any(words.len())]);
                said.push(word.as_str());
                terms.push(format!("{}|{}", stem(word), stem(other)));
            }
            phrases.push(format!("\"{}\"", terms.join(" ")));
        }
        let (phrases, hit, miss) = (phrases.join(", "), said.join(" "), said[0]);
        let texts = "{ en = \"x\", pl = \"x\", cs = \"x\", sk = \"x\", hu = \"x\" }";
        file.push_str(&format!(
            "[[rule]]\nid = \"ban.r{number}\"\nremark = {texts}\ninstead = {texts}\n[rule.phrases]\npl = [{phrases}]\n\
             [[rule.example]]\nhit = \"{hit}\"\nlang = \"pl\"\n[[rule.example]]\nmiss = \"{miss}\"\nlang = \"pl\"\n"
        ));
    }
    RuleSet::parse(vec![("many.toml".to_owned(), file)]).unwrap()
});

/// The first three quarters of a word.
fn stem(word: &str) -> String {
    let letters = word.chars().count();
    let kept = (letters * 3 / 4).max(4);
    let stem: String = word.chars().take(kept).collect();
    if kept < letters {
        format!("{stem}*")
    } else {
        stem
    }
}

fn evaluate(bencher: Bencher, set: &RuleSet, language: &str) {
    let letter = Letter::read(prose(language));
    bencher.bench(|| set.evaluate(black_box(&letter), &Facts::default(), &|_| false));
}

#[divan::bench(args = LANGUAGES)]
fn content_read(bencher: Bencher, language: &str) {
    let source = prose(language);
    bencher
        .with_inputs(|| source.clone())
        .bench_values(|source| Letter::read(black_box(source)));
}

#[divan::bench(args = LANGUAGES)]
fn content_evaluate_shipped(bencher: Bencher, language: &str) {
    evaluate(bencher, &SHIPPED, language);
}

#[divan::bench(args = LANGUAGES)]
fn content_evaluate_two_thousand(bencher: Bencher, language: &str) {
    evaluate(bencher, &MANY, language);
}

//! Rules on contents: reading a text, and trying it on the set that is shipped and on one of two thousand rules.

use divan::{Bencher, black_box};

use allegromail::content::{Facts, Letter, RuleSet, Source};

/// Letters that pass, of people who write what rules look for in other words.
const LETTERS: &str = include_str!("../../data/contents/practice.jsonl");

/// Prose of 10 KB in which no sentence stands twice: the same once more would not be read.
fn prose() -> Source {
    let letters = LETTERS
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let passing = letters.filter(|letter| {
        letter
            .pointer("/expect/action")
            .is_some_and(|action| action == "pass")
    });
    let mut text = String::new();
    for letter in passing {
        text.push_str(letter.pointer("/text").unwrap().as_str().unwrap());
        text.push_str("\r\n\r\n");
        if text.len() > 10_240 {
            break;
        }
    }
    Source {
        subject: "Re: Rower górski".to_owned(),
        plain: vec![text],
        ..Source::default()
    }
}

/// Two thousand rules of two phrases each.
fn many() -> RuleSet {
    let mut file = "kind = \"many\"\ncategory = \"prohibited\"\n".to_owned();
    for number in 0..2_000_u32 {
        let word = |seed: u32| {
            let mut rest = seed.wrapping_mul(2_654_435_761) ^ 0x5bd1_e995;
            let letters = (0..7).map(|_| {
                rest = rest.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                char::from(b'a' + u8::try_from((rest >> 24) % 26).unwrap())
            });
            letters.collect::<String>()
        };
        let (one, two, three) = (word(number), word(number + 10_000), word(number + 20_000));
        let texts = "{ en = \"x\", pl = \"x\", cs = \"x\", sk = \"x\", hu = \"x\" }";
        file.push_str(&format!(
            "[[rule]]\nid = \"ban.r{number}\"\nremark = {texts}\ninstead = {texts}\n[rule.phrases]\npl = [\"{one}* {two}*\", \"paczk* {three}*|{two}*\"]\n\
             [[rule.example]]\nhit = \"{one} {two}\"\nlang = \"pl\"\n[[rule.example]]\nmiss = \"{one}\"\nlang = \"pl\"\n"
        ));
    }
    RuleSet::parse(vec![("many.toml".to_owned(), file)]).unwrap()
}

#[divan::bench]
fn content_read(bencher: Bencher) {
    let source = prose();
    bencher.bench(|| Letter::read(black_box(source.clone())));
}

#[divan::bench(args = ["shipped", "2,000 rules"])]
fn content_evaluate(bencher: Bencher, which: &str) {
    let set = if which == "shipped" {
        RuleSet::shipped().unwrap()
    } else {
        many()
    };
    let letter = Letter::read(prose());
    bencher.bench(|| set.evaluate(black_box(&letter), &Facts::default(), &|_| false));
}

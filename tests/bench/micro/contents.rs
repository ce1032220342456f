//! Rules on contents: reading a text, and trying it on the set that is shipped and on one of two thousand rules.

use divan::{Bencher, black_box};

use allegromail::content::{Facts, Letter, RuleSet, Source};

/// Prose of 10 KB as a person writes it, with some words that rules look for.
fn prose() -> Source {
    let line = "Dzień dobry, wysyłam jutro rano paczkę z rowerem, numer przesyłki podam po nadaniu. Proszę o informację, czy odbiór w piątek pasuje; \
        faktura będzie w panelu zamówienia, a instrukcja jest na stronie producenta https://www.producent.example/manual/rower-g-21.pdf. Telefon dla kierowcy 601 234 567.\r\n";
    Source {
        subject: "Re: Rower górski".to_owned(),
        plain: vec![line.repeat(10_240 / line.len() + 1)],
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

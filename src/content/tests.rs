//! Letters that are made to hide, or to cost.

use super::*;

fn letter(text: &str) -> Letter {
    Letter::read(Source {
        plain: vec![text.to_owned()],
        ..Source::default()
    })
}

/// The rule that decides of a text.
fn outcome(set: &RuleSet, text: &str, facts: &Facts) -> Option<String> {
    let findings = set.evaluate(&letter(text), facts, &|_| false);
    let (hit, _) = findings.strictest(set, |_| Action::Block)?;
    Some(set.rules[hit.rule].id.clone())
}

#[test]
fn what_no_reader_sees_hides_nothing_from_the_rules() {
    let set = RuleSet::shipped().unwrap();
    let facts = Facts::default();
    for text in [
        "Kupmy to poza Allegro, bez prowizji.",
        "\u{f8ff}Kupmy to poza Allegro, bez prowizji.\u{f8ff}",
        "Kup\u{200b}my to po\u{ad}za Alle\u{1}gro, bez pro\u{2060}wizji.",
        "Kupmy to p o z a Allegr0, bez prowizji.",
        "KUPMY TO POZA ALLEGRO, BEZ PROWIZJI.",
        "Kupmy to poza Аllеgrо, bez prowizji.",
        "Kupmy\nto\npoza\nAllegro\nbez\nprowizji",
        "Kupmy\r\n\r\nto\r\n\r\npoza\r\n\r\nAllegro",
        "Dzień dobry.\n-- \nKupmy to poza Allegro, bez prowizji.",
    ] {
        let found = outcome(&set, text, &facts);
        assert!(
            found.is_some_and(|id| id.starts_with("ban.outside")),
            "{text}"
        );
    }
    let html = |text: &str| {
        Letter::read(Source {
            html: vec![text.to_owned()],
            ..Source::default()
        })
    };
    for text in [
        "<p>Kupmy to <b>poza</b> Alle<i>gro</i>, bez prowizji.</p>",
        "<div style=\"display:none\">Kupmy to poza Allegro, bez prowizji.</div>",
        "<p>Kupmy to&nbsp;poza&#32;Allegro, bez &#112;rowizji.</p>",
        "<table><tr><td>Kupmy</td><td>to</td><td>poza</td><td>Allegro</td></tr></table>",
        "<img src=x alt='Kupmy to poza Allegro, bez prowizji.'>",
    ] {
        let findings = set.evaluate(&html(text), &facts, &|_| false);
        assert!(
            findings.strictest(&set, |_| Action::Block).is_some(),
            "{text}"
        );
    }
}

#[test]
fn a_text_that_is_made_to_cost_is_bounded() {
    let set = RuleSet::shipped().unwrap();
    let facts = Facts {
        automatic: true,
        ..Facts::default()
    };
    // Every word of the rules, without an end of a sentence; one word a hundred thousand times; short lines, quotes, links, marks and brackets.
    let words: String = set
        .listed()
        .map(|word| format!("{} ", word.trim_end_matches('*')))
        .collect();
    for text in [
        words.repeat(3),
        "przelew ".repeat(100_000),
        "allegro poza kupmy sprzedam taniej przelew ".repeat(20_000),
        "x:\n".repeat(100_000),
        "> a\n".repeat(100_000),
        "od: a\n".repeat(100_000),
        "a.pl ".repeat(100_000),
        "[".repeat(400_000),
        "1 ".repeat(200_000),
        "np. ".repeat(100_000),
        "\n".repeat(200_000),
        "a\n\n\n\n".repeat(50_000),
        "\u{f8ff}1".repeat(100_000),
        "a ".repeat(200_000),
    ] {
        let letter = letter(&text);
        let words: usize = letter
            .sentences
            .iter()
            .map(|sentence| sentence.tokens.len())
            .sum();
        assert!(words <= 66_000, "{words}");
        assert!(
            letter
                .sentences
                .iter()
                .all(|sentence| sentence.tokens.len() <= 120)
        );
        let _ = set.evaluate(&letter, &facts, &|_| false);
    }
    // Of many parts no more is read than of one.
    let letter = Letter::read(Source {
        plain: vec!["przelew na konto ".repeat(4_000); 50],
        ..Source::default()
    });
    let words: usize = letter
        .sentences
        .iter()
        .map(|sentence| sentence.tokens.len())
        .sum();
    assert!(words <= 66_000, "{words}");
}

#[test]
fn what_is_said_costs_its_length_whatever_it_is() {
    let set = RuleSet::shipped().unwrap();
    let prose = include_str!("../../tests/data/contents/practice.jsonl");
    let cost = |text: &str| {
        let letter = letter(text);
        let octets: usize = letter.sentences.iter().map(|own| own.text.len()).sum();
        set.steps(&letter) / (octets / 1024)
    };
    let usual = cost(prose);
    // Sentences of a hundred of the words that lead to the most phrases, none twice the same.
    let busiest = set.busiest();
    for words in [100, 400, 2_000] {
        let words: Vec<&str> = busiest.iter().take(words).map(String::as_str).collect();
        let sentence = |from: usize| {
            let own = words.iter().cycle().skip(7 * from).take(100);
            format!("{from} {}! ", own.copied().collect::<Vec<_>>().join(" "))
        };
        let text: String = (0..1_500).map(sentence).collect();
        let (short, long) = (
            cost(text.get(..7_500).unwrap()),
            cost(text.get(..60_000).unwrap()),
        );
        let whole = cost(&text);
        // What costs the square of its length is eight times as dear.
        assert!(long <= 2 * short, "{short} {long}");
        assert!(whole <= 2 * short, "{short} {whole}");
        assert!(long <= 40 * usual, "{long} {usual}");
    }
}

#[test]
fn of_a_large_text_both_ends_are_read_under_any_encoding() {
    let filler = "Zwykle zdanie o rowerze i o pogodzie.\r\n".repeat(40_000);
    let said = "Kupmy to poza Allegro, bez prowizji.\r\n";
    let set = RuleSet::shipped().unwrap();
    for (front, back) in [(said, ""), ("", said), ("", "")] {
        let text = format!("{front}{filler}{back}");
        for encoding in ["7bit", "quoted-printable", "base64"] {
            let body = crate::message::Encoding::of(encoding).encode(text.as_bytes());
            let head = format!("From: a@b.pl\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
            let raw = [head.as_bytes(), &body].concat();
            let letter = Letter::of(&crate::message::Message::parse(raw.into()).unwrap());
            let findings = set.evaluate(&letter, &Facts::default(), &|_| false);
            let stopped = findings.strictest(&set, |_| Action::Block).is_some();
            assert_eq!(stopped, front != back, "{encoding}");
        }
    }
}

#[test]
fn every_text_that_a_program_shows_is_read() {
    let set = RuleSet::shipped().unwrap();
    let said = "Kupmy to poza Allegro, bez prowizji.";
    let stopped = |fields: &str, body: &str| {
        let raw = format!("From: a@b.pl\r\n{fields}\r\n{body}\r\n");
        let letter = Letter::of(&crate::message::Message::parse(raw.into()).unwrap());
        let findings = set.evaluate(&letter, &Facts::default(), &|_| false);
        findings.strictest(&set, |_| Action::Block).is_some()
    };
    for fields in [
        "",
        "Content-Type: text/markdown\r\n",
        "Content-Type: text/x-anything\r\n",
        "Content-Type: text/xml\r\n",
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n",
    ] {
        assert!(stopped(fields, said), "{fields}");
        assert!(!stopped(fields, "Rower jest niebieski."), "{fields}");
    }
    assert!(!stopped("Content-Type: text/calendar\r\n", said));
    assert!(!stopped("Content-Type: application/pdf\r\n", said));
}

#[test]
fn what_is_forwarded_is_quoted() {
    let set = RuleSet::shipped().unwrap();
    let raw = "From: a@b.pl\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nProszę zobaczyć.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
               From: x@y.pl\r\nContent-Type: text/html\r\n\r\n<p>Kupmy to poza <b>Allegro</b>, bez prowizji.</p>\r\n--b--\r\n";
    let letter = Letter::of(&crate::message::Message::parse(raw.into()).unwrap());
    for theirs in [true, false] {
        let findings = set.evaluate(&letter, &Facts::default(), &|_| theirs);
        let stopped = findings.strictest(&set, |_| Action::Block).is_some();
        assert_eq!(stopped, !theirs);
    }
}

//! Sets that load and such that do not; what holds of a letter.

use super::*;
use crate::content::{Direction, Facts, Letter, Place, Sentence, Source};

const TEXTS: &str = "remark = { en = \"r\", pl = \"r\", cs = \"r\", sk = \"r\", hu = \"r\" }\ninstead = { en = \"i\", pl = \"i\", cs = \"i\", sk = \"i\", hu = \"i\" }";

fn parse(text: &str) -> Result<RuleSet, Problems> {
    RuleSet::parse(vec![("x.toml".to_owned(), text.replace("TEXTS", TEXTS))])
}

fn set(text: &str) -> RuleSet {
    parse(text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn letter(text: &str) -> Letter {
    Letter::read(Source {
        plain: vec![text.to_owned()],
        ..Source::default()
    })
}

/// The rule that decides of a text, and its action.
fn outcome(set: &RuleSet, text: &str, facts: &Facts) -> Option<(String, Action)> {
    let findings = set.evaluate(&letter(text), facts, &|_| false);
    let (hit, action) = findings.strictest(set, |_| Action::Block)?;
    Some((set.rules[hit.rule].id.clone(), action))
}

#[test]
fn the_set_that_is_shipped_loads() {
    let set = RuleSet::shipped().unwrap_or_else(|problems| panic!("{problems}"));
    for kind in [
        "document",
        "order",
        "payment",
        "progress",
        "sent",
        "parcel",
        "reminder",
        "rating",
        "rating_change",
        "goods",
        "outside",
        "shop",
        "scam",
        "credentials",
        "account",
        "abuse",
        "danger",
    ] {
        assert!(set.rules.iter().any(|rule| rule.kind == kind), "{kind}");
    }
}

#[test]
fn the_page_has_the_rules_that_are_shipped() {
    let page = include_str!("../../../docs/rules-on-contents.md");
    let set = RuleSet::shipped().unwrap_or_else(|problems| panic!("{problems}"));
    let (_, rest) = page.split_once("<!-- rules -->\n").unwrap();
    let (shown, _) = rest.split_once("<!-- end of rules -->").unwrap();
    assert_eq!(
        shown,
        set.described("en"),
        "run allegromail rules list, and put it there"
    );
}

const SENT: &str = r#"
kind = "sent"
category = "duplicate"
[[rule]]
id = "dup.sent"
needs = ["automatic"]
unless = ["asked", "question"]
TEXTS
[rule.phrases]
pl = ["paczk*|przesylk* & nadana|wyslan* -zwrot*"]
[[rule.example]]
hit = "Twoja paczka została dziś nadana."
lang = "pl"
facts = ["automatic"]
[[rule.example]]
miss = "Czy nadana paczka doszła?"
lang = "pl"
facts = ["automatic"]
"#;

#[test]
fn a_rule_holds_where_its_facts_and_words_do() {
    let set = set(SENT);
    let automatic = Facts {
        automatic: true,
        ..Facts::default()
    };
    for text in [
        "Paczka została nadana.",
        "NADANA dziś PACZKA!",
        "Wysłaną wczoraj przesyłkę odbierze kurier",
        "p a c z k a nadana",
    ] {
        assert_eq!(
            outcome(&set, text, &automatic).map(|(id, _)| id),
            Some("dup.sent".to_owned()),
            "{text}"
        );
    }
    for text in [
        "Paczka czeka. Nadana będzie jutro",
        "Paczka raz dwa trzy cztery pięć sześć nadana",
        "Paczka zwrotna nadana",
        "Paczka nadana. Czy pasuje?",
        "> Paczka nadana",
    ] {
        assert_eq!(outcome(&set, text, &automatic), None, "{text}");
    }
    let asked = Facts {
        asked: true,
        ..automatic
    };
    let question = Facts {
        direction: Direction::Question,
        ..automatic
    };
    for facts in [Facts::default(), asked, question] {
        assert_eq!(outcome(&set, "Paczka nadana.", &facts), None);
    }
}

#[test]
fn words_of_the_other_side_are_not_held_against_who_quotes_them() {
    let set = set(r#"
kind = "account"
category = "prohibited"
[[rule]]
id = "ban.account"
TEXTS
negatable = true
[rule.phrases]
pl = ["podaj* & numer* konta"]
[[rule.example]]
hit = "Proszę podać numer konta"
lang = "pl"
[[rule.example]]
miss = "Nigdy nie podajemy numeru konta"
lang = "pl"
"#
    .replace("podaj*", "poda*")
    .as_str());
    let text = "Nie.\n\n> podaj numer konta";
    assert!(
        outcome(&set, text, &Facts::default()).is_some(),
        "quotes of a writer's own making are read"
    );
    let theirs = |sentence: &Sentence| sentence.place == Place::Quoted;
    let findings = set.evaluate(&letter(text), &Facts::default(), &theirs);
    assert_eq!(findings.strictest(&set, |_| Action::Block), None);
}

#[test]
fn the_strictest_decides_and_a_safe_rule_clears() {
    let set = set(r#"
kind = "mixed"
category = "duplicate"
[[rule]]
id = "dup.warn"
action = "warn"
TEXTS
[rule.phrases]
pl = ["kod*"]
[[rule.example]]
hit = "kod"
lang = "pl"
[[rule.example]]
miss = "x"
lang = "pl"
[[rule]]
id = "dup.block"
TEXTS
[rule.phrases]
pl = ["kod* wyslan*"]
[[rule.example]]
hit = "kod wysłany"
lang = "pl"
[[rule.example]]
miss = "wysłany"
lang = "pl"
[[rule]]
id = "dup.safe"
safe = true
clears = ["dup.*"]
[rule.phrases]
pl = ["licencj*"]
[[rule.example]]
hit = "licencja"
lang = "pl"
"#);
    let facts = Facts::default();
    assert_eq!(
        outcome(&set, "kod wysłany", &facts),
        Some(("dup.block".to_owned(), Action::Block))
    );
    assert_eq!(
        outcome(&set, "kod", &facts),
        Some(("dup.warn".to_owned(), Action::Warn))
    );
    assert_eq!(outcome(&set, "kod licencji wysłany", &facts), None);
    let findings = set.evaluate(&letter("kod wysłany"), &facts, &|_| false);
    assert_eq!(
        findings
            .strictest(&set, |_| Action::Observe)
            .map(|(_, action)| action),
        Some(Action::Observe)
    );
    assert_eq!(findings.strictest(&set, |_| Action::Off), None);
}

#[test]
fn a_set_that_would_not_do_what_it_says_is_refused_by_name() {
    for (from, to, want) in [
        (
            "kind = \"sent\"",
            "kind = \"sent\"\nextra = 1",
            "unknown field",
        ),
        ("dup.sent", "Dup Sent", "its id must be small letters"),
        (
            "hit = \"Twoja paczka została dziś nadana.\"",
            "hit = \"Twoja paczka\"",
            "the hit \"Twoja paczka\" does not come out: no rule holds",
        ),
        (
            "miss = \"Czy nadana paczka doszła?\"",
            "miss = \"Nadana paczka\"",
            "dup.sent holds in \"Nadana paczka\"",
        ),
        ("paczk*|", "pa*|", "has a stem of fewer than three letters"),
        ("paczk*|", "@none|", "names a list that is not there"),
        (
            "pl = [\"",
            "hu = [\"x\"]\npl = [\"",
            "it needs an example that it hits",
        ),
        (
            "remark = { en = \"r\"",
            "remark = { de = \"r\"",
            "its remark is missing in \"en\"",
        ),
        (
            "id = \"dup.sent\"",
            "id = \"dup.sent\"\nsafe = true",
            "a safe rule names in `clears`",
        ),
        (
            "id = \"dup.sent\"",
            "id = \"dup.sent\"\nwithin = 90",
            "`within` is 20 at most",
        ),
        (
            "[rule.phrases]\npl = [\"paczk*|przesylk* & nadana|wyslan* -zwrot*\"]",
            "",
            "neither phrases nor links",
        ),
    ] {
        let text = SENT.replace("TEXTS", TEXTS);
        assert!(text.contains(from), "{from}");
        let problems = parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(
            problems.contains(want) && problems.contains("x.toml"),
            "{to}: {problems}"
        );
    }
    assert!(
        RuleSet::parse(Vec::new())
            .unwrap_err()
            .to_string()
            .contains("there is no rule")
    );
    let twice = format!(
        "{}{}",
        SENT,
        SENT.split_once("[[rule]]")
            .map(|(_, rest)| format!("[[rule]]{rest}"))
            .unwrap()
    );
    assert!(
        parse(&twice)
            .unwrap_err()
            .to_string()
            .contains("there are two of this id")
    );
}

const TOGETHER: &str = r#"
kind = "outside"
category = "prohibited"
[[rule]]
id = "ban.together"
TEXTS
together = ["gotowk*|cash taniej|cheaper poza|past -regulamin*"]
example = [
  { lang = "pl", hit = "Wezmę poza serwisem. Dam gotówkę. Będzie taniej." },
  { lang = "pl", miss = "Wezmę taniej." },
  { lang = "cs", hit = "cash cheaper past" },
  { lang = "cs", miss = "cash" },
  { lang = "sk", hit = "cash cheaper past" },
  { lang = "sk", miss = "cash" },
  { lang = "hu", hit = "cash cheaper past" },
  { lang = "hu", miss = "cash" },
  { lang = "en", hit = "Past the site? It is cheaper. I have cash." },
  { lang = "en", miss = "Cash is cheaper." },
]
"#;

#[test]
fn words_stand_together_in_neighbouring_sentences() {
    let set = set(TOGETHER);
    let facts = Facts::default();
    let holds = |text: &str| outcome(&set, text, &facts).is_some();
    for text in [
        "Taniej, gotówka, poza",
        "Poza tym serwisem.\n\nJest drogo. Gotówka?\n\nWtedy taniej!",
        "Raz. Dwa. Trzy. Cztery. Pięć. Poza! Taniej! Gotówka!",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in [
        "Taniej, gotówka",
        // One word is not two.
        "Poza gotówką",
        // Too far from one another.
        "Poza. Raz! Dwa! Trzy! Cztery! Pięć! Taniej! Gotówka!",
        // What may not stand beside them.
        "Taniej, gotówka, poza. Regulamin tego zabrania.",
        "> Taniej, gotówka, poza",
    ] {
        assert!(!holds(text), "{text}");
    }
    let findings = set.evaluate(
        &letter("Raz!\n\nPoza! Taniej za gotówkę!"),
        &facts,
        &|_| false,
    );
    assert!(findings.hits[0].sentence.is_some());
}

#[test]
fn words_that_stand_together_are_told_what_is_wrong_with_them() {
    for (was, now, why) in [
        (
            "gotowk*|cash taniej|cheaper poza|past -regulamin*",
            "gotowk*",
            "fewer than two",
        ),
        (
            "gotowk*|cash taniej|cheaper",
            "@none taniej",
            "a list that is not there",
        ),
        ("together =", "#", "neither phrases nor links"),
    ] {
        let problems = parse(&TOGETHER.replace(was, now))
            .expect_err(was)
            .to_string();
        assert!(problems.contains(why), "{problems}");
    }
}

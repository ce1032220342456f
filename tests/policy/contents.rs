//! The rules on contents over the wire: what is stopped, what may be answered, and who hears of it.

use std::fs;

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::*;

/// What tools of shops send.
const SENT: &str = "Dzień dobry, Twoje zamówienie zostało wysłane kurierem InPost.";
/// Set by programs.
const PROGRAM: &str = "Auto-Submitted: auto-generated\r\n";

fn letter(from: &str, to: &str, fields: &str, words: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Rower\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{}@client.example>\r\n{fields}\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n",
        words.len()
    )
}

/// The seller writes.
async fn sell(stage: &Stage, fields: &str, words: &str) -> Answer {
    let letter = letter(BIURO, BUYER, fields, words);
    stage.send_message(BIURO, &[BUYER], &letter).await
}

/// The buyer writes; what the seller gets of it.
async fn buy(stage: &Stage, fields: &str, words: &str) -> String {
    let letter = letter(JAN, SELLER, fields, words);
    stage
        .send_message(JAN, &[SELLER], &letter)
        .await
        .assert("250");
    text(&stage.arrival().await)
}

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(name));
    line.unwrap_or_else(|| panic!("no {name} in {message}"))
        .trim_start_matches(name)
        .trim_start_matches([':', ' '])
}

/// The reference in a refusal.
fn reference(answer: &Answer) -> String {
    let (_, behind) = answer.0.split_once("reference ").unwrap();
    behind.chars().take(9).collect()
}

fn words_of(message: &str) -> String {
    let parsed = mail_parser::MessageParser::default()
        .parse(message.as_bytes())
        .unwrap();
    parsed.body_text(0).unwrap().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_message_is_told_in_the_session_by_a_notice_and_to_support() {
    let stage = Setup::default()
        .key("policy", "help_url = \"https://help.allegro.example/mail\"")
        .start()
        .await;
    let answer = sell(&stage, PROGRAM, SENT).await;
    answer.assert("550 5.7.1");
    assert!(answer.0.contains("duplicate-notification"), "{answer:?}");
    assert!(
        answer.0.contains("rule dup.") && !answer.0.contains("InPost"),
        "rules are not learnt by trying: {answer:?}"
    );
    let reference = reference(&answer);
    // The notice goes to the account, in its language, and names what support will ask for.
    let notice = stage.arrival().await;
    assert_eq!(notice.recipients, [BIURO]);
    let notice = text(&notice);
    assert_eq!(field(&notice, "Auto-Submitted"), "auto-generated");
    assert_eq!(field(&notice, "To"), format!("<{SELLER}>"));
    let words = words_of(&notice);
    for told in [
        "Ta wiadomość nie została dostarczona. Twoje konto nie jest ograniczone.",
        &format!("Odbiorca: {BUYER}"),
        "Zamówienie: cub31c122",
        "Temat: Rower",
        "Data: Mon, 23 Nov 2026 10:00:00 +0100",
        "Zasada: dup.",
        SENT,
        &format!("Numer sprawy: {reference}"),
        "https://help.allegro.example/mail",
        "@client.example>",
    ] {
        assert!(words.contains(told), "no {told:?} in {words}");
    }
    assert!(!notice.contains(JAN), "{notice}");
    // Support finds it by the reference, without any of its words.
    let life = stage.trace(&reference).await;
    for told in ["dup.sent", "block", "automatic by fields", "refused"] {
        assert!(life.contains(told), "no {told:?} in {life}");
    }
    assert!(!life.contains("InPost"), "{life}");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_marketplace_reads_what_was_stopped_by_number() {
    let stage = Stage::ordinary().await;
    sell(&stage, PROGRAM, SENT).await.assert("550");
    sell(
        &stage,
        "",
        "Dzień dobry, zapraszam na https://rowery.example/ - taniej!",
    )
    .await
    .assert("550");
    let all = stage.events(0).await;
    let rules: Vec<&str> = all
        .iter()
        .map(|event| event["rule"].as_str().unwrap())
        .collect();
    assert!(rules[0].starts_with("dup."), "{rules:?}");
    assert!(rules[1].starts_with("ban."), "{rules:?}");
    assert_eq!(all[0]["writer"], "k2m9x0r7t3");
    assert_eq!(all[0]["order"], "cub31c122");
    assert_eq!(all[0]["action"], "block");
    let first = all[0]["n"].as_u64().unwrap();
    let rest = stage.events(first).await;
    assert_eq!(rest, all[1..]);
    assert!(
        stage
            .events(rest[0]["n"].as_u64().unwrap())
            .await
            .is_empty()
    );
    assert!(!format!("{all:?}").contains("rowery.example"));
    // Notices of both.
    stage.arrival().await;
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_types_and_what_was_asked_passes() {
    let stage = Stage::ordinary().await;
    // By hand.
    sell(&stage, "", SENT).await.assert("250");
    stage.arrival().await;
    // An answer to the buyer's message, however late and often.
    let asked = buy(&stage, "", "Czy rower już wysłany?").await;
    let token = field(&asked, "Message-ID").to_owned();
    for number in 0..3 {
        let fields = format!("{PROGRAM}In-Reply-To: {token}\r\nX-Number: {number}\r\n");
        sell(&stage, &fields, SENT).await.assert("250");
        stage.arrival().await;
    }
    // The answers have used the question up.
    sell(&stage, PROGRAM, SENT).await.assert("550");
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_once_without_its_token() {
    let stage = Stage::ordinary().await;
    sell(&stage, PROGRAM, SENT).await.assert("550");
    stage.arrival().await;
    buy(&stage, "", "Czy rower już wysłany?").await;
    sell(&stage, PROGRAM, SENT).await.assert("250");
    stage.arrival().await;
    sell(&stage, PROGRAM, SENT).await.assert("550");
    stage.arrival().await;
    // What needs no permission uses none up.
    buy(&stage, "", "A kiedy będzie?").await;
    sell(&stage, "", "Jutro przed południem, pozdrawiam.")
        .await
        .assert("250");
    stage.arrival().await;
    sell(&stage, PROGRAM, SENT).await.assert("250");
    stage.arrival().await;
    // An absence note of the buyer's asks for nothing.
    let folder = stage.stop().await;
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    buy(
        &stage,
        "Auto-Submitted: auto-replied\r\n",
        "Jestem na urlopie.",
    )
    .await;
    sell(&stage, PROGRAM, SENT).await.assert("550");
    stage.arrival().await;
    // Nor does what a program of the buyer's sends.
    buy(&stage, PROGRAM, "Czy mogę prosić o status?").await;
    sell(&stage, PROGRAM, SENT).await.assert("550");
    stage.arrival().await;
    // And a question is remembered over a restart.
    buy(&stage, "", "Czy mogę prosić o status?").await;
    let folder = stage.stop().await;
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    sell(&stage, PROGRAM, SENT).await.assert("250");
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_reference_earns_nothing_and_forfeits_the_question() {
    let stage = Stage::ordinary().await;
    for forged in [
        "In-Reply-To: <abcdefghijklmnopqrstuvwxyz234567@allegromail.pl>\r\n",
        "References: <1@client.example> <x@user.allegrogroup.pl>\r\n",
    ] {
        buy(&stage, "", "Czy rower już wysłany?").await;
        let fields = format!("{PROGRAM}{forged}");
        sell(&stage, &fields, SENT).await.assert("550");
        stage.arrival().await;
    }
    // "Re:" and somebody else's id count for nothing, and forfeit nothing.
    let fields = format!("{PROGRAM}In-Reply-To: <1@poczta.example>\r\n");
    sell(&stage, &fields, SENT).await.assert("250");
    stage.arrival().await;
    sell(&stage, &fields, SENT).await.assert("550");
    stage.arrival().await;
    // The seller's own earlier message is no question of the buyer's.
    sell(&stage, "", "Dzień dobry, rower czeka.")
        .await
        .assert("250");
    let own = text(&stage.arrival().await);
    let fields = format!("{PROGRAM}In-Reply-To: {}\r\n", field(&own, "Message-ID"));
    sell(&stage, &fields, SENT).await.assert("550");
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_the_other_side_are_not_held_against_who_quotes_them() {
    let stage = Stage::ordinary().await;
    // A shop's address in a signature is delivered, and the writer is told once a day.
    let words = "Czy rower jest dostępny?\r\n-- \r\nJan\r\nwww.moje-rowery.example.pl";
    let said = "Tak, jest.\r\n\r\nW dniu 23.11.2026 Jan napisał:\r\n> Czy rower jest dostępny?\r\n> -- \r\n> Jan\r\n> www.moje-rowery.example.pl";
    // Before the buyer wrote it, it is the seller's own.
    sell(&stage, "", said).await.assert("550");
    stage.arrival().await;
    let letter = letter(JAN, SELLER, "", words);
    stage
        .send_message(JAN, &[SELLER], &letter)
        .await
        .assert("250");
    let mut came = [stage.arrival().await, stage.arrival().await];
    came.sort_by_key(|came| came.recipients.clone());
    assert_eq!(came[0].recipients, [BIURO]);
    assert_eq!(came[1].recipients, [JAN]);
    let told = words_of(&text(&came[1]));
    assert!(told.contains("została dostarczona, ale narusza"), "{told}");
    sell(&stage, "", said).await.assert("250");
    stage.arrival().await;
    // In its own words it still may not, nor may it put words into the other's mouth.
    sell(&stage, "", "Zapraszam na www.moje-rowery.example.pl")
        .await
        .assert("550");
    stage.arrival().await;
    let said = said.replace("moje-rowery", "inne-rowery");
    sell(&stage, "", &said).await.assert("550");
    stage.arrival().await;
    // The second of a day tells the buyer nothing more.
    buy(&stage, "", words).await;
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prohibitions_hold_for_buyers_questions_and_absence_notes_and_not_for_couriers() {
    let stage = Stage::ordinary().await;
    let words = "Sprzedam poza Allegro, bez prowizji, proszę o przelew na konto.";
    let bare = "k2m9x0r7t3@allegromail.pl";
    for (to, fields) in [
        (SELLER, ""),
        (bare, ""),
        (SELLER, "Auto-Submitted: auto-replied\r\n"),
    ] {
        let answer = stage
            .send_message(JAN, &[to], &letter(JAN, to, fields, words))
            .await;
        answer.assert("550 5.7.1");
        assert!(answer.0.contains("content-prohibited"), "{answer:?}");
        assert_eq!(stage.arrival().await.recipients, [JAN]);
    }
    let courier = letter(COURIER, BUYER, "", words);
    stage
        .send_message(COURIER, &[BUYER], &courier)
        .await
        .assert("250");
    let came = text(&stage.arrival().await);
    let body = courier.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(came.split_once("\r\n\r\n").unwrap().1, body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_to_five_orders_are_a_tools() {
    let accounts: String = (1..7)
        .map(|number| {
            format!(
                "{{\"type\":\"transaction\",\"id\":\"order{number}\",\"buyer\":\"8awgqyk6a5\",\"seller\":\"k2m9x0r7t3\"}}\n"
            )
        })
        .collect();
    let stage = Setup {
        accounts,
        ..Setup::default()
    }
    .start()
    .await;
    for number in 1..7 {
        let to = format!("8awgqyk6a5+order{number}@allegromail.pl");
        let words = format!(
            "Dzień dobry, zamówienie {number}77 zostało właśnie wysłane kurierem i będzie u Państwa jutro przed południem, pozdrawiamy."
        );
        let answer = stage
            .send_message(BIURO, &[&to], &letter(BIURO, &to, "", &words))
            .await;
        answer.assert(if number < 5 { "250" } else { "550" });
        stage.arrival().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_five_a_day_and_rule() {
    let stage = Setup::default()
        .key("limits", "refusals_per_client = \"off\"")
        .start()
        .await;
    let mut references = Vec::new();
    for number in 0..8 {
        let answer = sell(&stage, PROGRAM, SENT).await;
        answer.assert("550");
        references.push(reference(&answer));
        if number < 5 {
            assert_eq!(stage.arrival().await.recipients, [BIURO]);
        }
    }
    stage.nothing_arrived().await;
    // The others stand in a digest, here after a restart.
    let folder = stage.stop().await;
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    let digest = stage.arrival().await;
    assert_eq!(digest.recipients, [BIURO]);
    let digest = text(&digest);
    let parsed = mail_parser::MessageParser::default()
        .parse(digest.as_bytes())
        .unwrap();
    let table = parsed.attachment(0).unwrap();
    let table = String::from_utf8_lossy(table.contents()).into_owned();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 4, "{table}");
    assert_eq!(
        rows[0],
        "recipient,order,subject,date,message-id,rule,reference"
    );
    for (row, reference) in rows[1..].iter().zip(&references[5..]) {
        let told =
            format!("\"{BUYER}\",\"cub31c122\",\"Rower\",\"Mon, 23 Nov 2026 10:00:00 +0100\"");
        assert!(
            row.starts_with(&told) && row.ends_with(&format!("\"{reference}\"")),
            "{row}"
        );
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_stopped_shuts_nobody_out_and_counts_as_messages() {
    let stage = Setup::default()
        .key("limits", "refusals_per_client = \"3/1h\"")
        .key("limits", "messages_per_sender = \"8/1h\"")
        .start()
        .await;
    for number in 0..7 {
        sell(&stage, PROGRAM, SENT).await.assert("550");
        if number < 5 {
            stage.arrival().await;
        }
    }
    // The account goes on; the messages of an hour are what they are.
    sell(&stage, "", "Dzień dobry, rower czeka.")
        .await
        .assert("250");
    stage.arrival().await;
    sell(&stage, "", "Dzień dobry, rower czeka.")
        .await
        .assert("450");
    // Another address of it has its own.
    let letter = letter(SPRZEDAZ, BUYER, "", "Dzień dobry, rower czeka.");
    stage
        .send_message(SPRZEDAZ, &[BUYER], &letter)
        .await
        .assert("250");
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_exceptions_decide_what_becomes_of_a_hit() {
    for (keys, code) in [
        (
            vec!["duplicate = [{ from = 2025-10-20, action = \"observe\" }]"],
            "250",
        ),
        (
            vec![
                "duplicate = [{ from = 2025-10-20, action = \"block\" }, { from = 2026-01-01, action = \"off\" }]",
            ],
            "250",
        ),
        (
            vec![
                "duplicate = [{ from = 2025-10-20, action = \"off\" }, { from = 2900-01-01, action = \"block\" }]",
            ],
            "250",
        ),
        (
            vec![
                "duplicate = [{ from = 2025-10-20, action = \"off\" }, { from = \"2026-01-01\", action = \"block\" }]",
            ],
            "550",
        ),
        (
            vec![
                "[[content.exception]]\nseller = \"k2m9x0r7t3\"\nrule = \"dup.*\"\nuntil = 2900-01-01",
            ],
            "250",
        ),
        (
            vec![
                "[[content.exception]]\nseller = \"k2m9x0r7t3\"\nrule = \"dup.order\"\nuntil = 2900-01-01",
            ],
            "550",
        ),
        (
            vec![
                "[[content.exception]]\nseller = \"8awgqyk6a5\"\nrule = \"dup.*\"\nuntil = 2900-01-01",
            ],
            "550",
        ),
        (
            vec![
                "[[content.exception]]\nseller = \"k2m9x0r7t3\"\nrule = \"dup.*\"\nuntil = 2026-01-01",
            ],
            "550",
        ),
    ] {
        let mut setup = Setup::default();
        for key in &keys {
            setup = setup.key("content", key);
        }
        let stage = setup.start().await;
        sell(&stage, PROGRAM, SENT).await.assert(code);
        stage.arrival().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_read_again_and_a_broken_one_changes_nothing() {
    let folder = tempfile::TempDir::with_prefix("allegromail-rules-").unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    for file in fs::read_dir(shipped).unwrap().flatten() {
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let stage = Setup::default()
        .key("content", &format!("rules = {:?}", folder.path()))
        .start()
        .await;
    let before = stage.rules().await;
    sell(&stage, PROGRAM, SENT).await.assert("550");
    stage.arrival().await;
    fs::write(
        folder.path().join("zz.toml"),
        "kind = \"x\"\ncategory = \"duplicate\"\nrule = 7\n",
    )
    .unwrap();
    let refused = stage.reload_rules().await.unwrap_err();
    assert!(refused.contains("zz.toml"), "{refused}");
    assert_eq!(stage.rules().await, before);
    sell(&stage, PROGRAM, SENT).await.assert("550");
    stage.arrival().await;
    for gone in ["zz.toml", "sent.toml", "progress.toml", "parcel.toml"] {
        fs::remove_file(folder.path().join(gone)).unwrap();
    }
    stage.reload_rules().await.unwrap();
    assert_ne!(stage.rules().await, before);
    sell(&stage, PROGRAM, SENT).await.assert("250");
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_tells_the_rules_and_leaves_nothing_behind() {
    let stage = Stage::ordinary().await;
    for _ in 0..3 {
        let told = stage
            .explain_message(BIURO, BUYER, &letter(BIURO, BUYER, PROGRAM, SENT))
            .await;
        assert!(told.contains("dup.sent holds: block"), "{told}");
        assert!(told.contains("automatic by fields"), "{told}");
    }
    // No notice, no event, and the question is still open.
    assert!(stage.events(0).await.is_empty());
    buy(&stage, "", "Czy rower już wysłany?").await;
    for _ in 0..2 {
        let told = stage
            .explain_message(BIURO, BUYER, &letter(BIURO, BUYER, PROGRAM, SENT))
            .await;
        assert!(
            told.contains("\"accept\"") || told.contains("250"),
            "{told}"
        );
    }
    sell(&stage, PROGRAM, SENT).await.assert("250");
    stage.arrival().await;
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_answers_at_the_same_moment_one_passes() {
    let stage = Stage::ordinary().await;
    buy(&stage, "", "Czy rower już wysłany?").await;
    let letter = letter(BIURO, BUYER, PROGRAM, SENT);
    let mut dialogues = Vec::new();
    for _ in 0..4 {
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        dialogue.open(BIURO, BUYER).await;
        dialogues.push(dialogue);
    }
    let wire = format!("{letter}.\r\n");
    for dialogue in &mut dialogues {
        dialogue.raw(wire.as_bytes()).await;
    }
    let mut passed = 0;
    for dialogue in &mut dialogues {
        passed += usize::from(dialogue.answer().await.0.starts_with("250"));
    }
    assert_eq!(passed, 1);
    // One message, three notices.
    for _ in 0..4 {
        stage.arrival().await;
    }
}

//! What users of such rules complained about in public, each against a running relay (docs/rules-on-contents.md#complaints).

use crate::support::stage::*;

const PROGRAM: &str = "Auto-Submitted: auto-generated\r\n";

fn letter(from: &str, to: &str, subject: &str, fields: &str, words: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@client.example>\r\n{fields}\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    )
}

/// What becomes of messages of the seller's: subject, fields, words, code.
async fn sold(rows: &[(&str, &str, &str, &str)]) {
    let stage = Stage::ordinary().await;
    for (subject, fields, words, code) in rows {
        let sent = letter(BIURO, BUYER, subject, fields, words);
        let answer = stage.send_message(BIURO, &[BUYER], &sent).await;
        assert!(answer.0.starts_with(code), "{words}: {answer:?}");
        let came = stage.arrival().await;
        if *code == "250" {
            let came = text(&came);
            assert!(
                came.ends_with(&format!("\r\n\r\n{words}\r\n")),
                "altered: {came}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_the_status_of_a_carrier_that_is_not_integrated_passes() {
    sold(&[
        (
            "Przesyłka",
            PROGRAM,
            "Dzień dobry, Twoja paczka została wysłana kurierem InPost.",
            "550",
        ),
        (
            "Przesyłka",
            PROGRAM,
            "Dzień dobry, paletę wysłaliśmy dziś firmą Raben, kierowca zadzwoni.",
            "250",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_an_electronic_receipt_behind_a_link_is_a_document() {
    sold(&[
        (
            "Paragon",
            PROGRAM,
            "Twój e-paragon: https://e-paragon.pl/d/3f9a77",
            "550",
        ),
        (
            "Instrukcja",
            "",
            "Instrukcja jest tutaj: https://producent.example.pl/instrukcje/rower-77.html",
            "250",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c09_keys_of_digital_goods_that_a_program_sends_pass() {
    sold(&[(
        "Klucz",
        PROGRAM,
        "Dziękujemy za zakup. Twój klucz licencyjny: ABCD-1234-EFGH-5678. Aktywacja w programie, menu Pomoc.",
        "250",
    )])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_a_link_to_one_page_passes_and_a_shops_front_page_does_not() {
    sold(&[
        ("Zdjęcie", "", "Proszę przesłać zdjęcie do nadruku tutaj: https://upload.nadruki.example.pl/formularz/77123", "250"),
        ("Zdjęcie", "", "Zapraszamy też na https://nadruki.example.pl/", "550"),
        ("Oferta", "", "Druga sztuka jest tutaj: https://allegro.pl/oferta/rower-123", "250"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c22_a_notice_is_in_the_language_of_its_account() {
    let stage = Stage::ordinary().await;
    let words = "Koupím to mimo Allegro, bez provize, pošlu peníze na účet.";
    let to = "k2m9x0r7t3+other1@allegromail.com";
    let sent = letter(OLA, to, "Kolo", "", words);
    let answer = stage.send_message(OLA, &[to], &sent).await;
    answer.assert("550");
    let notice = text(&stage.arrival().await);
    let parsed = mail_parser::MessageParser::default()
        .parse(notice.as_bytes())
        .unwrap();
    let said = parsed.body_text(0).unwrap();
    assert!(said.contains("Tato zpráva nebyla doručena"), "{said}");
    assert!(said.contains(words), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_the_same_message_has_the_same_verdict_each_time() {
    let stage = Stage::ordinary().await;
    let sent = letter(
        BIURO,
        BUYER,
        "Rower",
        PROGRAM,
        "Twoje zamówienie zostało wysłane kurierem InPost.",
    );
    let first = stage.explain_message(BIURO, BUYER, &sent).await;
    for _ in 0..20 {
        assert_eq!(stage.explain_message(BIURO, BUYER, &sent).await, first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c27_no_word_in_a_subject_opens_the_way() {
    let words = "Dzień dobry, Twoje zamówienie zostało wysłane kurierem InPost.";
    sold(&[
        ("[Important]", PROGRAM, words, "550"),
        ("Re: pytanie", PROGRAM, words, "550"),
        ("Odp: Re: [WAŻNE]", PROGRAM, words, "550"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c30_pictures_alone_stop_nothing() {
    let stage = Stage::ordinary().await;
    let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
    let sent = format!(
        "From: {BIURO}\r\nTo: {BUYER}\r\nSubject: Rower\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png; name=logo.png\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         {picture}\r\n--b--\r\n"
    );
    stage
        .send_message(BIURO, &[BUYER], &sent)
        .await
        .assert("250");
    assert!(text(&stage.arrival().await).contains(picture));
}

#[tokio::test(flavor = "multi_thread")]
async fn c32_words_are_whole_and_no_text_is_altered() {
    sold(&[
        (
            "Dojazd",
            "",
            "Trasę pokaże Googlemaps, proszę zadzwonić do bramy. Telefon do kierowcy: 601 234 567.",
            "250",
        ),
        (
            "Kolor",
            "",
            "Kolor kości słoniowej, model Glock-Shape, futerał na gitarę.",
            "250",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c33_numbers_count_by_their_form() {
    sold(&[
        (
            "Numer",
            "",
            "Numer części 4006381333931, numer seryjny 4111 1111 1111 1112, proszę sprawdzić.",
            "250",
        ),
        (
            "Konto",
            "",
            "Proszę o przelew na konto PL61 1090 1014 0000 0712 1981 2874.",
            "550",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c39_reading_the_same_set_again_changes_nothing() {
    let stage = Stage::ordinary().await;
    let before = stage.rules().await;
    for _ in 0..3 {
        assert_eq!(stage.reload_rules().await.unwrap(), before);
    }
}

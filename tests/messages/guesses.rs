//! Guesses: what the other side wrote comes back the same whether or not it is right.

use crate::support::dialogue::Answer;
use crate::support::stage::*;

/// A wrong guess, as long as the right one ([`JAN`]), of a person whom nobody knows.
const EWA: &str = "ewa@skrzyn.example";

/// A message with these words under this subject.
fn letter(from: &str, to: &str, subject: &str, more: &str, words: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n{more}MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    )
}

async fn pass(stage: &Stage, from: &str, to: &str, letter: &str) -> String {
    stage.send_message(from, &[to], letter).await.assert("250");
    text(&stage.arrival().await)
}

/// What the seller's words become in the buyer's answer: its subject and its body.
async fn answered(stage: &Stage, words: &str, answer: impl Fn(&str) -> String) -> String {
    let guessed = letter(BIURO, BUYER, &format!("Dla {words}"), "", words);
    let came = pass(stage, BIURO, BUYER, &guessed).await;
    let body = came.split_once("\r\n\r\n").unwrap().1.to_owned();
    let back = pass(stage, JAN, SELLER, &answer(body.trim_end())).await;
    let (head, body) = back.split_once("\r\n\r\n").unwrap();
    let subject = head.lines().find(|line| line.starts_with("Subject:"));
    format!("{}\n{body}", subject.unwrap_or_default())
}

/// The answer with the guess replaced: nothing else may differ.
fn same(right: &str, wrong: &str) {
    let (right, wrong) = (right.replace(JAN, "GUESS"), wrong.replace(EWA, "GUESS"));
    let (right, wrong) = (
        right.replace("poczta.example", "DOMAIN"),
        wrong.replace("skrzyn.example", "DOMAIN"),
    );
    assert_eq!(right, wrong);
}

fn quoting(body: &str) -> String {
    let quote = body.replace("\r\n", "\r\n> ");
    let words = format!("Tak.\r\n\r\nbiuro:\r\n> {quote}");
    letter(JAN, SELLER, "Re: oferta", "", &words)
}

#[tokio::test(flavor = "multi_thread")]
async fn h168_an_address_that_the_seller_wrote_becomes_the_mask_right_or_wrong() {
    let stage = Setup::default().without_rules().start().await;
    for (written, shown) in [
        ("mail: ADDRESS, prawda?", "mail: BUYER, prawda?"),
        (
            "<a href=\"mailto:ADDRESS\">x</a>",
            "<a href=\"mailto:BUYER\">x</a>",
        ),
    ] {
        let [right, wrong] = [JAN, EWA].map(|guess| written.replace("ADDRESS", guess));
        let right = answered(&stage, &right, quoting).await;
        let wrong = answered(&stage, &wrong, quoting).await;
        assert!(right.contains(&shown.replace("BUYER", BUYER)), "{right}");
        same(&right, &wrong);
    }
    // In the subject, which the seller wrote too.
    let subject = |guess: &str| {
        let guess = guess.to_owned();
        move |_: &str| letter(JAN, SELLER, &format!("Re: Dla {guess}"), "", "Tak.")
    };
    let right = answered(&stage, JAN, subject(JAN)).await;
    let wrong = answered(&stage, EWA, subject(EWA)).await;
    assert!(
        right.contains(&format!("Subject: Re: Dla {BUYER}")),
        "{right}"
    );
    same(&right, &wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn h169_an_absence_notice_that_quotes_a_guess_tells_nothing() {
    for (guess, other) in [(JAN, EWA), (EWA, JAN)] {
        let stage = Setup::default().without_rules().start().await;
        let asked = letter(
            BIURO,
            BUYER,
            "Pytanie",
            "",
            &format!("Czy to {guess} czy {other}?"),
        );
        let came = pass(&stage, BIURO, BUYER, &asked).await;
        let body = came.split_once("\r\n\r\n").unwrap().1;
        let words = format!("Jestem na urlopie.\r\n\r\nOryginał:\r\n{body}");
        let away = letter(
            JAN,
            SELLER,
            "Nieobecny",
            "Auto-Submitted: auto-replied\r\n",
            &words,
        );
        let told = pass(&stage, JAN, SELLER, &away).await;
        let want = format!("Czy to {BUYER} czy {BUYER}?");
        assert!(told.contains(&want), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h170_a_domain_that_the_seller_wrote_stays_in_quotes_and_is_hidden_in_own_words() {
    let stage = Setup::default().without_rules().start().await;
    let mut told = Vec::new();
    for domain in ["poczta.example", "skrzyn.example"] {
        let guess = format!("Czy Pani firma to {domain}? Zob. https://www.{domain}/o-nas?x=1");
        let back = answered(&stage, &guess, quoting).await;
        assert!(back.contains(&format!("> {guess}")), "{back}");
        let own = |_: &str| {
            letter(
                JAN,
                SELLER,
                "Re: oferta",
                "",
                &format!("Moja strona to {domain}."),
            )
        };
        let back = answered(&stage, &guess, own).await;
        assert!(
            back.ends_with("Moja strona to hidden.invalid.\r\n"),
            "{back}"
        );
        told.push(back);
    }
    same(&told[0], &told[1]);
    // What the buyer may name in its own words: the shop's domain, a courier's, a provider's, the marketplace's.
    for domain in ["rowery.example", "inpost.pl", "gmail.com", "allegromail.pl"] {
        let own = |_: &str| {
            letter(
                JAN,
                SELLER,
                "Re: oferta",
                "",
                &format!("Widzę na {domain}."),
            )
        };
        let back = answered(&stage, &format!("Zob. {domain} prosze"), own).await;
        assert!(back.ends_with(&format!("Widzę na {domain}.\r\n")), "{back}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h171_after_the_memory_has_gone_every_address_counts_in_an_answer() {
    let mut told = Vec::new();
    for guess in [JAN, EWA] {
        let stage = Setup::default().without_rules().start().await;
        let asked = letter(BIURO, BUYER, "Pytanie", "", &format!("Czy to {guess}?"));
        pass(&stage, BIURO, BUYER, &asked).await;
        stage.drained().await;
        let folder = stage.stop().await;
        // The state and the log are lost.
        for lost in ["state", "spool", "export"] {
            let _ = std::fs::remove_dir_all(folder.path().join("data").join(lost));
        }
        let setup = Setup {
            folder: Some(folder),
            ..Setup::default()
        };
        let stage = setup.without_rules().start().await;
        let answer = quoting(&format!(
            "Czy to {guess}? Jest na https://producent.example/"
        ));
        let back = pass(&stage, JAN, SELLER, &answer).await;
        let want = format!("> Czy to {BUYER}? Jest na https://hidden.invalid/");
        assert!(back.contains(&want), "{back}");
        told.push(back.split_once("\r\n\r\n").unwrap().1.to_owned());
        // A question of its own names whom it likes.
        let fresh = letter(JAN, SELLER, "Pytanie", "", &format!("Faktura na {EWA}"));
        let back = pass(&stage, JAN, SELLER, &fresh).await;
        assert!(back.contains(&format!("Faktura na {EWA}")), "{back}");
    }
    same(&told[0], &told[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn h168_the_other_side_of_a_refusal_is_the_same_too() {
    // What stands in the head of a part, in an id that comes back, or where a header line could stand.
    let stage = Setup::default().without_rules().start().await;
    for words in [
        "Message-ID: <ADDRESS>",
        "Received: from DOMAIN",
        "--DOMAIN-granica",
        "Content-ID: <x@DOMAIN>",
        "UID: x@DOMAIN",
        "o'ADDRESS",
        "%20ADDRESS",
        "ADDRESS.PL",
        "\"ADDRESS\"",
        "=3DADDRESS",
    ] {
        let mut told = Vec::new();
        for guess in [JAN, EWA] {
            let domain = guess.split_once('@').unwrap().1;
            let words = words.replace("ADDRESS", guess).replace("DOMAIN", domain);
            let asked = letter(BIURO, BUYER, "Pytanie", "", &words);
            let asked = asked.replace(
                "MIME-Version",
                &format!("Message-ID: <{guess}>\r\nMIME-Version"),
            );
            let came = pass(&stage, BIURO, BUYER, &asked).await;
            let head = came.split_once("\r\n\r\n").unwrap().0;
            let id = head
                .lines()
                .find_map(|line| line.strip_prefix("Message-ID: "));
            let more = format!("In-Reply-To: {}\r\n", id.unwrap());
            let body = came.split_once("\r\n\r\n").unwrap().1;
            let answer = letter(
                JAN,
                SELLER,
                "Re: Pytanie",
                &more,
                &format!("Tak.\r\n\r\n{body}"),
            );
            let Answer(reply) = stage.send_message(JAN, &[SELLER], &answer).await;
            assert!(reply.starts_with("250"), "{words}: {reply}");
            let back = stage.sink.next().await;
            told.push(text(&back).split_once("\r\n\r\n").unwrap().1.to_owned());
        }
        same(&told[0], &told[1]);
    }
}

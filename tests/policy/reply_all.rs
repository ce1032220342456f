//! An answer to all: the writer's own mask beside the other side's, and the language of what a report says.

use crate::support::stage::{BIURO, BUYER, JAN, OLA, SELLER, Setup, Stage, message, text};

/// Other spellings and orders of the buyer's own mask.
const OWN: &[&str] = &[
    BUYER,
    "8AWGQYK6A5+CUB31C122@Allegromail.PL",
    "8awgqyk6a5@allegromail.pl",
    "8awgqyk6a5+cub31c122@user.allegrogroup.pl",
    "8awgqyk6a5+cub31c122@allegromail.com",
    "8awgqyk6a5+other1@allegromail.pl",
    "8awgqyk6a5+closed1@allegromail.pl",
    "8awgqyk6a5+nosuch1@allegromail.pl",
];

fn addressed(from: &str, to: &str, cc: &str) -> String {
    message(from, to, &format!("Cc: {cc}\r\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn h178_ones_own_mask_beside_the_other_sides_takes_no_copy_and_nobody_is_told() {
    let stage = Stage::ordinary().await;
    for own in OWN {
        for to in [[SELLER, *own], [*own, SELLER]] {
            let body = addressed(JAN, to[0], to[1]);
            let answer = stage.send_message(JAN, &to, &body).await;
            assert!(answer.0.starts_with("250"), "{own}: {}", answer.0);
            assert_eq!(stage.arrival().await.recipients, [BIURO], "{own}");
        }
    }
    // The other side does the same.
    let to = [BUYER, SELLER];
    let body = addressed(BIURO, BUYER, SELLER);
    stage.send_message(BIURO, &to, &body).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [JAN]);
    // A responder is not refused for it, either.
    let body = message(JAN, SELLER, "Auto-Submitted: auto-replied\r\n");
    stage
        .send_message(JAN, &[SELLER, BUYER], &body)
        .await
        .assert("250");
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h178_a_copy_that_a_client_split_off_is_taken_by_what_to_and_cc_say() {
    let stage = Stage::ordinary().await;
    for own in OWN {
        for (to, cc) in [
            (SELLER, *own),
            (*own, SELLER),
            (*own, "K2M9X0R7T3@user.allegrogroup.pl"),
            ("k2m9x0r7t3+closed1@allegromail.com, ,", *own),
            (*own, "Sklep: <k2m9x0r7t3+cub31c122@allegromail.pl>;"),
        ] {
            let answer = stage
                .send_message(JAN, &[own], &addressed(JAN, to, cc))
                .await;
            assert!(
                answer.0.starts_with("250"),
                "{own}, {to}, {cc}: {}",
                answer.0
            );
            assert!(answer.0.contains("not passed on"), "{}", answer.0);
            let (_, trace) = answer.0.split_once("trace=").unwrap();
            let found = stage.trace(trace.trim_end_matches([']', '\r', '\n'])).await;
            assert!(found.contains("own mask"), "{found}");
        }
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h178_ones_own_mask_alone_is_refused_and_says_whose_it_is() {
    let stage = Stage::ordinary().await;
    // Of an order that is open, or of none; what is wrong with others comes first, as for everybody.
    for own in &OWN[..5] {
        for (to, cc) in [
            (*own, "(nobody)"),
            (*own, BUYER),
            (*own, "friend@elsewhere.example"),
            (*own, "nosuchmask+cub31c122@allegromail.pl"),
            (*own, "k2m9x0r7t3@elsewhere.example"),
            ("undisclosed-recipients:;", *own),
            (*own, "k2m9x0r7t3+cub31c122@allegromail.pl <>"),
        ] {
            let answer = stage
                .send_message(JAN, &[own], &addressed(JAN, to, cc))
                .await;
            answer.assert("550 5.7.1").because("not-a-party");
            assert!(answer.0.contains("your own"), "{}", answer.0);
        }
    }
    for (own, code, reason) in [
        (OWN[5], "550 5.1.1", "unknown-transaction"),
        (OWN[6], "550 5.2.1", "transaction-closed"),
        (OWN[7], "451 4.1.1", "unknown-transaction"),
    ] {
        stage.send(JAN, own).await.assert(code).because(reason);
    }
    // Two masks of one's own are nobody else.
    let to = [OWN[0], OWN[2]];
    stage
        .send_message(JAN, &to, &addressed(JAN, OWN[0], OWN[2]))
        .await
        .assert("550 5.7.1")
        .because("not-a-party");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h178_a_refused_other_side_is_not_hidden_by_ones_own_mask() {
    let stage = Stage::ordinary().await;
    for (other, code, reason) in [
        (
            "k2m9x0r7t3+closed1@allegromail.pl",
            "550 5.2.1",
            "transaction-closed",
        ),
        (
            "k2m9x0r7t3+new1@allegromail.pl",
            "451 4.1.1",
            "unknown-transaction",
        ),
        (
            "5zz8c1w4mn+cub31c122@allegromail.com",
            "550 5.1.1",
            "unknown-transaction",
        ),
    ] {
        for to in [[other, BUYER], [BUYER, other]] {
            let body = addressed(JAN, other, BUYER);
            let answer = stage.send_message(JAN, &to, &body).await;
            answer.assert(code).because(reason);
        }
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h178_a_stranger_learns_nothing_of_whose_mask_it_is() {
    let forbidden = Setup::default().record("poczta.example TXT v=spf1 ip4:192.0.2.1 -all");
    let stage = forbidden.start().await;
    let shape = async |from: &str, to: &str| {
        let body = addressed(from, SELLER, BUYER);
        let answer = stage.send_message(from, &[to], &body).await.0;
        let (code, rest) = answer.split_once('<').unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        format!("{code}{}", rest.split("trace=").next().unwrap())
    };
    // Forged as the owner of the first, proven and of no account.
    for from in [JAN, "hello@strangers.example"] {
        let of_others = shape(from, "5zz8c1w4mn+cub31c122@allegromail.com").await;
        assert!(of_others.starts_with("550"), "{of_others}");
        for own in OWN {
            assert_eq!(shape(from, own).await, of_others, "{from} {own}");
        }
    }
}

/// The two halves of what a report says to people.
fn halves(report: &str) -> (String, String) {
    let report = mail_parser::MessageParser::new().parse(report.as_bytes());
    let words = report.unwrap().body_text(0).unwrap().into_owned();
    let (first, second) = words.split_once("---").unwrap();
    (first.to_owned(), second.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn h178_a_report_gives_the_reason_in_its_readers_language() {
    let ola = "5zz8c1w4mn+cub31c122@allegromail.com";
    let stage = Setup {
        accounts: concat!(
            r#"{"type":"participant","id":"peter1","login":"peter","marketplace":"allegro-sk","language":"sk","primary":"peter@poczta.example","addresses":["peter@poczta.example"]}"#, "\n",
            r#"{"type":"participant","id":"istvan1","login":"istvan","marketplace":"allegro-hu","language":"hu","primary":"istvan@poczta.example","addresses":["istvan@poczta.example"]}"#, "\n",
        )
        .to_owned(),
        ..Setup::default()
    };
    let stage = stage.start().await;
    let (peter, istvan) = ("peter@poczta.example", "istvan@poczta.example");
    let seller = "k2m9x0r7t3@allegromail.pl";
    let english = [
        "there is no such transaction; check the part after the plus sign.",
        "this transaction is closed and takes no more mail.",
        "the recipient's account takes no mail at the moment.",
        "is registered, but not to the other party of this transaction.",
    ];
    for (from, served, refused, word, which) in [
        (JAN, SELLER, ola, "nie ma takiej transakcji", 0),
        (
            JAN,
            SELLER,
            "k2m9x0r7t3+closed1@allegromail.pl",
            "jest zamknięta",
            1,
        ),
        (
            JAN,
            SELLER,
            "sleepy@allegromail.pl",
            "nie przyjmuje teraz",
            2,
        ),
        (
            JAN,
            SELLER,
            "k2m9x0r7t3+other1@allegromail.pl",
            "nie należy do drugiej strony",
            3,
        ),
        (OLA, seller, SELLER, "nepatří druhé straně", 3),
        (peter, seller, SELLER, "nepatrí druhej strane", 3),
        (istvan, seller, SELLER, "másik feléhez tartozik", 3),
    ] {
        let to = [served, refused];
        let body = addressed(from, served, refused);
        stage.send_message(from, &to, &body).await.assert("250");
        let (one, two) = (stage.arrival().await, stage.arrival().await);
        let report = if one.reverse_path.is_empty() {
            one
        } else {
            two
        };
        assert_eq!((&*report.reverse_path, &*report.recipients[0]), ("", from));
        let report = text(&report);
        let (first, second) = halves(&report);
        assert!(
            first.contains(word) && !first.contains(english[which]),
            "{first}"
        );
        assert!(
            second.contains(english[which]) && !second.contains(word),
            "{second}"
        );
        // For programs and support nothing changes.
        assert!(report.contains("X-Allegromail-Reason: "), "{report}");
    }
}

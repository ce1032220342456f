//! Address lists with entries that name nobody: empty ones, `<>`, groups without members (RFC 5322 3.4 and 4.4).

use crate::support::dkim::{FROM_SHOP, Pair, SHOP, dkim_stage};
use crate::support::stage::{BIURO, BUYER, JAN, OLA, SELLER, Stage, message, text};

/// Reply-To fields that name nobody, or the writer alone.
const HARMLESS: &[&str] = &[
    "Reply-To:\r\n",
    "Reply-To: \t \r\n",
    "Reply-To: \r\n \r\n",
    "Reply-To: (nobody)\r\n",
    "Reply-To: (a (nested) comment, with <x@strangers.example>)\r\n",
    "Reply-To: <>\r\n",
    "Reply-To: < >\r\n",
    "Reply-To: Jan Kowalski <>\r\n",
    "Reply-To: =?utf-8?q?Jan_=C5=BB?= <>\r\n",
    "Reply-To: ,\r\n",
    "Reply-To: , ,\r\n\t,(c),\r\n",
    "Reply-To: jan@poczta.example, ,\r\n",
    "Reply-To: ,jan@poczta.example\r\n",
    "Reply-To: Jan <jan@poczta.example>, <>\r\n",
    "Reply-To: <>, =?utf-8?q?Jan_=C5=BB?= <JAN@poczta.example>,,\r\n",
    "Reply-To: undisclosed-recipients:;\r\n",
    "Reply-To: Undisclosed recipients: ;\r\n",
    "Reply-To: \"no one; at all\": (c) , ;\r\n",
    "Reply-To: =?utf-8?q?Odbiorcy?=:;, jan@poczta.example\r\n",
    "Reply-To: Ja: jan@poczta.example, ,Jan <jan@poczta.example>;\r\n",
    "Reply-To: 8awgqyk6a5+cub31c122@allegromail.pl,\r\n",
    "Reply-To:\r\nReply-To: jan@poczta.example\r\n",
    "Reply-To: jan@poczta.example\r\nReply-To: <>\r\nReply-To: none:;\r\n",
];

#[tokio::test(flavor = "multi_thread")]
async fn h179_an_empty_entry_of_reply_to_names_no_stranger() {
    let stage = Stage::ordinary().await;
    for field in HARMLESS {
        let answer = stage
            .send_message(JAN, &[SELLER], &message(JAN, SELLER, field))
            .await;
        assert!(answer.0.starts_with("250"), "{field:?}: {}", answer.0);
        let arrived = stage.arrival().await;
        assert_eq!(arrived.recipients, [BIURO], "{field:?}");
        assert!(!text(&arrived).contains("Reply-To:"), "{field:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h179_a_stranger_in_reply_to_is_refused_by_name_wherever_it_stands() {
    let stage = Stage::ordinary().await;
    // The field, and the address that the refusal names; empty: the field cannot be read in one way.
    let mallory = "mallory@strangers.example";
    let table = [
        (format!("{mallory}, ,"), mallory),
        (format!(", <>, {mallory}"), mallory),
        (format!("<>, {JAN}, x <{mallory}>"), mallory),
        (format!("Friends: {mallory};"), mallory),
        (format!("Friends: {JAN}, , M <{mallory}>;, {JAN}"), mallory),
        (format!("none:;, {mallory}"), mallory),
        (format!("none:;\r\nReply-To: {mallory}"), mallory),
        (
            format!("<>\r\nReply-To: {JAN}\r\nReply-To: {mallory}"),
            mallory,
        ),
        // Registered, and to somebody else.
        (format!("Friends: {OLA};"), OLA),
        (format!(",{SELLER},"), SELLER),
        (format!("{mallory} <>"), ""),
        (format!("\"{mallory}\" <>"), ""),
        ("=?utf-8?q?mallory=40strangers.example?= <>".to_owned(), ""),
        ("=?utf-8?q?mallory=40strangers.example?=".to_owned(), ""),
        ("=?utf-8?q?mallory=40strangers.example?=:;".to_owned(), ""),
        (format!("{mallory}:;"), ""),
        (format!("{mallory}:{JAN};"), ""),
        (format!("Friends: {JAN}; {mallory}"), ""),
        (format!("Friends: {JAN}; <{mallory}>"), ""),
        (format!("Friends: {JAN}"), ""),
        (format!("A: B: {JAN};;"), ""),
        (format!("A: {JAN};;"), ""),
        (format!(": {JAN};"), ""),
        (format!("{JAN};"), ""),
        ("Jan".to_owned(), ""),
        ("jan@".to_owned(), ""),
        ("<".to_owned(), ""),
        ("<> x".to_owned(), ""),
        ("<> <>".to_owned(), ""),
        (format!("<@strangers.example:{JAN}>"), ""),
        ("(".to_owned(), ""),
        ("\"".to_owned(), ""),
        ("<\0>".to_owned(), "malformed"),
    ];
    for (value, named) in &table {
        let field = format!("Reply-To: {value}\r\n");
        let answer = stage
            .send_message(JAN, &[SELLER], &message(JAN, SELLER, &field))
            .await;
        if *named == "malformed" {
            assert!(answer.0.starts_with('5'), "{field:?}: {}", answer.0);
            continue;
        }
        let said = &answer.0;
        assert!(
            said.contains("[reply-to-not-registered;") && said.contains(named),
            "{field:?}: {said}"
        );
        assert!(
            !named.is_empty() || said.contains("cannot be read"),
            "{field:?}: {said}"
        );
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h179_from_stays_one_mailbox_and_nothing_else() {
    let stage = Stage::ordinary().await;
    for from in [
        "",
        " ",
        "(nobody)",
        "<>",
        "Jan <>",
        ",",
        "jan@poczta.example,",
        ", jan@poczta.example",
        "jan@poczta.example, <>",
        "undisclosed-recipients:;",
        "Ja: jan@poczta.example;",
        "none:;, jan@poczta.example",
    ] {
        let answer = stage
            .send_message(JAN, &[SELLER], &message(from, SELLER, ""))
            .await;
        assert!(answer.0.contains("[bad-from;"), "{from:?}: {}", answer.0);
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h179_masks_beside_an_empty_entry_are_shown_so_that_all_can_be_answered() {
    let stage = Stage::ordinary().await;
    for to in [
        format!("{BUYER}, , 5zz8c1w4mn@allegromail.com"),
        format!("<>, {BUYER}\r\nCc: Others: 5zz8c1w4mn@allegromail.com, x@elsewhere.example;"),
    ] {
        stage
            .send_message(BIURO, &[BUYER], &message(BIURO, &to, ""))
            .await
            .assert("250");
        let data = text(&stage.arrival().await);
        assert!(data.contains("<5zz8c1w4mn@allegromail.com>"), "{data}");
        assert!(!data.contains("elsewhere.example"), "{data}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h179_a_signed_to_with_an_empty_entry_names_its_recipient_and_no_other() {
    let pair = Pair::new();
    let stage = dkim_stage(&pair.record).await;
    let send = async |to: &str| {
        let body = message(SHOP, to, "");
        let body = pair.sign("shop.example", &["From", "To"], &body);
        stage.send_message(SHOP, &[FROM_SHOP], &body).await
    };
    send(&format!("{FROM_SHOP}, ,")).await.assert("250");
    send(&format!("Buyers: Jan <{FROM_SHOP}>;"))
        .await
        .assert("250");
    // A copy for whom it was not meant.
    for to in [
        "undisclosed-recipients:;",
        "<>",
        ",",
        "x@elsewhere.example, ,",
    ] {
        send(to).await.assert("550 5.7.26");
    }
}

//! Where one organisation ends and another begins: by the public suffix list, and by DMARC records that carry `psd=` (RFC 9989 4.10).

use crate::support::dialogue::Dialogue;
use crate::support::dkim::Pair;
use crate::support::stage::{BUYER, SELLER, Setup, message};

const RECORDS: &[&str] = &[
    // Customers of a host who are strangers to one another, which no list knows.
    "_dmarc.hosting.example TXT v=DMARC1; p=none; psd=y",
    // A part of a university that stands by itself.
    "_dmarc.dept.uni.example TXT v=DMARC1; p=reject; psd=n",
    "_dmarc.uni.example TXT v=DMARC1; p=none",
    "_dmarc.plain.example TXT v=DMARC1; p=none; psd=u",
    "_dmarc.silent.example SERVFAIL",
    "_dmarc.b.c.d.e.f.deep.example TXT v=DMARC1; p=none; psd=y",
];

/// From, envelope, and what becomes of it: proven (and nobody's), or not.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "hosting.example",
        "hosting.example",
        "sender-not-registered",
    ),
    (
        "one.hosting.example",
        "one.hosting.example",
        "sender-not-registered",
    ),
    (
        "one.hosting.example",
        "mail.one.hosting.example",
        "sender-not-registered",
    ),
    (
        "mail.one.hosting.example",
        "one.hosting.example",
        "sender-not-registered",
    ),
    (
        "one.hosting.example",
        "two.hosting.example",
        "sender-unauthenticated",
    ),
    (
        "one.hosting.example",
        "mail.two.hosting.example",
        "sender-unauthenticated",
    ),
    (
        "one.hosting.example",
        "hosting.example",
        "sender-unauthenticated",
    ),
    (
        "hosting.example",
        "one.hosting.example",
        "sender-unauthenticated",
    ),
    ("dept.uni.example", "uni.example", "sender-unauthenticated"),
    (
        "uni.example",
        "mail.dept.uni.example",
        "sender-unauthenticated",
    ),
    (
        "dept.uni.example",
        "other.uni.example",
        "sender-unauthenticated",
    ),
    (
        "a.dept.uni.example",
        "b.dept.uni.example",
        "sender-not-registered",
    ),
    ("a.uni.example", "b.uni.example", "sender-not-registered"),
    (
        "a.plain.example",
        "b.plain.example",
        "sender-not-registered",
    ),
    ("a.none.example", "none.example", "sender-not-registered"),
    (
        "a.silent.example",
        "silent.example",
        "sender-check-deferred",
    ),
    ("silent.example", "silent.example", "sender-not-registered"),
    (
        "one.b.c.d.e.f.deep.example",
        "two.b.c.d.e.f.deep.example",
        "sender-unauthenticated",
    ),
    (
        "x.one.b.c.d.e.f.deep.example",
        "one.b.c.d.e.f.deep.example",
        "sender-not-registered",
    ),
    // Nothing makes one organisation of two that the list tells apart.
    ("shop.com.pl", "other.com.pl", "sender-unauthenticated"),
];

#[tokio::test(flavor = "multi_thread")]
async fn h161_a_border_that_a_record_draws_is_kept() {
    let mut setup = Setup::default().record("_dmarc.com.pl TXT v=DMARC1; p=none; psd=n");
    for record in RECORDS {
        setup = setup.record(record);
    }
    let mut domains: Vec<_> = ROWS.iter().flat_map(|row| [row.0, row.1]).collect();
    domains.sort_unstable();
    domains.dedup();
    for domain in domains {
        setup = setup.record(&format!("{domain} TXT v=spf1 ip4:127.0.0.1 -all"));
    }
    let stage = setup
        .key("limits", "refusals_per_client = \"off\"")
        .start()
        .await;
    for (from, envelope, wanted) in ROWS {
        let from = format!("a@{from}");
        let mut session = Dialogue::greeted(stage.smtp()).await;
        let answer = session
            .send(
                &format!("b@{envelope}"),
                &[SELLER],
                &message(&from, SELLER, ""),
            )
            .await;
        assert!(answer.0.contains(wanted), "{from} {envelope}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h161_neither_a_signature_nor_a_return_path_of_a_neighbour_counts() {
    let pair = Pair::new();
    let accounts = r#"{"type":"participant","id":"shop1","login":"shop","marketplace":"allegro-pl","language":"pl","primary":"shop@one.hosting.example","addresses":["shop@one.hosting.example"]}
{"type":"transaction","id":"shoptx","buyer":"8awgqyk6a5","seller":"shop1"}
"#;
    let mut setup = Setup {
        accounts: accounts.to_owned(),
        ..Setup::default()
    }
    .record("_dmarc.hosting.example TXT v=DMARC1; p=none; psd=y");
    for domain in ["one.hosting.example", "two.hosting.example"] {
        setup = setup
            .record(&format!("{domain} TXT v=spf1 ip4:192.0.2.1 -all"))
            .record(&format!("s1._domainkey.{domain} TXT {}", pair.record));
    }
    let stage = setup.start().await;
    let (shop, buyer) = (
        "shop@one.hosting.example",
        BUYER.replace("cub31c122", "shoptx"),
    );
    let mail = message(shop, &buyer, "");
    let sign = |domain: &str| pair.sign(domain, &["From", "To", "Subject"], &mail);
    let (own, neighbours) = (sign("one.hosting.example"), sign("two.hosting.example"));
    let answer = stage.send_message(shop, &[&buyer], &neighbours).await;
    assert!(answer.0.contains("sender-unauthenticated"), "{answer:?}");
    let answer = stage
        .send_message("bounce@two.hosting.example", &[&buyer], &own)
        .await;
    assert!(
        answer.0.contains("return-path-not-registered"),
        "{answer:?}"
    );
    for path in [shop, "bounce@mail.one.hosting.example"] {
        stage
            .send_message(path, &[&buyer], &own)
            .await
            .assert("250");
    }
}

//! Proof of senders over the wire with DNS answers of our own: what passes, what does not, and what is only put off.

use allegromail::auth::{Evidence, Mode, Prover, ProverSettings, SharedSpf};
use allegromail::mail::{Domain, Mailbox, ReversePath};
use allegromail::message::Message;
use allegromail::resolve::DnsResolver;
use allegromail::scripted::dns::{DnsServer, Zones};

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::dkim::{FROM_SHOP, Pair, SHOP, SHOP_ACCOUNTS, dkim_stage};
use crate::support::stage::{BIURO, BUYER, COURIER, JAN, SELLER, Setup, Stage, message};

#[tokio::test(flavor = "multi_thread")]
async fn an_aligned_signature_over_from_and_to_is_a_proof() {
    let pair = Pair::new();
    let stage = dkim_stage(&pair.record).await;
    let body = pair.sign(
        "shop.example",
        &["From", "To", "Subject"],
        &message(SHOP, FROM_SHOP, ""),
    );
    stage
        .send_message(SHOP, &[FROM_SHOP], &body)
        .await
        .assert("250");
    assert_eq!(stage.arrival().await.recipients, [JAN]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_that_prove_nothing_are_refused() {
    let pair = Pair::new();
    let stage = dkim_stage(&pair.record).await;
    let mail = message(SHOP, FROM_SHOP, "");
    let refused = async |body: &str, word: &str| {
        let answer = stage.send_message(SHOP, &[FROM_SHOP], body).await;
        answer
            .assert("550 5.7.26")
            .because("sender-unauthenticated");
        assert!(
            answer.0.contains(word),
            "{word} is not told in {}",
            answer.0
        );
    };
    refused(&mail, "no DKIM signature").await;
    refused(&mail, "SPF of shop.example forbids 127.0.0.1").await;
    // A signature by a key that the DNS does not hold.
    refused(
        &Pair::new().sign("shop.example", &["From", "To"], &mail),
        "does not verify",
    )
    .await;
    refused(
        &Pair::new().sign("evil.example", &["From", "To"], &mail),
        "not aligned",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_must_cover_from_and_the_recipient() {
    let pair = Pair::new();
    let stage = dkim_stage(&pair.record).await;
    let send = async |body: String| stage.send_message(SHOP, &[FROM_SHOP], &body).await;
    // h080: not over From; DKIM itself wants it (RFC 6376 5.4).
    send(pair.sign(
        "shop.example",
        &["To", "Subject"],
        &message(SHOP, FROM_SHOP, ""),
    ))
    .await
    .assert("550 5.7.26");
    // h081: a message to somebody else, sent once more to this mask.
    send(pair.sign(
        "shop.example",
        &["From", "To"],
        &message(SHOP, "other@elsewhere.example", ""),
    ))
    .await
    .assert("550 5.7.26");
    // To names the recipient, but the signature does not cover it.
    send(pair.sign(
        "shop.example",
        &["From", "Subject"],
        &message(SHOP, FROM_SHOP, ""),
    ))
    .await
    .assert("550 5.7.26");
    // h067: a second From on top of a signed message.
    let body = pair.sign(
        "shop.example",
        &["From", "To"],
        &message(SHOP, FROM_SHOP, ""),
    );
    send(format!("From: {BIURO}\r\n{body}"))
        .await
        .assert("550 5.7.1")
        .because("bad-from");
    // A signed message, altered.
    send(body.replace("Hello.", "Pay here."))
        .await
        .assert("550 5.7.26");
    // h079: l= leaves the rest of the body open.
    send(body.replace("c=relaxed", "l=2; c=relaxed"))
        .await
        .assert("550 5.7.26");
    send(body).await.assert("250");
    stage.arrival().await;
    assert!(stage.sink.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn spf_results_other_than_pass_prove_nothing() {
    let records = [
        ("v=spf1 -all", "550 5.7.26"),
        ("v=spf1 ~all", "550 5.7.26"),
        ("v=spf1 ?all", "550 5.7.26"),
        ("v=spf1 include:", "550 5.7.26"),
        ("no record at all", "550 5.7.26"),
        ("v=spf1 +all", "550 5.7.26"),
        ("v=spf1 ip4:0.0.0.0/0 -all", "550 5.7.26"),
        ("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "550 5.7.26"),
        ("v=spf1 include:open.example -all", "550 5.7.26"),
        ("v=spf1 include:broken.example -all", "451 4.7.24"),
        ("v=spf1 include:allowed.example -all", "250"),
        ("v=spf1 ip4:127.0.0.0/8 -all", "250"),
    ];
    let accounts: String = (0..records.len())
        .map(|at| {
            format!(
                "{{\"type\":\"participant\",\"id\":\"p{at}\",\"login\":\"p{at}\",\"marketplace\":\"allegro-pl\",\"language\":\"pl\",\
                 \"primary\":\"x@d{at}.example\",\"addresses\":[\"x@d{at}.example\"]}}\n"
            )
        })
        .collect();
    let mut setup = Setup {
        accounts,
        ..Setup::default()
    }
    .record("open.example TXT v=spf1 +all")
    .record("allowed.example TXT v=spf1 ip4:127.0.0.1 -all");
    for (at, (record, _)) in records.iter().enumerate() {
        setup = setup.record(&format!("d{at}.example TXT {record}"));
    }
    let stage = setup.start().await;
    for (at, (record, code)) in records.iter().enumerate() {
        let answer = stage
            .send(&format!("x@d{at}.example"), "k2m9x0r7t3@allegromail.pl")
            .await;
        assert!(
            answer.0.starts_with(code),
            "{record}: wanted {code}, got {}",
            answer.0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h075_the_name_in_ehlo_counts_for_null_senders_only() {
    let stage = Setup::default()
        .record("mx.rowery.example TXT v=spf1 ip4:127.0.0.1 -all")
        .start()
        .await;
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO mx.rowery.example").await.assert("250");
    // With a sender, the sender's domain decides.
    let body = message(BIURO, BUYER, "");
    dialogue
        .send("x@evil.example", &[BUYER], &body)
        .await
        .assert("550 5.7.26");
    dialogue.say("EHLO mx.rowery.example").await.assert("250");
    dialogue
        .send(
            "",
            &[BUYER],
            &message(BIURO, BUYER, "Auto-Submitted: auto-replied\r\n"),
        )
        .await
        .assert("250");
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_to_an_unproven_sender_does_not_tell_who_is_registered() {
    let stage = Setup::default()
        .record("nowhere.example TXT v=spf1 -all")
        .start()
        .await;
    let shape = |answer: Answer, from: &str| {
        let (text, _) = answer.0.split_once("trace=").unwrap();
        text.replace(from.split('@').nth(1).unwrap(), "DOMAIN")
            .replace(from, "FROM")
    };
    let ask = async |from: &str| {
        let answer = stage
            .send_message(
                "m@evil.example",
                &[SELLER],
                &message(from, SELLER, "Reply-To: x@y.example\r\n"),
            )
            .await;
        answer.assert("550 5.7.26");
        shape(answer, from)
    };
    let nobody = ask("x@nowhere.example").await;
    for from in [
        JAN,
        BIURO,
        "nobody@poczta.example",
        COURIER,
        "sleepy@poczta.example",
    ] {
        assert_eq!(ask(from).await, nobody, "{from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relaxed_takes_a_domain_that_publishes_nothing_by_the_name_of_its_client() {
    // Asked of the prover itself: resolvers answer for the names of 127.0.0.0/8 on their own.
    let zones = [
        "55.2.0.192.in-addr.arpa PTR mail.old.example",
        "mail.old.example A 192.0.2.55",
        "56.2.0.192.in-addr.arpa PTR mail.old.example",
        "old.example A 192.0.2.7",
        "strict.example A 192.0.2.7",
        "_dmarc.strict.example TXT v=DMARC1; p=none",
        "57.2.0.192.in-addr.arpa PTR mail.strict.example",
        "mail.strict.example A 192.0.2.57",
        "_dmarc.lost.example SERVFAIL",
    ];
    let dns = DnsServer::start(Zones::parse(&zones).unwrap())
        .await
        .unwrap();
    let resolver = DnsResolver::new(&[dns.address()]).unwrap();
    let prover = Prover::new(
        &resolver,
        ProverSettings {
            hostname: Domain::parse("mx.example").unwrap(),
            shared_spf: SharedSpf::Warn,
            shared_includes: Vec::new(),
        },
    );
    let prove = async |client: &str, path: &str, from: &str, mode: Mode| {
        let from = Mailbox::parse(from).unwrap();
        let message = Message::parse(format!("From: {from}\r\n\r\nx\r\n").into()).unwrap();
        let evidence = Evidence {
            client: client.parse().unwrap(),
            helo: "mail.old.example",
            reverse_path: &ReversePath::Mailbox(Mailbox::parse(path).unwrap()),
            from: &from,
            message: &message,
            mode,
            recipients: &[],
        };
        prover.prove(&evidence).await
    };
    for (client, path, from, mode, proven) in [
        (
            "192.0.2.55",
            "x@old.example",
            "x@old.example",
            Mode::Relaxed,
            "Proven",
        ),
        (
            "192.0.2.55",
            "x@old.example",
            "x@old.example",
            Mode::Require,
            "Unproven",
        ),
        (
            "192.0.2.55",
            "y@old.example",
            "x@old.example",
            Mode::Relaxed,
            "Unproven",
        ),
        // Its name is of the domain, and does not resolve back to it.
        (
            "192.0.2.56",
            "x@old.example",
            "x@old.example",
            Mode::Relaxed,
            "Unproven",
        ),
        // Its name is of another domain.
        (
            "192.0.2.57",
            "x@old.example",
            "x@old.example",
            Mode::Relaxed,
            "Unproven",
        ),
        (
            "192.0.2.57",
            "x@strict.example",
            "x@strict.example",
            Mode::Relaxed,
            "Unproven",
        ),
        (
            "192.0.2.57",
            "x@lost.example",
            "x@lost.example",
            Mode::Relaxed,
            "Deferred",
        ),
    ] {
        let found = format!("{:?}", prove(client, path, from, mode).await);
        assert!(
            found.starts_with(proven),
            "{client} {path} {from}: wanted {proven}, got {found}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_odd_froms_pass() {
    let stage = Stage::ordinary().await;
    for from in [
        "=?utf-8?q?Jan_Kowalski=2C_Krak=C3=B3w?= <jan@poczta.example>",
        "\"Kowalski, Jan @home\" <jan@poczta.example>",
        "Jan K. Kowalski <jan@poczta.example>",
        "Jan\r\n Kowalski\r\n <jan@poczta.example>",
        "jan@poczta.example (Jan Kowalski)",
        "\"jan@poczta.example\" <jan@poczta.example>",
        "Jan <jan@POCZTA.EXAMPLE>",
        "Zażółć <jan@poczta.example>",
        "<jan@poczta.example>",
    ] {
        let answer = stage
            .send_message(JAN, &[SELLER], &message(from, SELLER, ""))
            .await;
        assert!(answer.0.starts_with("250"), "{from}: {}", answer.0);
        assert_eq!(stage.arrival().await.recipients, [BIURO]);
    }
}

/// The shop's servers are a mailing provider's, which strangers share.
async fn shared_stage(mode: &str, record: &str) -> Stage {
    Setup {
        accounts: SHOP_ACCOUNTS.to_owned(),
        ..Setup::default()
    }
    .key("auth", &format!("shared_spf = \"{mode}\""))
    .key("auth", "shared_spf_includes = [\"_spf.mailing.example\"]")
    .record("_spf.mailing.example TXT v=spf1 ip4:127.0.0.1 -all")
    .record("shop.example TXT v=spf1 include:_spf.mailing.example -all")
    .record(&format!("s1._domainkey.shop.example TXT {record}"))
    .start()
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_servers_prove_as_much_as_the_operator_says() {
    let pair = Pair::new();
    let plain = message(SHOP, FROM_SHOP, "");
    let signed = pair.sign("shop.example", &["From", "To"], &plain);
    for (mode, code) in [("accept", "250"), ("warn", "250"), ("dkim", "550 5.7.26")] {
        let stage = shared_stage(mode, &pair.record).await;
        stage
            .send_message(SHOP, &[FROM_SHOP], &plain)
            .await
            .assert(code);
        stage
            .send_message(SHOP, &[FROM_SHOP], &signed)
            .await
            .assert("250");
        // From now on a neighbour on the same servers is not believed.
        let answer = stage.send_message(SHOP, &[FROM_SHOP], &plain).await;
        answer
            .assert("550 5.7.26")
            .because("sender-unauthenticated");
        // The demand is told; explaining changes nothing.
        assert!(answer.0.contains("DKIM"), "{}", answer.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_courier_that_only_spf_proves_and_dmarc_protects_writes_from_an_address_of_ours() {
    let pair = Pair::new();
    for (policy, masked) in [("reject", true), ("quarantine", true), ("none", false)] {
        let stage = Setup::default()
            .record(&format!("_dmarc.inpost.pl TXT v=DMARC1; p={policy}"))
            .record(&format!("s1._domainkey.inpost.pl TXT {}", pair.record))
            .start()
            .await;
        let plain = message(&format!("InPost <{COURIER}>"), BUYER, "");
        stage
            .send_message(COURIER, &[BUYER], &plain)
            .await
            .assert("250");
        let arrived = crate::support::stage::text(&stage.arrival().await);
        assert_eq!(
            arrived.contains("From: \"InPost (powiadomienia@inpost.pl)\" <c-"),
            masked,
            "{policy}: {arrived}"
        );
        assert_eq!(
            arrived.contains("\r\nReply-To: <powiadomienia@inpost.pl>\r\n"),
            masked,
            "{policy}: {arrived}"
        );
        assert_eq!(arrived.ends_with(&plain), !masked, "{policy}: {arrived}");
        // Its own signature survives, so its mail may stay as it is.
        let signed = pair.sign("inpost.pl", &["From", "To", "Subject"], &plain);
        stage
            .send_message(COURIER, &[BUYER], &signed)
            .await
            .assert("250");
        let arrived = crate::support::stage::text(&stage.arrival().await);
        assert!(arrived.ends_with(&signed), "{policy}: {arrived}");
    }
    let stage = Setup::default()
        .record("_dmarc.inpost.pl SERVFAIL")
        .start()
        .await;
    stage
        .send(COURIER, BUYER)
        .await
        .assert("451 4.7.24")
        .because("sender-check-deferred");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_a_courier_claims_in_our_name_go() {
    let stage = Stage::ordinary().await;
    let more = "Authentication-Results: mx.allegromail.example; dkim=pass header.d=bank.example\r\nAuthentication-Results: other.example; spf=pass\r\n";
    stage
        .send_message(COURIER, &[BUYER], &message(COURIER, BUYER, more))
        .await
        .assert("250");
    let arrived = crate::support::stage::text(&stage.arrival().await);
    assert!(
        !arrived.contains("bank.example") && arrived.contains("other.example"),
        "{arrived}"
    );
    assert_eq!(
        arrived
            .matches("mx.allegromail.example;\r\n spf=pass smtp.mailfrom=inpost.pl")
            .count(),
        1,
        "{arrived}"
    );
}

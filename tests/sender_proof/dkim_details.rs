//! DKIM to the letter: what a signature says of itself, how bodies end, how much work one message may cause, strict alignment.

use allegromail::auth::{Evidence, Mode, Proof, Prover, ProverSettings, SharedSpf, Steps};
use allegromail::clock::{Clock, SystemClock};
use allegromail::mail::{Domain, Mailbox, ReversePath};
use allegromail::message::Message;
use allegromail::resolve::DnsResolver;
use allegromail::scripted::dns::{DnsServer, Zones};

use crate::support::dkim::Pair;

const LETTER: &str = "From: <x@shop.example>\r\nTo: <x@shop.example>\r\nSubject: x\r\n\r\nhi\r\n";

/// A DNS with some records, and a prover that asks it.
struct Scene {
    dns: DnsServer,
    prover: Prover,
}

impl Scene {
    async fn new(lines: &[&str]) -> Self {
        let dns = DnsServer::start(Zones::parse(lines).unwrap())
            .await
            .unwrap();
        let settings = ProverSettings {
            hostname: Domain::parse("mx.example").unwrap(),
            shared_spf: SharedSpf::Warn,
            shared_includes: Vec::new(),
        };
        let resolver = DnsResolver::new(&[dns.address()]).unwrap();
        Self {
            prover: Prover::new(&resolver, settings),
            dns,
        }
    }

    /// Proves a message of `x@shop.example` that comes from a client that SPF does not know, with the trail.
    async fn prove(&self, path: &str, text: &[u8]) -> (Proof, Steps) {
        let from = Mailbox::parse("x@shop.example").unwrap();
        let message = Message::parse(text.to_vec().into()).unwrap();
        let evidence = Evidence {
            client: "192.0.2.55".parse().unwrap(),
            helo: "client.example",
            reverse_path: &ReversePath::Mailbox(Mailbox::parse(path).unwrap()),
            from: &from,
            message: &message,
            mode: Mode::Require,
            recipients: std::slice::from_ref(&from),
        };
        let mut steps = Steps::new();
        let proof = self.prover.explain(&evidence, &mut steps).await;
        (proof, steps)
    }
}

/// A field as relaxed canonicalisation writes it (RFC 6376 3.4.2).
fn relaxed(name: &str, value: &str) -> String {
    let words: Vec<&str> = value.split_whitespace().collect();
    format!("{}:{}", name.to_ascii_lowercase(), words.join(" "))
}

/// [`LETTER`] with a signature of these tags on top, made over the fields that its `h=` names.
fn forge(pair: &Pair, tags: &str) -> String {
    let (head, body) = LETTER.split_once("\r\n\r\n").unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    let hash = data_encoding::BASE64.encode(hash.as_ref());
    let value = format!("v=1; c=relaxed/simple; {tags}; bh={hash}; b=");
    let names = tags.split("h=").nth(1).unwrap().split(';').next().unwrap();
    let mut signed = String::new();
    for name in names.split(':') {
        let field = head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name.trim()).then_some(value)
        });
        if let Some(value) = field {
            signed.push_str(&relaxed(name.trim(), value));
            signed.push_str("\r\n");
        }
    }
    signed.push_str(&relaxed("DKIM-Signature", &value));
    let signature = pair.bare(signed.as_bytes());
    format!("DKIM-Signature: {value}{signature}\r\n{LETTER}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_signature_says_of_itself() {
    let pair = Pair::new();
    let scene = Scene::new(&[&format!("s1._domainkey.shop.example TXT {}", pair.record)]).await;
    let now = SystemClock.now().0 / 1_000;
    let many = vec!["Subject"; 300].join(":");
    let base = "a=rsa-sha256; d=shop.example; s=s1; h=From:To:Subject";
    for (tags, wanted) in [
        (base.to_owned(), ""),
        (format!("{base}; t={now}; x={}", now + 60), ""),
        (format!("{base}; t={}", now + 3_600), ""),
        // h080
        (format!("{base}; x={}", now - 60), "has expired"),
        (
            format!("{base}; t={}; x={}", now + 600, now + 300),
            "has expired",
        ),
        (
            format!("{base}; t={}", now + 2 * 86_400),
            "made in the future",
        ),
        // h079
        (format!("{base}; l=4"), "Insecure 'l='"),
        (
            "a=rsa-sha256; d=shop.example; s=s1; h=To:Subject".to_owned(),
            "does not cover From",
        ),
        (
            format!("a=rsa-sha256; d=shop.example; s=s1; h=From:To:{many}"),
            "more than 256 fields",
        ),
        (
            "a=rsa-sha1; d=shop.example; s=s1; h=From:To".to_owned(),
            "SHA-1",
        ),
        (
            "a=rsa-sha256; d=shop.example; s=s1\"; h=From:To".to_owned(),
            "selector",
        ),
        (
            "a=rsa-sha256; d=shop.example; s=s2; h=From:To".to_owned(),
            "missing record",
        ),
        (
            "a=rsa-sha256; d=evil.example; s=s1; h=From:To".to_owned(),
            "not aligned",
        ),
        (
            "a=rsa-sha256; d=example; s=s1; h=From:To".to_owned(),
            "not aligned",
        ),
        // Neither reports nor third parties are asked about; the signature counts as what it is.
        (format!("{base}; r=y; atps=shop.example; atpsh=none"), ""),
    ] {
        let (proof, steps) = scene
            .prove("x@other.example", forge(&pair, &tags).as_bytes())
            .await;
        match (&proof, wanted) {
            (Proof::Proven(_), "") => {}
            (Proof::Unproven(text), wanted) if !wanted.is_empty() && text.contains(wanted) => {}
            _ => panic!("{tags}: wanted {wanted:?}, got {proof:?} {steps:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_end_as_the_rfc_has_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dkim");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let record = |name: &str| {
        let key = String::from_utf8(read(name)).unwrap();
        format!("s1._domainkey.shop.example TXT {}", key.trim())
    };
    let scene = Scene::new(&[&record("key.txt")]).await;
    for name in [
        "relaxed-ends-in-lines-of-blanks",
        "relaxed-is-nothing-but-blanks",
        "relaxed-ends-in-blanks",
        "simple-ends-in-lines-of-blanks",
    ] {
        let signed = read(&format!("{name}.eml"));
        let (proof, _) = scene.prove("x@other.example", &signed).await;
        assert!(matches!(proof, Proof::Proven(_)), "{name}: {proof:?}");
        let altered = [&signed, &b"Pay here.\r\n \r\n"[..]].concat();
        let (proof, _) = scene.prove("x@other.example", &altered).await;
        assert!(matches!(proof, Proof::Unproven(_)), "{name}: {proof:?}");
    }
    // Simple canonicalisation leaves nothing out but empty lines.
    let mut cut = read("simple-ends-in-lines-of-blanks.eml");
    cut.truncate(cut.len() - " \r\n\t \r\n".len());
    let (proof, _) = scene.prove("x@other.example", &cut).await;
    assert!(matches!(proof, Proof::Unproven(_)), "{proof:?}");

    let scene = Scene::new(&[&record("key-768.txt")]).await;
    let (proof, _) = scene
        .prove("x@other.example", &read("rsa-768-bits.eml"))
        .await;
    let Proof::Unproven(text) = &proof else {
        panic!("a short key proves something: {proof:?}");
    };
    assert!(text.contains("less than 1024 bits"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_causes_bounded_work() {
    let pair = Pair::new();
    let scene = Scene::new(&["shop.example TXT v=spf1 -all"]).await;
    let aligned = forge(&pair, "a=rsa-sha256; d=shop.example; s=s1; h=From:To");
    let field = aligned.split_once("From: ").unwrap().0;
    let numbered: String = (0..400)
        .map(|number| field.replace("s=s1", &format!("s=n{number}")))
        .collect();
    let names: Vec<String> = (0..3_000).map(|number| format!("X{number}")).collect();
    let foreign =
        "DKIM-Signature: v=1; a=rsa-sha256; d=evil.example; s=s1; r=y; h=From; bh=AA==; b=AA==\r\n";
    for (what, text, most) in [
        (
            "a thousand foreign signatures",
            format!("{}{LETTER}", foreign.repeat(900)),
            1,
        ),
        (
            "a thousand broken ones",
            format!("{}{LETTER}", "DKIM-Signature: v=2\r\n".repeat(900)),
            0,
        ),
        ("four hundred selectors", format!("{numbered}{LETTER}"), 8),
        (
            "three thousand names",
            forge(
                &pair,
                &format!(
                    "a=rsa-sha256; d=shop.example; s=s1; h=From:{}",
                    names.join(":\r\n ")
                ),
            ),
            0,
        ),
    ] {
        let asked = scene.dns.asked().len();
        let (proof, steps) = scene.prove("x@shop.example", text.as_bytes()).await;
        let Proof::Unproven(words) = &proof else {
            panic!("{what}: {proof:?}");
        };
        assert!(
            scene.dns.asked().len() - asked <= most,
            "{what}: {} questions",
            scene.dns.asked().len() - asked
        );
        assert!(words.len() < 2_000 && steps.len() < 16, "{what}: {words}");
    }
    // h078: b= of a mebibyte is out of bounds before anybody reads it.
    let huge = format!(
        "{}{LETTER}",
        field.replace("b=", &format!("b={}", "A".repeat(1 << 20)))
    );
    assert!(Message::parse(huge.into()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_may_demand_strict_alignment() {
    let pair = Pair::new();
    let key = format!("s1._domainkey.mail.shop.example TXT {}", pair.record);
    let signed = pair.sign("mail.shop.example", &["From", "To"], LETTER);
    for (record, dkim, spf) in [
        ("", true, true),
        ("_dmarc.shop.example TXT v=DMARC1; p=reject", true, true),
        (
            "_dmarc.shop.example TXT v=DMARC1; p=none; adkim=s",
            false,
            true,
        ),
        (
            "_dmarc.shop.example TXT v=DMARC1; p=reject; aspf=s",
            true,
            false,
        ),
        (
            "_dmarc.shop.example TXT v=DMARC1; p=reject; aspf=s; adkim=s",
            false,
            false,
        ),
    ] {
        let mut lines = vec![
            key.as_str(),
            "mail.shop.example TXT v=spf1 ip4:192.0.2.55 -all",
            "shop.example TXT v=spf1 -all",
        ];
        lines.extend((!record.is_empty()).then_some(record));
        let scene = Scene::new(&lines).await;
        let (proof, _) = scene.prove("x@other.example", signed.as_bytes()).await;
        assert_eq!(
            matches!(proof, Proof::Proven(_)),
            dkim,
            "{record}: {proof:?}"
        );
        let (proof, _) = scene.prove("x@mail.shop.example", LETTER.as_bytes()).await;
        assert_eq!(
            matches!(proof, Proof::Proven(_)),
            spf,
            "{record}: {proof:?}"
        );
        if let Proof::Unproven(text) = proof {
            assert!(text.contains("aspf=s"), "{text}");
        }
    }
}

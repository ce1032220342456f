//! Mail for a server without 8BITMIME (docs/threats.md#138): the text arrives to the letter, our signature holds, others' are not broken.

use std::sync::Arc;

use allegromail::config::{Dkim, MaskedDomainConfig};
use allegromail::masking::MaskedDomain;
use allegromail::resolve::DnsResolver;
use allegromail::signing::{Signer, public_keys};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator};

use crate::support::peer::{Peer, Step, envelope, greeting, say};
use crate::support::stage::{BIURO, BUYER, Setup, message};
use crate::support::way_out::{Field, ONE_HOST, peer, short};

fn keys(folder: &std::path::Path) -> Dkim {
    use allegromail::signing::{KeyKind, generate};
    let write = |name: &str, kind| {
        let path = folder.join(name);
        std::fs::write(&path, generate(kind).unwrap()).unwrap();
        path
    };
    Dkim {
        rsa: Some(("s1".to_owned(), write("rsa.pem", KeyKind::Rsa))),
        ed25519: Some(("s2".to_owned(), write("ed25519.pem", KeyKind::Ed25519))),
        sign: true,
    }
}

/// Takes one message and offers nothing.
fn bare() -> Vec<Step> {
    [greeting(), envelope(), vec![Step::Message, say("250 ok")]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn h138_text_arrives_to_the_letter_and_is_signed_again() {
    let folder = tempfile::tempdir().unwrap();
    let dkim = keys(folder.path());
    let domain = "allegromail.pl".parse().unwrap();
    let signer = Signer::load(&[MaskedDomainConfig {
        masked: MaskedDomain {
            name: "allegromail.pl".parse().unwrap(),
            marketplaces: Vec::new(),
            aliases: Vec::new(),
        },
        dkim: vec![dkim.clone()],
    }])
    .unwrap();
    let letter = "From: a@allegromail.pl\r\nTo: jan@poczta.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nZa\u{17c}\u{f3}\u{142}\u{107} g\u{119}\u{15b}l\u{105} ja\u{17a}\u{144}, 5 = 5\r\n";
    let signed = signer.sign(&domain, letter.into()).await.unwrap();
    let peer = peer(vec![bare()]).await;
    let mut field = Field::new(peer.port);
    field.signer = Arc::new(signer);
    let mut records: Vec<String> = ONE_HOST.iter().map(|line| (*line).to_owned()).collect();
    for key in public_keys(&domain, std::slice::from_ref(&dkim)).unwrap() {
        records.push(format!("{} TXT {}", key.name, key.record));
    }
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let out = field.start(&records).await;
    assert_eq!(
        short(&out.deliver("jan@poczta.example", &signed).await),
        "delivered"
    );
    let arrived = peer.messages(1).await.remove(0);
    assert!(arrived.is_ascii(), "{arrived}");
    assert_eq!(arrived.matches("DKIM-Signature:").count(), 2, "{arrived}");
    let read = mail_parser::MessageParser::default()
        .parse(arrived.as_bytes())
        .unwrap();
    let text = read.body_text(0).unwrap();
    assert_eq!(
        text.trim_end(),
        letter.split("\r\n\r\n").nth(1).unwrap().trim_end()
    );
    let resolver = DnsResolver::new(&[out.dns.address()]).unwrap();
    let verified = MessageAuthenticator(resolver.tokio().clone());
    let parsed = AuthenticatedMessage::parse(arrived.as_bytes()).unwrap();
    let verified = verified.verify_dkim(&parsed).await;
    let passed = verified
        .iter()
        .filter(|one| *one.result() == DkimResult::Pass);
    assert_eq!(passed.count(), 2, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h138_a_signature_of_others_is_not_broken() {
    let body = "From: a@inpost.pl\r\nSubject: x\r\n\r\nz\u{142}oty\r\n";
    let theirs = "DKIM-Signature: v=1; a=rsa-sha256; d=inpost.pl; s=x; h=from; bh=x; b=x\r\n";
    let trace = "Received: from x by mx.allegromail.example; Tue, 24 Nov 2026 10:00:00 +0000\r\n";
    // A signature that names our domain and is not ours is nobody's reason to sign.
    let forged = theirs.replace("inpost.pl", "allegromail.pl");
    for (name, message, wanted) in [
        ("unsigned", format!("{trace}{body}"), "delivered"),
        ("signed", format!("{trace}{theirs}{body}"), "failed 5.6.3"),
        ("signed, on top", format!("{theirs}{body}"), "failed 5.6.3"),
        ("forged", format!("{trace}{forged}{body}"), "failed 5.6.3"),
        (
            "sealed",
            format!("{trace}ARC-Seal: i=1; a=rsa-sha256; d=x.example; s=x; cv=none; b=x\r\n{body}"),
            "failed 5.6.3",
        ),
    ] {
        let peer = peer(vec![bare()]).await;
        let out = Field::new(peer.port).start(ONE_HOST).await;
        let outcome = out.deliver("jan@poczta.example", message.as_bytes()).await;
        assert_eq!(short(&outcome), wanted, "{name}");
        assert_eq!(
            peer.seen().messages.len(),
            usize::from(wanted == "delivered"),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h138_a_participants_message_passes_a_server_without_8bitmime() {
    let peer = Peer::start(vec![bare()]).await;
    let stage = Setup {
        routes: format!(
            "[[delivery.route]]\ndomain = \"poczta.example\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
            peer.port
        ),
        ..Setup::default()
    }
    .start()
    .await;
    let more = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
    let letter = format!("{}z\u{142}oty\r\n", message(BIURO, BUYER, more));
    stage
        .send_message(BIURO, &[BUYER], &letter)
        .await
        .assert("250");
    let arrived = peer.messages(1).await.remove(0);
    assert!(
        arrived.is_ascii() && arrived.contains("z=C5=82oty"),
        "{arrived}"
    );
    assert!(
        !peer
            .seen()
            .lines
            .iter()
            .any(|line| line.contains("8BITMIME"))
    );
    stage.drained().await;
}

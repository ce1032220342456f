//! STARTTLS, both ways (docs/threats.md#41 to #48).

use std::fs;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::dialogue::Dialogue;
use crate::support::peer::{Peer, Step, envelope, hear, say};
use crate::support::stage::{BIURO, BUYER, JAN, SELLER, Setup, Stage, message, text};

/// Takes every certificate: the tests are about the protocol.
#[derive(Debug)]
struct Anybody(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn connector() -> TlsConnector {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)));
    Arc::new(config.with_no_client_auth()).into()
}

/// A certificate for `mx.allegromail.example` under these names in a fresh folder.
fn certificate() -> (tempfile::TempDir, String) {
    let folder = tempfile::TempDir::with_prefix("allegromail-test-").unwrap();
    let line = write_certificate(folder.path());
    (folder, line)
}

fn write_certificate(folder: &std::path::Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let made =
        rcgen::generate_simple_self_signed(vec!["mx.allegromail.example".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    format!("tls = {{ certificate = {certificate:?}, key = {key:?} }}")
}

async fn secured(stage: &Stage) -> Dialogue<TlsStream<tokio::net::TcpStream>> {
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.say("STARTTLS").await.assert("220 2.0.0");
    let name = ServerName::try_from("mx.allegromail.example").unwrap();
    Dialogue::over(
        connector()
            .connect(name, dialogue.into_stream())
            .await
            .unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn h042_after_starttls_everything_begins_anew() {
    let (_folder, line) = certificate();
    let stage = Setup::default().key("smtp", &line).start().await;
    let mut plain = Dialogue::greeted(stage.smtp()).await;
    assert!(plain.say("EHLO a").await.0.contains("STARTTLS"));
    let mut dialogue = secured(&stage).await;
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("503 5.5.1");
    let offer = dialogue.say("EHLO a").await;
    assert!(!offer.0.contains("STARTTLS"), "{offer:?}");
    dialogue.say("STARTTLS").await.assert("503 5.5.1");
    dialogue
        .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
        .await
        .assert("250");
    let arrived = text(&stage.arrival().await);
    assert!(arrived.contains("Subject: hello\r\n"), "{arrived}");
    dialogue
        .send("x@inpost.pl", &[BUYER], &message("x@inpost.pl", BUYER, ""))
        .await
        .assert("250");
    let arrived = text(&stage.arrival().await);
    assert!(arrived.contains("with ESMTPS"), "{arrived}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h041_what_stands_behind_starttls_is_never_executed() {
    let (_folder, line) = certificate();
    let stage = Setup::default().key("smtp", &line).start().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue
        .raw(format!("STARTTLS\r\nEHLO x\r\nMAIL FROM:<{JAN}>\r\n").as_bytes())
        .await;
    dialogue.answer().await.assert("554 5.5.0");
    dialogue.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h044_h045_a_malformed_starttls_or_handshake_ends_without_harm() {
    let (_folder, line) = certificate();
    let stage = Setup::default().key("smtp", &line).start().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.say("STARTTLS now").await.assert("501 5.5.4");
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("250");
    dialogue.say("STARTTLS").await.assert("220");
    dialogue
        .raw(b"EHLO this is no handshake, and long enough to be looked at\r\n")
        .await;
    dialogue.finish().await;
    while dialogue.try_answer().await.is_some() {}
    let plain = Stage::ordinary().await;
    Dialogue::greeted(plain.smtp())
        .await
        .say("STARTTLS")
        .await
        .assert("502 5.5.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn h046_a_connection_cut_inside_tls_leaves_nothing() {
    let (_folder, line) = certificate();
    let stage = Setup::default().key("smtp", &line).start().await;
    let mut dialogue = secured(&stage).await;
    dialogue.say("EHLO a").await.assert("250");
    dialogue.open(JAN, SELLER).await;
    dialogue.raw(b"From: jan@poczta.example\r\n\r\nhalf").await;
    drop(dialogue);
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h047_a_broken_certificate_changes_nothing_at_reload() {
    let (folder, line) = certificate();
    let stage = Setup::default().key("smtp", &line).start().await;
    fs::write(folder.path().join("certificate.pem"), "rubbish").unwrap();
    stage.relay.reload();
    secured(&stage).await.say("EHLO a").await.assert("250");
    write_certificate(folder.path());
    stage.relay.reload();
    secured(&stage).await.say("EHLO a").await.assert("250");
}

async fn towards(peer: &Peer, tls: &str) -> Stage {
    let routes = format!(
        "[[delivery.route]]\ndomain = \"poczta.example\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"{tls}\"\n",
        peer.port
    );
    Setup {
        routes,
        ..Setup::default()
    }
    .start()
    .await
}

fn offers_tls() -> Vec<Step> {
    [
        vec![say("220 peer")],
        hear("EHLO", "250-peer\r\n250 STARTTLS"),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn h043_h048_opportunistic_tls_that_fails_falls_back_and_required_does_not() {
    let scripts = || {
        [
            [offers_tls(), hear("STARTTLS", "454 4.7.0 not now")].concat(),
            [offers_tls(), hear("STARTTLS", "220 go\r\n250 injected")].concat(),
            [
                offers_tls(),
                hear("STARTTLS", "220 go"),
                vec![say("this is no TLS")],
            ]
            .concat(),
            [offers_tls(), vec![Step::Hear("STARTTLS"), Step::Reset]].concat(),
        ]
    };
    for script in scripts() {
        let peer = Peer::start(vec![script.clone()]).await;
        let stage = towards(&peer, "opportunistic").await;
        stage.send(BIURO, BUYER).await.assert("250");
        peer.messages(1).await;
        assert_eq!(
            peer.seen().connections,
            2,
            "a fresh connection in clear text"
        );

        let peer = Peer::start(vec![script]).await;
        let stage = towards(&peer, "required").await;
        stage.send(BIURO, BUYER).await.assert("250");
        assert!(stage.deferred().await.contains("secure connection"));
        assert!(peer.seen().messages.is_empty());
    }
    let plain = [
        vec![say("220 peer")],
        hear("EHLO", "250 peer"),
        envelope(),
        vec![Step::Message, say("250 ok")],
    ]
    .concat();
    let peer = Peer::start(vec![plain]).await;
    let stage = towards(&peer, "required").await;
    stage.send(BIURO, BUYER).await.assert("250");
    assert!(stage.deferred().await.contains("secure connection"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_over_tls_to_a_server_with_any_certificate() {
    // The next hop is a second relay, whose certificate nobody signed; its own trace field says how they spoke.
    let (_folder, line) = certificate();
    let next = Setup {
        hostname: "mx.operator.example",
        ..Setup::default()
    };
    let mut next = next.key("smtp", &line).start().await;
    next.invariants.unheard = Some("the first relay heard the answer");
    let routes = format!(
        "[[delivery.route]]\ndomain = \"allegromail.pl\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"opportunistic\"\n",
        next.smtp().port()
    );
    let setup = Setup {
        routes,
        contact: false,
        ..Setup::default()
    };
    let stage = setup
        .key("policy", "contact = \"postmaster@allegromail.pl\"")
        .start()
        .await;
    stage
        .send(JAN, "postmaster@allegromail.com")
        .await
        .assert("250");
    let arrived = text(&next.arrival().await);
    assert!(arrived.contains("with ESMTPS id"), "{arrived}");
    assert!(arrived.contains("with ESMTP id"), "{arrived}");
}

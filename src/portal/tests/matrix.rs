//! Every endpoint with every kind of token: made of the description, so that no endpoint can be added without standing here.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::signed::{AUDIENCE, ISSUER, Published, Signer, claims, sign_in};
use super::*;
use crate::allowlist::Allowlist;
use crate::clock::{Clock, SystemClock};
use crate::masking::{Pass, PassKind};
use crate::tokens::{Holder, Scope};

/// A request to each endpoint that succeeds for the buyer: method, path of the description, path, body, scope.
async fn requests(desk: &Desk, client: &Client) -> Vec<(String, String, String, Value, Scope)> {
    let description = client.get("openapi.json").await.json();
    let mut requests = Vec::new();
    let paths = description["paths"].as_object().unwrap().iter();
    // Where a ticket is wanted in place of a token: tests/sessions.rs.
    for (path, methods) in paths.filter(|(path, _)| !path.ends_with("/sign-in")) {
        for method in methods.as_object().unwrap().keys() {
            let id = match path.as_str() {
                path if path.contains("/threads/") => thread(true).id.to_string(),
                path if path.contains("/files/") => format!("{}0000", message_id(1)),
                path if path.ends_with("/report") => message_id(2).to_string(),
                _ if method == "delete" => message_id(9).to_string(),
                _ => message_id(1).to_string(),
            };
            let body = match (method.as_str(), path.as_str()) {
                ("put", path) if path.ends_with("/settings") => json!({"language": "cs"}),
                ("put", _) => json!({"up_to": 1}),
                ("post", path) if path.ends_with("/report") => json!({"kind": "threat"}),
                ("post", path) if path.ends_with("/files") => json!("octets"),
                ("post", _) => json!({"to": "sklep-rowery", "text": "a"}),
                _ => Value::Null,
            };
            let scope = if method == "get" {
                Scope::MessagesRead
            } else {
                Scope::MessagesWrite
            };
            requests.push((
                method.to_uppercase(),
                path.clone(),
                path.replace("{id}", &id),
                body,
                scope,
            ));
        }
    }
    assert!(requests.len() >= 15, "{requests:?}");
    desk.add(vec![
        message(1, thread(true), Some(BUYER)),
        message(2, thread(true), Some(SELLER)),
    ])
    .await;
    requests
}

async fn status(client: &Client, method: &str, path: &str, body: &Value) -> u16 {
    let line = format!("{method} {path}");
    if path.ends_with("/stream") {
        // It would go on for ever.
        let mut stream = client.send(&line, b"").await;
        let mut head = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut head)
            .await
            .unwrap();
        return String::from_utf8_lossy(&head)
            .split_at(9)
            .1
            .parse()
            .unwrap();
    }
    let octets = match body.is_null() {
        true => Vec::new(),
        false => body.to_string().into_bytes(),
    };
    client
        .and("Content-Type: application/json")
        .ask(&line, &octets)
        .await
        .status
}

/// A pass of the buyer's that is good for so long.
fn pass(kind: PassKind, good: Duration) -> String {
    let pass = Pass {
        participant: id(BUYER),
        until: SystemClock.now().plus(good),
        serial: [3; 8],
    };
    passes().make(kind, &pass)
}

/// Names and texts of tokens that are good for nothing.
#[expect(clippy::too_many_lines, reason = "a table")]
fn bad_tokens(desk: &Desk, signer: &Signer) -> Vec<(&'static str, Option<String>)> {
    let (revoked, revoked_text) = desk.token(BUYER, &Scope::ALL);
    desk.tokens
        .revoke(&revoked, "test", SystemClock.now())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("couriers.txt");
    std::fs::write(&file, "@inpost.pl\n").unwrap();
    let allowlist = Allowlist::load(&file).unwrap();
    let entry = "@inpost.pl".parse().unwrap();
    let courier = desk
        .tokens
        .create(
            Holder::Courier { entry },
            &allowlist,
            "test",
            SystemClock.now(),
        )
        .unwrap()
        .1;
    let head = signer.head("key");
    let with = |claim: &str, value: Value| {
        let mut claims = claims(BUYER);
        claims[claim] = value;
        Some(signer.token(&head, &claims))
    };
    let now = SystemClock.now().0 / 1_000;
    let good = signer.token(&head, &claims(BUYER));
    let (parts, signature) = good.rsplit_once('.').unwrap();
    let (_, body) = parts.split_once('.').unwrap();
    let with_head = |head: Value, signature: &str| {
        let head = data_encoding::BASE64URL_NOPAD.encode(head.to_string().as_bytes());
        Some(format!("{head}.{body}.{signature}"))
    };
    // The public key as the secret of an HMAC.
    let public = data_encoding::BASE64URL_NOPAD
        .decode(signer.jwk("key")["x"].as_str().unwrap().as_bytes())
        .unwrap();
    let hmac_head = json!({"alg": "HS256", "typ": "JWT", "kid": "key"});
    let hmac_parts = with_head(hmac_head, "").unwrap();
    let hmac_parts = hmac_parts.trim_end_matches('.');
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &public);
    let hmac = aws_lc_rs::hmac::sign(&secret, hmac_parts.as_bytes());
    let hmac = format!(
        "{hmac_parts}.{}",
        data_encoding::BASE64URL_NOPAD.encode(hmac.as_ref())
    );
    vec![
        ("none", None),
        ("empty", Some(String::new())),
        (
            "a session's that has ended",
            Some(pass(PassKind::Session, Duration::ZERO)),
        ),
        (
            "a ticket",
            Some(pass(PassKind::Ticket, Duration::from_secs(60))),
        ),
        (
            "made up",
            Some(format!("amc_000000000000_{}", "0".repeat(64))),
        ),
        ("revoked", Some(revoked_text)),
        ("a courier's", Some(courier)),
        ("expired", with("exp", json!(now - 1))),
        ("good for too long", with("exp", json!(now + 90_000))),
        ("for another audience", with("aud", json!("other"))),
        (
            "of another issuer",
            with("iss", json!("https://evil.example")),
        ),
        ("of nobody", with("sub", json!("nobody1"))),
        ("not yet good", with("nbf", json!(now + 3_000))),
        (
            "alg none",
            with_head(json!({"alg": "none", "typ": "JWT"}), ""),
        ),
        (
            "alg none with a signature",
            with_head(json!({"alg": "none", "kid": "key"}), signature),
        ),
        ("alg HS256 with the public key", Some(hmac)),
        (
            "alg of another key",
            with_head(json!({"alg": "RS256", "kid": "key"}), signature),
        ),
        (
            "signed by another key",
            Some(Signer::ed25519().token(&head, &claims(BUYER))),
        ),
        (
            "of an unknown key",
            Some(signer.token(&signer.head("other"), &claims(BUYER))),
        ),
        (
            "with another head",
            with_head(json!({"alg": "EdDSA", "kid": "key", "x": 1}), signature),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a matrix of tokens and endpoints")]
async fn every_endpoint_by_every_kind_of_token() {
    let signer = Signer::ed25519();
    let published = Arc::new(Published::default());
    *published.keys.lock().unwrap() = Some(json!({"keys": [signer.jwk("key")]}));
    let desk = Desk::signing(sign_in(&published, Arc::new(SystemClock))).await;
    assert!(!ISSUER.is_empty() && !AUDIENCE.is_empty());
    let client = |token: &str| Client {
        address: desk.address,
        fields: format!("Authorization: Bearer {token}\r\n"),
    };
    let requests = requests(&desk, &desk.client(BUYER)).await;
    let signed = |of: &str, scope: &str| {
        let mut claims = claims(of);
        claims["scope"] = json!(scope);
        client(&signer.token(&signer.head("key"), &claims))
    };
    let bare = Client {
        address: desk.address,
        fields: String::new(),
    };
    let bad: Vec<(&str, Client)> = bad_tokens(&desk, &signer)
        .into_iter()
        .map(|(name, token)| {
            (
                name,
                token.map_or_else(|| bare.clone(), |token| client(&token)),
            )
        })
        .collect();
    let mut asked = 0;
    for (method, template, path, body, scope) in &requests {
        for (name, client) in &bad {
            let status = status(client, method, path, body).await;
            assert_eq!(status, 401, "{method} {path} with a token that is {name}");
            asked += 1;
        }
        let other_scope = Scope::ALL.into_iter().find(|other| other != scope).unwrap();
        for (name, client) in [
            ("of the other scope", signed(BUYER, other_scope.word())),
            ("of no scope", signed(BUYER, "")),
            (
                "of unknown scopes",
                signed(BUYER, "messages webhooks admin"),
            ),
            (
                "of ours with the other scope",
                client(&desk.token(BUYER, &[other_scope]).1),
            ),
        ] {
            let status = status(&client, method, path, body).await;
            assert_eq!(status, 403, "{method} {path} with a token {name}");
            asked += 1;
        }
        // Another participant, for whom there is no such thing.
        if template.contains("{id}") && !path.ends_with("/messages") {
            for client in [
                signed(STRANGER, &format!("{} x", scope.word())),
                desk.client(STRANGER),
            ] {
                let status = status(&client, method, path, body).await;
                assert_eq!(status, 404, "{method} {path} by another participant");
                asked += 1;
            }
        }
        desk.add(vec![message(9, thread(true), Some(SELLER))]).await;
        let session = pass(PassKind::Session, Duration::from_secs(60));
        for client in [
            signed(BUYER, scope.word()),
            desk.client(BUYER),
            client(&session),
        ] {
            let status = status(&client, method, path, body).await;
            let is_gone = method == "DELETE" && status == 404;
            assert!(
                (200..300).contains(&status) || is_gone,
                "{method} {path} with a good token: {status}"
            );
            asked += 1;
        }
    }
    // Nobody got anything written but those three for each endpoint that writes.
    assert_eq!(desk.outbox.posted.lock().unwrap().len(), 6);
    assert_eq!(desk.state.events(0, 100).unwrap().len(), 3);
    assert!(asked > 300, "{asked}");
    desk.close().await;
}

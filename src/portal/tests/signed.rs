//! Tokens of whoever signs participants in: which are taken, by which keys, and what becomes of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::*;
use crate::clock::{Clock, ManualClock, SystemClock};
use crate::config::{self, KeySource, WebAddress};
use crate::portal::{Fetch, Fetching, KeySet, SignIn};
use crate::tokens::Scope;

pub(super) const ISSUER: &str = "https://allegro.example";
pub(super) const AUDIENCE: &str = "message-center";

/// A key that signs.
pub(super) enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

fn text(octets: &[u8]) -> String {
    BASE64URL_NOPAD.encode(octets)
}

impl Signer {
    pub(super) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// The public key as a JSON Web Key.
    pub(super) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(pair.public_key().as_ref())})
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Self::Rsa(pair) => {
                let key = pair.public_key();
                json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": text(key.modulus().big_endian_without_leading_zero()), "e": text(key.exponent().big_endian_without_leading_zero())})
            }
        }
    }

    fn sign(&self, octets: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(pair) => pair.sign(octets).as_ref().to_vec(),
            Self::P256(pair) => pair.sign(&random, octets).unwrap().as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// A token with this head and these claims.
    pub(super) fn token(&self, head: &Value, claims: &Value) -> String {
        let parts = format!(
            "{}.{}",
            text(head.to_string().as_bytes()),
            text(claims.to_string().as_bytes())
        );
        format!("{parts}.{}", text(&self.sign(parts.as_bytes())))
    }

    /// A good head.
    pub(super) fn head(&self, kid: &str) -> Value {
        json!({"alg": self.alg(), "typ": "JWT", "kid": kid})
    }
}

/// Good claims of `of`, for an hour.
pub(super) fn claims(of: &str) -> Value {
    let now = SystemClock.now().0 / 1_000;
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": of, "exp": now + 3_600, "scope": "messages:read other messages:write"})
}

/// A server of keys that is counted.
#[derive(Default)]
pub(super) struct Published {
    /// None: it does not answer.
    pub(super) keys: Mutex<Option<Value>>,
    asked: AtomicUsize,
}

impl Fetch for Published {
    fn fetch<'a>(&'a self, _: &'a WebAddress) -> Fetching<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let keys = self.keys.lock().unwrap().clone();
        let keys = keys.map(|keys| keys.to_string().into_bytes());
        Box::pin(std::future::ready(
            keys.ok_or_else(|| "it does not answer".to_owned()),
        ))
    }
}

/// What takes the tokens of these keys.
pub(super) fn sign_in(published: &Arc<Published>, clock: Arc<dyn Clock>) -> SignIn {
    let config = config::SignIn {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: KeySource::Server(WebAddress {
            tls: true,
            host: "allegro.example".to_owned(),
            port: 443,
            path: "/jwks".to_owned(),
        }),
    };
    let keys = KeySet::open(&config.keys, published.clone(), clock).unwrap();
    SignIn::new(&config, Arc::new(keys))
}

/// Keys of each kind, published.
fn signers() -> (Arc<Published>, [Signer; 3]) {
    let signers = [Signer::ed25519(), Signer::p256(), Signer::rsa()];
    let published = Arc::new(Published::default());
    let keys = signers.iter().map(|signer| signer.jwk(signer.alg()));
    let set = json!({"keys": keys.collect::<Vec<_>>()});
    *published.keys.lock().unwrap() = Some(set);
    (published, signers)
}

fn manual() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(SystemClock.now()))
}

#[tokio::test]
async fn a_token_is_taken_with_the_algorithm_of_its_key_and_its_claims_are_read() {
    let (published, signers) = signers();
    let clock = manual();
    let sign_in = sign_in(&published, clock.clone());
    for signer in &signers {
        for kid in [signer.head(signer.alg()), json!({"alg": signer.alg()})] {
            let token = signer.token(&kid, &claims("8AWGQYK6A5"));
            let signed = sign_in.read(&token, clock.now()).await.unwrap();
            assert_eq!(signed.participant, id(BUYER));
            assert_eq!(signed.scope, Scope::ALL);
            assert!(signed.until > clock.now());
        }
        // Under another key's name, or another algorithm's.
        for other in ["EdDSA", "ES256", "RS256", "HS256", "none", "PS256", "ES384"] {
            if other != signer.alg() {
                for head in [
                    json!({"alg": other, "kid": signer.alg()}),
                    json!({"alg": signer.alg(), "kid": other}),
                    json!({"alg": other}),
                ] {
                    let token = signer.token(&head, &claims(BUYER));
                    assert!(sign_in.read(&token, clock.now()).await.is_none(), "{head}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_for_others_of_others_too_long_or_too_early_is_none() {
    let (published, signers) = signers();
    let clock = manual();
    let sign_in = sign_in(&published, clock.clone());
    let now = clock.now().0 / 1_000;
    let signer = &signers[0];
    for (claim, value, good) in [
        ("aud", json!([AUDIENCE, "other"]), true),
        ("aud", json!("other"), false),
        ("aud", json!(["other"]), false),
        ("aud", Value::Null, false),
        ("iss", json!("https://evil.example"), false),
        ("iss", json!([ISSUER, "https://evil.example"]), false),
        ("iss", Value::Null, false),
        ("sub", json!("no participant"), false),
        ("sub", json!(7), false),
        ("sub", Value::Null, false),
        ("exp", json!(now - 1), false),
        ("exp", json!(now), false),
        ("exp", json!(now + 10), true),
        ("exp", json!(now + 86_300), true),
        ("exp", json!(now + 86_500), false),
        ("exp", json!(u64::MAX), false),
        ("exp", json!("tomorrow"), false),
        ("exp", Value::Null, false),
        ("nbf", json!(now + 30), true),
        ("nbf", json!(now + 300), false),
        ("scope", json!(""), true),
    ] {
        let mut claims = claims(BUYER);
        match value.is_null() {
            true => drop(claims.as_object_mut().unwrap().remove(claim)),
            false => claims[claim] = value.clone(),
        }
        let token = signer.token(&signer.head("EdDSA"), &claims);
        let signed = sign_in.read(&token, clock.now()).await;
        assert_eq!(signed.is_some(), good, "{claim} {value}");
    }
    let good = signer.token(&signer.head("EdDSA"), &claims(BUYER));
    let (parts, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = parts.split_once('.').unwrap();
    for wrong in [
        parts.to_owned(),
        format!("{parts}."),
        format!("{head}.{body}.{signature}A"),
        format!("{head}.{body}A.{signature}"),
        format!("{good}.{signature}"),
        format!(" {good}"),
        "..".to_owned(),
        format!("{}{good}", "a".repeat(9_000)),
    ] {
        assert!(sign_in.read(&wrong, clock.now()).await.is_none(), "{wrong}");
    }
    assert!(sign_in.read(&good, clock.now()).await.is_some());
    // What has ended has ended, also by our clock alone.
    clock.advance(Duration::from_secs(3_600));
    assert!(sign_in.read(&good, clock.now()).await.is_none());
}

#[tokio::test]
async fn keys_are_asked_for_once_in_half_a_minute_and_are_forgotten_after_a_day() {
    let (published, signers) = signers();
    let clock = manual();
    let sign_in = sign_in(&published, clock.clone());
    let asked = || published.asked.load(Ordering::SeqCst);
    let token = |signer: &Signer, kid: &str| {
        let mut claims = claims(BUYER);
        claims["exp"] = json!(clock.now().0 / 1_000 + 3_600);
        signer.token(&signer.head(kid), &claims)
    };
    let good = async |token: &str| sign_in.read(token, clock.now()).await.is_some();
    assert!(good(&token(&signers[0], "EdDSA")).await);
    assert_eq!(asked(), 1);
    // Names that nobody has make nobody ask again.
    for kid in 0..50 {
        assert!(!good(&token(&signers[0], &kid.to_string())).await);
    }
    assert_eq!(asked(), 1);
    // A new key is found once the time is there.
    let new = Signer::ed25519();
    *published.keys.lock().unwrap() =
        Some(json!({"keys": [new.jwk("new"), {"kty": "oct", "k": "AAAA"}, {"kty": "new"}]}));
    assert!(!good(&token(&new, "new")).await);
    clock.advance(Duration::from_secs(30));
    assert!(good(&token(&new, "new")).await && !good(&token(&signers[0], "EdDSA")).await);
    assert_eq!(asked(), 2);
    // A server that is silent, or answers nonsense, leaves the keys for a day.
    for nonsense in [None, Some(json!({"keys": []})), Some(json!("no"))] {
        *published.keys.lock().unwrap() = nonsense;
        clock.advance(Duration::from_secs(3_600));
        assert!(good(&token(&new, "new")).await);
    }
    clock.advance(Duration::from_secs(86_400));
    assert!(!good(&token(&new, "new")).await);
}

#[tokio::test]
async fn keys_of_a_file_are_read_at_the_start_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let clock = manual();
    let open = || {
        let fetch = Arc::new(Published::default());
        KeySet::open(&KeySource::File(path.clone()), fetch, clock.clone()).map(|_| ())
    };
    assert!(open().unwrap_err().contains("No such file"));
    let weak = json!({"kty": "RSA", "n": "AQAB".repeat(40), "e": "AQAB"});
    let other = json!({"kty": "EC", "crv": "P-384", "x": "AQAB", "y": "AQAB"});
    let mut sealed = Signer::ed25519().jwk("a");
    sealed["use"] = json!("enc");
    let mut named = Signer::ed25519().jwk("a");
    named["alg"] = json!("RS256");
    for (text, words) in [
        ("{", "no JSON Web Key Set"),
        (
            &*json!({"keys": [weak, other, sealed, named]}).to_string(),
            "no key for",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        assert!(open().unwrap_err().contains(words), "{:?}", open());
    }
    std::fs::write(&path, json!({"keys": [Signer::rsa().jwk("a")]}).to_string()).unwrap();
    open().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_token_does() {
    let (published, signers) = signers();
    let desk = Desk::signing(sign_in(&published, Arc::new(SystemClock))).await;
    let mut claims = claims(BUYER);
    claims["exp"] = json!(SystemClock.now().0 / 1_000 + 2);
    let token = signers[0].token(&signers[0].head("EdDSA"), &claims);
    let client = Client {
        address: desk.address,
        fields: format!("Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n"),
    };
    let began = SystemClock.now();
    let heard = tokio::time::timeout(Duration::from_secs(20), client.get("events"))
        .await
        .unwrap();
    assert_eq!(heard.status, 200, "{heard:?}");
    assert!(SystemClock.now().since(began) < Duration::from_secs(10));
    assert_eq!(client.get("events").await.status, 401);
    desk.close().await;
}

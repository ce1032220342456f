//! Signatures are checked by mail-auth's verifier here; `tests/interop` has them checked by dkimpy and OpenDKIM.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
};

use super::fields::names;
use super::generate::{KeyKind, generate};
use super::keys::{load, public_keys};
use super::signer::sign;
use crate::config::Dkim;
use crate::mail::Domain;

fn keys() -> (tempfile::TempDir, [Dkim; 1]) {
    let folder = tempfile::TempDir::new().unwrap();
    let (rsa, ed25519) = (
        folder.path().join("rsa.pem"),
        folder.path().join("ed25519.pem"),
    );
    std::fs::write(&rsa, generate(KeyKind::Rsa).unwrap()).unwrap();
    std::fs::write(&ed25519, generate(KeyKind::Ed25519).unwrap()).unwrap();
    (
        folder,
        [Dkim {
            rsa: Some(("s1".to_owned(), rsa)),
            ed25519: Some(("s2".to_owned(), ed25519)),
            sign: true,
        }],
    )
}

fn domain() -> Domain {
    Domain::parse("allegromail.pl").unwrap()
}

#[test]
fn every_field_is_named_once_more_than_it_occurs() {
    let named = names(
        b"From: a\r\nTo: b\r\nTo: c\r\nSubject: x\r\n from: folded\r\nAuto-Submitted: no\r\n",
    );
    let count = |name: &str| named.iter().filter(|found| **found == name).count();
    assert_eq!(
        (
            count("From"),
            count("To"),
            count("Subject"),
            count("Reply-To")
        ),
        (2, 3, 2, 1)
    );
    assert_eq!((count("Auto-Submitted"), count("Importance")), (1, 0));
}

/// The DNS as far as these tests need it.
struct Published(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Published {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

#[tokio::test]
async fn both_algorithms_sign_and_both_verify() {
    let (_folder, dkim) = keys();
    let loaded = load(&dkim).unwrap();
    let mut dns = Published(HashMap::new());
    for key in public_keys(&domain(), &dkim).unwrap() {
        let parsed = DomainKey::parse(key.record.as_bytes()).unwrap();
        dns.0.insert(
            format!("{}.", key.name).into(),
            Txt::DomainKey(Arc::new(parsed)),
        );
    }
    assert!(dns.0.contains_key("s1._domainkey.allegromail.pl."));
    let nowhere = crate::resolve::DnsResolver::new(&["127.0.0.1:1".parse().unwrap()]).unwrap();
    let library = MessageAuthenticator(nowhere.tokio().clone());
    for body in [
        "",
        "\r\n",
        "text\r\n",
        "no end",
        "text\r\n\r\n\r\n",
        " \r\n\t\r\n",
        "z\u{142}oty\r\n",
        &"x".repeat(5_000),
    ] {
        let message =
            format!("From: a@allegromail.pl\r\nTo: b@allegromail.pl\r\nSubject: x\r\n\r\n{body}");
        let signed = sign(&loaded, &domain(), message.as_bytes()).unwrap();
        assert!(signed.ends_with(message.as_bytes()));
        let read = AuthenticatedMessage::parse(&signed).unwrap();
        let outputs = library
            .verify_dkim(Parameters::new(&read).with_txt_cache(&dns))
            .await;
        let passed = outputs
            .iter()
            .filter(|output| *output.result() == DkimResult::Pass)
            .count();
        assert_eq!(passed, 2, "{body:?}: {outputs:?}");
    }
}

#[test]
fn a_broken_key_file_is_named() {
    let (folder, dkim) = keys();
    std::fs::write(folder.path().join("rsa.pem"), "rubbish").unwrap();
    assert!(load(&dkim).err().unwrap().to_string().contains("rsa.pem"));
}

#[test]
fn keys_that_wait_are_published_and_do_not_sign() {
    let (_folder, [now]) = keys();
    let (_other, [mut next]) = keys();
    next.rsa = next.rsa.map(|(_, path)| ("t1".to_owned(), path));
    next.ed25519 = None;
    next.sign = false;
    let mut both = [now, next];
    let published = |tables: &[Dkim]| -> Vec<String> {
        let keys = public_keys(&domain(), tables).unwrap();
        keys.into_iter()
            .map(|key| key.name.split('.').next().unwrap().to_owned())
            .collect()
    };
    let signing = |tables: &[Dkim]| -> Vec<String> {
        let keys = load(tables).unwrap();
        keys.into_iter().map(|key| key.selector).collect()
    };
    assert_eq!(published(&both), ["s1", "s2", "t1"]);
    assert_eq!(signing(&both), ["s1", "s2"]);
    both[1].sign = true;
    assert_eq!(signing(&both), ["s1", "s2", "t1"]);
    both[0].sign = false;
    assert_eq!(signing(&both), ["t1"]);
}

//! New signing keys, as PEM (PKCS#8).
//! RSA has 2048 bits: what every verifier takes and every DNS record can hold (RFC 8301).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::Ed25519KeyPair;

/// Characters of a line of PEM.
const LINE: usize = 64;

/// The kinds of keys that sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, 2048 bits.
    Rsa,
    /// Ed25519 (RFC 8463).
    Ed25519,
}

/// A new private key. None when the system has no randomness to give.
#[must_use]
pub fn generate(kind: KeyKind) -> Option<String> {
    match kind {
        KeyKind::Rsa => {
            let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
            let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
            Some(pem(der.as_ref()))
        }
        KeyKind::Ed25519 => {
            let pair = Ed25519KeyPair::generate().ok()?;
            let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
            Some(pem(der.as_ref()))
        }
    }
}

fn pem(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(LINE) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

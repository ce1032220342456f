//! Signing keys: read from PEM files, and shown as the DNS publishes them.

use std::path::Path;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use mail_auth::common::crypto::{Algorithm, DkimKey, Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::{HeaderWriter, Writable};
use mail_auth::dkim::{Canonicalization, DkimSigner};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use crate::config::Dkim;
use crate::mail::Domain;

/// A key cannot be used; the sentence names the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

/// A key with the selector under which the DNS has its public half.
pub(super) struct Selected {
    pub(super) selector: String,
    pub(super) key: DkimKey,
}

/// The public half of a key, for the DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `s1._domainkey.allegromail.pl`.
    pub name: String,
    /// `v=DKIM1; k=rsa; p=…`.
    pub record: String,
}

fn der(path: &Path) -> Result<PrivateKeyDer<'static>, KeyError> {
    PrivateKeyDer::from_pem_file(path)
        .map_err(|error| KeyError(format!("{}: {error}", path.display())))
}

/// The keys of a domain that sign.
pub(super) fn load(tables: &[Dkim]) -> Result<Vec<Selected>, KeyError> {
    let mut keys = Vec::new();
    for table in tables.iter().filter(|table| table.sign) {
        keys.extend(load_table(table)?);
    }
    Ok(keys)
}

fn load_table(dkim: &Dkim) -> Result<Vec<Selected>, KeyError> {
    let mut keys = Vec::new();
    if let Some((selector, path)) = &dkim.rsa {
        let broken = |error: mail_auth::Error| KeyError(format!("{}: {error}", path.display()));
        let key = RsaKey::<Sha256>::from_key_der(der(path)?).map_err(broken)?;
        keys.push(Selected {
            selector: selector.clone(),
            key: DkimKey::Rsa(key),
        });
    }
    if let Some((selector, path)) = &dkim.ed25519 {
        let broken = |what: &dyn std::fmt::Display| KeyError(format!("{}: {what}", path.display()));
        let PrivateKeyDer::Pkcs8(pkcs8) = der(path)? else {
            return Err(broken(&"no PKCS#8 key"));
        };
        let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.secret_pkcs8_der())
            .map_err(|error| broken(&error))?;
        keys.push(Selected {
            selector: selector.clone(),
            key: DkimKey::Ed25519(key),
        });
    }
    Ok(keys)
}

impl Selected {
    /// A signature over `message` as a header field with its CRLF.
    pub(super) fn sign(
        &self,
        domain: &Domain,
        names: &[&str],
        message: &[u8],
    ) -> mail_auth::Result<String> {
        let signature = DkimSigner::from_key(Borrowed(&self.key))
            .domain(domain.as_str())
            .selector(&self.selector)
            .headers(names.iter().copied())
            .header_canonicalization(Canonicalization::Relaxed)
            .body_canonicalization(Canonicalization::Simple)
            .sign(message)?;
        let header = signature.to_header();
        // The library may fold between the end of `b=` and its semicolon. White space there is to be ignored (RFC 6376 3.7); dkimpy
        // does not, and others may not.
        Ok(match header.strip_suffix("\r\n\t;\r\n") {
            Some(head) => format!("{head};\r\n"),
            None => header,
        })
    }
}

/// A signer wants to own its key; ours is shared by every message.
pub(super) struct Borrowed<'a>(pub(super) &'a DkimKey);

impl SigningKey for Borrowed<'_> {
    type Hasher = <DkimKey as SigningKey>::Hasher;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        self.0.sign(input)
    }

    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }
}

/// The public halves of a domain's keys as the DNS should have them (RFC 6376 3.6.1, RFC 8463 4), also of those that do not sign yet.
///
/// # Errors
/// A key file cannot be used.
pub fn public_keys(domain: &Domain, tables: &[Dkim]) -> Result<Vec<PublicKey>, KeyError> {
    let mut keys = Vec::new();
    for table in tables {
        keys.extend(public_keys_of(domain, table)?);
    }
    Ok(keys)
}

fn public_keys_of(domain: &Domain, dkim: &Dkim) -> Result<Vec<PublicKey>, KeyError> {
    let mut keys = Vec::new();
    let mut publish = |selector: &str, kind: &str, octets: &[u8]| {
        keys.push(PublicKey {
            name: format!("{selector}._domainkey.{domain}"),
            record: format!(
                "v=DKIM1; k={kind}; p={}",
                data_encoding::BASE64.encode(octets)
            ),
        });
    };
    if let Some((selector, path)) = &dkim.rsa {
        let broken = || KeyError(format!("{}: no RSA key in PEM", path.display()));
        let pair = match der(path)? {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            _ => return Err(broken()),
        };
        let pair = pair.map_err(|_| broken())?;
        let public: aws_lc_rs::encoding::PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|_| broken())?;
        publish(selector, "rsa", public.as_ref());
    }
    if let Some((selector, path)) = &dkim.ed25519 {
        let broken = || KeyError(format!("{}: no Ed25519 key in PEM", path.display()));
        let PrivateKeyDer::Pkcs8(key) = der(path)? else {
            return Err(broken());
        };
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der())
            .map_err(|_| broken())?;
        publish(selector, "ed25519", pair.public_key().as_ref());
    }
    Ok(keys)
}

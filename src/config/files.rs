//! Files that the configuration names: there, readable, of the right kind, and not open to everybody.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::files::{describe, describe_text};

/// Who may read a secret file beside its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Nobody.
    Owner,
    /// The group: not wise.
    Group,
    /// Everybody: an error.
    Others,
}

/// The bytes of a secret file and who may read it beside its owner, by the mode of the file; access lists are not looked at.
pub(super) fn secret(path: &Path) -> Result<(Vec<u8>, Readers), String> {
    let failed = |error: std::io::Error| describe(path, &error);
    let bytes = std::fs::read(path).map_err(failed)?;
    let mode = std::fs::metadata(path)
        .map_err(failed)?
        .permissions()
        .mode();
    // Any right counts, writing as well: who may write a key may set one that it knows.
    let readers = match mode & 0o077 {
        0 => Readers::Owner,
        bits if bits & 0o007 != 0 => Readers::Others,
        _ => Readers::Group,
    };
    Ok((bytes, readers))
}

/// Checks that `path` holds an RSA key for signing, 2048 bits or more, PKCS#1 or PKCS#8 PEM.
pub(super) fn rsa(path: &Path, pem: &[u8]) -> Result<(), String> {
    let wanted = || format!("{}: no RSA key of 2048 bits or more in PEM", path.display());
    let pair = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| wanted())? {
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        _ => return Err(wanted()),
    };
    pair.ok()
        // RFC 8301 3.2: signers use 2048 bits at least; receivers may turn down less.
        .filter(|pair| pair.public_modulus_len() >= 256)
        .map(|_| ())
        .ok_or_else(wanted)
}

/// Checks that `path` holds an Ed25519 key, PEM as `openssl genpkey` writes it.
pub(super) fn ed25519(path: &Path, pem: &[u8]) -> Result<(), String> {
    let wanted = || {
        format!(
            "{}: no Ed25519 key in PEM, as `openssl genpkey -algorithm ed25519` writes it",
            path.display()
        )
    };
    match PrivateKeyDer::from_pem_slice(pem).map_err(|_| wanted())? {
        PrivateKeyDer::Pkcs8(key) => {
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der())
                .map(|_| ())
                .map_err(|_| wanted())
        }
        _ => Err(wanted()),
    }
}

/// Checks that a certificate chain and a key belong together, by the library that will use them. That it has expired is no error: mail servers
/// that encrypt without looking at names still take it (RFC 7435).
pub(super) fn tls_pair(certificate: &Path, key: &Path) -> Result<(), String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| describe_text(certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| describe_text(key, &error))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    rustls::ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, secret)
        })
        .map(|_| ())
        .map_err(|error| format!("{} and {}: {error}", certificate.display(), key.display()))
}

/// A path of the file, taken from the file's folder where it is relative.
pub(super) fn resolve(folder: &Path, path: &str) -> PathBuf {
    folder.join(path)
}

//! Our certificate, towards clients of SMTP and of HTTP: loaded at start, loaded again on SIGHUP; a broken file keeps the old one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::TlsFiles;
use crate::files::describe_text;
use crate::mail::Timestamp;

/// Certificate or key cannot be used; the sentence names the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CertificateError(String);

/// The certificates of the chain file, leaf first.
///
/// # Errors
/// It cannot be read or is no PEM.
pub fn chain(files: &TlsFiles) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| CertificateError(describe_text(&files.certificate, &error)))
}

/// When the first of these certificates expires (RFC 5280 4.1.2.5); none if one cannot be read.
#[must_use]
pub fn expiry(chain: &[CertificateDer<'_>]) -> Option<Timestamp> {
    let ends = chain.iter().map(|certificate| {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        u64::try_from(read.validity().not_after.timestamp()).ok()
    });
    let seconds = ends.collect::<Option<Vec<u64>>>()?.into_iter().min()?;
    Some(Timestamp(seconds.saturating_mul(1_000)))
}

/// An acceptor over the files: TLS 1.2 and 1.3 (docs/threats.md#45), no client certificates. What is broken is told before anything is changed,
/// so that the certificate in use stays.
///
/// # Errors
/// [`CertificateError`].
pub fn load(files: &TlsFiles) -> Result<TlsAcceptor, CertificateError> {
    let chain = chain(files)?;
    let expiry = expiry(&chain);
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| CertificateError(describe_text(&files.key, &error)))?;
    // Named here, not taken from a process-wide default that the first library to come along may set.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| CertificateError(format!("{}: {error}", files.certificate.display())))?;
    if let Some(at) = expiry {
        let file = files.certificate.display().to_string();
        metrics::gauge!("allegromail_certificate_expiry_timestamp_seconds", "file" => file)
            .set(at.unix_seconds());
    }
    Ok(Arc::new(config).into())
}

/// The files and what was loaded from them last.
pub struct Certificate {
    /// Where they are.
    files: TlsFiles,
    /// In force for new connections.
    acceptor: ArcSwap<TlsAcceptor>,
}

impl Certificate {
    /// Loads the files.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn new(files: TlsFiles) -> Result<Self, CertificateError> {
        let acceptor = ArcSwap::from_pointee(load(&files)?);
        Ok(Self { files, acceptor })
    }

    /// Loads them again; what is returned takes them into force. Connections that are open keep what they have.
    ///
    /// # Errors
    /// [`CertificateError`]; the old one stays.
    pub fn load_again(&self) -> Result<impl FnOnce() + use<'_>, CertificateError> {
        let new = Arc::new(load(&self.files)?);
        Ok(move || self.acceptor.store(new))
    }

    /// For a new connection.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::clone(&self.acceptor.load())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::expiry;
    use crate::mail::Timestamp;

    #[test]
    fn of_a_chain_the_first_end_counts() {
        let ending = |year, month, day| {
            let mut params = CertificateParams::new(vec!["mx.example".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, month, day);
            let key = KeyPair::generate().unwrap();
            params.self_signed(&key).unwrap().der().clone()
        };
        let chain = [ending(2031, 5, 1), ending(2030, 1, 1), ending(2049, 12, 31)];
        let first = Timestamp::parse_rfc3339("2030-01-01T00:00:00Z").unwrap();
        assert_eq!(expiry(&chain), Some(first));
        assert_eq!(expiry(&chain[..0]), None);
        assert_eq!(expiry(&[vec![1, 2, 3].into()]), None);
    }
}

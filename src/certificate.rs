//! Our certificate, towards clients of SMTP and of HTTP: loaded at start, loaded again on SIGHUP; a broken file keeps the old one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

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
        .map_err(|error| CertificateError(format!("{}: {error}", files.certificate.display())))
}

/// An acceptor over the files: TLS 1.2 and 1.3 (docs/threats.md#45), no client certificates. What is broken is told before anything is changed,
/// so that the certificate in use stays.
///
/// # Errors
/// [`CertificateError`].
pub fn load(files: &TlsFiles) -> Result<TlsAcceptor, CertificateError> {
    let chain = chain(files)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| CertificateError(format!("{}: {error}", files.key.display())))?;
    // Named here, not taken from a process-wide default that the first library to come along may set.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| CertificateError(format!("{}: {error}", files.certificate.display())))?;
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

    /// Loads them again. Connections that are open keep what they have.
    ///
    /// # Errors
    /// [`CertificateError`]; the old one stays.
    pub fn reload(&self) -> Result<(), CertificateError> {
        self.acceptor.store(Arc::new(load(&self.files)?));
        Ok(())
    }

    /// For a new connection.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::clone(&self.acceptor.load())
    }
}

//! Our certificate: loaded at start, loaded again on SIGHUP; a broken file keeps the old one.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// Certificate or key cannot be used; the sentence names the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

/// An acceptor over the files: TLS 1.2 and 1.3 (hostile-inputs 45), no client certificates. What is broken is told before anything is changed,
/// so that the certificate in use stays.
pub(super) fn load(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| TlsError(format!("{}: {error}", files.certificate.display())))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| TlsError(format!("{}: {error}", files.key.display())))?;
    // Named here, not taken from a process-wide default that the first library to come along may set.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| TlsError(format!("{}: {error}", files.certificate.display())))?;
    Ok(Arc::new(config).into())
}

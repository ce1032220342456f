//! TLS towards other servers.
//!
//! Opportunistic TLS asks for no certificate (RFC 7435: some protection beats none, and the alternative is clear text). Required TLS
//! wants one that a public root signed for the host's name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::TlsConnector;

use super::any_certificate::AnyCertificate;
use super::dane;
use crate::config::RouteTls;
use crate::resolve::Tlsa;

/// What a connection to a server must be like. Part of the key of kept connections: one that was opened for less is never used for more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Security {
    /// Clear text.
    Clear,
    /// TLS where the server offers it, with any certificate; clear text otherwise.
    Opportunistic,
    /// TLS with a certificate for the host's name from a known root: a route that says so, or an MTA-STS policy (RFC 8461 4.1).
    Verified,
    /// TLS with any certificate, and never clear text: there are TLSA records, but none that can be used (RFC 7672 2.2).
    Encrypted,
    /// TLS with a certificate that one of these records names (RFC 7672 3).
    Dane(Arc<[Tlsa]>),
}

impl From<RouteTls> for Security {
    fn from(tls: RouteTls) -> Self {
        match tls {
            RouteTls::None => Self::Clear,
            RouteTls::Opportunistic => Self::Opportunistic,
            RouteTls::Required => Self::Verified,
        }
    }
}

/// TLS could not be set up; the sentence names the file, where one is at fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

/// The ways of TLS. A copy sees what another one has read again.
#[derive(Clone)]
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    /// Takes any certificate.
    any: TlsConnector,
    /// Takes those of known roots.
    verified: Arc<ArcSwap<ClientConfig>>,
    /// The file of the private ones.
    ca_file: Option<PathBuf>,
}

impl Tls {
    /// The public roots, and those of `ca_file`.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verified = verifying(&provider, ca_file)?;
        let any = Arc::new(AnyCertificate(provider.clone()));
        let any = builder(&provider)?
            .dangerous()
            .with_custom_certificate_verifier(any)
            .with_no_client_auth();
        Ok(Self {
            provider,
            any: Arc::new(any).into(),
            verified: Arc::new(ArcSwap::from_pointee(verified)),
            ca_file: ca_file.map(Path::to_owned),
        })
    }

    /// Reads the file of roots again, for connections that are opened from now on.
    ///
    /// # Errors
    /// The file is broken: the roots stay as they are.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        let verified = verifying(&self.provider, self.ca_file.as_deref())?;
        self.verified.store(Arc::new(verified));
        Ok(())
    }

    /// How TLS is spoken on a connection of this kind.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn connector(&self, security: &Security) -> Result<TlsConnector, rustls::Error> {
        match security {
            Security::Clear | Security::Opportunistic | Security::Encrypted => Ok(self.any.clone()),
            Security::Verified => Ok(self.verified()),
            Security::Dane(records) => dane::connector(records.clone(), self.provider.clone()),
        }
    }

    /// TLS with a certificate from a known root.
    pub(super) fn verified(&self) -> TlsConnector {
        self.verified.load_full().into()
    }
}

/// The beginning of every configuration.
fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, TlsError> {
    ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError(error.to_string()))
}

/// TLS that takes certificates of the public roots and of those of `ca_file`.
fn verifying(
    provider: &Arc<CryptoProvider>,
    ca_file: Option<&Path>,
) -> Result<ClientConfig, TlsError> {
    Ok(builder(provider)?
        .with_root_certificates(roots(ca_file)?)
        .with_no_client_auth())
}

/// The roots of the public and those of `ca_file`. A file without any is an error, not an empty set: it is most likely no PEM file.
fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let Some(path) = ca_file else {
        return Ok(roots);
    };
    let broken = |what: &dyn std::fmt::Display| TlsError(format!("{}: {what}", path.display()));
    let public = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| broken(&error))? {
        let certificate = certificate.map_err(|error| broken(&error))?;
        roots.add(certificate).map_err(|error| broken(&error))?;
    }
    if roots.len() == public {
        return Err(broken(&"holds no certificate; it is a PEM file"));
    }
    Ok(roots)
}

//! A certificate authority of the tests' own, and servers' certificates from it.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// An authority, known to nobody until its certificate is named as a root.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A server's certificate chain with its key.
pub struct Chain {
    /// Leaf first.
    pub certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    /// A fresh one.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Writes its certificate as a PEM file.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).unwrap();
    }

    /// A certificate for a host and its key, as PEM.
    pub fn certify_pem(&self, host: &str) -> String {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &self.0).unwrap();
        format!("{}{}", leaf.pem(), key.serialize_pem())
    }

    /// A certificate for a host, with the authority's own behind it.
    pub fn certify(&self, host: &str) -> Chain {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &self.0).unwrap();
        Chain {
            certificates: vec![leaf.der().clone(), self.0.der().clone()],
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

impl Chain {
    /// A certificate that nobody signed.
    pub fn of_nobody(host: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        Self {
            certificates: vec![made.cert.der().clone()],
            key: PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap(),
        }
    }

    /// TLS with it.
    pub fn acceptor(&self) -> TlsAcceptor {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.certificates.clone(), self.key.clone_key())
            .unwrap();
        Arc::new(config).into()
    }
}

//! DANE for SMTP (RFC 7672): the certificate must be one that the host's TLSA records name. One record that fits is enough.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256, Sha512};
use tokio_rustls::TlsConnector;

use super::any_certificate::AnyCertificate;
use crate::resolve::{Tlsa, TlsaMatching, TlsaUsage};

/// TLS with servers that show what `records` name. Made for each connection, since the verifier holds the records; the roots of the public
/// play no part.
///
/// # Errors
/// TLS cannot be set up.
pub(super) fn connector(
    records: Arc<[Tlsa]>,
    provider: Arc<CryptoProvider>,
) -> Result<TlsConnector, Error> {
    let verifier = Arc::new(DaneVerifier {
        records,
        signatures: AnyCertificate(provider.clone()),
        provider: provider.clone(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// Takes certificates that records name.
#[derive(Debug)]
struct DaneVerifier {
    /// Those of the host, vouched for by DNSSEC.
    records: Arc<[Tlsa]>,
    /// Checks that the server holds the key.
    signatures: AnyCertificate,
    provider: Arc<CryptoProvider>,
}

impl DaneVerifier {
    /// The records of one usage: DANE-EE for the server's own certificate, DANE-TA for an issuer's. No others are usable for SMTP (RFC 7672 3.1.3).
    fn of(&self, usage: TlsaUsage) -> impl Iterator<Item = &Tlsa> {
        self.records
            .iter()
            .filter(move |record| record.usage == usage)
    }
}

/// Whether a record names this certificate, whole or by its key (RFC 6698 2.1.2), itself or by a digest (2.1.3). One that cannot be read fits
/// no record for keys.
fn fits(record: &Tlsa, certificate: &CertificateDer<'_>) -> bool {
    let whole = || Some(certificate.as_ref().to_vec());
    let key = || {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        Some(parsed.subject_public_key_info().as_ref().to_vec())
    };
    let Some(octets) = (if record.key_only { key() } else { whole() }) else {
        return false;
    };
    match record.matching {
        TlsaMatching::Exact => octets == record.octets,
        TlsaMatching::Sha256 => Sha256::digest(&octets).as_slice() == record.octets,
        TlsaMatching::Sha512 => Sha512::digest(&octets).as_slice() == record.octets,
    }
}

impl ServerCertVerifier for DaneVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Of the server's own certificate neither name nor dates count (RFC 7672 3.1.1).
        if self
            .of(TlsaUsage::Server)
            .any(|record| fits(record, end_entity))
        {
            return Ok(ServerCertVerified::assertion());
        }
        // The issuer's must be in the chain (RFC 7672 3.1.2), and issue a certificate for the host's name.
        for issuer in intermediates {
            if !self
                .of(TlsaUsage::Issuer)
                .any(|record| fits(record, issuer))
            {
                continue;
            }
            // A chain of its own for each issuer named: no other issuer that the server shows may vouch for it.
            let mut roots = RootCertStore::empty();
            roots.add(issuer.clone().into_owned())?;
            let chain =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
                    .build()
                    .map_err(|error| Error::General(error.to_string()))?;
            let verified = chain.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
            if verified.is_ok() {
                return verified;
            }
        }
        Err(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        ))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.supported_verify_schemes()
    }
}

//! TLSA records: which certificates a server may show (RFC 6698 2.1, RFC 7672 3.1).

use hickory_resolver::proto::rr::rdata::TLSA;

/// What a record is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsaUsage {
    /// DANE-TA(2): a certificate that issued the server's, directly or not.
    Issuer,
    /// DANE-EE(3): the server's own certificate.
    Server,
}

/// How a certificate is turned into the octets of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsaMatching {
    /// As it is.
    Exact,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// A record that can be used for mail: PKIX usages cannot (RFC 7672 3.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tlsa {
    /// Which certificate.
    pub usage: TlsaUsage,
    /// Whether only the public key is compared, not the whole certificate.
    pub key_only: bool,
    /// How.
    pub matching: TlsaMatching,
    /// What it must be.
    pub octets: Vec<u8>,
}

impl Tlsa {
    /// Reads a record; none if it cannot be used.
    #[must_use]
    pub(super) fn of(record: &TLSA) -> Option<Self> {
        let usage = match u8::from(record.cert_usage) {
            2 => TlsaUsage::Issuer,
            3 => TlsaUsage::Server,
            _ => return None,
        };
        let key_only = match u8::from(record.selector) {
            0 => false,
            1 => true,
            _ => return None,
        };
        let (matching, length) = match u8::from(record.matching) {
            0 => (TlsaMatching::Exact, record.cert_data.len().max(1)),
            1 => (TlsaMatching::Sha256, 32),
            2 => (TlsaMatching::Sha512, 64),
            _ => return None,
        };
        (record.cert_data.len() == length).then(|| Self {
            usage,
            key_only,
            matching,
            octets: record.cert_data.clone(),
        })
    }
}

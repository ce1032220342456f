//! Keys that sign messages for the tests, and a shop that is proven by its signature alone.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use mail_auth::common::crypto::{RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::support::stage::{Setup, Stage};

/// A key pair for tests: 2048 bits.
pub struct Pair {
    private: Vec<u8>,
    /// What the DNS publishes of it.
    pub record: String,
}

impl Pair {
    pub fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'static> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'static> = pair.public_key().as_der().unwrap();
        let record = format!(
            "v=DKIM1; k=rsa; p={}",
            data_encoding::BASE64.encode(public.as_ref())
        );
        Self {
            private: private.as_ref().to_vec(),
            record,
        }
    }

    /// The bare signature over `octets`.
    pub fn bare(&self, octets: &[u8]) -> String {
        let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(&self.private).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        pair.sign(
            &aws_lc_rs::signature::RSA_PKCS1_SHA256,
            &random,
            octets,
            &mut signature,
        )
        .unwrap();
        data_encoding::BASE64.encode(&signature)
    }

    /// `body` with a signature over `fields` on top.
    pub fn sign(&self, domain: &str, fields: &[&str], body: &str) -> String {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.private.clone()));
        let key = RsaKey::<Sha256>::from_key_der(key).unwrap();
        let signer = DkimSigner::from_key(key)
            .domain(domain)
            .selector("s1")
            .headers(fields.iter().copied());
        format!(
            "{}{body}",
            signer.sign(body.as_bytes()).unwrap().to_header()
        )
    }
}

/// A shop whose client may not send by SPF, with a DKIM key in the DNS.
pub async fn dkim_stage(record: &str) -> Stage {
    Setup {
        accounts: SHOP_ACCOUNTS.to_owned(),
        ..Setup::default()
    }
    .record("shop.example TXT v=spf1 ip4:192.0.2.1 -all")
    .record(&format!("s1._domainkey.shop.example TXT {record}"))
    .start()
    .await
}

pub const SHOP_ACCOUNTS: &str = r#"{"type":"participant","id":"shop1","login":"shop","marketplace":"allegro-pl","language":"pl","primary":"shop@shop.example","addresses":["shop@shop.example"]}
{"type":"transaction","id":"shoptx","buyer":"8awgqyk6a5","seller":"shop1"}
"#;
pub const SHOP: &str = "shop@shop.example";
pub const FROM_SHOP: &str = "8awgqyk6a5+shoptx@allegromail.pl";

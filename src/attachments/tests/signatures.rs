//! Detached signatures.

use super::{Judgement, judged};

#[test]
fn signatures_are_taken_out() {
    for part in [
        (
            &["signature.asc"][..],
            "application/pgp-signature",
            b"-----BEGIN PGP SIGNATURE-----".to_vec(),
        ),
        (
            &["smime.p7s"],
            "application/pkcs7-signature",
            b"\x30\x80\x06\x09".to_vec(),
        ),
        (
            &["smime.p7s"],
            "application/octet-stream",
            b"\x30\x80\x06\x09".to_vec(),
        ),
        (&[], "application/x-pkcs7-signature", b"\x30\x80".to_vec()),
        (
            &["OpenPGP_signature.asc"],
            "application/octet-stream",
            b"-----BEGIN PGP SIGNATURE-----".to_vec(),
        ),
    ] {
        let names: &'static [&'static str] = Box::leak(part.0.to_vec().into_boxed_slice());
        assert_eq!(
            judged(&(names, part.1, part.2), false),
            Judgement::Signature
        );
    }
}

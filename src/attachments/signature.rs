//! Detached signatures: they are taken out of a message, and no reason to refuse it.

use super::found::Group;
use super::name;

/// Their types (RFC 3156 5, RFC 8551 3.5.3).
const TYPES: [&str; 4] = [
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/x-pgp-signature",
];

/// Whether a part is one: by its type or its name. It does not go on; so what it holds is no matter, but for `.asc`, which keys are called as well.
pub(super) fn is_signature(essence: &str, names: &[&str], found: Group) -> bool {
    if TYPES.contains(&essence) {
        return true;
    }
    names
        .iter()
        .any(|text| match name::extension(text).as_str() {
            "p7s" | "sig" => true,
            "asc" => text.trim().eq_ignore_ascii_case("signature.asc") || found == Group::Signature,
            _ => false,
        })
}

//! Whether two domains belong to the same organisation (relaxed alignment, RFC 9989 4.10).
//!
//! The organisational domain is found by the public suffix list, private suffixes included, in place of the RFC's walk up the DNS tree:
//! the list is at hand without a look-up, and where the two differ it draws the border more closely.

use crate::mail::Domain;

/// Whether `one` and `other` have the same organisational domain. Strict alignment, where a domain's DMARC record asks for it, is looked at apart
/// (`dmarc.rs`).
#[must_use]
pub fn aligned(one: &Domain, other: &Domain) -> bool {
    if one == other {
        return true;
    }
    match (
        psl::domain_str(one.as_str()),
        psl::domain_str(other.as_str()),
    ) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        // A public suffix by itself: aligned with nothing but itself.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relaxed_alignment() {
        for (one, other, expected) in [
            ("shop.example", "shop.example", true),
            ("mail.shop.example", "shop.example", true),
            ("a.shop.example", "b.shop.example", true),
            ("evilshop.example", "shop.example", false),
            ("shop.com.pl", "other.com.pl", false),
            ("one.github.io", "two.github.io", false),
            ("com.pl", "shop.com.pl", false),
        ] {
            let parse = |text| Domain::parse(text).unwrap();
            assert_eq!(
                aligned(&parse(one), &parse(other)),
                expected,
                "{one} {other}"
            );
            assert_eq!(
                aligned(&parse(other), &parse(one)),
                expected,
                "{other} {one}"
            );
        }
    }
}

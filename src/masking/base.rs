//! Which addresses are the same mailbox for a reader who wants to write there: the form by which hiding compares, and never proving.

use super::providers;
use crate::mail::{Domain, Mailbox};

/// `address` without what its provider passes over: the tag behind a plus sign everywhere, dots at Gmail, whose two names are one.
#[must_use]
pub fn base_address(address: &Mailbox) -> Mailbox {
    let local = address.local();
    let base = match local.split_once('+') {
        Some((base, _)) if !base.is_empty() => base,
        _ => local,
    };
    let (mut base, mut domain) = (base.to_owned(), address.domain().clone());
    if providers::ignores_dots(&domain) {
        base.retain(|c| c != '.');
        domain = Domain::parse(providers::GMAIL).unwrap_or(domain);
    }
    Mailbox::from_parts(&base, domain).unwrap_or_else(|_| address.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_mailbox_has_one_base() {
        for (address, want) in [
            ("jan+sklep@poczta.example", "jan@poczta.example"),
            ("jan.k@poczta.example", "jan.k@poczta.example"),
            ("j.a.n.+x@GoogleMail.com", "jan@gmail.com"),
            ("+jan@poczta.example", "+jan@poczta.example"),
            ("\".\"@gmail.com", "\".\"@gmail.com"),
        ] {
            let address = Mailbox::parse(address).unwrap();
            assert_eq!(base_address(&address).to_string(), want);
        }
    }
}

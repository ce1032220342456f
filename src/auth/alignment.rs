//! Whether two domains belong to the same organisation (relaxed alignment, RFC 9989 4.10).
//!
//! The organisational domain is found by the public suffix list, private suffixes included: it is at hand without a look-up, and it has a border for
//! domains that publish no DMARC record, where the RFC's walk up the DNS tree has none. Within that border the walk is made for two different
//! names, since a record may draw a closer one: `psd=n` says "an organisation of its own", `psd=y` "what is below me belongs to others". Neither
//! can make one organisation of two that the list tells apart: that would be the word of whoever has the suffix for everybody below it.

use std::collections::HashMap;

use mail_auth::dmarc::{Dmarc, Psd};
use mail_auth::{DnsError, Error};

use super::questions::Questions;
use crate::mail::Domain;

/// Labels from which on the walk leaves names out, and how many it goes on with (RFC 9989 4.10): no more than eight questions a name.
const LONG: usize = 8;

/// Whether `one` and `other` have the same organisational domain, as far as the list says: where it says no, no record says yes. Strict alignment, where a domain's DMARC record asks for it, is looked at apart
/// (`dmarc.rs`).
#[must_use]
pub(super) fn aligned(one: &Domain, other: &Domain) -> bool {
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

/// Whether `one` and `other` belong to one organisation by the list, and by the records that carry `psd=`. None: the DNS gave no answer.
pub(super) async fn same_organisation(
    questions: &Questions<'_>,
    one: &Domain,
    other: &Domain,
) -> Option<bool> {
    if one == other || !aligned(one, other) {
        return Some(one == other);
    }
    let mut asked = HashMap::new();
    // The border is on both ways, and mostly is what else is asked of the From: where it gives no answer, nothing more is asked.
    let name = one.as_str();
    let border = psl::domain_str(name).unwrap_or(name);
    asked.insert(border.to_owned(), psd(questions, border).await?);
    let first = organisation(questions, one, &mut asked).await?;
    let second = organisation(questions, other, &mut asked).await?;
    Some(first == second)
}

/// The organisational domain of `of`: by the walk up to the one that the list says. What stands above that is above both of two aligned names.
async fn organisation<'a>(
    questions: &Questions<'_>,
    of: &'a Domain,
    asked: &mut HashMap<String, Psd>,
) -> Option<&'a str> {
    let start = of.as_str();
    let border = psl::domain_str(start).unwrap_or(start);
    let (mut name, mut below) = (start, start);
    loop {
        let psd = match asked.get(name) {
            Some(known) => known.clone(),
            None => psd(questions, name).await?,
        };
        asked.insert(name.to_owned(), psd.clone());
        match psd {
            Psd::No => return Some(name),
            Psd::Yes => return Some(below),
            Psd::Default if name.len() <= border.len() => return Some(border),
            Psd::Default => {}
        }
        let labels = name.split('.').count();
        let next = if labels >= LONG {
            labels - (LONG - 1)
        } else {
            1
        };
        // The last label that is left out: what stands below a `psd=y` is one longer.
        below = without_labels(name, next - 1);
        name = without_labels(name, next);
    }
}

/// A name without so many labels at its front.
fn without_labels(name: &str, many: usize) -> &str {
    let cut = name.splitn(many + 1, '.').last();
    cut.unwrap_or(name)
}

/// What the record of a name says of it; of several the library takes the first that it can read. None: the DNS gave no answer.
async fn psd(questions: &Questions<'_>, name: &str) -> Option<Psd> {
    let library = questions.library;
    let record = library.txt_lookup::<Dmarc>(format!("_dmarc.{name}."), Some(questions));
    let psd = match questions.run(record).await? {
        Ok(record) => record.psd.clone(),
        Err(Error::Dns(DnsError::Resolver(_))) => return None,
        Err(_) => Psd::Default,
    };
    // "There is none" is an answer, too; else a later failure would be put down to this name.
    questions.answered();
    Some(psd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_wants_the_same_organisational_domain() {
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

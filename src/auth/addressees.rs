//! Whom To and Cc name, read once however many signatures and recipients a message has.

use std::collections::HashMap;

use mail_auth::dkim::Signature;

use crate::mail::Mailbox;
use crate::message::{Message, named_mailboxes};
use crate::offload::in_place;

/// How many fields of each name, from the last one up, have to be signed for one recipient to be among the signed addressees.
#[derive(Debug, Clone, Copy)]
struct Depth {
    to: usize,
    cc: usize,
}

/// A recipient that stands in no field of a name.
const NOWHERE: usize = usize::MAX;

/// Where the recipients of a message stand in its To and Cc.
pub(super) struct Addressees(HashMap<String, Depth>);

impl Addressees {
    /// Reads both fields. One that cannot be read names nobody.
    pub(super) async fn of(message: &Message, recipients: &[Mailbox]) -> Self {
        in_place(message.head_octets(), || Self::read(message, recipients)).await
    }

    fn read(message: &Message, recipients: &[Mailbox]) -> Self {
        let nowhere = Depth {
            to: NOWHERE,
            cc: NOWHERE,
        };
        let keys = recipients
            .iter()
            .map(|recipient| (recipient.key(), nowhere));
        let mut found: HashMap<String, Depth> = keys.collect();
        for name in ["To", "Cc"] {
            let fields: Vec<_> = message.named(name).collect();
            for (depth, field) in fields.iter().rev().enumerate() {
                for mailbox in named_mailboxes(field.value).unwrap_or_default() {
                    let Some(known) = found.get_mut(&mailbox.key()) else {
                        continue;
                    };
                    let place = if name == "To" {
                        &mut known.to
                    } else {
                        &mut known.cc
                    };
                    *place = depth.min(*place);
                }
            }
        }
        Self(found)
    }

    /// Whether every recipient stands in a signed To or Cc. Else one signed message, replayed, would open every mask. Of several fields of one
    /// name a signature covers the last ones first (RFC 6376 5.4.2), so only as many as it names count.
    pub(super) fn are_signed(&self, signature: &Signature) -> bool {
        let covered = |field: &str| {
            let names = signature.h.iter();
            names
                .filter(|name| name.trim().eq_ignore_ascii_case(field))
                .count()
        };
        let (to, cc) = (covered("To"), covered("Cc"));
        self.0.values().all(|depth| depth.to < to || depth.cc < cc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h144_recipients_count_where_a_signed_field_names_them() {
        let raw = "To: a@x.example\r\nTo: b@x.example, B@X.EXAMPLE\r\nCc: c@x.example\r\nCc: <>\r\nFrom: f@x.example\r\n\r\n";
        let message = Message::parse(raw.into()).unwrap();
        let recipients = |list: &[&str]| -> Vec<Mailbox> {
            list.iter()
                .map(|text| Mailbox::parse(text).unwrap())
                .collect()
        };
        for (to, signed, want) in [
            (vec!["b@x.example"], vec!["To"], true),
            (vec!["a@x.example"], vec!["to"], false),
            (
                vec!["a@x.example", "b@x.example"],
                vec!["To", "From", "TO"],
                true,
            ),
            (vec!["c@x.example"], vec!["Cc"], false),
            (
                vec!["b@x.example", "c@x.example"],
                vec!["To", "Cc", "Cc"],
                true,
            ),
            (vec!["d@x.example"], vec!["To", "To", "Cc", "Cc"], false),
            (vec![], vec![], true),
        ] {
            let signature = Signature {
                h: signed.iter().map(ToString::to_string).collect(),
                ..Signature::default()
            };
            let addressees = Addressees::read(&message, &recipients(&to));
            assert_eq!(addressees.are_signed(&signature), want, "{to:?} {signed:?}");
        }
    }
}

//! What stands for a participant for a while without being kept anywhere: a ticket, with which a browser is sent to the Message Center, and the session
//! that it opens.
//!
//! Key number (1), kind (1), its end in milliseconds (8), random octets (8), the participant's id, the first 16 octets of an HMAC-SHA256 (RFC 2104), in
//! base64 (RFC 4648 5) behind a prefix. Every node that has the keys of `[secrets]` knows it.

use data_encoding::BASE64URL_NOPAD;
use hmac::Mac;

use super::ParticipantId;
use super::token::{TokenKeys, hmac, key_number, tag};
use crate::mail::Timestamp;

/// Octets before the id.
const FRONT: usize = 18;
/// Octets of the MAC: 128 bits.
const MAC: usize = 16;
/// The longest pass in characters: an id has 32 at most.
const LONGEST: usize = 100;

/// What a pass is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassKind {
    /// Opens a session, once.
    Ticket,
    /// Asks in its participant's name.
    Session,
}

/// A pass that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Whom it stands for.
    pub participant: ParticipantId,
    /// Its end.
    pub until: Timestamp,
    /// Random octets, by which one is told from another.
    pub serial: [u8; 8],
}

/// The keys of passes, derived from those of `[secrets]`: the first one makes them, all know them.
#[derive(Clone)]
pub struct PassKeys(Vec<(u8, Vec<u8>)>);

impl PassKind {
    /// What its text begins with, so that neither is taken for the other or for a token that is kept.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Ticket => "amk_",
            Self::Session => "ams_",
        }
    }

    const fn octet(self) -> u8 {
        match self {
            Self::Ticket => 1,
            Self::Session => 2,
        }
    }
}

impl PassKeys {
    /// Derives the keys.
    #[must_use]
    pub fn new(secrets: &TokenKeys) -> Self {
        let keys = secrets.keys().iter();
        Self(
            keys.map(|secret| (key_number(secret), tag(secret, b"pass")))
                .collect(),
        )
    }

    /// A pass for a participant.
    #[must_use]
    pub fn make(&self, kind: PassKind, pass: &Pass) -> String {
        let (number, key) = self
            .0
            .first()
            .map_or((0, &[][..]), |(number, key)| (*number, key));
        let mut octets = vec![number, kind.octet()];
        octets.extend_from_slice(&pass.until.0.to_be_bytes());
        octets.extend_from_slice(&pass.serial);
        octets.extend_from_slice(pass.participant.as_str().as_bytes());
        let tag = tag(key, &octets);
        octets.extend_from_slice(tag.get(..MAC).unwrap_or(&tag));
        format!("{}{}", kind.prefix(), BASE64URL_NOPAD.encode(&octets))
    }

    /// Reads a pass of this kind that is good now. The MAC is compared in constant time, before anything else is believed.
    #[must_use]
    pub fn read(&self, kind: PassKind, text: &str, now: Timestamp) -> Option<Pass> {
        let coded = text.strip_prefix(kind.prefix())?;
        if coded.len() > LONGEST {
            return None;
        }
        let octets = BASE64URL_NOPAD.decode(coded.as_bytes()).ok()?;
        let (body, mac) = octets.split_at_checked(octets.len().checked_sub(MAC)?)?;
        let (front, id) = body.split_at_checked(FRONT)?;
        let &[number, of_kind, ref rest @ ..] = front else {
            return None;
        };
        let genuine = self
            .0
            .iter()
            .filter(|(own, _)| *own == number)
            .any(|(_, key)| {
                let mut hmac = hmac(key);
                hmac.update(body);
                hmac.verify_truncated_left(mac).is_ok()
            });
        let (until, serial) = rest.split_first_chunk::<8>()?;
        let until = Timestamp(u64::from_be_bytes(*until));
        if !genuine || of_kind != kind.octet() || now >= until {
            return None;
        }
        Some(Pass {
            participant: ParticipantId::parse(std::str::from_utf8(id).ok()?).ok()?,
            until,
            serial: *serial.first_chunk()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(id: &str) -> Pass {
        Pass {
            participant: id.parse().unwrap(),
            until: Timestamp(1_000),
            serial: [7; 8],
        }
    }

    #[test]
    fn a_pass_is_good_until_its_end_for_its_kind_and_by_any_key() {
        let old = PassKeys::new(&TokenKeys::new(vec![vec![1; 32]]));
        let new = PassKeys::new(&TokenKeys::new(vec![vec![2; 32], vec![1; 32]]));
        let other = PassKeys::new(&TokenKeys::new(vec![vec![2; 32]]));
        for id in ["8awgqyk6a5", "a", &"z9".repeat(16)] {
            let ticket = old.make(PassKind::Ticket, &pass(id));
            let read = |keys: &PassKeys, kind, at| keys.read(kind, &ticket, Timestamp(at));
            assert_eq!(read(&new, PassKind::Ticket, 999), Some(pass(id)));
            assert_eq!(read(&new, PassKind::Ticket, 1_000), None);
            assert_eq!(read(&new, PassKind::Session, 999), None);
            assert_eq!(read(&other, PassKind::Ticket, 999), None);
            let coded = ticket.strip_prefix("amk_").unwrap();
            let session = format!("ams_{coded}");
            assert_eq!(new.read(PassKind::Session, &session, Timestamp(1)), None);
        }
    }

    #[test]
    fn no_octet_of_a_pass_may_be_another() {
        let keys = PassKeys::new(&TokenKeys::new(vec![vec![1; 32]]));
        let ticket = keys.make(PassKind::Ticket, &pass("8awgqyk6a5"));
        let octets = BASE64URL_NOPAD
            .decode(ticket.strip_prefix("amk_").unwrap().as_bytes())
            .unwrap();
        let read = |octets: &[u8]| {
            let text = format!("amk_{}", BASE64URL_NOPAD.encode(octets));
            keys.read(PassKind::Ticket, &text, Timestamp(1))
        };
        assert!(read(&octets).is_some());
        for at in 0..octets.len() {
            let mut changed = octets.clone();
            changed[at] ^= 1;
            assert_eq!(read(&changed), None, "{at}");
            assert_eq!(read(&octets[..at]), None, "cut at {at}");
        }
        for text in [
            "",
            "amk_",
            "amk_!",
            "ticket",
            &format!("amk_{}", "A".repeat(200)),
        ] {
            assert_eq!(
                keys.read(PassKind::Ticket, text, Timestamp(1)),
                None,
                "{text}"
            );
        }
    }
}

//! The leak gate: looks at the bytes that would leave for addresses that must not.
//!
//! It shares no code with the rewriter, on purpose: a fault there must not blind it here. In this version it searches the header section,
//! raw and with encoded words decoded by mail-parser; the text of bodies is a later capability (README, "What is promised").

use mail_parser::MessageParser;

use crate::mail::Mailbox;

/// An address that must not leave was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an address of the writer stands in the {place}")]
pub struct Leak {
    /// Where, in words of the message: `Subject field`, `header section`.
    pub place: String,
}

/// Searches the header section of `outgoing` for every one of `needles`, without regard to case.
///
/// # Errors
/// [`Leak`] names the place, never the address.
pub fn check(outgoing: &[u8], needles: &[Mailbox]) -> Result<(), Leak> {
    let end = memchr::memmem::find(outgoing, b"\r\n\r\n").map_or(outgoing.len(), |at| at + 4);
    let head = outgoing.get(..end).unwrap_or(outgoing);
    let needles: Vec<Vec<u8>> = needles
        .iter()
        .map(|needle| needle.key().into_bytes())
        .collect();
    let holds = |text: &[u8]| {
        let lower = text.to_ascii_lowercase();
        needles
            .iter()
            .any(|needle| memchr::memmem::find(&lower, needle).is_some())
    };
    if holds(head) {
        return Err(Leak {
            place: "header section".to_owned(),
        });
    }
    if memchr::memmem::find(head, b"=?").is_none() && memchr::memchr2(b'%', b'*', head).is_none() {
        return Ok(());
    }
    let Some(parsed) = MessageParser::new().parse_headers(head) else {
        return Err(Leak {
            place: "header section, which cannot be read back".to_owned(),
        });
    };
    for header in parsed.headers() {
        // The debug form holds every decoded piece of a value: names, parameters, file names.
        let decoded = format!("{:?}", header.value());
        if holds(decoded.as_bytes()) {
            return Err(Leak {
                place: format!("{} field", header.name()),
            });
        }
    }
    Ok(())
}

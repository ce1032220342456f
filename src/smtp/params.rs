//! Parameters of MAIL (RFC 5321 4.1.1.11): SIZE, BODY, SMTPUTF8. Every other one is refused with 555.

use crate::mail::{EnhancedStatus, Reply};

/// What the sender says of the octets of the body (RFC 6152).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyType {
    /// Nothing over 127.
    #[default]
    SevenBit,
    /// Any octets.
    EightBit,
}

/// The parameters of MAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailParameters {
    /// The size that the client announces, in octets (RFC 1870).
    pub size: Option<u64>,
    /// What the body holds.
    pub body: BodyType,
    /// Whether addresses and header fields may be international (RFC 6531).
    pub smtputf8: bool,
}

fn refuse(code: u16, subject: u16, detail: u16, text: &str) -> Reply {
    Reply::new(code, Some(EnhancedStatus::new(5, subject, detail)), text)
}

impl MailParameters {
    /// Reads what stands behind the path.
    ///
    /// # Errors
    /// The reply: 555 for an unknown parameter, 501 for a bad or repeated one.
    pub fn parse(text: &str) -> Result<Self, Reply> {
        let mut found = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let (name, value) = word
                .split_once('=')
                .map_or((word, None), |(name, value)| (name, Some(value)));
            let name = name.to_ascii_uppercase();
            let bad = || refuse(501, 5, 4, &format!("the parameter {name} cannot be read"));
            match (name.as_str(), value) {
                ("SIZE", Some(value)) => {
                    let digits = (1..=20).contains(&value.len())
                        && value.bytes().all(|octet| octet.is_ascii_digit());
                    // A number beyond 64 bits is larger than any limit, not an error.
                    found.size = Some(if digits {
                        value.parse().unwrap_or(u64::MAX)
                    } else {
                        return Err(bad());
                    });
                }
                ("BODY", Some(value)) if value.eq_ignore_ascii_case("7BIT") => {
                    found.body = BodyType::SevenBit
                }
                ("BODY", Some(value)) if value.eq_ignore_ascii_case("8BITMIME") => {
                    found.body = BodyType::EightBit
                }
                ("SMTPUTF8", None) => found.smtputf8 = true,
                ("SIZE" | "BODY" | "SMTPUTF8", _) => return Err(bad()),
                _ => return Err(refuse(555, 5, 4, "a parameter of MAIL is not known here")),
            }
            if seen.contains(&name) {
                return Err(bad());
            }
            seen.push(name);
        }
        Ok(found)
    }
}

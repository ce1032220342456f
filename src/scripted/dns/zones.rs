//! What the names of the list have to say, read line by line.

use std::collections::HashMap;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TLSA, TXT};
use hickory_resolver::proto::rr::{Name, RData};

/// The most octets of one string of a TXT record.
const TXT_STRING: usize = 255;

/// What is known of a name.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// It has this record.
    Record(RData),
    /// Questions about it are answered with this code.
    Fault(ResponseCode),
    /// They are not answered.
    Silence,
    /// They are answered so much later.
    Slow(Duration),
    /// With octets that are no DNS message.
    Garbage,
    /// With the id of another question, as a forger's guess has it.
    WrongId,
    /// Cut short by UDP.
    Truncated,
    /// With the word that DNSSEC vouches for them.
    Secure,
}

/// A list of records, one a line: `NAME TYPE DATA`, as `shop.example MX 10 mx.shop.example`.
#[derive(Debug, Clone, Default)]
pub struct Zones(pub(super) HashMap<Name, Vec<Known>>);

impl Zones {
    /// Reads the lines.
    ///
    /// # Errors
    /// A sentence that names the first line that cannot be read.
    pub fn parse(lines: &[&str]) -> Result<Self, String> {
        let mut zones = Self::default();
        for line in lines {
            let (name, known) =
                parse_line(line).ok_or_else(|| format!("{line}: not NAME TYPE DATA"))?;
            zones.0.entry(name).or_default().push(known);
        }
        Ok(zones)
    }
}

/// A name in the form in which it is looked for: lower case, with the root behind it.
fn name(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?.to_lowercase();
    name.set_fqdn(true);
    Some(name)
}

/// One line; none where it cannot be read.
fn parse_line(line: &str) -> Option<(Name, Known)> {
    let (owner, rest) = line.trim().split_once(' ')?;
    let (kind, data) = rest
        .trim()
        .split_once(' ')
        .unwrap_or_else(|| (rest.trim(), ""));
    let data = data.trim();
    let record = match kind {
        "A" => RData::A(A(data.parse().ok()?)),
        "AAAA" => RData::AAAA(AAAA(data.parse().ok()?)),
        "CNAME" => RData::CNAME(CNAME(name(data)?)),
        "PTR" => RData::PTR(PTR(name(data)?)),
        "MX" => {
            let (preference, host) = data.split_once(' ')?;
            RData::MX(MX::new(preference.parse().ok()?, name(host)?))
        }
        "TXT" => {
            let strings = data
                .as_bytes()
                // A long text is several strings, put together without a space by whoever reads it (RFC 7208 3.3).
                .chunks(TXT_STRING)
                .map(|chunk| String::from_utf8_lossy(chunk).into_owned());
            RData::TXT(TXT::new(strings.collect()))
        }
        "TLSA" => {
            let mut words = data.split_ascii_whitespace();
            let mut number = || words.next()?.parse::<u8>().ok();
            let (usage, selector, matching) = (number()?, number()?, number()?);
            let octets = data_encoding::HEXLOWER_PERMISSIVE.decode(words.next()?.as_bytes());
            RData::TLSA(TLSA::new(
                usage.into(),
                selector.into(),
                matching.into(),
                octets.ok()?,
            ))
        }
        "SERVFAIL" => return Some((name(owner)?, Known::Fault(ResponseCode::ServFail))),
        "REFUSED" => return Some((name(owner)?, Known::Fault(ResponseCode::Refused))),
        "SILENCE" => return Some((name(owner)?, Known::Silence)),
        "SLOW" => {
            let wait = Duration::from_millis(data.parse().ok()?);
            return Some((name(owner)?, Known::Slow(wait)));
        }
        "GARBAGE" => return Some((name(owner)?, Known::Garbage)),
        "WRONGID" => return Some((name(owner)?, Known::WrongId)),
        "TRUNCATED" => return Some((name(owner)?, Known::Truncated)),
        "SECURE" => return Some((name(owner)?, Known::Secure)),
        _ => return None,
    };
    Some((name(owner)?, Known::Record(record)))
}

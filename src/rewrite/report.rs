//! Fields that programs write for programs within a message: reports of delivery and of reading, and the header sections of returned messages.
//!
//! They name hosts: the one that a participant's mail left from is nobody's business.

use super::head::{self, Fixes};
use super::masker::Masker;
use crate::mail::Domain;
use crate::message;

/// Fields that name hosts (RFC 3464 2.2 and 2.3, RFC 8098 3.2, RFC 5965 3).
const HOSTS: [&[u8]; 12] = [
    b"reporting-ua",
    b"mdn-gateway",
    b"dsn-gateway",
    b"received-from-mta",
    b"remote-mta",
    b"original-envelope-id",
    b"final-log-id",
    b"failure-log-id",
    b"source-ip",
    b"source-port",
    b"reported-domain",
    b"authentication-results",
];

/// The fields of a part of this type without what names hosts; `shown` is the domain that stands where one has to. To be masked as any text.
pub(super) fn fields(essence: &str, text: &str, shown: &Domain, masker: &Masker) -> String {
    // Programs write bare line ends here.
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    if essence == "text/rfc822-headers" {
        let kept = head::head(text.as_bytes(), true, &Fixes::default(), masker);
        return String::from_utf8_lossy(&kept).into_owned();
    }
    let groups = text.split("\r\n\r\n").map(|group| {
        let lines = format!("{}\r\n", group.trim_end_matches("\r\n"));
        let fields = message::fields(lines.as_bytes());
        let kept = fields.filter_map(|field| {
            let name = field.name.to_ascii_lowercase();
            let whole = String::from_utf8_lossy(field.whole);
            match name.as_slice() {
                name if HOSTS.contains(&name) || name.starts_with(b"x-") => None,
                b"reporting-mta" => Some(format!("Reporting-MTA: dns; {shown}\r\n")),
                b"user-agent" => Some(format!("User-Agent: {shown}\r\n")),
                b"diagnostic-code" => Some(format!("Diagnostic-Code: {}\r\n", codes(&whole))),
                _ => Some(whole.into_owned()),
            }
        });
        kept.collect::<String>()
    });
    groups
        .filter(|group| !group.is_empty())
        .collect::<Vec<_>>()
        .join("\r\n")
}

/// The codes of a diagnostic without its words, which name hosts (RFC 3464 2.3.6).
fn codes(field: &str) -> String {
    let value = field.split_once(';').map_or("", |(_, value)| value);
    let is_code = |word: &&str| {
        word.bytes()
            .all(|octet| octet.is_ascii_digit() || octet == b'.')
    };
    let codes: Vec<&str> = value
        .split_whitespace()
        .take_while(is_code)
        .take(2)
        .collect();
    format!("smtp; {}", codes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Mailbox;

    fn cleaned(essence: &str, text: &str) -> String {
        let masker = Masker::new(
            &[Mailbox::parse("jan@poczta.example").unwrap()],
            "mask@allegromail.pl",
        );
        fields(
            essence,
            text,
            &Domain::parse("allegromail.pl").unwrap(),
            &masker,
        )
    }

    #[test]
    fn fields_for_programs_name_no_host() {
        assert_eq!(
            cleaned(
                "message/disposition-notification",
                "Reporting-UA: laptop.kowalski.local; Thunderbird\r\nFinal-Recipient: rfc822;x@y.example\r\nDisposition: manual-action/MDN-sent-manually;\r\n displayed\r\nX-Host: a\r\n"
            ),
            "Final-Recipient: rfc822;x@y.example\r\nDisposition: manual-action/MDN-sent-manually;\r\n displayed\r\n"
        );
        assert_eq!(
            cleaned(
                "message/delivery-status",
                "Reporting-MTA: dns; EXCH01.kowalski.local\nArrival-Date: x\n\nAction: failed\nRemote-MTA: dns; mx.a.example\nDiagnostic-Code: smtp; 550 5.1.1 mx.a.example says no\n"
            ),
            "Reporting-MTA: dns; allegromail.pl\r\nArrival-Date: x\r\n\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n"
        );
        assert_eq!(
            cleaned(
                "text/rfc822-headers",
                "Received: from laptop.kowalski.local\r\nFrom: Jan <jan@poczta.example>\r\nSubject: rower\r\nMessage-ID: <1@laptop.kowalski.local>\r\n"
            ),
            "From: Jan <mask@allegromail.pl>\r\nSubject: rower\r\n\r\n"
        );
    }
}

//! A message without octets over 127, for a server that takes no others (RFC 6152 3): the same text under other transfer encodings.
//!
//! Leaf parts become quoted-printable or base64; multiparts and messages are only relabelled, for they must not be encoded themselves
//! (RFC 2045 6.4). Raw octets in heads become encoded words and RFC 2231 parameters. What cannot be said otherwise is an error.

use std::ops::Range;

use bytes::Bytes;

use crate::message::{
    Encoding, Field, Holds, Message, Parameters, Part, decode, encode, encode_phrase, fields,
    parse_list,
};

/// Why a message has to stay as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be written with seven bits: {0}")]
pub struct EightBitOnly(&'static str);

/// Replacements for ranges of the message, in any order, none over another.
type Edits = Vec<(Range<usize>, Vec<u8>)>;

/// `letter` in ASCII. Every part keeps its decoded content byte for byte, and every line its text.
///
/// # Errors
/// [`EightBitOnly`]: a signature would break (multipart/signed), or there is a part whose encoding or head nobody knows how to change.
pub fn seven_bit(letter: &Message) -> Result<Bytes, EightBitOnly> {
    let raw = letter.raw();
    let structure = letter.structure();
    if structure.delimiters.iter().any(|line| {
        !raw.get(line.boundary.clone())
            .unwrap_or_default()
            .is_ascii()
    }) {
        return Err(EightBitOnly("a boundary is not ASCII"));
    }
    let mut edits = Edits::new();
    for (index, part) in structure.parts.iter().enumerate() {
        let head = raw.get(part.head.clone()).unwrap_or_default();
        let body = raw.get(part.body.clone()).unwrap_or_default();
        let is_message = part
            .within
            .and_then(|within| structure.parts.get(within))
            .map_or(index == 0, |within| within.holds == Holds::Message);
        if head.is_ascii()
            && body.is_ascii()
            && !matches!(part.encoding.as_str(), "8bit" | "binary")
        {
            continue;
        }
        if !body.is_ascii()
            && matches!(
                part.kind.essence.as_str(),
                "multipart/signed" | "multipart/encrypted"
            )
        {
            return Err(EightBitOnly("a signature would break"));
        }
        let encoding = encoded(part, body, &mut edits)?;
        let plan = Head {
            encoding,
            kind: missing_kind(part, body, head),
            is_message,
        };
        plan.edit(part.head.start, head, &mut edits)?;
    }
    let out = apply(raw, edits);
    if out.is_ascii() {
        Ok(Bytes::from(out))
    } else {
        Err(EightBitOnly("octets are left that belong to no part"))
    }
}

/// Writes the content of a leaf anew, and says its new encoding; for others the new label, and none if the label may stay.
fn encoded(
    part: &Part,
    body: &[u8],
    edits: &mut Edits,
) -> Result<Option<&'static str>, EightBitOnly> {
    let labelled = matches!(part.encoding.as_str(), "8bit" | "binary");
    if part.holds != Holds::Content || (body.is_ascii() && part.encoding == "8bit") {
        return Ok(labelled.then_some("7bit"));
    }
    if body.is_ascii() && part.encoding != "binary" {
        return Ok(None);
    }
    let (major, _) = part.kind.essence.split_once('/').unwrap_or_default();
    let status = matches!(
        part.kind.essence.as_str(),
        "message/delivery-status"
            | "message/global-delivery-status"
            | "message/disposition-notification"
    );
    if major == "multipart" || (major == "message" && !status) {
        return Err(EightBitOnly(
            "a part that must not be encoded has no structure",
        ));
    }
    let new = match part.encoding.as_str() {
        "" | "7bit" | "8bit" | "binary" if major == "text" || major == "message" => readable(body),
        "" | "7bit" | "8bit" | "binary" | "base64" => Encoding::Base64,
        "quoted-printable" => Encoding::QuotedPrintable,
        _ => return Err(EightBitOnly("a part has an unknown transfer encoding")),
    };
    let content = new.encode(&Encoding::of(&part.encoding).decode(body));
    edits.push((part.body.clone(), content));
    Ok(Some(match new {
        Encoding::Base64 => "base64",
        _ => "quoted-printable",
    }))
}

/// Quoted-printable, which shows the text to whoever looks; base64 where more than every third octet is not ASCII, and with NUL, which is no
/// readable text.
fn readable(body: &[u8]) -> Encoding {
    let high = body.iter().filter(|octet| !octet.is_ascii()).count();
    if memchr::memchr(0, body).is_some() || high * 3 > body.len() {
        Encoding::Base64
    } else {
        Encoding::QuotedPrintable
    }
}

/// A Content-Type for a leaf that has none: its text is no ASCII, so the default would be a lie (RFC 2045 5.2).
fn missing_kind(part: &Part, body: &[u8], head: &[u8]) -> Option<&'static str> {
    let named = fields(head).any(|field| is(&field, b"content-type"));
    if named || part.holds != Holds::Content || body.is_ascii() {
        return None;
    }
    Some(if std::str::from_utf8(body).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "text/plain; charset=unknown-8bit"
    })
}

fn is(field: &Field<'_>, name: &[u8]) -> bool {
    field.name.eq_ignore_ascii_case(name)
}

/// What a part's head is to say.
struct Head {
    encoding: Option<&'static str>,
    kind: Option<&'static str>,
    /// Whether it is the head of a message: then MIME needs its version.
    is_message: bool,
}

impl Head {
    /// Changes the fields that have to change, and adds those that are missing.
    fn edit(&self, start: usize, head: &[u8], edits: &mut Edits) -> Result<(), EightBitOnly> {
        let (mut at, mut written, mut versioned) = (start, false, false);
        for field in fields(head) {
            let place = at..at + field.whole.len();
            at = place.end;
            versioned |= is(&field, b"mime-version");
            if let Some(encoding) = self.encoding
                && is(&field, b"content-transfer-encoding")
            {
                let line = format!("Content-Transfer-Encoding: {encoding}\r\n");
                // A second one would be anybody's guess.
                let line = if written { String::new() } else { line };
                edits.push((place, line.into_bytes()));
                written = true;
            } else if !field.whole.is_ascii() {
                edits.push((place, plain(&field)?));
            }
        }
        let mut added = String::new();
        if let Some(kind) = self.kind {
            added.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        if let (Some(encoding), false) = (self.encoding, written) {
            added.push_str(&format!("Content-Transfer-Encoding: {encoding}\r\n"));
        }
        if self.is_message && !versioned && !(added.is_empty() && self.encoding.is_none()) {
            added.insert_str(0, "MIME-Version: 1.0\r\n");
        }
        let ended = ["\n\r\n", "\n\n"]
            .iter()
            .any(|end| head.ends_with(end.as_bytes()))
            || matches!(head, b"\r\n" | b"\n");
        if !added.is_empty() && !ended {
            // The head ended at a line that is no field. Behind new fields it must not be taken for one.
            added.push_str("\r\n");
        }
        if !added.is_empty() {
            edits.push((at..at, added.into_bytes()));
        }
        Ok(())
    }
}

/// A field in ASCII.
fn plain(field: &Field<'_>) -> Result<Vec<u8>, EightBitOnly> {
    const ADDRESSES: [&[u8]; 6] = [b"from", b"to", b"cc", b"bcc", b"reply-to", b"sender"];
    let bad = EightBitOnly("a header field cannot be written in ASCII");
    let name = std::str::from_utf8(field.name).map_err(|_| bad)?;
    let value = if is(field, b"content-type") || is(field, b"content-disposition") {
        Parameters::parse(field.value).print()
    } else if ADDRESSES.iter().any(|known| is(field, known)) {
        let listed = parse_list(field.value).map_err(|_| bad)?;
        let listed = listed.iter().map(|entry| match &entry.name {
            Some(name) => format!("{} <{}>", encode_phrase(name), entry.mailbox),
            None => entry.mailbox.to_string(),
        });
        listed.collect::<Vec<_>>().join(",\r\n ")
    } else {
        encode(&decode(field.value))
    };
    let line = format!("{name}: {}\r\n", value.trim_start());
    if line.is_ascii() {
        Ok(line.into_bytes())
    } else {
        Err(bad)
    }
}

/// Carries the edits out. What stands between the parts of a multipart is read by nobody: there an octet over 127 becomes `?`.
fn apply(raw: &[u8], mut edits: Edits) -> Vec<u8> {
    edits.sort_by_key(|(place, _)| (place.start, place.end));
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 8);
    let mut at = 0;
    for (place, new) in edits {
        let kept = raw.get(at..place.start.max(at)).unwrap_or_default();
        out.extend(kept.iter().map(|octet| ascii(*octet)));
        out.extend_from_slice(&new);
        at = at.max(place.end);
    }
    let kept = raw.get(at..).unwrap_or_default();
    out.extend(kept.iter().map(|octet| ascii(*octet)));
    out
}

const fn ascii(octet: u8) -> u8 {
    if octet.is_ascii() { octet } else { b'?' }
}

#[cfg(test)]
mod tests {
    use mail_parser::MimeHeaders;

    use super::*;

    fn convert(message: &[u8]) -> Result<String, EightBitOnly> {
        let letter = Message::parse(Bytes::copy_from_slice(message)).unwrap();
        let out = seven_bit(&letter)?;
        // A second reader finds the same parts with the same content and names.
        let parser = mail_parser::MessageParser::default();
        let (before, after) = (parser.parse(message).unwrap(), parser.parse(&out).unwrap());
        assert_eq!(contents(&before), contents(&after));
        assert_eq!(before.subject(), after.subject());
        Ok(String::from_utf8(out.to_vec()).unwrap())
    }

    fn contents(message: &mail_parser::Message<'_>) -> Vec<(Option<String>, Vec<u8>)> {
        let mut all = Vec::new();
        for part in &message.parts {
            let name = part.attachment_name().map(str::to_owned);
            match &part.body {
                mail_parser::PartType::Message(inner) => all.extend(contents(inner)),
                mail_parser::PartType::Multipart(_) => {}
                // What a part without a text in it is called is the reader's own affair.
                _ => all.push((name, part.contents().trim_ascii_end().to_vec())),
            }
        }
        all
    }

    const PLAIN: &str = "From: a@b.example\r\nSubject: hello\r\n";

    #[test]
    fn h138_texts_become_readable_and_keep_every_letter() {
        let out = convert(
            format!("{PLAIN}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nZa\u{17c}\u{f3}\u{142}\u{107}, three = 3 \r\nend\r\n").as_bytes(),
        )
        .unwrap();
        assert!(
            out.contains("Content-Transfer-Encoding: quoted-printable\r\n"),
            "{out}"
        );
        assert!(out.contains("MIME-Version: 1.0\r\n"), "{out}");
        assert!(
            out.contains("Za=C5=BC=C3=B3=C5=82=C4=87, three =3D 3=20\r\nend\r\n"),
            "{out}"
        );
        // ISO-8859-2 stays what it is.
        let mut latin = format!(
            "{PLAIN}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-2\r\n\r\nz"
        )
        .into_bytes();
        latin.extend(*b"\xb3oty polski, nic wiecej\r\n");
        let out = convert(&latin).unwrap();
        assert!(
            out.contains("charset=iso-8859-2") && out.contains("z=B3oty"),
            "{out}"
        );
        assert_eq!(out.matches("MIME-Version").count(), 1);
        // Text in another script is shorter in base64; text of no named kind gets one.
        let out = convert(
            format!(
                "{PLAIN}\r\n\u{437}\u{434}\u{440}\u{430}\u{432}\u{441}\u{442}\u{432}\u{443}\r\n"
            )
            .as_bytes(),
        )
        .unwrap();
        assert!(
            out.contains("base64") && out.contains("text/plain; charset=utf-8"),
            "{out}"
        );
    }

    #[test]
    fn h138_parts_within_parts_and_names_of_files() {
        let inner = "From: \"\u{141}\" <c@d.example>\r\nSubject: \u{17c}\u{f3}\u{142}w\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>\u{17c}\u{f3}\u{142}w</p>";
        let message = format!(
            "{PLAIN}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\npre\u{142}\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nplain only\r\n--b\r\n\r\n\u{142}\u{f3}d\u{17a} and more words\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{inner}\r\n--b\r\nContent-Type: application/pdf; name=\"za\u{142}.pdf\"\r\nContent-Disposition: attachment; filename=\"za\u{142}.pdf\"\r\nContent-Transfer-Encoding: binary\r\n\r\n%PDF\u{142}\r\n--b--\r\nepilogue \u{142}\r\n"
        );
        let out = convert(message.as_bytes()).unwrap();
        assert!(!out.contains("8bit") && !out.contains("binary"), "{out}");
        assert!(out.contains("filename*=utf-8''za%C5%82.pdf"), "{out}");
        assert!(
            out.contains("<p>=C5=BC=C3=B3=C5=82w</p>") || out.contains("base64"),
            "{out}"
        );
        assert!(out.contains("\r\nplain only\r\n--b\r\n"), "{out}");
    }

    #[test]
    fn h138_what_would_break_stays_as_it_is() {
        for (head, body) in [
            (
                "Content-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\"",
                "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\u{142}\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n",
            ),
            (
                "Content-Type: application/x\r\nContent-Transfer-Encoding: x-uuencode",
                "\u{142}\r\n",
            ),
            ("Content-Type: message/partial; id=a", "\u{142}\r\n"),
            ("Content-Type: multipart/mixed", "\u{142}\r\n"),
            ("To: \u{142}@b.example <", "x\r\n"),
        ] {
            let message = format!("{PLAIN}MIME-Version: 1.0\r\n{head}\r\n\r\n{body}");
            let letter = Message::parse(message.clone().into_bytes().into()).unwrap();
            assert!(seven_bit(&letter).is_err(), "{message}");
        }
        // What has no eighth bit loses nothing.
        let ascii = format!(
            "{PLAIN}MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"
        );
        let letter = Message::parse(ascii.clone().into_bytes().into()).unwrap();
        assert_eq!(seven_bit(&letter).unwrap(), ascii.as_bytes());
    }
}

//! A message without octets over 127, for a server that takes no others (RFC 6152 3): the same text under other transfer encodings.
//!
//! Leaf parts become quoted-printable or base64; multiparts and messages are only relabelled, for they must not be encoded themselves
//! (RFC 2045 6.4). Raw octets in heads become encoded words and RFC 2231 parameters. What cannot be said otherwise is an error.

use bytes::Bytes;

mod edits;
mod head;

pub use self::edits::EightBitOnly;
use self::edits::{Edits, apply};
use self::head::{Head, missing_kind};
use crate::message::{Encoding, Holds, Message, Part};

/// `message` in ASCII. Every part keeps its decoded content byte for byte, and every line its text.
///
/// # Errors
/// [`EightBitOnly`]: a signature would break (multipart/signed), or there is a part whose encoding or head nobody knows how to change.
pub fn seven_bit(message: &Message) -> Result<Bytes, EightBitOnly> {
    let raw = message.raw();
    let structure = message.structure();
    // A boundary has no encoded form, and honest programs write none that would need one.
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
        // Nothing to do here. A label of 8bit over plain ASCII is mended, too: a strict server would refuse the part.
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
        // Its parts are encoded one by one, or it is ASCII under a label that says more.
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
        // Already encoded, with raw octets among it: decoding passes them on, and now they are encoded, too.
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

#[cfg(test)]
mod tests;

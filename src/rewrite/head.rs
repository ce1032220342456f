//! The header fields of parts, and of messages within the message.
//!
//! As for the message itself, what stays is an allowlist: parts carry names of hosts and people in fields that no reader shows
//! (Content-Location, X-Attachment-Id, Received of a forwarded message; docs/threats.md#94).

use sha2::{Digest, Sha256};

use super::masker::Masker;
use crate::message::{self, Field, Parameters};

/// What must be said anew in a part's head, since its content changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fixes {
    /// Another media type: `multipart/mixed` for what is no `multipart/signed` any more, and what a file truly is.
    pub(super) essence: Option<&'static str>,
    /// Another boundary, where the old one names the writer. Whoever sets it also changes the delimiters.
    pub(super) boundary: Option<String>,
    /// The charset that the content was changed to.
    pub(super) charset: Option<&'static str>,
    /// The transfer encoding that it is under now.
    pub(super) encoding: Option<&'static str>,
    /// Whether the octets of a file changed: its size in Content-Disposition is another now (RFC 2183 2.7).
    pub(super) resized: bool,
    /// The part was emptied: nothing of its old head is true.
    pub(super) emptied: bool,
    /// Whether something stands in an emptied part: a line of ours in quoted-printable.
    pub(super) noted: bool,
}

/// Fields of a part that stay (RFC 2045, RFC 2183, RFC 3282).
const PART: [&[u8]; 5] = [
    b"content-type",
    b"content-transfer-encoding",
    b"content-disposition",
    b"content-id",
    b"content-language",
];
/// Fields of a message within the message that stay beside these: who wrote what a person forwards is what he wants to show. Addresses of
/// his own in them become the mask.
const MESSAGE: [&[u8]; 6] = [b"from", b"to", b"cc", b"subject", b"date", b"mime-version"];

/// Parameters that stay (RFC 2045, 2046, 2183, 2387, 3462, 3676, 5546): others are programs' own, and name hosts, paths and zones.
const PARAMETERS: [&str; 13] = [
    "boundary",
    "charset",
    "component",
    "delsp",
    "filename",
    "format",
    "method",
    "name",
    "reply-type",
    "report-type",
    "size",
    "start",
    "type",
];

/// Whether a field of this name may stay in the head of a part.
pub(super) fn stays(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    PART.contains(&name.as_slice()) || MESSAGE.contains(&name.as_slice())
}

/// A short name for an id that must not show: the same for the same id, in every message, so that what refers to it finds it. 80 bits.
pub(super) fn digest(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    let short = digest.get(..10).unwrap_or(&digest);
    data_encoding::HEXLOWER.encode(short)
}

/// A part's head with only the fields that stay, masked.
pub(super) fn head(old: &[u8], of_message: bool, fixes: &Fixes, masker: &Masker) -> Vec<u8> {
    let mut out = Vec::with_capacity(old.len() + 64);
    if fixes.noted {
        return b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".to_vec();
    }
    // No file name, no description: they would speak of a content that is gone.
    if fixes.emptied {
        return b"Content-Type: text/plain\r\n\r\n".to_vec();
    }
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for field in message::fields(old) {
        let name = field.name.to_ascii_lowercase();
        let stays =
            PART.contains(&name.as_slice()) || (of_message && MESSAGE.contains(&name.as_slice()));
        // Of a field that stands twice programs read the first or the last: now it is one, the one that the part was judged by.
        if !stays || seen.contains(&name) || says_nothing(&name, field.value) {
            continue;
        }
        out.extend(masked_field(&field, fixes, masker));
        seen.push(name);
    }
    let mut missing = |name: &str, value: Option<String>| {
        if let Some(value) = value
            && !seen.contains(&name.to_ascii_lowercase().into_bytes())
        {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    };
    missing(
        "Content-Transfer-Encoding",
        fixes.encoding.map(str::to_owned),
    );
    missing(
        "Content-Type",
        match (fixes.essence, fixes.charset) {
            (Some(essence), _) => Some(essence.to_owned()),
            (None, charset) => charset.map(|charset| format!("text/plain; charset={charset}")),
        },
    );
    out.extend_from_slice(b"\r\n");
    out
}

/// Whether a field that should say what a part is does not (as `message::Structure` reads them): another one of its name may do so.
fn says_nothing(name: &[u8], value: &[u8]) -> bool {
    match name {
        b"content-type" => !Parameters::parse(value).essence.contains('/'),
        b"content-transfer-encoding" => Parameters::parse(value).essence.is_empty(),
        _ => false,
    }
}

/// One field as it will leave: as it was, to the octet, if there is nothing to mend. Of what cannot be read, the masked text is left.
pub(super) fn masked_field(field: &Field<'_>, fixes: &Fixes, masker: &Masker) -> Vec<u8> {
    let name = String::from_utf8_lossy(field.name).into_owned();
    let value = match field.name.to_ascii_lowercase().as_slice() {
        b"content-transfer-encoding" => fixes.encoding.map(str::to_owned),
        b"content-type" => parameters(field.value, fixes, masker),
        // It has parameters, but none of those that Content-Type mends.
        b"content-disposition" => {
            let resized = Fixes {
                resized: fixes.resized,
                ..Fixes::default()
            };
            parameters(field.value, &resized, masker)
        }
        b"content-id" => part_id(&message::decode(field.value), masker),
        _ => words(field.value, masker),
    };
    match value {
        Some(value) => format!("{name}: {value}\r\n").into_bytes(),
        None => {
            let mut whole = field.whole.to_vec();
            if !whole.ends_with(b"\n") {
                whole.extend_from_slice(b"\r\n");
            }
            whole
        }
    }
}

/// A value with parameters, written anew if anything in it must change.
fn parameters(value: &[u8], fixes: &Fixes, masker: &Masker) -> Option<String> {
    let mut read = Parameters::parse(value);
    let before = read.clone();
    let odd = message::has_odd_charset(value);
    let unambiguous = message::is_unambiguous(value);
    if !unambiguous {
        for (name, value) in &mut read.list {
            if matches!(name.as_str(), "name" | "filename") {
                *value = plain_name(value);
            }
        }
    }
    if let Some(essence) = fixes.essence {
        essence.clone_into(&mut read.essence);
        // `protocol` and `micalg` spoke of the signature, and a charset of a text.
        read.list
            .retain(|(name, _)| matches!(name.as_str(), "boundary" | "name"));
    }
    if fixes.resized {
        read.list.retain(|(name, _)| name != "size");
    }
    for (name, new) in [
        ("boundary", fixes.boundary.as_deref()),
        ("charset", fixes.charset),
    ] {
        if let Some(new) = new {
            read.list.retain(|(known, _)| known != name);
            read.list.push((name.to_owned(), new.to_owned()));
        }
    }
    read.list
        .retain(|(name, _)| PARAMETERS.contains(&name.as_str()));
    for (name, value) in &mut read.list {
        *value = match name.as_str() {
            "boundary" => continue,
            "start" => part_id(value, masker).unwrap_or_else(|| masker.mask_text(value)),
            "name" | "filename" => file_name(value, masker),
            _ => masker.mask_text(value),
        };
    }
    // The raw value too: what the reading passes over, a comment say, another reader may show.
    if unambiguous && read == before && !odd && value.is_ascii() && masker.mask(value).is_none() {
        return None;
    }
    let mut printed = read.print();
    if masker.mask(printed.as_bytes()).is_some() {
        // Something that no program needs: a strange name of a parameter, say.
        read.list
            .retain(|(name, _)| matches!(name.as_str(), "boundary" | "charset"));
        printed = read.print();
    }
    Some(printed)
}

/// The id that the part of this Content-ID has now, in its angle brackets; none if it has none of ours.
fn part_id(old: &str, masker: &Masker) -> Option<String> {
    let bare = old.trim().trim_start_matches('<').trim_end_matches('>');
    let masked = masker.mask_text(&format!("cid:{bare}"));
    let new = masked.strip_prefix("cid:").filter(|new| *new != bare)?;
    Some(format!("<{new}>"))
}

/// The name of a file without signs at which some program ends it earlier than others, or reads more into it.
fn plain_name(name: &str) -> String {
    let decoded = message::decode(name.as_bytes());
    let plain = |c: char| {
        if c.is_control() || "\"\\<>".contains(c) {
            '_'
        } else {
            c
        }
    };
    decoded
        .chars()
        .map(plain)
        .collect::<String>()
        .replace("=?", "_")
}

/// The name of a file, masked: first without its ending, which may be a top-level domain as well (`.zip`).
fn file_name(name: &str, masker: &Masker) -> String {
    let masked = match name.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('@') => {
            format!("{}.{ending}", masker.mask_text(stem))
        }
        _ => name.to_owned(),
    };
    masker.mask_text(&masked)
}

/// A value of text or addresses, with encoded words or without. One in a charset that not every program knows is written anew.
fn words(value: &[u8], masker: &Masker) -> Option<String> {
    let decoded = message::decode(value);
    let masked = masker.mask_text(&decoded);
    if masked == decoded && masker.mask(value).is_none() && !message::has_odd_charset(value) {
        return None;
    }
    Some(message::encode(&masked))
}

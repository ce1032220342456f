//! The content of one text part: decoded, masked, and written again the way it was, if that can be.

use std::borrow::Cow;

use super::masker::Masker;
use crate::mail::Domain;
use crate::message::Part;
use crate::message::{Encoding, has_long_line};

/// A text part as it will leave.
pub(super) struct Leaf {
    pub(super) content: Vec<u8>,
    /// Its new transfer encoding, if the old one cannot carry it.
    pub(super) encoding: Option<&'static str>,
    /// Its new charset, if it had to leave the old one.
    pub(super) charset: Option<&'static str>,
}

/// What ids of calendars and cards are freed of.
pub(super) struct Ids<'a> {
    /// The writer's domains.
    pub(super) private: &'a [Domain],
    /// The domain that stands there instead.
    pub(super) shown: &'a Domain,
}

/// Masks a text part; none if it may stay as it is.
///
/// # Errors
/// Why its text cannot be read, in words that follow "the part".
pub(super) fn leaf(
    part: &Part,
    content: &[u8],
    masker: &Masker,
    ids: &Ids<'_>,
) -> Result<Option<Leaf>, &'static str> {
    let encoding = Encoding::of(&part.encoding);
    let decoded = encoding.decode(content);
    let (text, charset) = ascii_based(part, &decoded)?;
    let text = armour(text)?;
    let calendar = is_calendar(part, &text);
    let mut masked = masker.mask(&text);
    if calendar {
        let text = masked.as_deref().unwrap_or(&text);
        masked = free_ids(text, ids).or(masked);
    }
    let changed = match (masked, text) {
        (Some(masked), _) => masked,
        (None, Cow::Owned(owned)) if charset.is_none() => owned,
        (None, _) if encoding == Encoding::Identity && has_long_line(content) => content.to_vec(),
        (None, _) => return Ok(None),
    };
    let quoted = encoding == Encoding::Identity
        && (has_long_line(&changed) || (charset.is_some() && !changed.is_ascii()));
    let encoding = if quoted {
        Encoding::QuotedPrintable
    } else {
        encoding
    };
    Ok(Some(Leaf {
        content: encoding.encode(&changed),
        encoding: quoted.then_some("quoted-printable"),
        charset,
    }))
}

/// The text in a charset that has ASCII in it, where addresses can be found octet by octet: as it is, or UTF-8 if it had to be decoded.
fn ascii_based<'a>(
    part: &Part,
    decoded: &'a [u8],
) -> Result<(Cow<'a, [u8]>, Option<&'static str>), &'static str> {
    let label = part.kind.get("charset").unwrap_or_default();
    let lower = label.trim().to_ascii_lowercase();
    let odd = [
        "utf-7",
        "unicode-1-1-utf-7",
        "utf-32",
        "ucs-4",
        "cp037",
        "ebcdic",
        "scsu",
        "bocu",
    ];
    if odd.iter().any(|name| lower.starts_with(name)) || lower.starts_with("ibm0") {
        return Err("has a charset that cannot be read");
    }
    let marked = match decoded {
        [0xff, 0xfe, ..] => Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff, ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    let labelled = encoding_rs::Encoding::for_label(lower.as_bytes())
        .filter(|found| *found == encoding_rs::UTF_16LE || *found == encoding_rs::UTF_16BE);
    // A charset that lies: there is no text in UTF-16 without a zero octet.
    let wide = marked.or_else(|| labelled.filter(|_| memchr::memchr(0, decoded).is_some()));
    let Some(wide) = wide else {
        return Ok((Cow::Borrowed(decoded), None));
    };
    Ok((
        Cow::Owned(wide.decode(decoded).0.into_owned().into_bytes()),
        Some("utf-8"),
    ))
}

/// PGP in the text itself: a signature and a key go, for they name their owner; what is encrypted cannot be judged.
fn armour(text: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, &'static str> {
    const OPEN: &[u8] = b"-----BEGIN PGP ";
    if memchr::memmem::find(&text, OPEN).is_none() {
        return Ok(text);
    }
    if memchr::memmem::find(&text, b"-----BEGIN PGP MESSAGE-----").is_some() {
        return Err("is encrypted");
    }
    let mut out = Vec::with_capacity(text.len());
    let mut inside = false;
    let mut heading = false;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        let bare = line.trim_ascii().trim_ascii_start();
        let bare = bare.strip_prefix(b"> ").unwrap_or(bare);
        if bare.starts_with(b"-----BEGIN PGP SIGNED MESSAGE") {
            heading = true;
        } else if bare.starts_with(OPEN) {
            inside = true;
        } else if inside {
            inside = !bare.starts_with(b"-----END PGP ");
        } else if heading {
            heading = !bare.is_empty();
        } else {
            out.extend_from_slice(line);
        }
    }
    Ok(Cow::Owned(out))
}

fn is_calendar(part: &Part, text: &[u8]) -> bool {
    matches!(
        part.kind.essence.as_str(),
        "text/calendar" | "text/vcard" | "text/x-vcard" | "application/ics"
    ) || memchr::memmem::find(
        text.get(..text.len().min(200)).unwrap_or_default(),
        b"BEGIN:V",
    )
    .is_some()
}

/// Replaces the UID lines that name a private domain (RFC 5545 3.8.4.7, RFC 6350 6.7.6); the same id always becomes the same.
fn free_ids(text: &[u8], ids: &Ids<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut changed = false;
    let mut lines = text.split_inclusive(|octet| *octet == b'\n').peekable();
    while let Some(line) = lines.next() {
        let is_id = line
            .get(..3)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"UID"))
            && matches!(line.get(3), Some(b':' | b';'));
        let mut whole = line.to_vec();
        while is_id
            && lines
                .peek()
                .is_some_and(|next| matches!(next.first(), Some(b' ' | b'\t')))
        {
            whole.extend_from_slice(lines.next().unwrap_or_default());
        }
        let unfolded = String::from_utf8_lossy(&whole)
            .replace("\r\n ", "")
            .replace("\r\n\t", "");
        if is_id && super::head::names(&unfolded, ids.private) {
            changed = true;
            let end = if whole.ends_with(b"\r\n") {
                "\r\n"
            } else {
                "\n"
            };
            let id = super::head::digest(unfolded.trim_end());
            out.extend_from_slice(format!("UID:{id}@{}{end}", ids.shown).as_bytes());
        } else {
            out.extend_from_slice(&whole);
        }
    }
    changed.then_some(out)
}

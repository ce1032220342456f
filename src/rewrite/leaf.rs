//! The content of one text part: decoded, masked, and written again the way it was, if that can be.

use std::borrow::Cow;

use super::calendar::{self, Ids, is_calendar};
use super::embedded;
use super::quotes;
use crate::message::{Encoding, Part, has_long_line};

/// A text part as it will leave.
pub(super) struct Leaf {
    /// Under its transfer encoding, the new one if there is one.
    pub(super) content: Vec<u8>,
    /// Its new transfer encoding, if the old one cannot carry it.
    pub(super) encoding: Option<&'static str>,
    /// Its new charset, if it had to leave the old one.
    pub(super) charset: Option<&'static str>,
}

/// Masks a text part; none if it may stay as it is, to the octet: honest mail keeps its layout, its charset and its soft line breaks
/// (peers 3.5).
///
/// # Errors
/// Why its text cannot be read, in words that follow "the part".
pub(super) fn leaf(
    part: &Part,
    content: &[u8],
    ids: &Ids<'_>,
) -> Result<Option<Leaf>, &'static str> {
    let encoding = Encoding::of(&part.encoding);
    let decoded = encoding.decode(content);
    let (text, charset) = ascii_based(part, &decoded)?;
    let cut = armour(&text)?;
    let armoured = cut.is_some();
    let text = cut.map_or(text, Cow::Owned);
    let holds = |piece: &&[u8]| memchr::memmem::find(&text, piece).is_some();
    if PORTAL_PATHS.iter().any(holds) && PORTALS.iter().any(holds) {
        return Err("leads to an encrypted message at the writer's mailbox provider");
    }
    // Ids first: masked, they could not be led back.
    let turned = is_calendar(part, &text).then(|| calendar::turn(&text, part, ids));
    let mut changed = turned.flatten();
    for step in [words, embedded_mask] {
        let masked = step(ids, changed.as_deref().unwrap_or(&text));
        changed = masked.or(changed);
    }
    let changed = match (changed, text) {
        (Some(changed), _) => changed,
        // Nothing to mask, but armour was cut out.
        (None, text) if armoured => text.into_owned(),
        // Nothing to mask, but a line that the next server may refuse (RFC 5322 2.1.1; hostile-inputs 25).
        (None, text) if encoding == Encoding::Identity && has_long_line(content) => {
            text.into_owned()
        }
        (None, _) => return Ok(None),
    };
    // A mask can make a line too long, and a part that called itself 7bit must not hold UTF-8.
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

/// Links of providers that keep an encrypted message on a page of their own, which names its writer (peers 3.1, 7).
const PORTALS: [&[u8]; 4] = [
    b"mail.proton.me/eo/",
    b"mail.protonmail.com/eo/",
    b"app.tuta.com/#mail",
    b"mail.tutanota.com/#mail",
];

/// What all of them have: two searches of a long text instead of four.
const PORTAL_PATHS: [&[u8]; 2] = [b"/eo/", b"com/#mail"];

/// The text masked, its own words and what it quotes each in their way; none if nothing had to be.
fn words(ids: &Ids<'_>, text: &[u8]) -> Option<Vec<u8>> {
    if !ids.masker.looks_for_more_than(ids.quoted) {
        return ids.quoted.mask(text);
    }
    let mut changed = false;
    let mut out = Vec::with_capacity(text.len() + 64);
    for (place, quoted) in quotes::pieces(text) {
        let piece = text.get(place).unwrap_or_default();
        let masker = if quoted { ids.quoted } else { ids.masker };
        let masked = masker.mask(piece);
        changed |= masked.is_some();
        out.extend_from_slice(masked.as_deref().unwrap_or(piece));
    }
    changed.then_some(out)
}

/// What stands encoded in it; whose words those are cannot be told, so it is as in what is quoted.
fn embedded_mask(ids: &Ids<'_>, text: &[u8]) -> Option<Vec<u8>> {
    embedded::mask(text, ids.quoted)
}

/// The text in a charset that has ASCII in it, where addresses can be found octet by octet: as it is, or UTF-8 if it had to be decoded.
fn ascii_based<'a>(
    part: &Part,
    decoded: &'a [u8],
) -> Result<(Cow<'a, [u8]>, Option<&'static str>), &'static str> {
    let label = part.kind.get("charset").unwrap_or_default();
    let lower = label.trim().to_ascii_lowercase();
    // Ours to refuse: an address in them is no address octet by octet, and nothing here decodes them (hostile-inputs 105).
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
    // A byte order mark counts before the label, as in browsers.
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

/// PGP in the text itself: a signature and a key go, for they name their owner; what is encrypted cannot be judged (hostile-inputs 96). A block
/// that does not end takes the rest of the text with it. None: there is nothing of it.
fn armour(text: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    const OPEN: &[u8] = b"-----BEGIN PGP ";
    if memchr::memmem::find(text, OPEN).is_none() {
        return Ok(None);
    }
    if memchr::memmem::find(text, b"-----BEGIN PGP MESSAGE-----").is_some() {
        return Err("is encrypted");
    }
    let mut out = Vec::with_capacity(text.len());
    let mut inside = false;
    let mut heading = false;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        let bare = line.trim_ascii().trim_ascii_start();
        // Also within a quoted message, one level deep.
        let bare = bare.strip_prefix(b"> ").unwrap_or(bare);
        if bare.starts_with(b"-----BEGIN PGP SIGNED MESSAGE") {
            // The signed text stays; what goes is its frame, with the lines up to the first empty one (RFC 4880 7).
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
    Ok(Some(out))
}

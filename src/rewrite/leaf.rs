//! The content of one text part: decoded, masked, and written again the way it was, if that can be.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use memchr::memmem;

use super::calendar::{self, Ids, is_calendar};
use super::data_pictures;
use super::embedded;
use super::html;
use super::quotes;
use super::soft_breaks;
use crate::message::charset::{self, Decoded};
use crate::message::{Encoding as TransferEncoding, Part, has_long_line};

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
/// (docs/threats.md#p51).
///
/// # Errors
/// Why its text cannot be read, in words that follow "the part".
pub(super) fn leaf(part: &Part, content: &[u8], ids: &Ids<'_>) -> Result<Option<Leaf>, String> {
    let encoding = TransferEncoding::of(&part.encoding);
    let octets = encoding.decode(content);
    let label = part.kind.get("charset").unwrap_or_default();
    let Ok(read) = charset::decode(label, &octets) else {
        let label: String = label
            .chars()
            .filter(char::is_ascii_graphic)
            .take(40)
            .collect();
        return Err(format!(
            "has a charset that cannot be read, {label}; please send it as UTF-8"
        ));
    };
    let mut changed = masked(part, &read.text, ids)?;
    let mut read = read;
    if changed.is_none()
        && read.charset.is_none()
        && let Some(own) = own_charset(label, &octets)
    {
        changed = masked(part, &own.text, ids)?;
        read = own;
    }
    // Nobody tells what other programs would take it for.
    let unfit = read.charset.is_none();
    let long = encoding == TransferEncoding::Identity && has_long_line(content);
    let cut = |encoding, encoded: &[u8]| {
        encoding == TransferEncoding::QuotedPrintable && soft_breaks::cut(encoded, ids)
    };
    // Nothing to mask; but what is unfit is written anew, and so is a line that the next server may refuse (RFC 5322 2.1.1;
    // docs/threats.md#25).
    if changed.is_none() && !unfit && !long && !cut(encoding, content) {
        return Ok(None);
    }
    let (content, charset) = read.write(&current(&changed, &read.text));
    // A browser shows U+FFFD for what is no character, and so does HTML that was written anew: then its label must have it.
    let grown = octets.is_ascii()
        && !content.is_ascii()
        && Encoding::for_label(label.as_bytes()) != Some(UTF_8);
    let charset = charset.or_else(|| grown.then_some("utf-8"));
    // A mask can make a line too long, and a part that called itself 7bit must not hold UTF-8.
    let quoted = encoding == TransferEncoding::Identity
        && (has_long_line(&content) || (charset.is_some() && !content.is_ascii()));
    let encoding = if quoted {
        TransferEncoding::QuotedPrintable
    } else {
        encoding
    };
    let encoded = encoding.encode(&content);
    if cut(encoding, &encoded) {
        return Ok(Some(Leaf {
            content: TransferEncoding::Base64.encode(&content),
            encoding: Some("base64"),
            charset,
        }));
    }
    Ok(Some(Leaf {
        content: encoded,
        encoding: quoted.then_some("quoted-printable"),
        charset,
    }))
}

/// A text whose label does not fit it, or that has none, in the charset that it names itself: a file that is saved has no other. Only charsets of one
/// byte count, and UTF-8 beside them as a label, so that a program that goes by another shows other letters and no other ASCII. What has shifts
/// (ISO-2022) could be read as a text of its own.
fn own_charset<'a>(label: &str, octets: &'a [u8]) -> Option<Decoded<'a>> {
    const ESCAPE: u8 = 0x1b;
    let keeps_ascii = label.is_empty()
        || Encoding::for_label(label.as_bytes())
            .is_some_and(|known| known.is_single_byte() || known == UTF_8);
    if !keeps_ascii || memchr::memchr(ESCAPE, octets).is_some() {
        return None;
    }
    let own = html::declared(octets)?;
    let read = charset::decode(&own, octets).ok()?;
    let single = read.charset.is_some_and(|charset| charset.is_single_byte());
    single.then_some(read)
}

/// The text masked, with armour cut out; none if it may stay.
///
/// # Errors
/// Why it cannot be judged, in words that follow "the part".
fn masked(part: &Part, text: &str, ids: &Ids<'_>) -> Result<Option<Vec<u8>>, String> {
    let cut = armour(text)?;
    let text = cut.as_deref().unwrap_or(text);
    let bare = ids
        .attachments
        .and_then(|wanted| data_pictures::strip(text, wanted.keep_copyright));
    let text = bare.as_deref().unwrap_or(text);
    if portal(text) {
        return Err("leads to an encrypted message at the writer's mailbox provider".to_owned());
    }
    // Ids first: masked, they could not be led back.
    let turned =
        is_calendar(part, text.as_bytes()).then(|| calendar::turn(text.as_bytes(), part, ids));
    let mut changed = turned.flatten();
    // Whatever it calls itself: what is no HTML here may be quoted in some.
    if memchr::memchr2(b'<', b'&', text.as_bytes()).is_some() {
        let shown = html::mask(&current(&changed, text), ids);
        changed = shown.map(String::into_bytes).or(changed);
    }
    for step in [words, embedded_mask] {
        let masked = step(ids, changed.as_deref().unwrap_or(text.as_bytes()));
        changed = masked.or(changed);
    }
    Ok(changed.or_else(|| bare.or(cut).map(String::into_bytes)))
}

/// The text as far as it was changed. What masks leave whole characters whole.
fn current<'a>(changed: &'a Option<Vec<u8>>, text: &'a str) -> Cow<'a, str> {
    match changed {
        Some(changed) => String::from_utf8_lossy(changed),
        None => Cow::Borrowed(text),
    }
}

/// Links of providers that keep an encrypted message on a page of their own, which names its writer (docs/threats.md#p07).
const PORTALS: [&str; 4] = [
    "mail.proton.me/eo/",
    "mail.protonmail.com/eo/",
    "app.tuta.com/#mail",
    "mail.tutanota.com/#mail",
];

/// What all of them have: two searches of a long text instead of four.
const PORTAL_PATHS: [&[u8]; 2] = [b"/eo/", b"com/#mail"];
/// The shortest name of such a message; their pages of help have words there.
const LEAST_KEY: usize = 12;

/// Whether a text holds the link to such a message.
fn portal(text: &str) -> bool {
    let holds = |piece: &&[u8]| memmem::find(text.as_bytes(), piece).is_some();
    PORTAL_PATHS.iter().any(holds) && PORTALS.iter().any(|portal| leads(text, portal))
}

fn leads(text: &str, portal: &str) -> bool {
    memmem::find_iter(text.as_bytes(), portal.as_bytes()).any(|at| {
        let behind = text.as_bytes().get(at + portal.len()..).unwrap_or_default();
        let behind = behind.strip_prefix(b"/").unwrap_or(behind);
        let key = behind.iter();
        let key = key.take_while(|octet| octet.is_ascii_alphanumeric() || b"-_=".contains(octet));
        let length = key.count();
        // The password of a message may stand behind its name.
        length >= LEAST_KEY || (length > 0 && behind.get(length) == Some(&b'#'))
    })
}

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

/// PGP in the text itself: a signature and a key go, for they name their owner; what is encrypted cannot be judged (docs/threats.md#96). A block
/// that does not end takes the rest of the text with it. None: there is nothing of it.
fn armour(text: &str) -> Result<Option<String>, String> {
    const OPEN: &str = "-----BEGIN PGP ";
    if memmem::find(text.as_bytes(), OPEN.as_bytes()).is_none() {
        return Ok(None);
    }
    let lines: Vec<&str> = lines(text).collect();
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut heading, mut found) = (false, false, false);
    for (at, line) in lines.iter().enumerate() {
        let bare = unquoted(line);
        let below = lines.get(at + 1..).unwrap_or_default();
        let opens = bare.starts_with(OPEN) && bare.ends_with("-----");
        if opens && bare.starts_with("-----BEGIN PGP SIGNED MESSAGE") {
            // The signed text stays; what goes is its frame, with the lines up to the first empty one (RFC 9580 7).
            heading = below
                .iter()
                .any(|line| unquoted(line).starts_with("-----BEGIN PGP SIGNATURE"));
            found |= heading;
        } else if opens && goes_on(below) {
            if bare.starts_with("-----BEGIN PGP MESSAGE") {
                return Err("is encrypted".to_owned());
            }
            (inside, found) = (true, true);
        }
        if inside {
            inside = !bare.starts_with("-----END PGP ");
        } else if heading {
            heading = !bare.is_empty();
        } else {
            out.push_str(line);
        }
    }
    Ok(found.then_some(out))
}

/// The lines of a text with their ends, and those that elements of HTML end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    const ENDS: [&[u8]; 4] = [b"<br", b"</p", b"</div", b"</li"];
    let ends = |tag: &[u8]| {
        ENDS.iter().any(|end| {
            tag.get(..end.len())
                .is_some_and(|front| front.eq_ignore_ascii_case(end))
        })
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        let octets = rest.as_bytes();
        let end = memchr::memchr2_iter(b'\n', b'>', octets).find(|at| {
            let before = octets.get(..*at).unwrap_or_default();
            let tag = memchr::memrchr(b'<', before).and_then(|at| before.get(at..));
            octets.get(*at) == Some(&b'\n') || tag.is_some_and(ends)
        });
        let (line, next) = rest.split_at_checked(end.map_or(octets.len(), |end| end + 1))?;
        rest = next;
        (!line.is_empty()).then_some(line)
    })
}

/// Lines below the first one of a block within which its base64 begins.
const HEADING: usize = 8;

/// Whether armour goes on in these lines, or ends in one of them (RFC 9580 6.2): in prose its words stand alone.
fn goes_on(lines: &[&str]) -> bool {
    let code = |line: &&str| {
        let bare = unquoted(line);
        let coded = |octet: u8| octet.is_ascii_alphanumeric() || b"+/=".contains(&octet);
        bare.len() > 20 && bare.bytes().all(coded)
    };
    let ends = |line: &&str| unquoted(line).starts_with("-----END PGP ");
    lines.iter().take(HEADING).any(code) || lines.iter().any(ends)
}

/// A line without marks of quotes, tags of HTML and white space around it.
fn unquoted(line: &str) -> &str {
    let mut bare = line.trim();
    loop {
        let inner = bare.trim_start_matches(['>', ' ', '\t']);
        let inner = inner.strip_prefix("&gt;").unwrap_or(inner);
        let tag = inner
            .starts_with('<')
            .then(|| inner.split_once('>'))
            .flatten();
        let inner = tag.map_or(inner, |(_, rest)| rest);
        let inner = match inner
            .strip_suffix('>')
            .and_then(|inner| inner.rsplit_once('<'))
        {
            Some((rest, _)) => rest,
            None => inner,
        };
        let inner = inner.trim();
        if inner == bare {
            return bare;
        }
        bare = inner;
    }
}

//! What stands encoded in a text, wherever it stands.

use super::views;

/// The shortest run of base64 that could hold an address.
const SHORTEST: usize = 8;
/// How much of a decoded run decides whether it is text.
const SAMPLE: usize = 2_048;

/// The text read as quoted-printable; none if nothing in it is.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let mut out = String::new();
    (memchr::memchr(b'=', text.as_bytes()).is_some() && views::quoted(text, &mut out))
        .then_some(out)
}

/// Base64 whose last bits may be anything.
#[expect(
    clippy::expect_used,
    reason = "a constant specification; a test builds it"
)]
static LENIENT: std::sync::LazyLock<data_encoding::Encoding> = std::sync::LazyLock::new(|| {
    let mut spec = data_encoding::BASE64_NOPAD.specification();
    spec.check_trailing_bits = false;
    spec.encoding().expect("a change of one flag")
});

/// Whether a line is base64 (RFC 2045 6.8). Octets are looked at in blocks, without a branch for each.
fn is_base64(line: &[u8]) -> bool {
    let is = |octet: &u8| octet.is_ascii_alphanumeric() | matches!(octet, b'+' | b'/' | b'=');
    line.chunks(16)
        .all(|block| block.iter().fold(true, |all, octet| all & is(octet)))
}

/// Every text that stands in base64 lines.
pub(super) fn base64(octets: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let mut rest = octets;
    loop {
        let end = memchr::memchr(b'\n', rest);
        let (line, next) = rest
            .split_at_checked(end.unwrap_or(rest.len()))
            .unwrap_or((rest, &[]));
        let line = line.trim_ascii();
        if !line.is_empty() && is_base64(line) {
            run.extend_from_slice(line);
        } else {
            found.extend(decoded(&run));
            run.clear();
        }
        if end.is_none() {
            break;
        }
        rest = next.get(1..).unwrap_or_default();
    }
    found.extend(decoded(&run));
    found
}

fn decoded(run: &[u8]) -> Option<String> {
    if run.len() < SHORTEST {
        return None;
    }
    let mut out = Vec::with_capacity(run.len() / 4 * 3 + 3);
    // Pieces that were padded each on its own are one text.
    for piece in run
        .split(|octet| *octet == b'=')
        .filter(|piece| !piece.is_empty())
    {
        let whole = piece.len() / 4 * 4 + [0, 0, 2, 3].get(piece.len() % 4).copied().unwrap_or(0);
        let piece = piece.get(..whole).unwrap_or_default();
        // A picture is known by its beginning; the rest of it needs no decoding.
        let enough = piece.get(..SAMPLE / 3 * 4 + 4).filter(|_| out.is_empty());
        if let Some(beginning) = enough
            && is_picture(&LENIENT.decode(beginning).ok()?)
        {
            return None;
        }
        let from = out.len();
        out.resize(from + LENIENT.decode_len(piece.len()).ok()?, 0);
        let length = LENIENT.decode_mut(piece, out.get_mut(from..)?).ok()?;
        out.truncate(from + length);
    }
    let sample = out.get(..out.len().min(SAMPLE)).unwrap_or_default();
    if memchr::memchr_iter(0, sample).count() * 3 > sample.len() {
        return Some(wide(&out));
    }
    if is_picture(&out) {
        return None;
    }
    Some(
        String::from_utf8(out)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// Whether octets are no text, by their beginning: a picture, or a document that is not looked into.
fn is_picture(octets: &[u8]) -> bool {
    let sample = octets.get(..octets.len().min(SAMPLE)).unwrap_or_default();
    let zeros = memchr::memchr_iter(0, sample).count();
    let odd = sample.iter().filter(|octet| **octet < 9).count();
    zeros * 3 <= sample.len() && (odd * 50 > sample.len() || octets.starts_with(b"%PDF"))
}

/// UTF-16, in either order of octets.
fn wide(octets: &[u8]) -> String {
    let read = |unit: fn([u8; 2]) -> u16| {
        let units = octets
            .chunks_exact(2)
            .filter_map(|pair| Some(unit(pair.try_into().ok()?)));
        char::decode_utf16(units)
            .map(|c| c.unwrap_or(' '))
            .collect::<String>()
    };
    format!("{}\n{}", read(u16::from_le_bytes), read(u16::from_be_bytes))
}

/// Every encoded word (RFC 2047), and words that follow one another as one text.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut joined: Vec<u8> = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"=?") {
        let (before, after) = (
            rest.get(..at).unwrap_or_default(),
            rest.get(at + 2..).unwrap_or_default(),
        );
        if !before.trim().is_empty() && !joined.is_empty() {
            found.push(String::from_utf8_lossy(&joined).into_owned());
            joined.clear();
        }
        let mut fields = after.splitn(3, '?');
        let (_, kind, tail) = (fields.next(), fields.next(), fields.next());
        let Some(tail) = tail else {
            break;
        };
        // A word that does not end is the last one: nor do those behind it.
        let Some((payload, next)) = tail.split_once("?=") else {
            break;
        };
        let octets = match kind {
            Some("b" | "B") => {
                decoded(format!("{payload}        ").trim().as_bytes()).map(String::into_bytes)
            }
            _ => unquoted(&payload.replace('_', " "))
                .or_else(|| Some(payload.to_owned()))
                .map(String::into_bytes),
        };
        joined.extend(octets.unwrap_or_default());
        rest = next;
    }
    if !joined.is_empty() {
        found.push(String::from_utf8_lossy(&joined).into_owned());
    }
    found
}

/// Parameters in several pieces, put together (RFC 2231 3).
pub(super) fn continued(text: &str) -> Option<String> {
    memchr::memmem::find(text.as_bytes(), b"*1")?;
    let mut out = String::with_capacity(text.len());
    for item in text.split(';') {
        match item.split_once('=') {
            Some((name, value)) if name.contains('*') && !name.contains("*0") => {
                out.push_str(value.trim().trim_matches('"'));
            }
            _ => {
                out.push(';');
                out.push_str(item.trim_end().trim_end_matches('"'));
            }
        }
    }
    Some(out)
}

//! What stands encoded in a text, wherever it stands.

use std::borrow::Cow;

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
    Some(into_readable(out))
}

/// Octets as text: UTF-8, or what they are in the charsets of the region.
pub(super) fn readable(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            // They differ in what Polish, Czech and Slovak names are written with: `ą` is 0xB1 in one, 0xB9 in the other.
            let [latin, windows] = [encoding_rs::ISO_8859_2, encoding_rs::WINDOWS_1250]
                .map(|charset| charset.decode_without_bom_handling(octets).0);
            let plain = String::from_utf8_lossy(octets);
            Cow::Owned(format!("{plain}\n{latin}\n{windows}"))
        }
    }
}

/// The longest decoded text that is read in every charset, in octets: layer by layer a longer one would grow beyond what memory is for.
const EVERY_CHARSET: usize = 2 * 1024 * 1024;

/// The same for octets that nobody else needs.
pub(super) fn into_readable(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|error| {
        let octets = error.as_bytes();
        if octets.len() > EVERY_CHARSET {
            String::from_utf8_lossy(octets).into_owned()
        } else {
            readable(octets).into_owned()
        }
    })
}

/// Whether octets are no text, by their beginning: a picture, or a document that is not looked into.
fn is_picture(octets: &[u8]) -> bool {
    let sample = octets.get(..octets.len().min(SAMPLE)).unwrap_or_default();
    let zeros = memchr::memchr_iter(0, sample).count();
    let odd = sample.iter().filter(|octet| **octet < 9).count();
    zeros * 3 <= sample.len() && (odd * 50 > sample.len() || octets.starts_with(b"%PDF"))
}

/// Every text that stands encoded within `text`: runs of base64, as links carry them, and uuencoded lines. A run shorter than what
/// `shortest` octets take holds none.
pub(super) fn within(text: &str, shortest: usize) -> impl Iterator<Item = String> {
    let least = (shortest.saturating_sub(2) / 3 * 4).max(SHORTEST);
    let links = long_runs(text, least).flat_map(read_anywhere);
    links.chain(uuencoded(text))
}

/// Every run of base64 of `least` octets or more that has something else beside it in its line: a line of nothing else is looked at with
/// its neighbours. Only every run that reaches over a multiple of `least` can be so long, so most octets are passed over.
fn long_runs(text: &str, least: usize) -> impl Iterator<Item = &str> {
    let octets = text.as_bytes();
    let joins = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/-_".contains(octet);
    let (mut next, mut from) = (least - 1, 0);
    std::iter::from_fn(move || {
        loop {
            if !joins(octets.get(next)?) {
                from = next + 1;
                next += least;
                continue;
            }
            let before = octets
                .get(from..next)?
                .iter()
                .rev()
                .take_while(|octet| joins(octet))
                .count();
            let after = octets
                .get(next..)?
                .iter()
                .take_while(|octet| joins(octet))
                .count();
            let (start, end) = (next - before, next + after);
            from = end;
            next = end + least;
            if end - start >= least && !is_line(text, start, end) {
                return text.get(start..end);
            }
        }
    })
}

/// Whether nothing but white space stands beside a place in its line.
fn is_line(text: &str, start: usize, end: usize) -> bool {
    let white = |c: char| c != '\n' && c.is_whitespace();
    let before = text
        .get(..start)
        .unwrap_or_default()
        .trim_end_matches(white);
    let after = text
        .get(end..)
        .unwrap_or_default()
        .trim_start_matches(white);
    (before.is_empty() || before.ends_with('\n')) && (after.is_empty() || after.starts_with('\n'))
}

/// Octets of a run that are tried from every character on; in a longer one, a picture in a link, only the first counts.
const LONG: usize = 4_096;

/// Slashes of a run behind which it is tried, too.
const MOST_SLASHES: usize = 16;

/// A run in either alphabet, its groups beginning at each of its first characters and behind each slash.
fn read_anywhere(run: &str) -> Vec<String> {
    let plain = run.replace('-', "+").replace('_', "/");
    let mut starts: Vec<usize> = (0..4).collect();
    if run.len() > LONG {
        starts.truncate(1);
    } else {
        let slashes = run.match_indices('/').map(|(at, _)| at + 1);
        starts.extend(slashes.take(MOST_SLASHES));
    }
    let texts = starts.into_iter().filter_map(|start| {
        let piece = plain.get(start..)?.as_bytes();
        let whole = piece.len() / 4 * 4 + [0, 0, 2, 3].get(piece.len() % 4).copied().unwrap_or(0);
        let octets = LENIENT.decode(piece.get(..whole)?).ok()?;
        Some(into_readable(octets))
    });
    texts.collect()
}

/// The lines between `begin` and `end`, decoded (POSIX, "uuencode").
fn uuencoded(text: &str) -> Option<String> {
    let begin = memchr::memmem::find(text.as_bytes(), b"begin ")?;
    let mut out = Vec::new();
    for line in text.get(begin..)?.lines().skip(1) {
        let mut values = line.bytes().map(|octet| octet.wrapping_sub(b' ') & 0x3f);
        let Some(count) = values.next().filter(|_| line != "end") else {
            break;
        };
        let mut bits = (0_u32, 0_u32);
        let mut octets = Vec::new();
        for value in values.chain([0, 0, 0]) {
            bits = ((bits.0 << 6) | u32::from(value), bits.1 + 6);
            if bits.1 >= 8 {
                bits.1 -= 8;
                let [.., low] = (bits.0 >> bits.1).to_be_bytes();
                octets.push(low);
            }
        }
        octets.truncate(usize::from(count));
        out.extend(octets);
    }
    Some(into_readable(out))
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
            found.push(readable(&joined).into_owned());
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
        found.push(readable(&joined).into_owned());
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

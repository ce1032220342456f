//! What stands encoded in a text, wherever it stands.

/// The shortest run of base64 that could hold an address.
const SHORTEST: usize = 8;
/// How much of a decoded run decides whether it is text.
const SAMPLE: usize = 2_048;

/// The text read as quoted-printable; none if nothing in it is.
pub(super) fn unquoted(text: &str) -> Option<String> {
    text.contains('=').then(|| {
        let joined = text.replace("=\r\n", "").replace("=\n", "");
        let mut out = Vec::with_capacity(joined.len());
        let mut rest = joined.as_bytes();
        while let Some(at) = memchr::memchr(b'=', rest) {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            out.extend_from_slice(before);
            match after.get(1..3).and_then(two_digits) {
                Some(octet) => {
                    out.push(octet);
                    rest = after.get(3..).unwrap_or_default();
                }
                None => {
                    out.push(b'=');
                    rest = after.get(1..).unwrap_or_default();
                }
            }
        }
        out.extend_from_slice(rest);
        String::from_utf8_lossy(&out).into_owned()
    })
}

fn two_digits(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    let hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(text, 16).ok())?
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

/// Every text that stands in base64 lines.
pub(super) fn base64(octets: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    for line in octets.split(|octet| *octet == b'\n') {
        let line = line.trim_ascii();
        let is_base64 = !line.is_empty()
            && line
                .iter()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'='));
        if is_base64 {
            run.extend_from_slice(line);
        } else {
            found.extend(decoded(&run));
            run.clear();
        }
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
        out.extend(LENIENT.decode(piece).ok()?);
    }
    let sample = out.get(..out.len().min(SAMPLE)).unwrap_or_default();
    let zeros = memchr::memchr_iter(0, sample).count();
    if zeros * 3 > sample.len() {
        return Some(wide(&out));
    }
    let odd = sample.iter().filter(|octet| **octet < 9).count();
    if odd * 50 > sample.len() || out.starts_with(b"%PDF") {
        return None;
    }
    Some(String::from_utf8_lossy(&out).into_owned())
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
    while let Some((before, after)) = rest.split_once("=?") {
        if !before.trim().is_empty() && !joined.is_empty() {
            found.push(String::from_utf8_lossy(&joined).into_owned());
            joined.clear();
        }
        let mut fields = after.splitn(3, '?');
        let (_, kind, tail) = (fields.next(), fields.next(), fields.next());
        let Some((payload, next)) = tail.and_then(|tail| tail.split_once("?=")) else {
            rest = after;
            continue;
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
    if !text.contains("*1") {
        return None;
    }
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

//! What stands encoded within a text: base64 in `data:` links, in the parameters of links and in pasted sources; uuencoded files.
//!
//! Only what holds a needle changes, and only the groups of characters that spell it: the rest keeps its octets and its place.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};

use super::masker::Masker;
use crate::message::Encoding;

/// A run of base64 longer than this, in octets, is taken for what it is from its first octet on: a picture, not a piece of a link.
const LONG: usize = 4_096;
/// Slashes of a run behind which a payload may begin; a link has a few, and each costs a reading of the run.
const MOST_SLASHES: usize = 12;
/// Octets in a full line of uuencoded text.
const UU_LINE: usize = 45;

/// The text with everything encoded in it masked; none if nothing had to be.
pub(super) fn mask(text: &[u8], masker: &Masker) -> Option<Vec<u8>> {
    let unix = unix(text, masker);
    let lines = block(unix.as_deref().unwrap_or(text), masker).or(unix);
    runs(lines.as_deref().unwrap_or(text), masker).or(lines)
}

fn is_base64(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'-' | b'_')
}

/// Single runs, as they stand in links.
fn runs(text: &[u8], masker: &Masker) -> Option<Vec<u8>> {
    let shortest = (masker.shortest() / 3 * 4).max(1);
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut copied) = (0_usize, 0);
    // A run that is long enough holds the last octet of this window, or begins behind the last one in it that is no base64: most octets
    // of a text need no look.
    while let Some(window) = at.checked_add(shortest).and_then(|end| text.get(at..end)) {
        if let Some(last) = window.iter().rposition(|octet| !is_base64(*octet)) {
            at += last + 1;
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let run = rest.iter().position(|octet| !is_base64(*octet));
        let run = run.unwrap_or(rest.len());
        if let Some(new) = run_masked(rest.get(..run).unwrap_or_default(), masker) {
            let out = out.get_or_insert_with(|| Vec::with_capacity(text.len() + 64));
            out.extend_from_slice(text.get(copied..at).unwrap_or_default());
            out.extend(new);
            copied = at + run;
        }
        at += run;
    }
    if let Some(out) = &mut out {
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
    }
    out
}

/// The lines of a text with their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, next) = rest.split_at_checked(end).filter(|_| end > 0)?;
        rest = next;
        Some(line)
    })
}

/// A run of base64 that may begin anywhere: path and payload of a link use the same characters. None if it holds nothing.
fn run_masked(run: &[u8], masker: &Masker) -> Option<Vec<u8>> {
    let of_links = |octet: &u8| matches!(octet, b'-' | b'_');
    let of_mail = |octet: &u8| matches!(octet, b'+' | b'/');
    if !run.iter().any(of_links) || !run.iter().any(of_mail) {
        return piece_masked(run, masker);
    }
    // Both alphabets: several things stand beside one another.
    let mut out = Vec::with_capacity(run.len() + 64);
    let mut changed = false;
    for piece in run.split_inclusive(of_mail) {
        let new = piece_masked(piece, masker);
        changed |= new.is_some();
        out.extend(new.unwrap_or_else(|| piece.to_vec()));
    }
    changed.then_some(out)
}

fn piece_masked(run: &[u8], masker: &Masker) -> Option<Vec<u8>> {
    if run.len() > LONG {
        return from(run, 0, masker);
    }
    // What stands between slashes is most likely the payload; its first octet is then the first of an address.
    let mut starts = vec![0];
    let slashes = memchr::memchr_iter(b'/', run).map(|at| at + 1);
    starts.extend(slashes.take(MOST_SLASHES));
    starts.extend(1..4);
    starts
        .into_iter()
        .find_map(|start| from(run, start, masker))
}

/// The run with the needles masked that it holds if its groups begin at `start`.
fn from(run: &[u8], start: usize, masker: &Masker) -> Option<Vec<u8>> {
    let (before, coded) = run.split_at_checked(start)?;
    let of_links = coded.iter().any(|octet| matches!(octet, b'-' | b'_'));
    let decoded = Encoding::Base64.decode(coded);
    let decoded = if of_links {
        let plain: Vec<u8> = coded
            .iter()
            .map(|octet| match octet {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            })
            .collect();
        Encoding::Base64.decode(&plain).into_owned()
    } else {
        decoded.into_owned()
    };
    let hit = masker.hit(&decoded, 0)?;
    let mut out = before.to_vec();
    let mut copied = 0;
    let mut next = Some(hit);
    while let Some(hit) = next {
        // Whole groups of three octets, so that what stands around them keeps its characters.
        let first = (hit.place.start / 3 * 3).max(copied / 4 * 3);
        let last = hit.place.end.div_ceil(3) * 3;
        let end = last.min(decoded.len());
        let mut new = decoded.get(first..hit.place.start)?.to_vec();
        new.extend_from_slice(hit.shown.as_bytes());
        let tail = decoded.get(hit.place.end..end)?;
        if last <= decoded.len() {
            while (new.len() + tail.len()) % 3 != 0 {
                new.push(b' ');
            }
        }
        new.extend_from_slice(tail);
        out.extend_from_slice(coded.get(copied..first / 3 * 4)?);
        let encoding = if of_links {
            BASE64URL_NOPAD
        } else {
            BASE64_NOPAD
        };
        out.extend_from_slice(encoding.encode(&new).as_bytes());
        copied = (last / 3 * 4).min(coded.len());
        next = masker.hit(&decoded, end);
    }
    out.extend_from_slice(coded.get(copied..)?);
    Some(out)
}

/// Lines of nothing but base64, as in the source of a message that somebody pasted.
fn block(text: &[u8], masker: &Masker) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let (mut copied, mut at, mut start) = (0, 0, None);
    for line in lines(text).chain([&b""[..]]) {
        let bare = line.trim_ascii();
        let coded = bare.len() >= 4
            && bare
                .iter()
                .all(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(octet));
        match (coded, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let lines = text.get(from..at).unwrap_or_default();
                if memchr::memchr(b'\n', lines.trim_ascii_end()).is_some()
                    && let Some(new) = masker.mask(&Encoding::Base64.decode(lines))
                {
                    let out = out.get_or_insert_with(|| Vec::with_capacity(text.len() + 64));
                    out.extend_from_slice(text.get(copied..from).unwrap_or_default());
                    out.extend(wrapped(&new));
                    copied = at;
                }
                start = None;
            }
            _ => {}
        }
        at += line.len();
    }
    if let Some(out) = &mut out {
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
    }
    out
}

fn wrapped(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in BASE64.encode(octets).as_bytes().chunks(76) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Uuencoded files (POSIX, "uuencode"): from `begin MODE NAME` to `end`.
fn unix(text: &[u8], masker: &Masker) -> Option<Vec<u8>> {
    memchr::memmem::find(text, b"begin ")?;
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut changed = false;
    let mut file: Option<(Vec<u8>, Vec<u8>)> = None;
    for line in lines(text) {
        let bare = line.trim_ascii_end();
        if let Some((octets, lines)) = &mut file {
            if let Some(decoded) = uu_line(bare).filter(|_| bare != b"end") {
                octets.extend(decoded);
                lines.extend_from_slice(line);
                continue;
            }
            match masker.mask(octets) {
                Some(masked) => {
                    changed = true;
                    out.extend(uu(&masked));
                }
                None => out.append(lines),
            }
            file = None;
        } else if is_begin(bare) {
            file = Some((Vec::new(), Vec::new()));
        }
        out.extend_from_slice(line);
    }
    if let Some((octets, mut lines)) = file {
        match masker.mask(&octets) {
            Some(masked) => {
                changed = true;
                out.extend(uu(&masked));
            }
            None => out.append(&mut lines),
        }
    }
    changed.then_some(out)
}

fn is_begin(line: &[u8]) -> bool {
    let mut words = line.split(|octet| *octet == b' ');
    words.next() == Some(b"begin")
        && words
            .next()
            .is_some_and(|mode| matches!(mode.len(), 3 | 4) && mode.iter().all(u8::is_ascii_digit))
}

/// The octets of a line; none if it is no such line.
fn uu_line(line: &[u8]) -> Option<Vec<u8>> {
    let value = |octet: &u8| matches!(octet, b' '..=b'`').then(|| (octet - b' ') & 0x3f);
    let (count, coded) = line.split_first()?;
    let count = usize::from(value(count)?);
    let mut out = Vec::with_capacity(count + 3);
    for group in coded.chunks(4) {
        let mut bits = 0_u32;
        for at in 0..4 {
            // White space at the end of a line is lost on the way.
            bits = (bits << 6) | u32::from(value(group.get(at).unwrap_or(&b' '))?);
        }
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend([a, b, c]);
    }
    if out.len() + 2 < count || coded.len() > count.div_ceil(3) * 4 + 2 {
        return None;
    }
    out.truncate(count);
    Some(out)
}

fn uu(octets: &[u8]) -> Vec<u8> {
    let character = |value: u32| match u8::try_from(value & 0x3f) {
        Ok(0) | Err(_) => b'`',
        Ok(value) => value + b' ',
    };
    let mut out = Vec::with_capacity(octets.len() * 4 / 3 + 64);
    for line in octets.chunks(UU_LINE) {
        out.push(character(u32::try_from(line.len()).unwrap_or_default()));
        for group in line.chunks(3) {
            let octet = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
            let bits = (octet(0) << 16) | (octet(1) << 8) | octet(2);
            out.extend([18, 12, 6, 0].map(|shift| character(bits >> shift)));
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"`\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Mailbox;

    const SHOWN: &str = "8awgqyk6a5@allegromail.pl";

    fn masker() -> Masker {
        Masker::new(&[Mailbox::parse("jan@poczta.example").unwrap()], SHOWN)
    }

    fn masked(text: &str) -> String {
        let out = mask(text.as_bytes(), &masker());
        String::from_utf8(out.unwrap_or_else(|| text.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn what_links_carry_is_masked_in_its_place() {
        for payload in [
            "jan@poczta.example",
            "{\"e\":\"JAN@poczta.example\",\"n\":1}",
            "x|jan@poczta.example|ab",
        ] {
            for (before, after) in [
                ("data:text/html;base64,", "\""),
                ("https://x.example/u/", "/next/path"),
                ("?e=", "&x=1"),
                ("/abc", ""),
            ] {
                let url = BASE64URL_NOPAD.encode(payload.as_bytes());
                let text = format!("<a href=\"{before}{url}{after}>");
                let out = masked(&text);
                assert_ne!(out, text);
                assert!(
                    out.starts_with(&format!("<a href=\"{before}"))
                        && out.ends_with(&format!("{after}>")),
                    "{out}"
                );
                assert!(mask(out.as_bytes(), &masker()).is_none(), "{out}");
            }
        }
        for text in [
            "/very/long/path/of/nothing/at/all",
            "Konstantynopolitańczykowianeczka",
            "eyJhIjoiYm9qYW5AcG9jenRhLmV4YW1wbGUifQ",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn what_could_begin_anywhere_is_read_a_few_times_only() {
        // Read from behind each slash, these would take minutes.
        for one in ["/", "a/", "-/", "aaaa+"] {
            assert_eq!(mask(one.repeat(200_000).as_bytes(), &masker()), None);
        }
    }

    #[test]
    fn uuencoded_files_and_pasted_lines_are_masked() {
        let file = "adres: jan@poczta.example, a dalej cokolwiek, byle dłużej niż jedna linia";
        let coded = format!(
            "begin 644 a.txt\r\n{}end\r\nkoniec\r\n",
            String::from_utf8(uu(file.as_bytes())).unwrap()
        );
        let out = masked(&coded);
        let lines: Vec<u8> = out
            .lines()
            .skip(1)
            .map_while(|line| uu_line(line.as_bytes()))
            .flatten()
            .collect();
        let want = file.replace("jan@poczta.example", SHOWN);
        assert_eq!(
            String::from_utf8_lossy(lines.get(..want.len()).unwrap()),
            want
        );
        assert!(out.ends_with("`\r\nend\r\nkoniec\r\n"), "{out}");
        let pasted = format!(
            "x:\r\n{}\r\n\r\ny",
            String::from_utf8(wrapped(file.repeat(2).as_bytes())).unwrap()
        );
        let out = masked(&pasted);
        assert!(
            out != pasted && mask(out.as_bytes(), &masker()).is_none(),
            "{out}"
        );
    }
}

//! What stands encoded in a text, wherever it stands.

use std::borrow::Cow;

use super::base64::{self, BLOCK, LENIENT, SHORTEST, is_wide, joins};
use super::blocks;
use super::text::{into_readable, readable, wide};
use super::views;

/// The text read as quoted-printable; none if nothing in it is.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let mut out = String::new();
    (memchr::memchr(b'=', text.as_bytes()).is_some() && views::quoted(text, &mut out))
        .then_some(out)
}

/// Every text that stands encoded within `text`: runs of base64, as links carry them, uuencoded lines, and `lines` of nothing but base64. `deep`: it was
/// decoded itself. A run shorter than what `shortest` octets take holds none. Octets that are not `worth` a look are no text of interest.
pub(super) fn within(
    text: &str,
    shortest: usize,
    (lines, deep): (bool, bool),
    worth: impl Fn(&[u8]) -> bool,
) -> impl Iterator<Item = String> {
    let links = long_runs(text, least(shortest)).flat_map(move |run| read_anywhere(&run, deep));
    let decoded = links.chain(uuencoded(text)).filter_map(move |octets| {
        if is_wide(&octets) {
            return Some(wide(&octets) + "\n" + &into_readable(octets));
        }
        worth(&octets).then(|| into_readable(octets))
    });
    let blocks = lines.then(|| blocks::texts(text, least(shortest)));
    decoded.chain(blocks.into_iter().flatten())
}

/// Characters that `shortest` octets take at least.
fn least(shortest: usize) -> usize {
    (shortest.saturating_sub(2) / 3)
        .saturating_mul(4)
        .max(SHORTEST)
}

/// Whether a run that could hold `shortest` octets may stand in `octets`.
pub(super) fn holds(octets: &[u8], shortest: usize) -> bool {
    let least = least(shortest);
    let mut runs = octets.split(|octet| !joins(*octet));
    octets.len() >= least && runs.any(|run| run.len() >= least)
}

/// A run of base64.
struct Run<'t> {
    octets: Cow<'t, str>,
    /// It is the end of a block, and may begin within a word.
    cut: bool,
}

/// Every run of base64 of `least` octets or more that has something else beside it in its line: a line of nothing else is looked at with
/// its neighbours. One at the front of its line, below lines that are nothing else, is the end of their block, and begins with the last of them: alone,
/// the name of another may begin too late in it.
fn long_runs(text: &str, least: usize) -> impl Iterator<Item = Run<'_>> {
    let octets = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let (whole, rest) = octets
                .get(from..)?
                .split_at_checked(part_of_run(octets.get(from..)?, least)?)?;
            let before = whole
                .iter()
                .rev()
                .take_while(|octet| joins(**octet))
                .count();
            let after = rest.iter().take_while(|octet| joins(**octet)).count();
            let (start, end) = (from + whole.len() - before, from + whole.len() + after);
            from = end + 1;
            if end - start >= least && !is_line(text, start, end) {
                let run = text.get(start..end)?;
                let (above, cut) = blocks::last_lines(text.get(..start)?);
                let octets = match above.is_empty() {
                    true => Cow::Borrowed(run),
                    false => Cow::Owned(above + run),
                };
                return Some(Run { octets, cut });
            }
        }
    })
}

/// Where the first run may be that is long enough, or a part of it: only such a run reaches over a multiple of `least`, and only one of two blocks
/// fills one. Most of a text is passed over, for its blocks have white space in them, which is less than any octet of base64.
fn part_of_run(octets: &[u8], least: usize) -> Option<usize> {
    if least >= 2 * BLOCK {
        let no_space = |block: &[u8]| block.iter().fold(true, |all, octet| all & (*octet > b' '));
        let mut blocks = octets.chunks_exact(BLOCK);
        let full = |block: &[u8]| no_space(block) && block.iter().all(|octet| joins(*octet));
        return Some(blocks.position(full)? * BLOCK);
    }
    (least - 1..octets.len())
        .step_by(least)
        .find(|at| octets.get(*at).is_some_and(|octet| joins(*octet)))
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

/// Octets at the front of a long run in which a path may end, and slashes there behind which it is tried.
const NEAR: usize = 64;
const MOST_NEAR: usize = 3;

/// Slashes of a run behind which it is tried, too.
const MOST_SLASHES: usize = 16;

/// A run in either alphabet, its groups beginning at each of its first characters and behind each slash. In code within code (`deep`) a slash that begins
/// a group of what is text already begins nothing new: else each layer would be read for every slash of those around it.
fn read_anywhere(run: &Run<'_>, deep: bool) -> Vec<Vec<u8>> {
    let (run, cut) = (&run.octets, run.cut);
    let plain = run.replace('-', "+").replace('_', "/");
    let mut starts: Vec<usize> = (0..4).collect();
    let slashes = run.match_indices('/').map(|(at, _)| at + 1);
    if run.len() > LONG {
        starts.truncate(1);
        starts.extend(slashes.take_while(|at| *at < NEAR).take(MOST_NEAR));
    } else {
        starts.extend(slashes.take(MOST_SLASHES));
    }
    let mut known = [false; 4];
    let texts = starts.into_iter().filter_map(|start| {
        let known = known.get_mut(start % 4)?;
        if deep && *known {
            return None;
        }
        let piece = plain.get(start..)?.as_bytes();
        let whole = piece.len() / 4 * 4 + [0, 0, 2, 3].get(piece.len() % 4).copied().unwrap_or(0);
        let read = LENIENT.decode(piece.get(..whole)?).ok()?;
        *known |= std::str::from_utf8(&read).is_ok();
        Some(match cut && start < 4 {
            true => from_whole_word(read),
            false => read,
        })
    });
    texts.collect()
}

/// Octets without the rest of a word at their front: what it begins with is not known, and it would be taken for the name of another. Letters of two
/// octets stay in step.
fn from_whole_word(mut octets: Vec<u8>) -> Vec<u8> {
    let of_word = |octet: &u8| {
        octet.is_ascii_alphanumeric() || !octet.is_ascii() || b"\0._+-".contains(octet)
    };
    let length = octets.iter().take_while(|octet| of_word(octet)).count();
    octets.drain(..length - length % 2);
    octets
}

/// The lines between `begin` and `end`, decoded (POSIX, "uuencode").
fn uuencoded(text: &str) -> Option<Vec<u8>> {
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
    Some(out)
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
            Some("b" | "B") => base64::decoded(format!("{payload}        ").trim().as_bytes())
                .map(String::into_bytes),
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

//! Single runs of base64, as they stand in links.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

use super::inner;
use super::runs::runs;
use crate::message::Encoding;
use crate::rewrite::masker::Masker;

/// A run longer than this, in octets, is taken for what it is nearly from its first octet on: a picture, not a piece of a link.
const LONG: usize = 4_096;
/// Octets at its front in which the path of a link may end, and slashes there behind which the payload may begin.
const NEAR: usize = 64;
const MOST_NEAR: usize = 3;
/// Slashes of a run behind which a payload may begin; a link has a few, and each costs a reading of the run.
const MOST_SLASHES: usize = 12;

/// The shortest run that can hold something, in characters: four for three octets of a needle. Shorter ones are words and numbers.
pub(super) fn least(masker: &Masker) -> usize {
    (masker.shortest() / 3).saturating_mul(4)
}

/// The text with the runs masked that hold something; none if none does.
pub(super) fn mask(text: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let mut copied = 0;
    for place in runs(text, least(masker)) {
        let run = text.get(place.clone()).unwrap_or_default();
        if let Some(new) = run_masked(run, masker, depth) {
            let out = out.get_or_insert_with(|| Vec::with_capacity(text.len() + 64));
            out.extend_from_slice(text.get(copied..place.start).unwrap_or_default());
            out.extend(new);
            copied = place.end;
        }
    }
    if let Some(out) = &mut out {
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
    }
    out
}

/// A run of base64 that may begin anywhere: path and payload of a link use the same characters. None if it holds nothing.
fn run_masked(run: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    let of_links = |octet: &u8| matches!(octet, b'-' | b'_');
    let of_mail = |octet: &u8| matches!(octet, b'+' | b'/');
    if !run.iter().any(of_links) || !run.iter().any(of_mail) {
        return piece_masked(run, masker, depth);
    }
    // Both alphabets: several things stand beside one another.
    let mut out = Vec::with_capacity(run.len() + 64);
    let mut changed = false;
    for piece in run.split_inclusive(of_mail) {
        let new = piece_masked(piece, masker, depth);
        changed |= new.is_some();
        out.extend(new.unwrap_or_else(|| piece.to_vec()));
    }
    changed.then_some(out)
}

/// A run of one alphabet, read from each place where a payload may begin; none if it holds nothing from any.
fn piece_masked(run: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    // What stands between slashes is most likely the payload; its first octet is then the first of an address.
    let slashes = memchr::memchr_iter(b'/', run).map(|at| at + 1);
    let mut starts = vec![0];
    if run.len() > LONG {
        starts.extend(slashes.take_while(|at| *at < NEAR).take(MOST_NEAR));
        return starts
            .into_iter()
            .find_map(|start| from(run, start, masker, depth));
    }
    let slashes = slashes.take(MOST_SLASHES);
    if depth > 0 {
        return starts_of_text(run, slashes).find_map(|start| from(run, start, masker, depth));
    }
    starts.extend(slashes);
    // Letters of the path may stand in front: a group of four then begins at any of its characters.
    starts.extend(1..GROUP);
    starts
        .into_iter()
        .find_map(|start| from(run, start, masker, depth))
}

/// Characters that three octets take.
const GROUP: usize = 4;

/// Where a run within code is read from. Behind a slash that begins a group of what is text already stands a part of that, and nothing new: read all
/// the same, each layer of code would be read a dozen times for each time that the one around it is.
fn starts_of_text(run: &[u8], slashes: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    let is_text = |start: usize| {
        let coded = run.get(start..).unwrap_or_default();
        std::str::from_utf8(&decoded(coded)).is_ok()
    };
    let mut read = [0, 1, 2, 3].map(is_text);
    let slashes = slashes.filter(move |start| {
        let known = read.get_mut(start % GROUP);
        known.is_some_and(|known| !std::mem::replace(known, *known || is_text(*start)))
    });
    (0..GROUP).chain(slashes)
}

/// What a run says, in either alphabet.
fn decoded(coded: &[u8]) -> Vec<u8> {
    if !coded.iter().any(|octet| matches!(octet, b'-' | b'_')) {
        return Encoding::Base64.decode(coded).into_owned();
    }
    // The decoder knows the alphabet of mail only, and would pass these over.
    let plain = coded.iter().map(|octet| match octet {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    });
    Encoding::Base64
        .decode(&plain.collect::<Vec<u8>>())
        .into_owned()
}

/// Octets at the front that are text, in whole groups and whole characters; none where all are, or hardly any.
fn text_at_front(octets: &[u8]) -> usize {
    let Err(error) = std::str::from_utf8(octets) else {
        return 0;
    };
    let valid = octets.get(..error.valid_up_to()).unwrap_or_default();
    let is_whole = |end: &usize| std::str::from_utf8(valid.get(..*end).unwrap_or_default()).is_ok();
    // A group ends within a character at most twice in a row: a character has four octets at most.
    let ends = (0..4).map(|groups| (valid.len() / 3 * 3).saturating_sub(3 * groups));
    let whole = ends.into_iter().find(is_whole).unwrap_or_default();
    if whole < LEAST_TEXT { 0 } else { whole }
}

/// Octets of the shortest address that is looked for there.
const LEAST_TEXT: usize = 9;

/// The run with the needles masked that it holds if its groups begin at `start`.
fn from(run: &[u8], start: usize, masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    let (before, coded) = run.split_at_checked(start)?;
    let of_links = coded.iter().any(|octet| matches!(octet, b'-' | b'_'));
    let decoded = decoded(coded);
    let encoding = if of_links {
        BASE64URL_NOPAD
    } else {
        BASE64_NOPAD
    };
    if let Some(new) = inner(&decoded, masker, depth) {
        return Some([before, encoding.encode(&new).as_bytes()].concat());
    }
    let Some(hit) = masker.hit(&decoded, 0) else {
        // The path may go on behind the payload: then only the front of it is text.
        let end = text_at_front(&decoded);
        let mut new = inner(decoded.get(..end)?, masker, depth)?;
        while new.len() % 3 != 0 {
            new.push(b' ');
        }
        let rest = coded.get(end / 3 * 4..)?;
        return Some([before, encoding.encode(&new).as_bytes(), rest].concat());
    };
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
        // Blanks fill the last group up: what follows would be shifted otherwise. At the end of the run nothing follows.
        if last <= decoded.len() {
            while (new.len() + tail.len()) % 3 != 0 {
                new.push(b' ');
            }
        }
        new.extend_from_slice(tail);
        out.extend_from_slice(coded.get(copied..first / 3 * 4)?);
        out.extend_from_slice(encoding.encode(&new).as_bytes());
        copied = (last / 3 * 4).min(coded.len());
        next = masker.hit(&decoded, end);
    }
    out.extend_from_slice(coded.get(copied..)?);
    Some(out)
}

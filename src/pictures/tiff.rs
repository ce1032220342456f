//! TIFF without private metadata ([TIFF 6.0](https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf)).
//!
//! A TIFF's parts stand anywhere in the file, by offsets, some of which are in data that only its decoder understands. So nothing is moved:
//! what stays stays where it is, directories are written in place with the entries that stay, and every octet that none of them refers to
//! becomes zero, or is cut where it is behind the last one that stays. The file grows never, whatever its entries say.

use super::Walked;
use super::tiff_page::{Page, Plan};

/// How many zeroes may stay behind the last octet that is referred to: writers pad their files.
const PADDING: usize = 16;

/// A picture's octets without private metadata.
pub(super) fn strip(octets: &[u8], keep_copyright: bool) -> Walked<Vec<u8>> {
    let Plan {
        reader,
        mut pages,
        data,
        patches,
        ..
    } = Plan::new(octets, keep_copyright)?;
    let (ranges, blanks) = data.finish()?;
    pages.sort_unstable_by_key(|page| page.at);
    let end = end(&pages, &ranges)?;
    let mut out = vec![0; end];
    copy(octets, &mut out, 0, 8);
    for &(start, end) in &ranges {
        copy(octets, &mut out, start, end);
    }
    for (start, end) in blanks {
        if let Some(blank) = out.get_mut(start..end) {
            blank.fill(0);
        }
    }
    for (at, new) in patches {
        write(&mut out, at, &new);
    }
    for page in &pages {
        write(&mut out, page.at, &page.octets(&reader));
    }
    let tail = octets.get(end..).unwrap_or_default();
    if tail.len() <= PADDING && tail.iter().all(|&octet| octet == 0) {
        out.extend_from_slice(tail);
    }
    Ok(out)
}

/// Where the last octet that stays ends. No directory may lie in values or pixels: they would overwrite each other.
fn end(pages: &[Page], ranges: &[(usize, usize)]) -> Walked<usize> {
    let mut rest = ranges.iter().peekable();
    for page in pages {
        while rest.next_if(|range| range.1 <= page.at).is_some() {}
        if rest.peek().is_some_and(|range| range.0 < page.end) {
            return Err("has a directory in its pixels or values");
        }
    }
    let last_page = pages.iter().map(|page| page.at + page.length()).max();
    let last_range = ranges.iter().map(|range| range.1).max();
    Ok(last_page.max(last_range).unwrap_or(8).max(8))
}

/// Copies what is in a range.
fn copy(octets: &[u8], out: &mut [u8], start: usize, end: usize) {
    if let (Some(from), Some(to)) = (octets.get(start..end), out.get_mut(start..end))
        && from.len() == to.len()
    {
        to.copy_from_slice(from);
    }
}

/// Writes octets at an offset.
fn write(out: &mut [u8], at: usize, new: &[u8]) {
    if let Some(to) = out.get_mut(at..at + new.len()) {
        to.copy_from_slice(new);
    }
}

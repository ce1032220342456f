//! How long what does not say so is in a TIFF ([TIFF 6.0](https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf)).

use super::tiff_read::{Directory, Reader};
use super::tiff_tags as tags;

/// The colours of which some samples may be left out (TIFF 6.0, section 21).
const YCBCR: u64 = 6;

/// How long an unpacked strip is by what it has to hold: old files do not say it (TIFF 6.0, section 3).
pub(super) fn strip(reader: &Reader<'_>, directory: &Directory, compression: u32) -> Option<u64> {
    let number = |tag, default| u64::from(reader.first(directory, tag).unwrap_or(default));
    // Of YCbCr some samples are left out; what stands behind shorter strips must not be taken for theirs.
    let is_subsampled = number(tags::PHOTOMETRIC, 0) == YCBCR;
    if compression != 1 || is_subsampled || directory.entry(tags::STRIP_OFFSETS).is_none() {
        return None;
    }
    let is_planar = number(tags::PLANAR_CONFIGURATION, 1) == 2;
    let samples = if is_planar {
        1
    } else {
        number(tags::SAMPLES_PER_PIXEL, 1)
    };
    let entry = directory.entry(tags::BITS_PER_SAMPLE);
    let of_each = entry
        .into_iter()
        .flat_map(|entry| reader.numbers(entry))
        .map(u64::from);
    let all = usize::try_from(samples).unwrap_or(usize::MAX);
    let bits = match entry.map_or(0, |entry| entry.count) {
        0 => samples,
        1 => number(tags::BITS_PER_SAMPLE, 1).saturating_mul(samples),
        _ => of_each.take(all).fold(0, u64::saturating_add),
    };
    let rows = number(tags::ROWS_PER_STRIP, u32::MAX).min(number(tags::LENGTH, 0));
    let row = number(tags::WIDTH, 0).saturating_mul(bits).div_ceil(8);
    Some(row.saturating_mul(rows))
}

/// How long the Huffman table at an offset is: its counts, and as many values (TIFF 6.0, section 22).
pub(super) fn huffman(reader: &Reader<'_>, start: u32) -> Option<u64> {
    let start = usize::try_from(start).ok()?;
    let counts = reader.octets.get(start..)?.first_chunk::<16>()?;
    Some(16 + counts.iter().map(|&count| u64::from(count)).sum::<u64>())
}

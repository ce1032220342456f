//! BMP, which has no metadata, without what stands between its parts and behind its end
//! ([Bitmap storage](https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage)).

use super::Walked;
use super::cursor::Cursor;
use super::tiff_read::{Order, Reader};

/// How long the file header is ([BITMAPFILEHEADER](https://learn.microsoft.com/en-us/windows/win32/api/wingdi/ns-wingdi-bitmapfileheader)).
const FILE_HEADER: usize = 14;
/// Where the reserved fields stand in it.
const RESERVED: usize = 6;
/// How long OS/2's first header is ([BITMAPCOREHEADER](https://learn.microsoft.com/en-us/windows/win32/api/wingdi/ns-wingdi-bitmapcoreheader)).
const CORE: usize = 12;
/// How long the header is that can have an ICC profile ([BITMAPV5HEADER](https://learn.microsoft.com/en-us/windows/win32/api/wingdi/ns-wingdi-bitmapv5header)).
const V5: usize = 124;
/// Where V5's colour space stands in the file, and its profile's offset (from the header) and length.
const COLOR_SPACE: usize = FILE_HEADER + 56;
/// See [`COLOR_SPACE`].
const PROFILE: usize = FILE_HEADER + 112;
/// A colour space: the profile is in the file ([LOGCOLORSPACE](https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-wmf/eb4bbd50-b3ce-4917-895c-be31f214797f)).
const EMBEDDED: u32 = 0x4D42_4544;
/// A colour space: the profile is in another file, whose path is in this one.
const LINKED: u32 = 0x4C49_4E4B;
/// A colour space: sRGB.
const SRGB: u32 = 0x7352_4742;
/// What is said of octets that end too early.
const CUT: &str = "ends before its pixels do";

/// The fields that tell how long the parts are.
#[derive(Debug, Clone, Copy)]
struct Header {
    /// How long the header is.
    size: usize,
    /// Pixels in a row.
    width: u64,
    /// Rows.
    height: u64,
    /// Bits of a pixel.
    bits: u16,
    /// How the pixels are packed.
    compression: u32,
    /// How long the packed pixels are.
    packed: u32,
    /// How many colours the table has, or 0 for all.
    colors: u32,
    /// Where the pixels start in the file.
    pixels: usize,
}

/// A picture's octets without what does not belong to it.
pub(super) fn strip(octets: &[u8]) -> Walked<Vec<u8>> {
    if !octets.starts_with(b"BM") {
        return Err("has no BMP signature");
    }
    let reader = Reader {
        octets,
        order: Order::Little,
    };
    let header = Header::read(&reader).ok_or("has no BMP header")?;
    let pixels_end = header.pixels_end(octets)?;
    let mut out = octets.to_vec();
    zero(&mut out, RESERVED, RESERVED + 4);
    zero(&mut out, header.end(), header.pixels);
    let end = match profile(&reader, &header, &mut out)? {
        Some((start, _)) if start < pixels_end => return Err("has a profile in its pixels"),
        Some((start, end)) => {
            zero(&mut out, pixels_end, start);
            end
        }
        None => pixels_end,
    };
    if end < out.len() {
        out.truncate(end);
        // The file's length, which many writers leave wrong: only where it is changed.
        put(&mut out, 2, u32::try_from(end).map_err(|_| CUT)?);
    }
    Ok(out)
}

impl Header {
    /// Reads the headers.
    fn read(reader: &Reader<'_>) -> Option<Self> {
        let pixels = usize::try_from(reader.u32(10)?).ok()?;
        let size = usize::try_from(reader.u32(FILE_HEADER)?).ok()?;
        let at = |field: usize| reader.u32(FILE_HEADER + field);
        let short = |field: usize| reader.u16(FILE_HEADER + field);
        if size == CORE {
            let (width, height) = (u64::from(short(4)?), u64::from(short(6)?));
            return Some(Self {
                size,
                width,
                height,
                bits: short(10)?,
                compression: 0,
                packed: 0,
                colors: 0,
                pixels,
            });
        }
        // OS/2's second header may be cut anywhere from 16 octets on; what is missing is 0.
        let field = |field: usize| if field < size { at(field) } else { Some(0) };
        let is_known = matches!(size, 16..=64 | 108 | 124);
        is_known.then_some(())?;
        let signed = |number: u32| u64::from(number.cast_signed().unsigned_abs());
        Some(Self {
            size,
            width: signed(at(4)?),
            height: signed(at(8)?),
            bits: short(14)?,
            compression: field(16)?,
            packed: field(20)?,
            colors: field(32)?,
            pixels,
        })
    }

    /// Where the header, its masks and its colour table end, and the pixels may start.
    fn end(&self) -> usize {
        let masks = match (self.size, self.compression) {
            (40, 3) => 12,
            (40, 6) => 16,
            _ => 0,
        };
        let all = if self.bits <= 8 { 1 << self.bits } else { 0 };
        let colors = if self.colors == 0 {
            all
        } else {
            usize::try_from(self.colors).unwrap_or(usize::MAX)
        };
        let colors = colors.saturating_mul(if self.size == CORE { 3 } else { 4 });
        (FILE_HEADER + self.size + masks).saturating_add(colors)
    }

    /// How long unpacked pixels are: rows are padded to four octets.
    fn rows(&self) -> Option<u64> {
        matches!(self.bits, 1 | 2 | 4 | 8 | 16 | 24 | 32 | 64).then_some(())?;
        (self.width * u64::from(self.bits))
            .div_ceil(32)
            .checked_mul(4 * self.height)
    }

    /// How long run-length encoded pixels are: as long as the header says, or up to their own end where that comes later
    /// ([Bitmap compression](https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-compression)).
    fn run_lengths(&self, pixels: &[u8]) -> Option<u64> {
        let mut cursor = Cursor::new(pixels);
        let own = loop {
            let skipped = match cursor.array() {
                Some([0, 1]) => break Some(cursor.at()),
                Some([0, 2]) => 2,
                // So many pixels as they are, padded to an even number of octets; those of RLE4 take half an octet each.
                Some([0, count]) if count > 2 && self.compression == 1 => {
                    usize::from(count).next_multiple_of(2)
                }
                Some([0, count]) if count > 2 => usize::from(count).div_ceil(2).next_multiple_of(2),
                Some(_) => 0,
                None => break None,
            };
            if cursor.take(skipped).is_none() {
                break None;
            }
        };
        let own = own.and_then(|own| u64::try_from(own).ok());
        own.into_iter()
            .chain((self.packed != 0).then_some(u64::from(self.packed)))
            .max()
    }

    /// Where the pixels end in a file of this length. Up to three octets of padding may be missing there: decoders do not mind.
    fn pixels_end(&self, octets: &[u8]) -> Walked<usize> {
        let length = octets.len();
        if self.width == 0 || self.height == 0 {
            return Err("has no pixels");
        }
        if self.pixels < FILE_HEADER + self.size {
            return Err("has pixels in its header");
        }
        let packed = match self.compression {
            // Masks only tell where the colours are in a pixel; in OS/2's second header 3 with one bit is Huffman's code.
            0 | 6 => self.rows().ok_or("has pixels of unknown length")?,
            3 if self.bits != 1 => self.rows().ok_or("has pixels of unknown length")?,
            // A JPEG or PNG inside is for printers only.
            4 | 5 => return Err("has a picture of another kind in it"),
            1 | 2 => octets
                .get(self.pixels..)
                .and_then(|pixels| self.run_lengths(pixels))
                .ok_or(CUT)?,
            _ if self.packed == 0 => return Err("does not say how long its pixels are"),
            _ => u64::from(self.packed),
        };
        let end = usize::try_from(packed)
            .ok()
            .and_then(|packed| packed.checked_add(self.pixels))
            .ok_or(CUT)?;
        if end > length + 3 || self.pixels >= length {
            return Err(CUT);
        }
        Ok(end.min(length))
    }
}

/// Where the ICC profile is, if there is one. A path to one in another file tells of the writer's machine, and goes: sRGB is the default.
fn profile(reader: &Reader<'_>, header: &Header, out: &mut [u8]) -> Walked<Option<(usize, usize)>> {
    let fields = (
        reader.u32(COLOR_SPACE),
        reader.u32(PROFILE),
        reader.u32(PROFILE + 4),
    );
    let (Some(space), Some(offset), Some(length), V5) = (fields.0, fields.1, fields.2, header.size)
    else {
        return Ok(None);
    };
    if space == EMBEDDED && length != 0 {
        let start = usize::try_from(offset)
            .ok()
            .and_then(|offset| offset.checked_add(FILE_HEADER));
        let end = start
            .zip(usize::try_from(length).ok())
            .and_then(|(start, length)| start.checked_add(length));
        let range = start
            .zip(end)
            .filter(|&(_, end)| end <= reader.octets.len());
        return range.map(Some).ok_or("has a profile outside of it");
    }
    if space == LINKED {
        put(out, COLOR_SPACE, SRGB);
    }
    zero(out, PROFILE, PROFILE + 8);
    Ok(None)
}

/// Overwrites octets with zeroes.
fn zero(out: &mut [u8], start: usize, end: usize) {
    if let Some(octets) = out.get_mut(start..end) {
        octets.fill(0);
    }
}

/// Overwrites a number.
fn put(out: &mut [u8], at: usize, number: u32) {
    if let Some(octets) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *octets = number.to_le_bytes();
    }
}

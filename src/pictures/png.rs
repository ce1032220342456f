//! PNG without private metadata, also animated ([PNG, third edition](https://www.w3.org/TR/png-3/)).
//!
//! Chunks that say what the pixels are, what their colours mean, how large they are, and how they move stay. Of Exif stays the orientation
//! (and, if asked for, artist and copyright). All other ancillary chunks go: texts, times, makers' own; and what is behind the end.

use super::Walked;
use super::cursor::Cursor;
use super::exif::Fields;

/// What a PNG starts with ([5.2](https://www.w3.org/TR/png-3/#5PNG-file-signature)).
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";
/// The longest chunk ([5.3](https://www.w3.org/TR/png-3/#5Chunk-layout)).
const LONGEST: u32 = 0x7FFF_FFFF;

/// A chunk ([5.3](https://www.w3.org/TR/png-3/#5Chunk-layout)).
#[derive(Debug, Clone, Copy)]
struct Chunk<'a> {
    /// What it is.
    name: [u8; 4],
    /// What it says.
    body: &'a [u8],
    /// All its octets, with length, name and checksum.
    octets: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The next chunk.
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let start = cursor.at();
        let length = cursor.big_u32().filter(|&length| length <= LONGEST)?;
        let name = cursor.array()?;
        let body = cursor.take(usize::try_from(length).ok()?)?;
        cursor.take(4)?;
        Some(Self {
            name,
            body,
            octets: cursor.since(start),
        })
    }

    /// Whether a decoder that does not know this chunk must not go on ([5.4](https://www.w3.org/TR/png-3/#5Chunk-naming-conventions)).
    const fn is_critical(&self) -> bool {
        let [first, ..] = self.name;
        first.is_ascii_uppercase()
    }

    /// Whether it may stay: it is known, and as long as its fields are ([11](https://www.w3.org/TR/png-3/#11Chunks)).
    fn may_stay(&self) -> bool {
        let length = self.body.len();
        match &self.name {
            // `CgBI` comes first in Apple's variant, and tells its decoders how the pixels are packed.
            b"IDAT" | b"fdAT" | b"iCCP" | b"sPLT" | b"IEND" | b"IHDR" | b"CgBI" => true,
            b"PLTE" => length <= 3 * 256 && length.is_multiple_of(3),
            b"tRNS" => length <= 256,
            b"hIST" => length <= 2 * 256,
            b"bKGD" => matches!(length, 1 | 2 | 6),
            b"sBIT" => (1..=4).contains(&length),
            b"cHRM" => length == 32,
            b"gAMA" | b"cICP" => length == 4,
            b"sRGB" => length == 1,
            b"pHYs" => length == 9,
            b"mDCV" | b"mDCv" => length == 24,
            b"cLLI" | b"cLLi" | b"acTL" => length == 8,
            b"fcTL" => length == 26,
            _ => false,
        }
    }
}

/// A picture's octets without private metadata.
pub(super) fn strip(octets: &[u8], keep_copyright: bool) -> Walked<Vec<u8>> {
    let mut cursor = Cursor::new(octets);
    if cursor.take(SIGNATURE.len()) != Some(SIGNATURE) {
        return Err("has no PNG signature");
    }
    let mut out = Vec::with_capacity(octets.len());
    out.extend_from_slice(SIGNATURE);
    let (mut has_header, mut has_pixels, mut has_exif) = (false, false, false);
    loop {
        let chunk = Chunk::read(&mut cursor).ok_or("ends before its last chunk")?;
        match &chunk.name {
            b"IHDR" if has_header || chunk.body.len() != 13 => {
                return Err("has no header of its own");
            }
            b"CgBI" if chunk.body.len() == 4 => {}
            b"IHDR" => has_header = true,
            _ if !has_header => return Err("does not start with its header"),
            b"IDAT" => has_pixels = true,
            b"IEND" if !chunk.body.is_empty() => return Err("has something in its last chunk"),
            b"eXIf" if !has_exif => {
                has_exif = true;
                write_exif(chunk.body, keep_copyright, &mut out);
            }
            _ => {}
        }
        if chunk.may_stay() {
            out.extend_from_slice(chunk.octets);
        } else if chunk.is_critical() {
            return Err("has a chunk that no decoder knows or whose length is wrong");
        }
        if &chunk.name == b"IEND" {
            break;
        }
    }
    if has_pixels {
        Ok(out)
    } else {
        Err("has no pixels")
    }
}

/// Writes what may stay of Exif ([11.3.4.5](https://www.w3.org/TR/png-3/#eXIf)); some writers put JPEG's identifier before it.
fn write_exif(body: &[u8], keep_copyright: bool, out: &mut Vec<u8>) {
    let mut fields = Fields::default();
    fields.fill_from(body.strip_prefix(b"Exif\0\0").unwrap_or(body));
    // PNG has a chunk of its own for the resolution: pHYs.
    fields.resolution = None;
    if !keep_copyright {
        fields.drop_texts();
    }
    if let Some(block) = fields.write(body.len())
        && let Ok(length) = u32::try_from(block.len())
    {
        let mut sum = crc32fast::Hasher::new();
        sum.update(b"eXIf");
        sum.update(&block);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(b"eXIf");
        out.extend_from_slice(&block);
        out.extend_from_slice(&sum.finalize().to_be_bytes());
    }
}

//! Exif of which only what may stay is read, and written anew (CIPA DC-008, 4.6: a TIFF block; its first directory is about the picture).

use super::tiff_read::{ASCII, Directory, ENTRY, Order, RATIONAL, Reader, SHORT};

/// How the picture is turned (CIPA DC-008, 4.6.5.1.6).
pub(super) const ORIENTATION: u16 = 0x0112;
/// Pixels per unit (CIPA DC-008, 4.6.5.1.11).
const X_RESOLUTION: u16 = 0x011A;
/// Lines per unit.
const Y_RESOLUTION: u16 = 0x011B;
/// Inches or centimetres.
const RESOLUTION_UNIT: u16 = 0x0128;
/// Who made the picture (CIPA DC-008, 4.6.5.4.6).
pub(super) const ARTIST: u16 = 0x013B;
/// Whose rights it is under (CIPA DC-008, 4.6.5.4.7).
pub(super) const COPYRIGHT: u16 = 0x8298;

/// Pixels per unit, as two fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resolution {
    /// Numerator and denominator across.
    x: (u32, u32),
    /// Numerator and denominator down.
    y: (u32, u32),
    /// 2 for inches, 3 for centimetres.
    unit: u16,
}

/// What may stay of an Exif block.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    /// The order of octets in the block.
    order: Option<Order>,
    /// How the picture is turned, where it is (2 to 8).
    orientation: Option<u16>,
    /// Its resolution, where it says one.
    pub(super) resolution: Option<Resolution>,
    /// Tag, type and octets of who made it and whose rights it is under.
    texts: Vec<(u16, u16, Vec<u8>)>,
}

impl Fields {
    /// Takes from a block what was not known yet. A block that cannot be read tells nothing: it is not needed to show the picture.
    pub(super) fn fill_from(&mut self, block: &[u8]) {
        let Ok((reader, first)) = Reader::new(block) else {
            return;
        };
        let Ok(directory) = reader.directory(first) else {
            return;
        };
        self.order.get_or_insert(reader.order);
        let orientation = reader
            .first(&directory, ORIENTATION)
            .and_then(|number| u16::try_from(number).ok());
        if self.orientation.is_none() {
            self.orientation = orientation.filter(|number| (2..=8).contains(number));
        }
        self.resolution = self.resolution.or_else(|| resolution(&reader, &directory));
        for tag in [ARTIST, COPYRIGHT] {
            if let Some(entry) = directory.entry(tag)
                && matches!(entry.kind, ASCII | 129)
                && let Some(text) = reader.value(entry)
                && text.iter().any(|octet| !matches!(octet, 0 | b' '))
                && self.texts.iter().all(|&(known, ..)| known != tag)
            {
                self.texts.push((tag, entry.kind, text.to_vec()));
            }
        }
    }

    /// Forgets who made it and whose rights it is under.
    pub(super) fn drop_texts(&mut self) {
        self.texts.clear();
    }

    /// The new block, if anything is to be said. Texts that make it longer than what came (since they overlapped there) are left out.
    pub(super) fn write(mut self, came: usize) -> Option<Vec<u8>> {
        let block = self.block()?;
        if block.len() <= came || self.texts.is_empty() {
            return Some(block);
        }
        self.texts.clear();
        self.block()
    }

    /// The block with all that is known, if anything is.
    fn block(&self) -> Option<Vec<u8>> {
        let order = self.order.unwrap_or_default();
        let mut values = Vec::new();
        if let Some(number) = self.orientation {
            values.push((ORIENTATION, SHORT, order.u16(number).to_vec()));
        }
        if let Some(Resolution { x, y, unit }) = self.resolution {
            let fraction = |(above, below)| [order.u32(above), order.u32(below)].concat();
            values.push((X_RESOLUTION, RATIONAL, fraction(x)));
            values.push((Y_RESOLUTION, RATIONAL, fraction(y)));
            values.push((RESOLUTION_UNIT, SHORT, order.u16(unit).to_vec()));
        }
        values.extend_from_slice(&self.texts);
        // Entries stand in the order of their tags (TIFF 6.0, page 15).
        values.sort_by_key(|&(tag, ..)| tag);
        (!values.is_empty())
            .then(|| directory(order, &values))
            .flatten()
    }
}

/// A block of one directory with these values (tag, type, octets).
fn directory(order: Order, values: &[(u16, u16, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut out = match order {
        Order::Little => b"II*\0".to_vec(),
        Order::Big => b"MM\0*".to_vec(),
    };
    out.extend_from_slice(&order.u32(8));
    out.extend_from_slice(&order.u16(u16::try_from(values.len()).ok()?));
    let mut behind = Vec::new();
    let start = 8 + 2 + values.len() * ENTRY + 4;
    for (tag, kind, octets) in values {
        let size = match *kind {
            SHORT => 2,
            RATIONAL => 8,
            _ => 1,
        };
        out.extend_from_slice(&order.u16(*tag));
        out.extend_from_slice(&order.u16(*kind));
        out.extend_from_slice(&order.u32(u32::try_from(octets.len() / size).ok()?));
        if octets.len() <= 4 {
            out.extend_from_slice(octets);
            out.extend(std::iter::repeat_n(0, 4 - octets.len()));
        } else {
            out.extend_from_slice(&order.u32(u32::try_from(start + behind.len()).ok()?));
            behind.extend_from_slice(octets);
            // Values start at even offsets (TIFF 6.0, page 15).
            behind.extend(std::iter::repeat_n(0, octets.len() % 2));
        }
    }
    out.extend_from_slice(&order.u32(0));
    out.append(&mut behind);
    Some(out)
}

/// The resolution that a directory says. 72 pixels per inch stand for "not known" (CIPA DC-008, 4.6.5.1.11).
fn resolution(reader: &Reader<'_>, directory: &Directory) -> Option<Resolution> {
    let fraction = |tag| {
        let entry = directory
            .entry(tag)
            .filter(|entry| entry.kind == RATIONAL && entry.count == 1)?;
        let (above, below) = reader.value(entry)?.split_first_chunk::<4>()?;
        let octets = Reader {
            octets: above,
            ..*reader
        };
        let rest = Reader {
            octets: below,
            ..*reader
        };
        Some((octets.u32(0)?, rest.u32(0)?)).filter(|&(above, below)| above != 0 && below != 0)
    };
    let (x, y) = (fraction(X_RESOLUTION)?, fraction(Y_RESOLUTION)?);
    let unit = reader
        .first(directory, RESOLUTION_UNIT)
        .and_then(|unit| u16::try_from(unit).ok())
        .unwrap_or(2);
    let is_unknown = |(above, below): (u32, u32)| u64::from(above) == 72 * u64::from(below);
    let says = matches!(unit, 2 | 3) && !(unit == 2 && is_unknown(x) && is_unknown(y));
    says.then_some(Resolution { x, y, unit })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A block with these values.
    pub(crate) fn block(order: Order, values: &[(u16, u16, Vec<u8>)]) -> Vec<u8> {
        directory(order, values).unwrap()
    }
}

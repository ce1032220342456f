//! Walking through a JPEG's marker segments and scans ([T.81, annex B](https://www.w3.org/Graphics/JPEG/itu-t81.pdf)).

use memchr::memchr;

use super::Walked;

/// Start of image (T.81, table B.1, as all of these).
pub(super) const SOI: u8 = 0xD8;
/// End of image.
pub(super) const EOI: u8 = 0xD9;
/// Start of scan: entropy-coded data comes behind its header.
pub(super) const SOS: u8 = 0xDA;
/// Application segment 0: JFIF.
pub(super) const APP0: u8 = 0xE0;
/// Application segment 1: Exif (and XMP).
pub(super) const APP1: u8 = 0xE1;
/// Application segment 2: ICC profiles (and second pictures).
pub(super) const APP2: u8 = 0xE2;
/// Application segment 8: JPEG-LS's colour transform.
pub(super) const APP8: u8 = 0xE8;
/// Application segment 14: Adobe.
pub(super) const APP14: u8 = 0xEE;
/// Start of a JPEG-LS frame ([T.87, annex C](https://www.itu.int/rec/T-REC-T.87)).
const SOF55: u8 = 0xF7;

/// What is said of octets that end too early.
pub(super) const CUT: &str = "ends before its end marker";

/// A marker segment, for a scan with its entropy-coded data behind it, or the end marker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    /// Where it starts, its 0xFF.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// The octet behind its 0xFF.
    pub(super) marker: u8,
    /// What it says, behind its length (without a scan's entropy-coded data).
    pub(super) body: &'a [u8],
    /// All its octets.
    pub(super) octets: &'a [u8],
}

impl Piece<'_> {
    /// Whether this is the header of a frame (SOFn: T.81, B.2.2; JPEG-LS: T.87, C.2.2), so whether there is a picture.
    pub(super) const fn is_frame(&self) -> bool {
        matches!(self.marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | SOF55)
    }

    /// Whether a decoder needs it whole: frames, tables, scans, restart intervals, lines, hierarchy, JPEG-LS parameters and the end.
    pub(super) const fn is_needed(&self) -> bool {
        matches!(self.marker, 0xC4 | 0xCC | 0xD9..=0xDF | 0xF8) || self.is_frame()
    }

    /// Whether a needed segment is as long as its own fields say: what is longer hides something, and no decoder takes it (T.81, B.2).
    fn has_fitting_length(&self) -> bool {
        let body = self.body;
        match self.marker {
            0xDD => matches!(body.len(), 2..=4),
            0xDC => body.len() == 2,
            0xDF => body.len() == 1,
            0xCC => body.len().is_multiple_of(2),
            SOS => body
                .first()
                .is_some_and(|&n| body.len() == 4 + 2 * usize::from(n)),
            0xDB => are_quantization_tables(body),
            0xC4 => are_huffman_tables(body),
            0xDE => is_frame_header(body),
            _ if self.is_frame() => is_frame_header(body),
            _ => true,
        }
    }
}

/// Whether this is a frame header of fitting length (T.81, B.2.2).
fn is_frame_header(body: &[u8]) -> bool {
    body.get(5)
        .is_some_and(|&components| body.len() == 6 + 3 * usize::from(components))
}

/// Whether these are quantization tables and nothing else (T.81, B.2.4.1).
fn are_quantization_tables(mut body: &[u8]) -> bool {
    while let Some((&head, rest)) = body.split_first() {
        let Some(rest) = rest.get(if head >> 4 == 0 { 64 } else { 128 }..) else {
            return false;
        };
        body = rest;
    }
    true
}

/// Whether these are Huffman tables and nothing else (T.81, B.2.4.2).
fn are_huffman_tables(mut body: &[u8]) -> bool {
    while !body.is_empty() {
        let Some(counts) = body.get(1..17) else {
            return false;
        };
        let codes: usize = counts.iter().map(|&count| usize::from(count)).sum();
        let Some(rest) = body.get(17 + codes..) else {
            return false;
        };
        body = rest;
    }
    true
}

/// Walks from behind the start marker to the end marker. What stands between the pieces, fill octets or others, belongs to none of them.
#[derive(Debug, Clone)]
pub(super) struct Pieces<'a> {
    /// The JPEG from its start marker on.
    octets: &'a [u8],
    /// How far the walk has come.
    at: usize,
    /// Whether the entropy-coded data is JPEG-LS's, which knows only markers from 0xFF80 on (T.87, A.1).
    is_ls: bool,
    /// Whether the end has come.
    is_done: bool,
}

/// The pieces of the JPEG that starts these octets.
pub(super) fn pieces(octets: &[u8]) -> Walked<Pieces<'_>> {
    if !octets.starts_with(&[0xFF, SOI]) {
        return Err("has no start marker");
    }
    Ok(Pieces {
        octets,
        at: 2,
        is_ls: false,
        is_done: false,
    })
}

impl<'a> Pieces<'a> {
    /// The next marker and where its 0xFF is. Fill octets and what is no marker are passed over, as decoders do (T.81, B.1.1.2).
    fn marker(&mut self) -> Option<(usize, u8)> {
        loop {
            let rest = self.octets.get(self.at..)?;
            self.at += memchr(0xFF, rest)? + 1;
            let &marker = self.octets.get(self.at)?;
            // TEM and RSTn stand alone and say nothing outside of entropy-coded data (T.81, table B.1).
            if !matches!(marker, 0 | 0x01 | 0xD0..=0xD7 | 0xFF) {
                let start = self.at - 1;
                self.at += 1;
                return Some((start, marker));
            }
        }
    }

    /// Where the entropy-coded data from here on ends: at the first marker other than a restart (T.81, B.1.1.5).
    fn end_of_coded(&self) -> Option<usize> {
        let mut at = self.at;
        loop {
            let start = at + memchr(0xFF, self.octets.get(at..)?)?;
            at = start + 1;
            // More than one 0xFF are fill octets, and belong to the marker (T.81, B.1.1.2).
            while *self.octets.get(at)? == 0xFF {
                at += 1;
            }
            match *self.octets.get(at)? {
                // TEM stands alone as well: what decoders make of it there is theirs.
                0 | 0x01 | 0xD0..=0xD7 => {}
                next if self.is_ls && next < 0x80 => {}
                _ => return Some(start),
            }
        }
    }

    /// The next piece, if the walk can go on.
    fn piece(&mut self) -> Walked<Piece<'a>> {
        let (at, marker) = self.marker().ok_or(CUT)?;
        let mut body: &[u8] = &[];
        match marker {
            EOI => self.is_done = true,
            SOI => return Err("starts a second time"),
            0x02..=0xBF => return Err("has a marker that there is not"),
            _ => {
                let rest = self.octets.get(self.at..).ok_or(CUT)?;
                let length = usize::from(u16::from_be_bytes(*rest.first_chunk().ok_or(CUT)?));
                body = rest
                    .get(2..length)
                    .ok_or("has a segment that ends outside of it")?;
                self.at += length;
            }
        }
        let header = Piece {
            at,
            end: self.at,
            marker,
            body,
            octets: &[],
        };
        if !header.has_fitting_length() {
            return Err("has a segment of the wrong length");
        }
        self.is_ls |= marker == SOF55;
        if marker == SOS {
            self.at = self.end_of_coded().ok_or(CUT)?;
        }
        let octets = self.octets.get(at..self.at).unwrap_or_default();
        Ok(Piece {
            end: self.at,
            octets,
            ..header
        })
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Walked<Piece<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let piece = self.piece();
        self.is_done |= piece.is_err();
        Some(piece)
    }
}

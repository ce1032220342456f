//! JPEG without private metadata ([T.81](https://www.w3.org/Graphics/JPEG/itu-t81.pdf), [JFIF](https://www.w3.org/Graphics/JPEG/jfif3.pdf)).
//!
//! Of the application segments stay: JFIF's density (without thumbnail), Exif's orientation, resolution and, if asked for, artist and
//! copyright, the ICC profile, and Adobe's (it tells how colours are coded). Comments and all other application segments go, and what is
//! behind the end marker: second pictures ([CIPA DC-007](https://www.cipa.jp/std/documents/e/DC-X007-KEY_E.pdf), gain maps too), films,
//! makers' trailers.

use super::Walked;
use super::exif::Fields;
use super::icc;
use super::jpeg_walk::{APP0, APP1, APP2, APP8, APP14, CUT, Piece, SOS, pieces};

/// What stands before JFIF's fields (JFIF 1.02, page 5).
const JFIF: &[u8] = b"JFIF\0";
/// What stands before Exif's TIFF block (CIPA DC-008, 4.7.2).
const EXIF: &[u8] = b"Exif\0\0";
/// The longest TIFF block that fits an Exif segment.
const LONGEST_EXIF: usize = 65535 - 2 - EXIF.len();
/// What stands before Adobe's fields ([Adobe technical note 5116](https://www.pdfa.org/norm-refs/5116.DCT_Filter.pdf), page 22).
const ADOBE: &[u8] = b"Adobe";
/// How long Adobe's segment is.
const ADOBE_LENGTH: usize = 12;

/// A picture's octets without private metadata.
pub(super) fn strip(octets: &[u8], keep_copyright: bool) -> Walked<Vec<u8>> {
    let facts = Facts::gather(octets, keep_copyright)?;
    let mut writer = Writer {
        out: Vec::with_capacity(octets.len()),
        facts: &facts,
        jfif: false,
        exif: false,
        icc: false,
    };
    writer.out.extend_from_slice(&[0xFF, super::jpeg_walk::SOI]);
    for piece in pieces(octets)? {
        writer.piece(piece?);
    }
    Ok(writer.out)
}

/// What the whole picture tells, whose pieces may come in any order.
#[derive(Debug)]
struct Facts {
    /// The body of the new Exif segment, if there is one.
    exif: Option<Vec<u8>>,
    /// What becomes of the ICC profile.
    icc: icc::Verdict,
}

impl Facts {
    /// Walks through the whole picture.
    fn gather(octets: &[u8], keep_copyright: bool) -> Walked<Self> {
        let (mut is_frame, mut is_scan, mut has_density, mut exif_length) =
            (false, false, false, 0);
        let mut fields = Fields::default();
        let mut profile = icc::Pieces::default();
        for piece in pieces(octets)? {
            let piece = piece?;
            is_frame |= piece.is_frame();
            is_scan |= piece.marker == SOS;
            match piece.marker {
                APP0 => {
                    has_density |=
                        jfif(piece.body).is_some_and(|[.., unit, _, _, _, _, _, _]| unit != 0)
                }
                APP2 => profile.add(piece.body),
                APP1 => {
                    if let Some(block) = piece.body.strip_prefix(EXIF) {
                        exif_length += block.len();
                        fields.fill_from(block);
                    }
                }
                _ => {}
            }
        }
        if !is_frame || !is_scan {
            return Err("has no picture in it");
        }
        if has_density {
            fields.resolution = None;
        }
        if !keep_copyright {
            fields.drop_texts();
        }
        Ok(Self {
            exif: fields.write(exif_length.min(LONGEST_EXIF)),
            icc: profile.verdict(),
        })
    }
}

/// JFIF's fields without thumbnail: version, unit, densities (JFIF 1.02, page 5).
fn jfif(body: &[u8]) -> Option<[u8; 9]> {
    let &[major, minor, unit, x1, x2, y1, y2] = body.strip_prefix(JFIF)?.first_chunk()?;
    Some([major, minor, unit, x1, x2, y1, y2, 0, 0])
}

/// Writes a picture piece by piece.
#[derive(Debug)]
struct Writer<'a> {
    /// What is written.
    out: Vec<u8>,
    /// What is known of the whole picture.
    facts: &'a Facts,
    /// Whether JFIF's segment has been written.
    jfif: bool,
    /// Whether Exif's segment has been written.
    exif: bool,
    /// Whether the ICC profile has been written anew.
    icc: bool,
}

impl Writer<'_> {
    /// Writes a piece, or of it what may stay.
    fn piece(&mut self, piece: Piece<'_>) {
        match piece.marker {
            APP0 => {
                if let Some(fields) = jfif(piece.body).filter(|_| !self.jfif) {
                    self.jfif = true;
                    self.segment(APP0, JFIF, &fields);
                }
            }
            APP1 if piece.body.starts_with(EXIF) && !self.exif => {
                self.exif = true;
                if let Some(block) = &self.facts.exif {
                    self.segment(APP1, EXIF, block);
                }
            }
            APP2 if piece.body.starts_with(icc::JPEG_NAME) => self.icc(piece),
            APP14 => {
                let fields = piece
                    .body
                    .get(..ADOBE_LENGTH)
                    .and_then(|body| body.strip_prefix(ADOBE));
                if let Some(fields) = fields {
                    self.segment(APP14, ADOBE, fields);
                }
            }
            // Hewlett-Packard's colour transform of JPEG-LS: its pixels are others without it.
            APP8 if piece.body.len() == 5 && piece.body.starts_with(b"mrfx") => {
                self.out.extend_from_slice(piece.octets)
            }
            _ if piece.is_needed() => self.out.extend_from_slice(piece.octets),
            _ => {}
        }
    }

    /// Writes a piece of the ICC profile, or at its first piece the whole.
    fn icc(&mut self, piece: Piece<'_>) {
        match &self.facts.icc {
            icc::Verdict::Nothing => {}
            icc::Verdict::AsItIs => self.out.extend_from_slice(piece.octets),
            icc::Verdict::Anew(segments) if !self.icc => {
                self.icc = true;
                self.out.extend_from_slice(segments);
            }
            icc::Verdict::Anew(_) => {}
        }
    }

    /// Writes an application segment; one that is too long for its length field is not written (none is: they are shorter than what came).
    fn segment(&mut self, marker: u8, name: &[u8], fields: &[u8]) {
        if let Ok(length) = u16::try_from(2 + name.len() + fields.len()) {
            self.out.extend_from_slice(&[0xFF, marker]);
            self.out.extend_from_slice(&length.to_be_bytes());
            self.out.extend_from_slice(name);
            self.out.extend_from_slice(fields);
        }
    }
}

/// Where in a JPEG inside of another file private metadata stands: all of it can be overwritten with zeroes, and the JPEG decodes as before.
/// Where only a header is asked for, the walk may end at the first scan. (TIFF: [technical note 2](https://www.awaresystems.be/imaging/tiff/specification/TIFFTechNote2.txt).)
pub(super) fn blanks(octets: &[u8], is: Inner) -> Walked<Vec<(usize, usize)>> {
    let mut blanks = Vec::new();
    let (mut end, mut is_frame, mut is_scan) = (2, false, false);
    for piece in pieces(octets)? {
        let piece = match piece {
            Ok(piece) => piece,
            // Some writers' strips have no end marker: the TIFF says where they end.
            Err(why) if is_frame && (is == Inner::Header || is_scan && why == CUT) => {
                return Ok(blanks);
            }
            Err(why) => return Err(why),
        };
        is_frame |= piece.is_frame();
        is_scan |= piece.marker == SOS;
        // Fill octets are markers' right; what else stands between pieces is not (T.81, B.1.1.2).
        if octets
            .get(end..piece.at)
            .is_some_and(|gap| gap.iter().any(|&octet| octet != 0xFF))
        {
            blanks.push((end, piece.at));
        }
        end = piece.end;
        let body = piece.end - piece.body.len();
        match piece.marker {
            _ if piece.is_needed() => {}
            APP0 if piece.body.len() >= 14 && piece.body.starts_with(JFIF) => {
                blanks.push((body + 12, end))
            }
            APP14 if piece.body.len() >= ADOBE_LENGTH && piece.body.starts_with(ADOBE) => {
                blanks.push((body + ADOBE_LENGTH, end))
            }
            _ => blanks.push((body, end)),
        }
    }
    if is == Inner::Strip && !(is_frame && is_scan) {
        return Err("has a JPEG strip without picture");
    }
    // Old TIFFs may have their strips behind what is but a header.
    if is != Inner::Header {
        blanks.push((end, octets.len()));
    }
    Ok(blanks)
}

/// What a JPEG inside of another file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Inner {
    /// Tables only.
    Tables,
    /// A whole strip or tile.
    Strip,
    /// What stood at the start of a file, perhaps without its scans' data.
    Header,
}

//! Which tags of a TIFF may stay.
//!
//! These are the tags that decoding needs, and those about colours, resolution and orientation, from
//! [TIFF 6.0](https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf) (sections 8 to 23) and the supplements named beside them. All
//! others go: texts, dates, places, Exif, XMP (700), IPTC (33723), Photoshop's (34377, 37724), ink and page names, private tags.

use super::tiff_read::{ASCII, Entry, IFD, LONG, UNDEFINED};

/// Which kind of subfile this is, bit by bit: bit 0 is set for a smaller copy.
pub(super) const NEW_SUBFILE_TYPE: u16 = 254;
/// The same before TIFF 5.0: 2 for a smaller copy.
pub(super) const SUBFILE_TYPE: u16 = 255;
/// Pixels in a row.
pub(super) const WIDTH: u16 = 256;
/// Rows.
pub(super) const LENGTH: u16 = 257;
/// Bits of each sample.
pub(super) const BITS_PER_SAMPLE: u16 = 258;
/// How the strips are packed.
pub(super) const COMPRESSION: u16 = 259;
/// What the samples mean.
pub(super) const PHOTOMETRIC: u16 = 262;
/// Where the strips are.
pub(super) const STRIP_OFFSETS: u16 = 273;
/// Samples of each pixel.
pub(super) const SAMPLES_PER_PIXEL: u16 = 277;
/// Rows in a strip.
pub(super) const ROWS_PER_STRIP: u16 = 278;
/// How long the strips are.
pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
/// Whether samples stand together (1) or in planes of their own (2).
pub(super) const PLANAR_CONFIGURATION: u16 = 284;
/// Where the tiles are.
pub(super) const TILE_OFFSETS: u16 = 324;
/// How long the tiles are.
pub(super) const TILE_BYTE_COUNTS: u16 = 325;
/// Directories of further pictures ([technical note 1](https://www.awaresystems.be/imaging/tiff/specification/TIFFPM6.pdf)).
pub(super) const SUB_IFDS: u16 = 330;
/// Tables of all JPEG strips ([technical note 2](https://www.awaresystems.be/imaging/tiff/specification/TIFFTechNote2.txt)).
pub(super) const JPEG_TABLES: u16 = 347;
/// Where the JPEG of a picture is (section 22, as the next four).
pub(super) const JPEG_INTERCHANGE: u16 = 513;
/// How long it is.
pub(super) const JPEG_INTERCHANGE_LENGTH: u16 = 514;
/// Where the quantization tables are.
pub(super) const JPEG_Q_TABLES: u16 = 519;
/// Where the Huffman tables of DC coefficients are.
pub(super) const JPEG_DC_TABLES: u16 = 520;
/// Where the Huffman tables of AC coefficients are.
pub(super) const JPEG_AC_TABLES: u16 = 521;
/// An ICC profile ([ICC.1](https://www.color.org/specification/ICC.1-2022-05.pdf), B.6).
pub(super) const ICC_PROFILE: u16 = 34675;
/// Tags of cameras' raw data: colour filters ([TIFF/EP](https://www.iso.org/standard/29377.html)), Canon's slices, and
/// [DNG](https://helpx.adobe.com/camera-raw/digital-negative.html)'s version.
pub(super) const OF_RAW: [u16; 4] = [33421, 33422, 50752, 50706];

/// JPEG as of section 22.
pub(super) const OLD_JPEG: u32 = 6;
/// JPEG as of technical note 2.
pub(super) const JPEG: u32 = 7;
/// JPEG with lossy DNG's number.
pub(super) const LOSSY_JPEG: u32 = 34892;

/// Whether an entry may stay: its tag is known and its values are of a type that the tag may have.
pub(super) fn may_stay(entry: &Entry) -> bool {
    let is_number = !matches!(entry.kind, ASCII | UNDEFINED | 129);
    match entry.tag {
        // Sections 8 to 19. Left out: 269 to 272, 285, 286 to 289, 305, 306, 315, 316, 333, 337.
        254..=259
        | 262..=266
        | 273
        | 274
        | 277..=284
        | 290..=293
        | 296
        | 297
        | 301
        | 317..=325
        | 332
        | 334
        | 336
        | 338..=342 => is_number,
        // Fax: damaged rows ([RFC 2306](https://www.rfc-editor.org/rfc/rfc2306)); what decoding TIFF-FX needs ([RFC 3949](https://www.rfc-editor.org/rfc/rfc3949)).
        326..=328 | 433 | 435 | 559 => is_number,
        // Technical note 1: further pictures and palettes.
        SUB_IFDS => matches!(entry.kind, LONG | IFD),
        346 => is_number,
        JPEG_TABLES | ICC_PROFILE => matches!(entry.kind, 1 | UNDEFINED),
        // Sections 20 to 22.
        512..=521 | 529..=532 => is_number,
        // Silicon Graphics' depth and alpha, and LogLuv's scale; the parameters of LERC.
        32995..=32998 | 37439 | 50674 => is_number,
        _ => false,
    }
}

/// Whether this is a way of packing strips whose octets need no further tags. Cameras' own ways need their makers' private tags, so that
/// what would be left could not be shown.
pub(super) const fn is_known_compression(number: u32) -> bool {
    // TIFF 6.0; then 8 to 10: supplement 2 and RFC 3949; fax and PackBits; Pixar, Deflate, JBIG, LogLuv; JPEG 2000; LERC, LZMA; Zstandard, WebP.
    matches!(
        number,
        1..=10
            | 32766
            | 32771
            | 32773
            | 32809
            | 32908
            | 32909
            | 32946
            | 34661
            | 34676
            | 34677
            | 34712
            | 33003
            | 33005
            | 34887
            | LOSSY_JPEG
            | 34925
            | 50000
            | 50001
    )
}

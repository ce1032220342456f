//! The six kinds of file that may be attached, told by their contents alone.
//!
//! The checks are stricter than a signature: two letters (`BM`) or a word (`GIF89a`) begin texts and scripts as well.

use crate::pictures;

use super::octets::{array, big32, first, little16, little32, stands};

/// A kind of file that may be attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// ISO 32000.
    Pdf,
    /// GIF 87a and 89a.
    Gif,
    /// A bitmap of Windows or OS/2.
    Bmp,
    /// TIFF 6.0 and BigTIFF.
    Tiff,
    /// ITU-T T.81, in JFIF, Exif or bare.
    Jpeg,
    /// ISO/IEC 15948; animated ones as well.
    Png,
}

/// Within so many octets readers look for the header of a PDF (ISO 32000-1 Annex H, implementation note 13).
pub(super) const PDF_WITHIN: usize = 1_024;
/// The sizes of the header behind a bitmap's file header: OS/2 1 and 2, Windows 3, 4 and 5.
const BMP_HEADERS: [usize; 8] = [12, 16, 40, 52, 56, 64, 108, 124];

impl Kind {
    /// The media type to declare.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// The picture that it is; none of a document.
    #[must_use]
    pub const fn picture(self) -> Option<pictures::Kind> {
        Some(match self {
            Self::Pdf => return None,
            Self::Gif => pictures::Kind::Gif,
            Self::Bmp => pictures::Kind::Bmp,
            Self::Tiff => pictures::Kind::Tiff,
            Self::Jpeg => pictures::Kind::Jpeg,
            Self::Png => pictures::Kind::Png,
        })
    }

    /// In words, with an article.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Pdf => "a PDF document",
            Self::Gif => "a GIF picture",
            Self::Bmp => "a BMP picture",
            Self::Tiff => "a TIFF picture",
            Self::Jpeg => "a JPEG picture",
            Self::Png => "a PNG picture",
        }
    }

    /// The kind of a file, if it is one of the six.
    #[must_use]
    pub fn of(contents: &[u8]) -> Option<Self> {
        match contents {
            [0x89, b'P', b'N', b'G', ..] if is_png(contents) => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] if is_jpeg(contents) => Some(Self::Jpeg),
            [b'G', b'I', b'F', ..] if is_gif(contents) => Some(Self::Gif),
            [b'B', b'M', ..] if is_bmp(contents) => Some(Self::Bmp),
            [b'I', b'I', ..] | [b'M', b'M', ..] if is_tiff(contents) => Some(Self::Tiff),
            _ if is_pdf(contents) => Some(Self::Pdf),
            _ => None,
        }
    }
}

/// `%PDF-` at the front. Programs of shops write line ends or a byte order mark before it, and every reader passes over them; nothing else may stand there.
fn is_pdf(contents: &[u8]) -> bool {
    let front = first(contents, PDF_WITHIN);
    let front = front.strip_prefix(b"\xef\xbb\xbf").unwrap_or(front);
    front.trim_ascii_start().starts_with(b"%PDF-")
}

/// The signature, and IHDR as the first chunk (PNG 5.2, 5.6).
fn is_png(contents: &[u8]) -> bool {
    stands(contents, 0, b"\x89PNG\r\n\x1a\n") && stands(contents, 12, b"IHDR")
}

/// SOI and another marker (T.81 B.1.1.3). SOF55 is JPEG-LS, which readers of JPEG do not show; an APP0 of `/*` octets is the beginning of a script.
fn is_jpeg(contents: &[u8]) -> bool {
    match array::<6>(contents, 0) {
        Some([_, _, _, 0xf7, ..]) => false,
        Some([_, _, _, 0xe0, b'/', b'*' | b'/']) => false,
        Some([_, _, _, marker, ..]) => marker >= 0xc0,
        None => false,
    }
}

/// The version, and a block behind the colours (GIF89a 17 to 20). A width in printable letters (8224 and more) is the assignment or the comment of a
/// script: `GIF89a=1;`, `GIF89a/*`.
fn is_gif(contents: &[u8]) -> bool {
    let version = stands(contents, 0, b"GIF87a") || stands(contents, 0, b"GIF89a");
    let Some([low, high, _, _, flags]) = array(contents, 6).filter(|_| version) else {
        return false;
    };
    let printed = |octet: u8| octet.is_ascii_graphic() || octet == b' ';
    let block = contents.get(13 + colours(flags));
    !(printed(low) && printed(high)) && matches!(block, Some(0x21 | 0x2c | 0x3b) | None)
}

/// The octets of a table of colours (GIF89a 19 and 21).
pub(super) fn colours(flags: u8) -> usize {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

/// The file header and a header of a known size with one plane (BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER). `BM/*` is the beginning of a script
/// unless the file is as long as that says.
fn is_bmp(contents: &[u8]) -> bool {
    let (Some(size), Some(pixels), Some(header)) = (
        little32(contents, 2),
        little32(contents, 10),
        little32(contents, 14),
    ) else {
        return false;
    };
    let planes = if header == 12 { 22 } else { 26 };
    let script =
        matches!(contents.get(2..4), Some(b"/*" | b"//" | b"=1")) && size != contents.len();
    BMP_HEADERS.contains(&header)
        && little16(contents, planes) == Some(1)
        && pixels >= 14 + header
        && !script
}

/// The order of octets, the version, and a directory within the file (TIFF 6.0 section 2). Canon's raw pictures say `CR` behind it.
fn is_tiff(contents: &[u8]) -> bool {
    let directory = match array::<4>(contents, 0) {
        Some([b'I', b'I', 0x2a, 0]) => little32(contents, 4),
        Some([b'M', b'M', 0, 0x2a]) => big32(contents, 4),
        Some([b'I', b'I', 0x2b, 0]) => little32(contents, 8),
        Some([b'M', b'M', 0, 0x2b]) => big32(contents, 12),
        _ => None,
    };
    directory.is_some_and(|at| at >= 8 && at < contents.len()) && !stands(contents, 8, b"CR")
}

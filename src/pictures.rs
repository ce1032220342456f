//! Removing private metadata from pictures: where they were taken, by whom, with which device, and what they looked like before.
//!
//! Nothing is decoded and nothing is encoded anew, so the picture stays what it was, octet by octet. What is known to be needed to show it
//! (by its format's specification) stays; everything else goes, known or not. No crate does that: `img-parts` leaves everything behind a
//! JPEG's first scan header as it is (further scans, second pictures, films), `little_exif` removes what it knows, and the `png`, `gif` and
//! `tiff` crates lose what they do not know when they write, but only after decoding. So the containers are walked here.
//!
//! | format | specification |
//! | --- | --- |
//! | JPEG | [ITU-T T.81](https://www.w3.org/Graphics/JPEG/itu-t81.pdf), [JFIF](https://www.w3.org/Graphics/JPEG/jfif3.pdf), Exif (CIPA DC-008) |
//! | PNG | [PNG, third edition](https://www.w3.org/TR/png-3/) |
//! | GIF | [GIF89a](https://www.w3.org/Graphics/GIF/spec-gif89a.txt) |
//! | TIFF | [TIFF 6.0](https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf) and its supplements |
//! | BMP | [Bitmap storage](https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage) |

mod bmp;
mod cursor;
mod exif;
mod gif;
mod icc;
mod jpeg;
mod jpeg_walk;
mod png;
mod tiff;
mod tiff_data;
mod tiff_length;
mod tiff_page;
mod tiff_read;
mod tiff_tags;

use std::fmt;

/// A format of pictures whose metadata can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// JPEG ([ITU-T T.81](https://www.w3.org/Graphics/JPEG/itu-t81.pdf)).
    Jpeg,
    /// PNG, also animated ([PNG, third edition](https://www.w3.org/TR/png-3/)).
    Png,
    /// GIF, also animated ([GIF89a](https://www.w3.org/Graphics/GIF/spec-gif89a.txt)).
    Gif,
    /// TIFF of one or many pages ([TIFF 6.0](https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf)).
    Tiff,
    /// Windows and OS/2 bitmap ([Bitmap storage](https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage)).
    Bmp,
}

impl Kind {
    /// The format that a file's first octets tell, if it is one of these: enough to strip it. Whether it may be attached, [`crate::attachments`] tells.
    #[must_use]
    pub fn of(octets: &[u8]) -> Option<Self> {
        const MAGIC: [(&[u8], Kind); 9] = [
            (b"\xFF\xD8\xFF", Kind::Jpeg),
            (png::SIGNATURE, Kind::Png),
            (b"GIF87a", Kind::Gif),
            (b"GIF89a", Kind::Gif),
            (b"II*\0", Kind::Tiff),
            (b"MM\0*", Kind::Tiff),
            (b"II+\0", Kind::Tiff),
            (b"MM\0+", Kind::Tiff),
            (b"BM", Kind::Bmp),
        ];
        let found = MAGIC.iter().find(|(magic, _)| octets.starts_with(magic));
        found.map(|&(_, kind)| kind)
    }

    /// The format's name as people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
        }
    }
}

/// A picture without private metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stripped<'a> {
    /// Nothing of that kind was in it: these are the very octets that came.
    Kept(&'a [u8]),
    /// Something was removed: these are the new octets.
    Changed(Vec<u8>),
}

impl Stripped<'_> {
    /// The picture's octets, new or not.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::Kept(octets) => octets,
            Self::Changed(octets) => octets,
        }
    }
}

/// A picture whose structure cannot be followed to its end: nobody can say what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// What it claims to be.
    pub kind: Kind,
    /// Where it ended, in words that stand after "it".
    pub why: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "is no complete {}: it {}", self.kind.name(), self.why)
    }
}

impl std::error::Error for Broken {}

/// What a walk through a container comes to: the reason is said as in [`Broken::why`].
type Walked<T> = Result<T, &'static str>;

/// Removes private metadata from a picture of this kind. Artist and copyright (Exif's and TIFF's own) stay where that is asked for.
///
/// Takes time linear to the octets (and sorting for TIFF), needs memory of a small multiple of them, and gives back at most about a hundred
/// octets more than it got, whatever they are.
///
/// # Errors
///
/// [`Broken`] where the structure cannot be followed to the picture's end.
pub fn strip(kind: Kind, octets: &[u8], keep_copyright: bool) -> Result<Stripped<'_>, Broken> {
    let walked = match kind {
        Kind::Jpeg => jpeg::strip(octets, keep_copyright),
        Kind::Png => png::strip(octets, keep_copyright),
        Kind::Gif => gif::strip(octets),
        Kind::Tiff => tiff::strip(octets, keep_copyright),
        Kind::Bmp => bmp::strip(octets),
    };
    match walked {
        Ok(new) if new == octets => Ok(Stripped::Kept(octets)),
        Ok(new) => Ok(Stripped::Changed(new)),
        Err(why) => Err(Broken { kind, why }),
    }
}

#[cfg(test)]
mod tests;

//! ICC profiles: they stay, since colours are wrong without them ([ICC.1](https://www.color.org/specification/ICC.1-2022-05.pdf)).

/// What stands before a piece of a profile in a JPEG's APP2 segment (ICC.1, B.4).
pub(super) const JPEG_NAME: &[u8] = b"ICC_PROFILE\0";
/// How long a profile's header is (ICC.1, 7.2).
const HEADER: usize = 128;
/// The most of a profile that fits one segment: a segment less its length, the name and two numbers.
const MOST_IN_SEGMENT: usize = 65535 - 2 - 14;

/// The profile itself, as long as it says (ICC.1, 7.2.2), if this is one (ICC.1, 7.2.9: its signature).
pub(super) fn profile(octets: &[u8]) -> Option<&[u8]> {
    let size = u32::from_be_bytes(*octets.first_chunk()?);
    if octets.get(36..40)? != b"acsp" {
        return None;
    }
    usize::try_from(size)
        .ok()
        .filter(|&size| size >= HEADER)
        .and_then(|size| octets.get(..size))
}

/// The pieces of one profile in a JPEG's APP2 segments (ICC.1, B.4).
#[derive(Debug, Default)]
pub(super) struct Pieces<'a> {
    /// By their number, less one.
    pieces: Vec<Option<&'a [u8]>>,
    /// How many of them there are.
    have: usize,
    /// They came in another order, twice, or in numbers that do not fit each other.
    is_odd: bool,
}

/// What becomes of a JPEG's profile.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is none that anybody could read.
    Nothing,
    /// Its segments stay as they are.
    AsItIs,
    /// It is written anew as these segments.
    Anew(Vec<u8>),
}

impl<'a> Pieces<'a> {
    /// Takes a segment's body, if it is a piece of a profile.
    pub(super) fn add(&mut self, body: &'a [u8]) {
        let Some(&[number, of, ref piece @ ..]) = body.strip_prefix(JPEG_NAME) else {
            return;
        };
        if self.pieces.is_empty() {
            self.pieces = vec![None; usize::from(of)];
        }
        let of_fits = usize::from(of) == self.pieces.len();
        let place = usize::from(number)
            .checked_sub(1)
            .and_then(|at| self.pieces.get_mut(at));
        match place {
            Some(place) if of_fits && place.is_none() => {
                *place = Some(piece);
                self.is_odd |= self.have + 1 != usize::from(number);
                self.have += 1;
            }
            _ => self.is_odd = true,
        }
    }

    /// What becomes of it. Pieces in order stay as they are; what was mixed up, or has more behind the profile's end, is put in order.
    pub(super) fn verdict(&self) -> Verdict {
        let Some(pieces) = self.pieces.iter().copied().collect::<Option<Vec<_>>>() else {
            return Verdict::Nothing;
        };
        let whole = pieces.concat();
        match profile(&whole) {
            None => Verdict::Nothing,
            Some(profile) if !self.is_odd && profile.len() == whole.len() => Verdict::AsItIs,
            Some(profile) => Verdict::Anew(segments(profile)),
        }
    }
}

/// The profile as APP2 segments.
fn segments(profile: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(profile.len() + 64);
    let of = u8::try_from(profile.len().div_ceil(MOST_IN_SEGMENT)).unwrap_or(u8::MAX);
    for (number, piece) in (1..=of).zip(profile.chunks(MOST_IN_SEGMENT)) {
        let length = u16::try_from(piece.len() + 16).unwrap_or(u16::MAX);
        out.extend_from_slice(&[0xFF, super::jpeg_walk::APP2]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(JPEG_NAME);
        out.extend_from_slice(&[number, of]);
        out.extend_from_slice(piece);
    }
    out
}

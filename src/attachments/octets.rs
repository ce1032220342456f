//! Numbers in octets, read where there may be none.

/// The octets from `at` on; none where the file is shorter.
pub(super) fn from(octets: &[u8], at: usize) -> &[u8] {
    octets.get(at..).unwrap_or_default()
}

/// The first `most` octets, or all.
pub(super) fn first(octets: &[u8], most: usize) -> &[u8] {
    octets.get(..most).unwrap_or(octets)
}

/// Whether `wanted` stands at `at`.
pub(super) fn stands(octets: &[u8], at: usize, wanted: &[u8]) -> bool {
    from(octets, at).starts_with(wanted)
}

/// `N` octets at `at`.
pub(super) fn array<const N: usize>(octets: &[u8], at: usize) -> Option<[u8; N]> {
    from(octets, at).first_chunk::<N>().copied()
}

/// A number of two octets, the low one first.
pub(super) fn little16(octets: &[u8], at: usize) -> Option<usize> {
    array(octets, at).map(|two| usize::from(u16::from_le_bytes(two)))
}

/// A number of two octets, the high one first.
pub(super) fn big16(octets: &[u8], at: usize) -> Option<usize> {
    array(octets, at).map(|two| usize::from(u16::from_be_bytes(two)))
}

/// A number of four octets, the low one first.
pub(super) fn little32(octets: &[u8], at: usize) -> Option<usize> {
    array(octets, at).and_then(|four| usize::try_from(u32::from_le_bytes(four)).ok())
}

/// A number of four octets, the high one first.
pub(super) fn big32(octets: &[u8], at: usize) -> Option<usize> {
    array(octets, at).and_then(|four| usize::try_from(u32::from_be_bytes(four)).ok())
}

/// Whether `wanted`, in small letters, stands at the front in letters of any size.
pub(super) fn starts_any_case(octets: &[u8], wanted: &[u8]) -> bool {
    octets
        .get(..wanted.len())
        .is_some_and(|front| front.eq_ignore_ascii_case(wanted))
}

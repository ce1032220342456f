//! Reading octets in their order.

/// A place in octets, moved on by what is read there. Nothing is read where too little is left.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    /// All octets.
    octets: &'a [u8],
    /// How many of them have been read.
    at: usize,
}

impl<'a> Cursor<'a> {
    /// One at the start of these octets.
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// Where it stands.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Whether nothing is left.
    pub(super) const fn is_at_end(&self) -> bool {
        self.at >= self.octets.len()
    }

    /// What was read from this place on.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.octets.get(start..self.at).unwrap_or_default()
    }

    /// The next so many octets.
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.octets.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// The next octets as an array.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.first_chunk().copied()
    }

    /// The next octet.
    pub(super) fn octet(&mut self) -> Option<u8> {
        self.array().map(|[octet]| octet)
    }

    /// The next four octets as a number, most significant octet first.
    pub(super) fn big_u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }
}

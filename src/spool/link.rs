//! How records that are written together hang together: which end a commit, and what was synced before.

/// How a record stands to those that are written with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// It begins a batch: whatever stands before it in the segment was durable when it was written.
    pub(super) opens: bool,
    /// It is the first record of its commit.
    pub(super) first: bool,
    /// It is the last one.
    pub(super) last: bool,
}

impl Link {
    /// Of a record that is a batch of its own.
    pub(super) const ALONE: Self = Self {
        opens: true,
        first: true,
        last: true,
    };
    /// Of a commit of one record inside a batch.
    pub(super) const INSIDE: Self = Self {
        opens: false,
        ..Self::ALONE
    };

    /// As `more` and `link` of the disk format.
    pub(super) const fn octets(self) -> (u8, u8) {
        (
            !self.last as u8,
            self.opens as u8 | (!self.first as u8) << 1,
        )
    }

    /// Reads those; none if they cannot be what was written.
    pub(super) const fn parse(more: u8, link: u8) -> Option<Self> {
        if more > 1 || link > 3 {
            return None;
        }
        Some(Self {
            opens: link & 1 != 0,
            first: link & 2 == 0,
            last: more == 0,
        })
    }
}

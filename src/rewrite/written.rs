//! A message that was rewritten, and what was changed in it, for the history.

/// A message that was rewritten.
pub(super) struct Written {
    pub(super) octets: Vec<u8>,
    /// Whether anything stood in it that had to be hidden.
    pub(super) masked: bool,
    /// What else was changed in its parts.
    pub(super) changes: Changes,
}

impl Written {
    /// What was changed, a few words each.
    pub(super) fn changed(&self) -> Vec<&'static str> {
        let changes = [
            (self.masked, "addresses masked"),
            (self.changes.pictures, "picture metadata removed"),
            (
                self.changes.emptied,
                "signatures or unreadable parts taken out",
            ),
        ];
        let told = changes.into_iter().filter(|(is_so, _)| *is_so);
        told.map(|(_, words)| words).collect()
    }
}

/// What was changed in parts beside what was masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Changes {
    /// Pictures lost what they tell beside what they show.
    pub(super) pictures: bool,
    /// A part was emptied.
    pub(super) emptied: bool,
}

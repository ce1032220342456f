//! What the gate says of a message that it stops.

/// Something that must not leave was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} of yours stands in the {place}")]
pub struct Leak {
    /// What: `an address`, `a domain`.
    pub what: &'static str,
    /// Where: one of [`PLACES`].
    pub place: &'static str,
}

/// Every place that a [`Leak`] names.
pub const PLACES: [&str; 6] = [
    "header section",
    "body",
    "encoded text",
    "HTML",
    "head of a part",
    "calendar",
];

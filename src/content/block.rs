//! The pieces of a message by where they stand, before they are read sentence by sentence.

/// Where a sentence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the Subject.
    Subject,
    /// In what the writer wrote, above quotes.
    Text,
    /// In the signature: below `-- `, or in a last block with a firm, a tax number or a telephone.
    Signature,
    /// In what is quoted.
    Quoted,
    /// In HTML, where no reader sees it.
    Hidden,
}

/// A text of one place, as it came; lines mean what they say there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) place: Place,
    pub(super) text: String,
}

//! What rules may ask of a message beside its text.

use serde::Deserialize;

/// Who writes to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A seller about an order.
    #[default]
    SellerToBuyer,
    /// A buyer about an order.
    BuyerToSeller,
    /// Either before an order: no transaction is named.
    Question,
}

/// Facts of a message that its text does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Who writes to whom.
    pub direction: Direction,
    /// Whether it answers the other side.
    pub asked: bool,
    /// Whether the other side had asked for a document.
    pub asked_document: bool,
    /// Whether a program sent it.
    pub automatic: bool,
}

/// A fact by its name in rule files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A program sent it.
    Automatic,
    /// A person typed it.
    ByHand,
    /// It answers the other side.
    Asked,
    /// It answers a wish for a document.
    AskedDocument,
    /// The writer asks something.
    Question,
    /// A file is attached.
    Attachment,
    /// A file is attached whose name is that of a document.
    DocumentFile,
    /// A PDF is attached.
    Pdf,
}

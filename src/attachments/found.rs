//! What is found of a file, and in which words it is told.

use file_format::FileFormat;

use super::kind::Kind;

/// What sort of thing a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// One of the six kinds.
    Allowed(Kind),
    /// Another picture.
    Picture,
    /// A program in machine code, an installer, a shortcut.
    Program,
    /// A program in words.
    Script,
    /// An archive, a compressed file, an image of a disk.
    Archive,
    /// A document of an office program.
    Document,
    /// A page or drawing of a browser, or XML.
    Page,
    /// Any other text.
    Text,
    /// A sound or a film.
    Media,
    /// A key or a certificate.
    Key,
    /// A detached signature.
    Signature,
    /// Encrypted, or a message within a signature.
    Sealed,
    /// A message as a file.
    Message,
    /// The attachments of Outlook in a file of its own (MS-OXTNEF).
    Tnef,
    /// Something else, or nothing that is known.
    Other,
    /// Nothing at all.
    Empty,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What sort of thing.
    pub group: Group,
    /// In words, with an article.
    pub words: &'static str,
    /// Its format, where the words are those of many.
    pub(super) format: Option<FileFormat>,
    /// Whether it is told by two letters, which may stand there by chance.
    pub(super) is_weak: bool,
}

impl Found {
    /// What is called by these words.
    pub(super) const fn new(group: Group, words: &'static str) -> Self {
        Self {
            group,
            words,
            format: None,
            is_weak: false,
        }
    }

    /// Whether its name or its declared type may tell more.
    pub(super) fn is_vague(&self) -> bool {
        matches!(self.words, TEXT | UNKNOWN | KEY)
    }
}

/// A text like any other.
pub(super) const TEXT: &str = "a text";
/// Nothing that is known.
pub(super) const UNKNOWN: &str = "a file of a kind that is not known";
/// What is written in DER: certificates, keys, and what is signed or encrypted (X.690).
pub(super) const KEY: &str = "a key or a certificate";

//! Words that name an invoice, a receipt or the like.

use super::links::Link;

/// Stems of the names of documents, folded.
const DOCUMENTS: [&str; 18] = [
    "faktur",
    "invoice",
    "paragon",
    "receipt",
    "rachun",
    "proform",
    "uctenk",
    "doklad",
    "danovy",
    "szamla",
    "nyugta",
    "bizonylat",
    "blocek",
    "pokladnic",
    "fv",
    "fvat",
    "efaktur",
    "fa",
];

/// Whether a folded word names a document.
pub(super) fn is_document_word(word: &str) -> bool {
    DOCUMENTS.iter().any(|stem| {
        if stem.len() > 3 {
            word.starts_with(stem)
        } else {
            word == *stem
        }
    })
}

/// Whether the address of a link names one.
pub(super) fn is_document_link(link: &Link) -> bool {
    let mut stems = DOCUMENTS.iter().filter(|stem| stem.len() > 3);
    stems.any(|stem| link.words.contains(stem))
}

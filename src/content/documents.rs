//! What tells a sale document: an invoice, a receipt, a pro forma.

use super::fold::folded;
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

/// Whether a file is a PDF by its name or declared type.
pub(super) fn is_pdf(name: &str, kind: &str) -> bool {
    kind.ends_with("/pdf") || name.to_ascii_lowercase().ends_with(".pdf")
}

/// Whether a file is a document by its name: a PDF or a picture that is called one.
pub(super) fn is_document(name: &str, kind: &str) -> bool {
    let shown = is_pdf(name, kind) || kind.starts_with("image/");
    let mut words = name.split(|c: char| !c.is_alphabetic()).map(folded);
    shown && words.any(|word| is_document_word(&word))
}

//! What a message may need beside the masking of addresses.

use crate::mail::Domain;
use crate::masking::{MessageIdKeys, Pair};

/// What the plan of a message may ask for; by default nothing.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Domains of the writer's own that must not stand in prose either: a buyer's, where hardly anybody else has an address there.
    pub hidden_domains: &'a [Domain],
    /// Leads the ids of calendar entries there and back. None: they become digests.
    pub events: Option<Events<'a>>,
    /// The line that stands where a signature was, in the reader's language ([`signature_note`]). None: nothing does.
    pub signature_note: Option<&'static str>,
    /// The language of the reader, as its ISO 639-1 code, for lines that stand where something was taken out.
    pub language: &'a str,
    /// What becomes of attached files. None: they go on as they are, as in reports, whose files were judged on their way out.
    pub attachments: Option<Attachments>,
    /// Whether it reaches its reader only because its documents were not handed over: a field says so.
    pub documents_held: bool,
    /// Whether it came with a null sender: beside a responder's subject that makes it an automatic reply.
    pub null_sender: bool,
}

/// Seals and opens the ids of one pair.
#[derive(Clone, Copy)]
pub struct Events<'a> {
    /// The keys.
    pub keys: &'a MessageIdKeys,
    /// Who writes to whom.
    pub pair: Pair<'a>,
}

/// What becomes of attached files (docs/attachments.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachments {
    /// Whether one that may not pass is refused; else it goes on.
    pub refuse: bool,
    /// Whether artist and copyright stay in pictures.
    pub keep_copyright: bool,
}

/// What stands in prose in the place of a hidden domain: a name that leads nowhere (RFC 6761 6.4).
pub(super) const HIDDEN: &str = "hidden.invalid";

/// Says in the language of this ISO 639-1 code, else in English, that a signature is gone.
#[must_use]
pub fn signature_note(language: &str) -> &'static str {
    match language {
        "pl" => "[Podpis cyfrowy został usunięty: ujawniłby adres nadawcy.]",
        "cs" => "[Digitální podpis byl odstraněn: prozradil by adresu odesílatele.]",
        "sk" => "[Digitálny podpis bol odstránený: prezradil by adresu odosielateľa.]",
        "hu" => "[A digitális aláírást eltávolítottuk: felfedte volna a feladó címét.]",
        _ => "[The digital signature was removed: it would show the sender's address.]",
    }
}

/// Says in the language of this ISO 639-1 code, else in English, that a file is gone, and why: a key, a certificate or a signature. `name` is masked.
#[must_use]
pub(super) fn removal_note(language: &str, name: &str) -> String {
    match language {
        "pl" => format!(
            "[Plik {name} został usunięty: klucz, certyfikat lub podpis ujawniłby adres nadawcy.]"
        ),
        "cs" => format!(
            "[Soubor {name} byl odstraněn: klíč, certifikát nebo podpis by prozradil adresu odesílatele.]"
        ),
        "sk" => format!(
            "[Súbor {name} bol odstránený: kľúč, certifikát alebo podpis by prezradil adresu odosielateľa.]"
        ),
        "hu" => format!(
            "[A(z) {name} fájlt eltávolítottuk: a kulcs, tanúsítvány vagy aláírás felfedné a feladó címét.]"
        ),
        _ => format!(
            "[The file {name} was removed: a key, certificate or signature would show the sender's address.]"
        ),
    }
}

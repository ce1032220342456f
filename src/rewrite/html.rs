//! HTML as a browser reads it: what a reader sees is masked, wherever the source hides it.
//!
//! The tokens are those of the [HTML Standard](https://html.spec.whatwg.org/#tokenization), by `html5gum`. Text is masked as it stands on the screen,
//! with the tags within a line gone and references decoded; attributes, comments and scripts are masked each by itself. Only the tokens that hold
//! something are written anew. What a look at the source shows is the matter of [`Masker::mask`], which reads the octets afterwards.

mod declared;
mod pieces;
mod shown;
mod urls;

use super::calendar::Ids;
use super::masker::Masker;
use super::quotes;
pub(super) use declared::declared;
use pieces::Kind;

/// How deep documents may stand in one another: in `srcdoc`, in conditional comments, in `data:` links.
const MAX_DEPTH: u8 = 3;

/// The document masked, its own words and what it quotes each in their way; none if nothing had to be.
pub(super) fn mask(text: &str, ids: &Ids<'_>) -> Option<String> {
    let (own, quoted) = (ids.masker, ids.quoted);
    if !own.may_show_in_html(text) {
        return None;
    }
    if !own.looks_for_more_than(quoted) {
        return masked(text, quoted, 0);
    }
    let mut changed = false;
    let mut out = String::with_capacity(text.len() + 64);
    for (place, is_quoted) in quotes::pieces(text.as_bytes()) {
        let piece = text.get(place).unwrap_or_default();
        let masker = if is_quoted { quoted } else { own };
        let new = masked(piece, masker, 0);
        changed |= new.is_some();
        out.push_str(new.as_deref().unwrap_or(piece));
    }
    changed.then_some(out)
}

/// A document that was decoded from something else, masked; none if nothing had to be.
pub(super) fn masked_by(text: &str, masker: &Masker) -> Option<String> {
    let shows = text.contains(['<', '&']) && masker.may_show_in_html(text);
    shows.then(|| masked(text, masker, 0)).flatten()
}

/// A document masked by one masker; none if nothing had to be.
fn masked(text: &str, masker: &Masker, depth: u8) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let pieces = pieces::read(text);
    let mut edits = shown::edits(&pieces, text, masker);
    for piece in &pieces {
        let new = match piece.kind {
            Kind::Text | Kind::Parting => None,
            Kind::Code => masker.mask(piece.value.as_bytes()).map(lossy),
            // Outlook reads what stands in its comments (`<!--[if mso]>`).
            Kind::Comment => masked(&piece.value, masker, depth + 1)
                .or_else(|| masker.mask(piece.value.as_bytes()).map(lossy)),
            Kind::Value { .. } => value(&piece.value, piece.holds_html(), masker, depth),
        };
        if let Some(new) = new {
            edits.push((piece.place.clone(), piece.written(&new)));
        }
    }
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(place, _)| place.start);
    let mut out = String::with_capacity(text.len() + 64);
    let mut copied = 0;
    for (place, new) in edits {
        out.push_str(text.get(copied..place.start)?);
        out.push_str(&new);
        copied = place.end;
    }
    out.push_str(text.get(copied..)?);
    Some(out)
}

/// The value of an attribute masked: as a link, as a document, or as text.
fn value(value: &str, is_document: bool, masker: &Masker, depth: u8) -> Option<String> {
    if is_document {
        return masked(value, masker, depth + 1);
    }
    // A browser passes over these in links (URL Standard, 4.4).
    let bare: String = value
        .chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .collect();
    if let Some(new) = urls::data(&bare, |text, is_html| {
        if is_html {
            masked(text, masker, depth + 1)
        } else {
            masker.mask(text.as_bytes()).map(lossy)
        }
    }) {
        return Some(new);
    }
    masker
        .mask(value.as_bytes())
        .or_else(|| masker.mask(bare.as_bytes()))
        .map(lossy)
}

/// What masks leave is text.
fn lossy(octets: Vec<u8>) -> String {
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests;

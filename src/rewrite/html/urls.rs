//! Links that carry a document in themselves (RFC 2397).

use data_encoding::BASE64;
use data_url::DataUrl;
use data_url::mime::Mime;

use crate::message::charset;

/// A `data:` link whose text `mask` has changed, written anew; none for any other link, and where nothing changed. `mask` is told whether the text
/// is HTML. A picture stays what it is.
pub(super) fn data(link: &str, mask: impl FnOnce(&str, bool) -> Option<String>) -> Option<String> {
    let url = DataUrl::process(link).ok()?;
    let kind = url.mime_type();
    let essence = format!("{}/{}", kind.type_, kind.subtype);
    if !is_text(kind, &essence) {
        return None;
    }
    let (octets, _) = url.decode_to_vec().ok()?;
    let label = kind.get_parameter("charset").unwrap_or_default();
    let text = charset::decode(label, &octets).ok()?;
    let new = mask(&text.text, is_document(&essence))?;
    Some(format!(
        "data:{essence};charset=utf-8;base64,{}",
        BASE64.encode(new.as_bytes())
    ))
}

fn is_text(kind: &Mime, essence: &str) -> bool {
    kind.type_ == "text"
        || is_document(essence)
        || matches!(
            kind.subtype.as_str(),
            "json" | "javascript" | "ecmascript" | "calendar"
        )
}

/// Whether a type is one of documents.
fn is_document(essence: &str) -> bool {
    essence.contains("html") || essence.ends_with("xml")
}

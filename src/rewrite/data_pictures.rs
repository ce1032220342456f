//! Pictures in the source of a text, as editors of web mail write them: `<img src="data:image/jpeg;base64,…">` (RFC 2397).

use memchr::memmem;

use crate::message::Encoding;
use crate::pictures::{self, Kind, Stripped};

const SCHEME: &[u8] = b"data:image/";
const BASE64: &[u8] = b";base64,";
/// Octets of a media type with its parameters.
const TYPE: usize = 100;

/// The text with its pictures freed of private metadata; none if none of them has any. One that is no complete picture stays as it is.
pub(super) fn strip(text: &str, keep_copyright: bool) -> Option<String> {
    let octets = text.as_bytes();
    let mut out = String::new();
    let mut at = 0;
    for found in memmem::find_iter(octets, SCHEME) {
        let near = octets
            .get(found..octets.len().min(found + TYPE))
            .unwrap_or_default();
        let Some(code) = memmem::find(near, BASE64).map(|place| found + place + BASE64.len())
        else {
            continue;
        };
        let is_code = |octet: &u8| {
            octet.is_ascii_alphanumeric() || octet.is_ascii_whitespace() || b"+/=".contains(octet)
        };
        let rest = octets.get(code..).unwrap_or_default();
        let end = code + rest.iter().take_while(|octet| is_code(octet)).count();
        let picture = Encoding::Base64.decode(octets.get(code..end).unwrap_or_default());
        let stripped =
            Kind::of(&picture).map(|kind| pictures::strip(kind, &picture, keep_copyright));
        let Some(Ok(Stripped::Changed(new))) = stripped else {
            continue;
        };
        let Some(before) = text.get(at..code) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&data_encoding::BASE64.encode(&new));
        at = end;
    }
    if at == 0 {
        return None;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_in_the_source_of_a_page_lose_what_they_tell() {
        let frame = b"\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0ab\xff\xd9";
        let bare = [b"\xff\xd8".as_slice(), frame].concat();
        let private = [b"\xff\xd8\xff\xfe\0\x08secret".as_slice(), frame].concat();
        let page = |first: &[u8], second: &[u8]| {
            let image = |picture: &[u8]| {
                format!(
                    "<img alt=ż src=\"data:image/jpeg;base64,{}\">",
                    data_encoding::BASE64.encode(picture)
                )
            };
            format!("<p>{}</p>{}<p>ą", image(first), image(second))
        };
        assert_eq!(
            strip(&page(&private, &private), true),
            Some(page(&bare, &bare))
        );
        assert_eq!(
            strip(&page(&bare, &private), true),
            Some(page(&bare, &bare))
        );
        // Nothing to take away, no picture, and one that is cut off.
        for text in [
            page(&bare, &bare),
            "data:image/png;base64,AAAA data:image/".to_owned(),
            page(&private[..20], &bare),
        ] {
            assert_eq!(strip(&text, true), None, "{text}");
        }
    }
}

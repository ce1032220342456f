//! Which charset a text is in, so that the relay reads what its reader will see.
//!
//! The names are those of the [Encoding Standard](https://encoding.spec.whatwg.org/#names-and-labels), as browsers know them. A text whose label is
//! not among them, or whose octets do not fit it, is read by a fixed rule and has to be written anew, for no two programs would guess alike.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, X_USER_DEFINED};

/// A text that was read.
#[derive(Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// The charset in which it stands there; none where label and octets do not fit together, and it must be written anew as UTF-8.
    pub charset: Option<&'static Encoding>,
}

impl Decoded<'_> {
    /// `text` in the charset of this one: its octets, and the name of the charset if it is another now.
    #[must_use]
    pub fn write(&self, text: &str) -> (Vec<u8>, Option<&'static str>) {
        let kept = self.charset.filter(|charset| charset.is_single_byte());
        match kept.map(|charset| charset.encode(text)) {
            Some((octets, _, false)) => (octets.into_owned(), None),
            // One with shifts or characters of several octets is not written back: few programs read all of its corners alike.
            _ => {
                let new = (self.charset != Some(UTF_8)).then_some("utf-8");
                (text.as_bytes().to_vec(), new)
            }
        }
    }
}

/// A charset in which text is no text octet by octet, and that nothing here reads (docs/threats.md#105).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// Names that mean ASCII, to which the Encoding Standard gives more.
const ASCII: [&str; 5] = [
    "us-ascii",
    "ascii",
    "ansi_x3.4-1968",
    "iso-ir-6",
    "iso646-us",
];

/// Reads `octets` with this label, which may be empty.
///
/// # Errors
/// [`Unreadable`]: the label is that of EBCDIC, UTF-7, UTF-32 or HZ.
pub fn decode<'a>(label: &str, octets: &'a [u8]) -> Result<Decoded<'a>, Unreadable> {
    let label = label.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    if is_unreadable(&label) {
        return Err(Unreadable);
    }
    let known = known(&label);
    let named = label.is_empty() || ASCII.contains(&label.as_str());
    // Nearly all mail; without a label a text is ASCII (RFC 2045 5.2).
    if (known == Some(UTF_8) || named && octets.is_ascii())
        && let Ok(text) = std::str::from_utf8(octets)
    {
        return Ok(Decoded {
            text: Cow::Borrowed(text),
            charset: Some(UTF_8),
        });
    }
    // A mark at the front counts before the label, as in browsers; with another label some programs would go by that.
    let marked = match octets {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => None,
    };
    if let Some(wide) = marked {
        let (text, _) = wide.decode_with_bom_removal(octets);
        let fits = known.is_some_and(|known| [UTF_16LE, UTF_16BE].contains(&known));
        return Ok(Decoded {
            text,
            charset: fits.then_some(wide),
        });
    }
    // What is UTF-8 under the name of a charset of one octet is UTF-8: no text of such a charset looks like it, and some programs show it so.
    let single = known.is_some_and(Encoding::is_single_byte);
    if single
        && !octets.is_ascii()
        && let Ok(text) = std::str::from_utf8(octets)
    {
        return Ok(Decoded {
            text: Cow::Borrowed(text),
            charset: None,
        });
    }
    // There is no text in UTF-16 without a zero octet, and without a mark the plain name leaves the order open (RFC 2781 4.3).
    let wide = known.is_some_and(|known| [UTF_16LE, UTF_16BE].contains(&known));
    let lies = wide && memchr::memchr(0, octets).is_none();
    let text = known
        .filter(|_| !lies)
        .and_then(|known| known.decode_without_bom_handling_and_without_replacement(octets));
    Ok(match text {
        Some(text) => Decoded {
            text,
            charset: known.filter(|_| !wide || label.ends_with("le") || label.ends_with("be")),
        },
        None => Decoded {
            text: usual(octets),
            charset: None,
        },
    })
}

/// The charset of a label; none where it has one that shows nothing, or means ASCII.
fn known(label: &str) -> Option<&'static Encoding> {
    let known = Encoding::for_label(label.as_bytes())?;
    let odd = known == REPLACEMENT || known == X_USER_DEFINED || ASCII.contains(&label);
    (!odd).then_some(known)
}

/// What octets say whose label does not: UTF-8, else what Windows of the region writes.
fn usual(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1250.decode_without_bom_handling(octets).0,
    }
}

/// How the names of charsets begin that are not read, without the marks between their letters.
const UNREADABLE: [&str; 9] = [
    "utf7",
    "unicode11utf7",
    "csunicode11utf7",
    "utf32",
    "ucs4",
    "iso10646ucs4",
    "hz",
    "cshz",
    "ebcdic",
];

/// The code pages of EBCDIC (IANA character sets; IBM's CDRA), by number.
const CODE_PAGES: [u16; 64] = [
    37, 256, 259, 273, 274, 275, 277, 278, 280, 281, 284, 285, 286, 290, 293, 297, 310, 410, 420,
    421, 423, 424, 500, 803, 833, 836, 838, 870, 871, 875, 880, 892, 893, 905, 918, 924, 930, 931,
    933, 935, 937, 939, 1025, 1026, 1027, 1047, 1069, 1070, 1079, 1081, 1097, 1112, 1122, 1123,
    1130, 1132, 1137, 1145, 1147, 1149, 1364, 1371, 1388, 1399,
];

/// Whether a label is the name of a charset in which ASCII is not written as such.
#[must_use]
pub fn is_unreadable(label: &str) -> bool {
    let bare: String = label
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let bare = bare.strip_prefix('x').unwrap_or(&bare);
    if UNREADABLE.iter().any(|name| bare.starts_with(name)) || bare.contains("ebcdic") {
        return true;
    }
    let number = ["csibm", "ibm", "cp", "ccsid"]
        .iter()
        .find_map(|name| bare.strip_prefix(name));
    let digits = number.map(|number| number.trim_start_matches('0'));
    let end = digits.map(|digits| {
        digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len())
    });
    let page = digits
        .zip(end)
        .and_then(|(digits, end)| digits.get(..end)?.parse::<u16>().ok());
    page.is_some_and(|page| CODE_PAGES.contains(&page) || (1140..=1166).contains(&page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_believed_where_the_octets_fit_it() {
        for (label, octets, text, charset) in [
            ("", &b"abc"[..], "abc", "UTF-8"),
            ("us-ascii", b"abc", "abc", "UTF-8"),
            ("utf-8", "żółw".as_bytes(), "żółw", "UTF-8"),
            (" \"UTF8\" ", "ż".as_bytes(), "ż", "UTF-8"),
            ("iso-8859-2", b"\xbf\xf3\xb3w", "żółw", "ISO-8859-2"),
            ("latin2", b"\xbf", "ż", "ISO-8859-2"),
            ("windows-1250", b"\x9c", "ś", "windows-1250"),
            ("iso-2022-jp", b"\x1b$B$\"\x1b(B@", "あ@", "ISO-2022-JP"),
            ("utf-16le", b"a\0@\0", "a@", "UTF-16LE"),
            ("utf-16", b"\xfe\xff\0a\0@", "a@", "UTF-16BE"),
        ] {
            let read = decode(label, octets).unwrap();
            assert_eq!(read.text, text, "{label}");
            assert_eq!(read.charset.map(Encoding::name), Some(charset), "{label}");
        }
    }

    #[test]
    fn what_programs_would_guess_is_written_anew() {
        for (label, octets, text) in [
            ("", "żółw".as_bytes(), "żółw"),
            ("us-ascii", b"\xbf\xf3\xb3w", "żółw"),
            ("utf-8", b"\xbf\xf3\xb3w", "żółw"),
            ("iso-2022-jp", b"\x1b$B\xff", "\u{1b}$B˙"),
            ("unknown-8bit", b"abc", "abc"),
            ("ibm852", b"abc", "abc"),
            ("x-user-defined", "ż".as_bytes(), "ż"),
            ("iso-2022-kr", b"a\x0e@", "a\u{e}@"),
            ("utf-16", b"a\0@\0", "a@"),
            ("utf-16", b"a@b.pl", "a@b.pl"),
            (
                "windows-1250",
                "jan\u{200b}@b.pl".as_bytes(),
                "jan\u{200b}@b.pl",
            ),
            ("iso-8859-2", b"\xff\xfea\0@\0", "a@"),
        ] {
            let read = decode(label, octets).unwrap();
            assert_eq!(read.text, text, "{label}");
            assert_eq!(read.charset, None, "{label}");
            let (octets, name) = read.write("ż@");
            assert_eq!((octets.as_slice(), name), ("ż@".as_bytes(), Some("utf-8")));
        }
    }

    #[test]
    fn a_charset_of_one_octet_is_kept_where_it_can_hold_the_text() {
        let read = decode("iso-8859-2", b"a").unwrap();
        assert_eq!(read.write("żółw"), (b"\xbf\xf3\xb3w".to_vec(), None));
        assert_eq!(read.write("ж").1, Some("utf-8"));
        let read = decode("shift_jis", b"a").unwrap();
        assert_eq!(read.write("a").1, Some("utf-8"));
        let read = decode("utf-8", b"a").unwrap();
        assert_eq!(read.write("ж").1, None);
    }

    #[test]
    fn charsets_without_ascii_are_refused_by_all_of_their_names_and_no_others_are() {
        for name in [
            "utf-7",
            "UTF7",
            "unicode-1-1-utf-7",
            "csUnicode11UTF7",
            "utf-7-imap",
            "x-utf-7",
            "utf-32",
            "utf-32be",
            "UTF_32LE",
            "ucs-4",
            "ISO-10646-UCS-4",
            "hz-gb-2312",
            "HZ",
            "ibm500",
            "cp500",
            "IBM037",
            "cp037",
            "ibm-1047",
            "IBM1047",
            "IBM00924",
            "ccsid01140",
            "ebcdic-cp-us",
            "csEBCDICATDE",
            "IBM-Thai-EBCDIC",
            "cp1026",
            "x-ibm939",
        ] {
            assert!(decode(name, b"abc").is_err(), "{name}");
        }
        for name in [
            "ibm852",
            "cp852",
            "ibm866",
            "cp1250",
            "cp1251",
            "cp1252",
            "ibm437",
            "cp437",
            "windows-1250",
            "iso-8859-2",
            "koi8-r",
            "gb18030",
            "utf-8",
            "utf-16",
            "iso-10646-ucs-2",
            "us-ascii",
            "unknown-8bit",
            "ibm1250",
            "big5",
            "",
        ] {
            assert!(decode(name, b"abc").is_ok(), "{name}");
        }
    }
}

//! The name under which a file is shown and saved.

use super::files::FileKind;
use crate::attachments::Kind;
use crate::message::is_unseen;

/// The longest name in octets: what file systems take, with room for a number.
const LONGEST: usize = 200;
/// The longest ending that stays at the end of a name that is cut, in octets.
const LONGEST_ENDING: usize = 16;

/// The name of a file: the first that is left of those sent, the likeliest first; else one by what the file is, or is declared to be. Without paths, controls
/// and marks of direction; at most 200 octets.
#[must_use]
pub fn of(sent: &[String], kind: FileKind, essence: &str) -> String {
    let mut sent = sent.iter().map(|name| cleaned(name));
    sent.find(|name| !name.is_empty())
        .unwrap_or_else(|| by_kind(kind, essence).to_owned())
}

/// A name without what is not seen, without a path, and of bounded length.
fn cleaned(name: &str) -> String {
    let seen = name
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c });
    let seen: String = seen.filter(|c| !is_unseen(*c) && !c.is_control()).collect();
    let name = without_path(seen.trim());
    // Neither hidden nor the folder itself.
    let name = name.trim_start_matches(['.', ' ']).trim_end();
    let name = name.trim_end_matches(['.', ' ']);
    // "Faktura 1/2026.pdf" has no path.
    cut(&name.replace(['/', '\\'], "_"))
}

/// What stands behind the path, if it has one: no name has a backslash, and a path begins at a root or leads up.
fn without_path(name: &str) -> &str {
    let last = |separators: &[char]| {
        name.rsplit(separators)
            .find(|piece| !piece.trim().is_empty())
    };
    let is_path = name.starts_with(['/', '~']) || name.split('/').any(|piece| piece == "..");
    match (name.contains('\\'), is_path) {
        (true, _) => last(&['\\', '/']).unwrap_or_default(),
        (false, true) => last(&['/']).unwrap_or_default(),
        (false, false) => name,
    }
}

/// A long name without its middle.
fn cut(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.filter(|ending| ending.len() <= LONGEST_ENDING);
    let ending = ending
        .map(|ending| format!(".{ending}"))
        .unwrap_or_default();
    let room = LONGEST - ending.len();
    let ends = name.char_indices().map(|(at, _)| at);
    let end = ends.take_while(|at| *at <= room).last().unwrap_or_default();
    let front = name.get(..end).unwrap_or_default();
    format!("{}{ending}", front.trim_end())
}

/// A name by what a file is.
fn by_kind(kind: FileKind, essence: &str) -> &'static str {
    match (kind, essence) {
        (FileKind::Attachment(Kind::Pdf), _) => "document.pdf",
        (FileKind::Attachment(Kind::Gif), _) => "picture.gif",
        (FileKind::Attachment(Kind::Bmp), _) => "picture.bmp",
        (FileKind::Attachment(Kind::Tiff), _) => "picture.tiff",
        (FileKind::Attachment(Kind::Jpeg), _) => "picture.jpg",
        (FileKind::Attachment(Kind::Png), _) => "picture.png",
        (FileKind::Message, _) => "message.eml",
        (FileKind::Text, "text/calendar") => "invitation.ics",
        (FileKind::Text, "text/vcard" | "text/x-vcard") => "contact.vcf",
        (FileKind::Text, "text/csv") => "table.csv",
        (FileKind::Text, "text/html") => "page.html",
        (FileKind::Text, _) => "text.txt",
        (FileKind::Other, _) => "file.bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_sent_without_paths_and_what_is_not_seen() {
        for (name, want) in [
            ("faktura.pdf", "faktura.pdf"),
            ("Zdjęcie  kół\t(2).jpg", "Zdjęcie  kół (2).jpg"),
            ("Faktura 1/2026.pdf", "Faktura 1_2026.pdf"),
            ("C:\\Users\\jan\\faktura.pdf", "faktura.pdf"),
            ("/home/jan/faktura.pdf", "faktura.pdf"),
            ("../../etc/passwd", "passwd"),
            ("a/../../b", "b"),
            ("..", "text.txt"),
            (".htaccess", "htaccess"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{0}\u{7}\r\nb.pdf", "a  b.pdf"),
            ("\u{200b}\u{2066}", "text.txt"),
            ("   ", "text.txt"),
            ("\\\\", "text.txt"),
            ("a.pdf. .", "a.pdf"),
        ] {
            assert_eq!(of(&[name.to_owned()], FileKind::Text, ""), want, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = cleaned(&format!("{}.pdf", "ż".repeat(300)));
        assert!(name.len() <= LONGEST && name.ends_with("ż.pdf"));
        assert!(cleaned(&"ż".repeat(300)).len() <= LONGEST);
    }
}

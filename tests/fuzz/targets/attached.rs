//! Attached files: what they are, and pictures without private metadata.

use allegromail::attachments::{Declared, Judgement, judge};
use allegromail::pictures::{Kind, Stripped, strip};

/// Octets that a picture may grow by: an orientation and a copyright in a segment of their own.
const GROWTH: usize = 512;
/// Octets of a refusal, at most: it stands in a reply.
const LONGEST: usize = 1_000;

/// A line with its name, one with its type, and the octets: whatever it is, the words of a refusal can be printed.
pub fn attachments(octets: &[u8]) {
    let mut lines = octets.splitn(3, |octet| *octet == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (name, essence, contents) = (line(), line(), line());
    let (name, essence) = (
        String::from_utf8_lossy(name),
        String::from_utf8_lossy(essence),
    );
    let essence = essence.to_ascii_lowercase();
    for in_report in [false, true] {
        let declared = Declared {
            essence: &essence,
            in_report,
            names: &[&name, "a.pdf"],
        };
        match judge(&declared, contents) {
            Judgement::Refused(why) => {
                let words = why.to_string();
                assert!(words.len() < LONGEST, "{words}");
                assert!(
                    words.bytes().all(|octet| (b' '..=b'~').contains(&octet)),
                    "{words}"
                );
            }
            Judgement::Allowed { kind, .. } => {
                if let Some(kind) = kind.picture() {
                    let _ = strip(kind, contents, true);
                }
            }
            Judgement::Text | Judgement::Signature => {}
        }
    }
}

/// A picture comes out no larger than it was, but for what stays, and there is nothing more to take away.
pub fn pictures(octets: &[u8]) {
    for kind in [Kind::Jpeg, Kind::Png, Kind::Gif, Kind::Tiff, Kind::Bmp] {
        for keep_copyright in [false, true] {
            if let Ok(Stripped::Changed(new)) = strip(kind, octets, keep_copyright) {
                assert!(new.len() <= octets.len() + GROWTH);
                assert_eq!(strip(kind, &new, keep_copyright), Ok(Stripped::Kept(&new)));
            }
        }
    }
}

//! Which parts of a message are its text, and which are files.

use std::borrow::Cow;

use super::html;
use super::text::{Text, plain};
use crate::attachments::Kind;
use crate::message::{Encoding, Holds, Message, Parameters, Part, charset, fields};

/// Octets of a text under its transfer encoding that are read, at most: more than a text of the greatest length needs.
const MOST_READ: usize = 1024 * 1024;
/// Octets at the front in which a file has one that no text has.
const SAMPLE: usize = 4_096;

/// Types of texts that are files wherever they stand.
const FILES: [&str; 9] = [
    "text/calendar",
    "text/vcard",
    "text/x-vcard",
    "text/csv",
    "text/rtf",
    "text/xml",
    "text/css",
    "text/javascript",
    "text/rfc822-headers",
];
/// The same text once more, for programs that nobody has.
const OTHER_FORM: &str = "text/x-amp-html";

/// A message's texts and files.
#[derive(Default)]
pub(super) struct Parts {
    texts: Vec<Shown>,
    /// The numbers of the parts that are files, in their order.
    pub(super) files: Vec<usize>,
}

/// A text that is shown.
struct Shown {
    is_plain: bool,
    text: Text,
}

/// Reads the parts of a message. Those of a message within it are that message's.
pub(super) fn read(message: &Message) -> Parts {
    let parts = &message.structure().parts;
    let mut children = vec![Vec::new(); parts.len()];
    for (number, part) in parts.iter().enumerate() {
        let siblings = part.within.and_then(|above| children.get_mut(above));
        siblings
            .into_iter()
            .for_each(|siblings| siblings.push(number));
    }
    let tree = Tree { message, children };
    let mut found = tree.read(0, false);
    found.files.sort_unstable();
    found
}

impl Parts {
    /// The texts, one below the other.
    pub(super) fn text(&mut self) -> Text {
        let mut whole = Text::default();
        let texts = self.texts.drain(..).filter(|shown| !shown.text.is_blank());
        texts.for_each(|shown| whole.append(shown.text));
        whole.trimmed()
    }

    fn is_blank(&self) -> bool {
        self.texts.iter().all(|shown| shown.text.is_blank())
    }

    fn add(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.files.extend(other.files);
    }
}

struct Tree<'m> {
    message: &'m Message,
    /// The parts that each one holds.
    children: Vec<Vec<usize>>,
}

impl Tree<'_> {
    /// Reads one part and those in it. `is_below`: whether there is a text above it.
    fn read(&self, number: usize, is_below: bool) -> Parts {
        let Some(part) = self.message.structure().parts.get(number) else {
            return Parts::default();
        };
        let children = self.children.get(number).map(Vec::as_slice);
        let children = children.unwrap_or_default();
        match (part.holds, part.kind.essence.as_str()) {
            (Holds::Parts, "multipart/alternative") => self.best(children, is_below),
            (Holds::Parts, essence) => {
                let is_related = essence == "multipart/related";
                self.all(children, is_below, is_related)
            }
            (Holds::Message, _) => file(number),
            (Holds::Content, _) => self.leaf(number, part, is_below),
        }
    }

    /// Of alternatives, the plain text that says something, else the last one that does: the best one (RFC 2046 5.1.4). The files of all.
    fn best(&self, children: &[usize], is_below: bool) -> Parts {
        let mut read: Vec<Parts> = children
            .iter()
            .map(|child| self.read(*child, is_below))
            .collect();
        let files = read
            .iter_mut()
            .flat_map(|parts| std::mem::take(&mut parts.files));
        let files = files.collect();
        let is_plain = |parts: &Parts| parts.texts.iter().all(|shown| shown.is_plain);
        let plain = read
            .iter()
            .position(|parts| !parts.is_blank() && is_plain(parts));
        let best = plain.or_else(|| read.iter().rposition(|parts| !parts.is_blank()));
        let texts = best.map(|best| read.swap_remove(best).texts);
        Parts {
            texts: texts.unwrap_or_default(),
            files,
        }
    }

    /// All, in their order. In `multipart/related` what is named by a Content-ID belongs to the text and is a file (RFC 2387).
    fn all(&self, children: &[usize], is_below: bool, is_related: bool) -> Parts {
        let mut found = Parts::default();
        for (place, child) in children.iter().enumerate() {
            let is_below = is_below || !found.is_blank();
            let part = self.message.structure().parts.get(*child);
            let belongs = is_related && place > 0;
            let is_file = belongs
                && part.is_some_and(|part| {
                    part.holds == Holds::Content && self.content_id(part).is_some()
                });
            found.add(match is_file {
                true => file(*child),
                false => self.read(*child, is_below),
            });
        }
        found
    }

    fn content_id(&self, part: &Part) -> Option<String> {
        super::files::content_id(self.message, part)
    }

    fn leaf(&self, number: usize, part: &Part, is_below: bool) -> Parts {
        let essence = part.kind.essence.as_str();
        if essence == OTHER_FORM {
            return Parts::default();
        }
        // What lacks its boundary is shown as it is (RFC 2046 5.1).
        let is_text = essence.starts_with("text/") && !FILES.contains(&essence)
            || essence.starts_with("multipart/");
        let disposition = disposition(self.message, part);
        let is_named = || !self.message.file_names(part).is_empty();
        // A text with a name is a file below another one; the only one is what the message says.
        if !is_text || disposition == "attachment" || is_below && is_named() {
            return file(number);
        }
        match self.text(part) {
            Some(shown) => Parts {
                texts: vec![shown],
                files: Vec::new(),
            },
            None => file(number),
        }
    }

    /// The text of a part; none if it is no text that can be read, whatever it is declared to be.
    fn text(&self, part: &Part) -> Option<Shown> {
        let content = self
            .message
            .raw()
            .get(part.body.clone())
            .unwrap_or_default();
        let encoding = Encoding::of(&part.encoding);
        let (octets, cut) = front(encoding, content);
        let label = part.kind.get("charset").unwrap_or_default();
        let wide = label.to_ascii_lowercase().contains("utf-16")
            || octets.starts_with(&[0xff, 0xfe])
            || octets.starts_with(&[0xfe, 0xff]);
        let sample = octets.get(..octets.len().min(SAMPLE)).unwrap_or_default();
        if Kind::of(&octets).is_some() || !wide && memchr::memchr(0, sample).is_some() {
            return None;
        }
        let read = charset::decode(label, &octets).ok()?;
        let is_plain = part.kind.essence != "text/html";
        let mut text = match is_plain {
            true => plain(&read.text, &part.kind),
            false => html::read(&read.text),
        };
        text.cut |= cut;
        Some(Shown { is_plain, text })
    }
}

fn file(number: usize) -> Parts {
    Parts {
        texts: Vec::new(),
        files: vec![number],
    }
}

/// The front of a text, decoded, in whole lines where it has any; and whether that is not all.
fn front(encoding: Encoding, content: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let Some(front) = content
        .get(..MOST_READ)
        .filter(|_| content.len() > MOST_READ)
    else {
        return (encoding.decode(content), false);
    };
    // Characters of several octets stay whole.
    let mut octets = encoding.decode(front).into_owned();
    let ends = |octet: &u8| matches!(octet, b'\n' | b' ' | b'>');
    let end = octets.iter().rposition(ends).map_or(0, |end| end + 1);
    octets.truncate(end);
    (Cow::Owned(octets), true)
}

/// The Content-Disposition of a part in small letters; empty if there is none (RFC 2183).
pub(super) fn disposition(message: &Message, part: &Part) -> String {
    let head = message.raw().get(part.head.clone()).unwrap_or_default();
    let mut fields = fields(head);
    let field = fields.find(|field| field.name.eq_ignore_ascii_case(b"content-disposition"));
    field
        .map(|field| Parameters::parse(field.value).essence)
        .unwrap_or_default()
}

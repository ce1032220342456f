//! The files of a message: what they are called, what they truly are, and where they stand.

use std::ops::Range;

use super::file_name;
use super::parts::disposition;
use crate::attachments::{Group, Kind, recognise};
use crate::message::{Encoding, Message, Part, fields};

/// An attached file, or a picture within the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name as it was sent, without paths, controls and marks of direction; one by its type where none was sent. At most 200 octets.
    pub name: String,
    /// What it is by its contents, whatever it is declared to be.
    pub kind: FileKind,
    /// Its octets once decoded.
    pub size: usize,
    /// Where it stands in the message, under `encoding`.
    pub place: Range<usize>,
    /// How it is written there.
    pub encoding: Encoding,
    /// Its Content-ID without angle brackets, by which the text may name it.
    pub content_id: Option<String>,
    /// Whether it is meant to be shown within the text.
    pub inline: bool,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// One of the six that may be attached.
    Attachment(Kind),
    /// A text, a page or a program in words.
    Text,
    /// A message.
    Message,
    /// Anything else.
    Other,
}

impl FileKind {
    /// What a file is that nobody says anything of.
    #[must_use]
    pub fn of(contents: &[u8]) -> Self {
        match recognise(contents).group {
            Group::Allowed(kind) => Self::Attachment(kind),
            Group::Message => Self::Message,
            Group::Text | Group::Page | Group::Script => Self::Text,
            _ => Self::Other,
        }
    }

    /// The media type under which it can be given out without harm: as what it is, and never as a page.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Attachment(kind) => kind.media_type(),
            Self::Text => "text/plain",
            Self::Message => "message/rfc822",
            Self::Other => "application/octet-stream",
        }
    }
}

/// The files among these parts.
pub(super) fn list(message: &Message, numbers: &[usize]) -> Vec<File> {
    let parts = &message.structure().parts;
    let parts = numbers.iter().filter_map(|number| parts.get(*number));
    parts.map(|part| file(message, part)).collect()
}

fn file(message: &Message, part: &Part) -> File {
    let content = message.raw().get(part.body.clone()).unwrap_or_default();
    let encoding = Encoding::of(&part.encoding);
    let octets = encoding.decode(content);
    let essence = part.kind.essence.as_str();
    let kind = match FileKind::of(&octets) {
        FileKind::Attachment(kind) => FileKind::Attachment(kind),
        // Of a message its first octets say little.
        _ if essence == "message/rfc822" || essence == "message/global" => FileKind::Message,
        kind => kind,
    };
    let sent = message.file_names(part);
    let content_id = content_id(message, part);
    let inline = match disposition(message, part).as_str() {
        "" => content_id.is_some() && is_related(message, part),
        disposition => disposition == "inline",
    };
    File {
        name: file_name::of(&sent, kind, essence),
        kind,
        size: octets.len(),
        place: part.body.clone(),
        encoding,
        content_id,
        inline,
    }
}

/// Whether it belongs to a text (RFC 2387).
fn is_related(message: &Message, part: &Part) -> bool {
    let mut above = message.structure().above(part);
    above.any(|part| part.kind.essence == "multipart/related")
}

/// The Content-ID of a part (RFC 2045 7).
pub(super) fn content_id(message: &Message, part: &Part) -> Option<String> {
    let head = message.raw().get(part.head.clone()).unwrap_or_default();
    let mut fields = fields(head);
    let field = fields.find(|field| field.name.eq_ignore_ascii_case(b"content-id"))?;
    let id = String::from_utf8_lossy(field.value);
    let id = id
        .trim()
        .trim_start_matches('<')
        .trim_end_matches('>')
        .trim();
    let id: String = id.chars().filter(|c| !c.is_control()).collect();
    Some(id).filter(|id| !id.is_empty())
}

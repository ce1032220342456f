//! A masked message as people read it: its text, which of that is quoted, and its files. Pure: a message and the texts before it in, values out.
//!
//! Quotes are folded and never cut: [`Digest::folded`] are places in the text, and not one word that the writer wrote stands in them. What a reader
//! is shown of HTML is text; pictures from elsewhere, scripts and style sheets are not.
//!
//! ```
//! use allegromail::{digest::Digest, mail::ReversePath, message::Message};
//!
//! let raw = "From: <a@b.example>\r\nSubject: Re: Rower\r\n\r\nTak, jutro.\r\n\r\nW dniu 3.03.2026 o 10:15, Jan Nowak pisze:\r\n> Czy jest?\r\n";
//! let message = Message::parse(raw.into()).unwrap();
//! let digest = Digest::of(&message, &ReversePath::Null, &[]);
//! assert_eq!(digest.subject, "Re: Rower");
//! assert_eq!(&digest.text[..11], "Tak, jutro.");
//! assert_eq!(&digest.text[digest.folded[0].clone()], "W dniu 3.03.2026 o 10:15, Jan Nowak pisze:\n> Czy jest?");
//! ```

mod attribution;
mod file_name;
mod files;
mod header_block;
mod html;
mod known;
mod lines;
mod parts;
mod quotes;
#[cfg(test)]
mod tests;
mod text;

use std::ops::Range;

pub use file_name::of as file_name;
pub use files::{File, FileKind};

use crate::mail::ReversePath;
use crate::message::{Automatic, Message};

/// The most octets of [`Digest::text`].
pub const MOST_TEXT: usize = 64 * 1024;

/// What is shown of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The Subject, decoded; empty if there is none.
    pub subject: String,
    /// What the message says, with LF at the ends of lines, of [`MOST_TEXT`] octets at most; empty where it is files alone. Quotes have `>` in front
    /// of each line where the writer's program set marks or a blockquote.
    pub text: String,
    /// Whether the message says more than `text` holds.
    pub cut: bool,
    /// What of `text` is quoted and folded: places in octets, between characters, in order and apart from one another. From the first own word below a
    /// quote on nothing is folded.
    pub folded: Vec<Range<usize>>,
    /// Every part that is not the text, in order.
    pub files: Vec<File>,
    /// Whether a person wrote it, a program, or a program in answer to a message.
    pub automatic: Automatic,
}

impl Digest {
    /// Reads a message that came from `envelope`. `earlier` are the texts of messages before it in the thread, the newest first: what stands in them is
    /// known to be quoted. Of very long ones a front is read. The cost grows no faster than the sizes of both.
    #[must_use]
    pub fn of(message: &Message, envelope: &ReversePath, earlier: &[&str]) -> Self {
        let mut parts = parts::read(message);
        let text = parts.text();
        let folded = quotes::folded(&text, earlier);
        Self {
            subject: message.text("Subject"),
            folded,
            cut: text.cut,
            text: text.text,
            files: files::list(message, &parts.files),
            automatic: message.automatic(envelope),
        }
    }
}

//! One strict reading of a message, for everybody: header fields, the From, address lists, encoded words, and the MIME structure.
//!
//! Two parsers with two opinions about `From` are an attack. So the header section is split here once, strictly (RFC 5322 2.2),
//! before any other parser sees the message; auth, policy and rewriting all use this split. Pure: bytes in, values out.

mod address;
mod automatic;
pub mod charset;
mod effort;
mod file_names;
mod from;
pub(crate) mod html;
mod ids;
mod parameters;
mod section;
mod structure;
mod subject;
mod transfer;
mod unambiguous;
mod unseen;
mod walk;
mod words;

use std::sync::Arc;

use bytes::Bytes;

pub use address::{AddressError, Listed, named_mailboxes, parse_list};
pub use automatic::Automatic;
pub use effort::{Effort, Task};
pub use from::{BadFrom, Visible};
pub use parameters::{Parameters, unescape};
pub use section::{Field, HeaderSection, Malformed};
pub use structure::{Delimiter, Holds, Part, Structure, fields};
pub use subject::{answered, is_answer};
pub use transfer::{Encoding, MAX_LINE, has_long_line};
pub use unambiguous::is_unambiguous;
pub use unseen::{QUOTE_SEPARATORS, holds_unseen, is_unseen};
pub use words::{decode, encode, encode_phrase, encode_words, has_odd_charset, unreadable_charset};

use crate::mail::{Mailbox, ReversePath};

/// A message whose header section was read and whose MIME structure is within bounds. A copy is the same message and costs nothing.
#[derive(Debug, Clone)]
pub struct Message {
    raw: Bytes,
    section: Arc<HeaderSection>,
    structure: Arc<Structure>,
    effort: Effort,
}

impl Message {
    /// Splits the header section and scans the structure.
    ///
    /// # Errors
    /// [`Malformed`] names the line and what is wrong with it, or the limit that is reached.
    pub fn parse(raw: Bytes) -> Result<Self, Malformed> {
        let effort = Effort::of(raw.len());
        Self::parse_within(raw, effort)
    }

    /// As [`Self::parse`], at the cost of `effort`: also where it fails.
    ///
    /// # Errors
    /// As there.
    pub fn parse_within(raw: Bytes, effort: Effort) -> Result<Self, Malformed> {
        effort.spend(Task::Reading, raw.len())?;
        let section = HeaderSection::parse(&raw)?;
        effort.spend(Task::Fields, section.count())?;
        let structure = walk::walk(&raw, section.body(), &effort)?;
        Ok(Self {
            raw,
            section: Arc::new(section),
            structure: Arc::new(structure),
            effort,
        })
    }

    /// What has been spent on it, and may be.
    #[must_use]
    pub fn effort(&self) -> &Effort {
        &self.effort
    }

    /// How many addresses a field of this name could hold, without reading them: one more than its commas.
    #[must_use]
    pub fn count_addresses(&self, name: &str) -> usize {
        self.named(name)
            .map(|field| memchr::memchr_iter(b',', field.value).count() + 1)
            .sum()
    }

    /// The whole message as it came.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Everything after the empty line.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.raw.get(self.section.body()..).unwrap_or_default()
    }

    /// Its parts.
    #[must_use]
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// The fields in their order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.section.fields(&self.raw)
    }

    /// The fields of one name, without regard to case.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Field<'a>> {
        self.fields()
            .filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The first field of a name as one line of text: unfolded, encoded words decoded, no control characters. Empty if absent. Of a value that is
    /// longer than a line may be, its front.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let Some(field) = self.named(name).next() else {
            return String::new();
        };
        let front = field.value.get(..section::MAX_LINE).map(|front| {
            // Between words: neither a character nor an encoded word is cut.
            let end = front.iter().rposition(|octet| b" \t\r\n".contains(octet));
            front.get(..end.unwrap_or_default()).unwrap_or_default()
        });
        decode(front.unwrap_or(field.value))
    }

    /// How many octets its header section has.
    #[must_use]
    pub fn head_octets(&self) -> usize {
        self.section.body()
    }

    /// The visible sender.
    ///
    /// # Errors
    /// [`BadFrom`] unless there is exactly one From field with exactly one mailbox that can be read in one way.
    pub fn from(&self) -> Result<Visible, BadFrom> {
        from::read(self)
    }

    /// Every address in Reply-To, of every such field; empty where they name nobody.
    ///
    /// # Errors
    /// [`AddressError`] if any of it cannot be read: an address that is not understood cannot be checked.
    pub fn reply_to(&self) -> Result<Vec<Mailbox>, AddressError> {
        let mut found = Vec::new();
        for field in self.named("Reply-To") {
            found.extend(named_mailboxes(field.value)?);
        }
        Ok(found)
    }

    /// The message ids in the fields of a name, without angle brackets (RFC 5322 3.6.4); at most 50 a field, the newest.
    #[must_use]
    pub fn ids(&self, name: &str) -> Vec<String> {
        self.named(name)
            .flat_map(|field| ids::read(field.value))
            .collect()
    }

    /// How many servers it passed: its Received fields (RFC 5321 6.3).
    #[must_use]
    pub fn hops(&self) -> usize {
        self.named("Received").count()
    }

    /// Whether a person wrote it, or a program by itself (RFC 3834 2 and 5). `envelope` is MAIL FROM: programs that answer leave it null.
    #[must_use]
    pub fn automatic(&self, envelope: &ReversePath) -> Automatic {
        automatic::read(self, envelope)
    }
}

#[cfg(test)]
mod tests;

//! One strict reading of a message, for everybody: header fields, the From, address lists, encoded words, and the MIME structure.
//!
//! Two parsers with two opinions about `From` are an attack. So the header section is split here once, strictly (RFC 5322 2.2),
//! before any other parser sees the message; auth, policy and rewriting all use this split. Pure: bytes in, values out.

mod address;
mod automatic;
mod from;
mod ids;
mod parameters;
mod section;
mod structure;
mod transfer;
mod walk;
mod words;

use bytes::Bytes;

pub use address::{AddressError, Listed, named_mailboxes, parse_list};
pub use automatic::Automatic;
pub use from::{BadFrom, Visible};
pub use parameters::{Parameters, unescape};
pub use section::{Field, HeaderSection, Malformed};
pub use structure::{Delimiter, Holds, Part, Structure, fields};
pub use transfer::{Encoding, MAX_LINE, has_long_line};
pub use words::{decode, encode, encode_phrase, encode_words};

use crate::mail::{Mailbox, ReversePath};

/// A message whose header section was read and whose MIME structure is within bounds.
#[derive(Debug, Clone)]
pub struct Message {
    raw: Bytes,
    section: HeaderSection,
    structure: Structure,
}

impl Message {
    /// Splits the header section and scans the structure.
    ///
    /// # Errors
    /// [`Malformed`] names the line and what is wrong with it.
    pub fn parse(raw: Bytes) -> Result<Self, Malformed> {
        let section = HeaderSection::parse(&raw)?;
        let structure = walk::walk(&raw, section.body())?;
        Ok(Self {
            raw,
            section,
            structure,
        })
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

    /// The first field of a name as one line of text: unfolded, encoded words decoded, no control characters. Empty if absent.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.named(name)
            .next()
            .map(|field| decode(field.value))
            .unwrap_or_default()
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

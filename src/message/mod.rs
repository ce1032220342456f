//! One strict reading of a message, for everybody: header fields, the From, address lists, encoded words, and the MIME structure.
//!
//! Two parsers with two opinions about `From` are an attack. So the header section is split here once, strictly (RFC 5322 2.2),
//! before any other parser sees the message; auth, policy and rewriting all use this split. Pure: bytes in, values out.

mod address;
mod from;
mod parameters;
mod section;
mod structure;
mod words;

use bytes::Bytes;

pub use address::{AddressError, Listed, parse_list};
pub use from::{BadFrom, Visible};
pub use parameters::{Parameters, unescape};
pub use section::{Field, HeaderSection, Malformed};
pub use structure::{Delimiter, Holds, Part, Structure, fields};
pub use words::{decode, encode, encode_phrase, encode_words};

use crate::mail::Mailbox;

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
        let structure = structure::walk(&raw, section.body())?;
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

    /// Every address in Reply-To; empty without such a field.
    ///
    /// # Errors
    /// [`AddressError`] if any of it cannot be read: an address that is not understood cannot be checked.
    pub fn reply_to(&self) -> Result<Vec<Mailbox>, AddressError> {
        let mut found = Vec::new();
        for field in self.named("Reply-To") {
            found.extend(
                parse_list(field.value)?
                    .into_iter()
                    .map(|listed| listed.mailbox),
            );
        }
        Ok(found)
    }

    /// How many servers it passed: its Received fields (RFC 5321 6.3).
    #[must_use]
    pub fn hops(&self) -> usize {
        self.named("Received").count()
    }

    /// Whether a program sent it by itself, so that nothing may answer it (RFC 3834 2 and 5).
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        let word = |name: &str| self.text(name).trim().to_ascii_lowercase();
        let submitted = word("Auto-Submitted");
        let submitted = submitted.split(';').next().unwrap_or_default().trim();
        (!submitted.is_empty() && submitted != "no")
            || ["bulk", "junk", "list", "auto_reply"].contains(&word("Precedence").as_str())
            || [
                "X-Auto-Response-Suppress",
                "X-Autoreply",
                "X-Autorespond",
                "List-Id",
            ]
            .iter()
            .any(|name| self.named(name).next().is_some())
    }
}

#[cfg(test)]
mod tests;

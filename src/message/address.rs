//! Address lists (RFC 5322 3.4) read in one way or not at all.
//!
//! A single left-to-right pass over bytes, no recursion. What honest mail writes passes: names quoted or not, encoded words, unquoted dots
//! and 8-bit octets in names, comments beside an address. Source routes, two addresses in one mailbox, encoded words inside an
//! address and everything that two readers might take for two different addresses are errors (docs/threats.md#70 to #72). Entries that name nobody
//! and groups are errors where somebody has to be named, and read where it is asked whom a field names (docs/threats.md#179).

use super::words;
use crate::mail::Mailbox;

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The address.
    pub mailbox: Mailbox,
    /// The name beside it as text, decoded, without control characters.
    pub name: Option<String>,
}

/// A list, or an entry of it, that cannot be read in one way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl AddressError {
    fn new(what: &str) -> Self {
        Self(what.to_owned())
    }
}

/// The most addresses of one field; more is no letter to a person.
const MAX_ADDRESSES: usize = 1_000;

/// Pieces of one entry, gathered left to right.
#[derive(Default)]
struct Entry {
    /// What stands outside of `<…>`: the name, or a bare address.
    outside: Vec<u8>,
    /// Whether a quoted string stands outside.
    quoted: bool,
    /// What stands inside of `<…>`.
    inside: Option<Vec<u8>>,
    /// Whether anything but white space and comments came after `>`.
    after: bool,
}

/// What a list may hold beside mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing: every entry is one mailbox.
    Mailboxes,
    /// Groups, and entries that name nobody.
    Addresses,
}

/// Where the pass stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// In none.
    Outside,
    /// Between `:` and `;`.
    Inside,
    /// After `;`, where only a comma may follow.
    Ended,
}

/// A list as far as it was read.
struct List {
    form: Form,
    group: Group,
    entry: Entry,
    found: Vec<Listed>,
}

/// Reads a field value into its mailboxes, one at least.
///
/// # Errors
/// [`AddressError`] says what cannot be read; an empty list is one, too, and so is an empty entry or a group.
pub fn parse_list(value: &[u8]) -> Result<Vec<Listed>, AddressError> {
    read(value, Form::Mailboxes)
}

/// Whom an address list names (RFC 5322 3.4): an empty entry (4.4), `<>` and a group without members name nobody, and a group's members count as
/// all others do.
///
/// # Errors
/// [`AddressError`] says what cannot be read: a field is read as a whole or not at all.
pub fn named_mailboxes(value: &[u8]) -> Result<Vec<Mailbox>, AddressError> {
    let listed = read(value, Form::Addresses)?;
    Ok(listed.into_iter().map(|listed| listed.mailbox).collect())
}

fn read(value: &[u8], form: Form) -> Result<Vec<Listed>, AddressError> {
    let mut list = List {
        form,
        group: Group::Outside,
        entry: Entry::default(),
        found: Vec::new(),
    };
    let mut rest = value.iter().copied().peekable();
    while let Some(octet) = rest.next() {
        let entry = &mut list.entry;
        match octet {
            b'"' => quoted(&mut rest, entry)?,
            b'(' => comment(&mut rest)?,
            b'<' => angle(&mut rest, entry)?,
            b',' => list.end_entry()?,
            b':' | b';' if form == Form::Mailboxes => {
                return Err(AddressError::new("it holds a group"));
            }
            b':' => list.open_group()?,
            b';' => list.end_group()?,
            b'>' | b')' => return Err(AddressError::new("a bracket closes that was not opened")),
            b'\\' => return Err(AddressError::new("it holds a backslash outside of quotes")),
            // A fold is white space (RFC 5322 2.2.3).
            b'\r' | b'\n' | b'\t' | b' ' => entry.outside.push(b' '),
            0..=31 | 127 => return Err(AddressError::new("it holds a control character")),
            _ => {
                entry.after |= entry.inside.is_some();
                entry.outside.push(octet);
            }
        }
    }
    list.end_entry()?;
    match list.group {
        Group::Inside => Err(AddressError::new("a group does not end")),
        Group::Outside | Group::Ended => Ok(list.found),
    }
}

impl List {
    /// At a comma, or at the end.
    fn end_entry(&mut self) -> Result<(), AddressError> {
        let entry = std::mem::take(&mut self.entry);
        if self.group == Group::Ended {
            self.group = Group::Outside;
            // Else it would be a second list without a comma, which each reader would part in its own way.
            return if entry.is_blank() {
                Ok(())
            } else {
                Err(AddressError::new("text stands after a group"))
            };
        }
        if self.form == Form::Addresses && entry.names_nobody()? {
            return Ok(());
        }
        finish(entry, &mut self.found)
    }

    /// At `:`: what stands before it is the name of a group.
    fn open_group(&mut self) -> Result<(), AddressError> {
        let name = std::mem::take(&mut self.entry);
        if self.group != Group::Outside || name.inside.is_some() || name.is_blank() {
            return Err(AddressError::new("a colon begins no group"));
        }
        if name.shows_address() {
            return Err(AddressError::new("a group is named like an address"));
        }
        self.group = Group::Inside;
        Ok(())
    }

    /// At `;`.
    fn end_group(&mut self) -> Result<(), AddressError> {
        if self.group != Group::Inside {
            return Err(AddressError::new("a semicolon ends no group"));
        }
        self.end_entry()?;
        self.group = Group::Ended;
        Ok(())
    }
}

impl Entry {
    /// Whether it holds white space and comments at most.
    fn is_blank(&self) -> bool {
        self.inside.is_none() && self.outside.trim_ascii().is_empty()
    }

    /// Whether it is blank, or `<>` with or without a name.
    fn names_nobody(&self) -> Result<bool, AddressError> {
        let Some(inside) = &self.inside else {
            return Ok(self.is_blank());
        };
        if !inside.trim_ascii().is_empty() {
            return Ok(false);
        }
        match () {
            () if self.after => Err(AddressError::new("text stands after the address")),
            // Another reader might take the name for the address that is missing.
            () if self.shows_address() => {
                Err(AddressError::new("an address stands before an empty one"))
            }
            () => Ok(true),
        }
    }

    /// Whether a reader sees an address in the name, whichever way it is written.
    fn shows_address(&self) -> bool {
        words::decode(&unquote(&self.outside)).contains('@')
    }
}

/// What is left of the value.
type Octets<'a> = std::iter::Peekable<std::iter::Copied<std::slice::Iter<'a, u8>>>;

/// A quoted string: kept with its quotes, so that a bare address keeps its meaning and a name can be unquoted later.
fn quoted(rest: &mut Octets<'_>, entry: &mut Entry) -> Result<(), AddressError> {
    entry.quoted = true;
    entry.after |= entry.inside.is_some();
    entry.outside.push(b'"');
    while let Some(octet) = rest.next() {
        match octet {
            b'"' => {
                entry.outside.push(b'"');
                return Ok(());
            }
            b'\\' => {
                let escaped = rest
                    .next()
                    .ok_or_else(|| AddressError::new("a quoted string does not end"))?;
                entry.outside.extend([b'\\', escaped]);
            }
            b'\r' | b'\n' => {}
            _ => entry.outside.push(octet),
        }
    }
    Err(AddressError::new("a quoted string does not end"))
}

/// A comment, nested or not, is passed over (RFC 5322 3.2.2).
fn comment(rest: &mut Octets<'_>) -> Result<(), AddressError> {
    let mut depth = 1_usize;
    while let Some(octet) = rest.next() {
        match octet {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\\' => drop(rest.next()),
            _ => {}
        }
        if depth == 0 {
            return Ok(());
        }
    }
    Err(AddressError::new("a comment does not end"))
}

/// What stands in `<…>`, with its quotes, up to the `>` that is in none.
fn angle(rest: &mut Octets<'_>, entry: &mut Entry) -> Result<(), AddressError> {
    if entry.inside.is_some() {
        return Err(AddressError::new("one entry holds two addresses"));
    }
    let mut inside = Vec::new();
    let mut in_quotes = false;
    while let Some(octet) = rest.next() {
        match octet {
            b'\\' if in_quotes => {
                inside.push(octet);
                inside.extend(rest.next());
            }
            b'"' => {
                in_quotes = !in_quotes;
                inside.push(octet);
            }
            b'>' if !in_quotes => {
                entry.inside = Some(inside);
                return Ok(());
            }
            b'\r' | b'\n' => {}
            // A comment in there is legal and read differently by many (docs/threats.md#72).
            b'(' | b'<' if !in_quotes => {
                return Err(AddressError::new("an address holds a bracket"));
            }
            _ => inside.push(octet),
        }
    }
    Err(AddressError::new("an address in <> does not end"))
}

/// Makes an entry of the pieces before a comma, or before the end.
fn finish(entry: Entry, found: &mut Vec<Listed>) -> Result<(), AddressError> {
    let outside = entry.outside.trim_ascii();
    if found.len() >= MAX_ADDRESSES {
        return Err(AddressError::new("it holds too many addresses"));
    }
    let Some(inside) = entry.inside else {
        if outside.is_empty() {
            return Err(AddressError::new("an entry is empty"));
        }
        found.push(Listed {
            mailbox: mailbox(outside)?,
            name: None,
        });
        return Ok(());
    };
    if entry.after {
        return Err(AddressError::new("text stands after the address"));
    }
    let mailbox = mailbox(inside.trim_ascii())?;
    let name = phrase(outside, &mailbox, entry.quoted)?;
    found.push(Listed { mailbox, name });
    Ok(())
}

/// The one address that some octets are.
fn mailbox(octets: &[u8]) -> Result<Mailbox, AddressError> {
    if memchr::memmem::find(octets, b"=?").is_some() {
        return Err(AddressError::new("an encoded word stands in an address"));
    }
    if octets.first() == Some(&b'@') {
        return Err(AddressError::new("an address holds a source route"));
    }
    let text =
        std::str::from_utf8(octets).map_err(|_| AddressError::new("an address is not UTF-8"))?;
    Mailbox::parse(text)
        .map_err(|error| AddressError(format!("an address cannot be read: {error}")))
}

/// The name before `<…>`. An `@` in it must be quoted or encoded, unless the name just repeats the address: else another reader might
/// take the name for the sender.
fn phrase(octets: &[u8], mailbox: &Mailbox, quoted: bool) -> Result<Option<String>, AddressError> {
    if octets.is_empty() {
        return Ok(None);
    }
    let bare_at = !quoted && octets.contains(&b'@');
    if bare_at
        && !std::str::from_utf8(octets)
            .is_ok_and(|text| Mailbox::parse(text).is_ok_and(|name| name == *mailbox))
    {
        return Err(AddressError::new(
            "a second address stands before the one in <>",
        ));
    }
    let name = words::decode(&unquote(octets));
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// A name without its quotes and backslashes.
fn unquote(octets: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(octets.len());
    let mut rest = octets.iter().copied();
    while let Some(octet) = rest.next() {
        match octet {
            b'"' => {}
            b'\\' => text.extend(rest.next()),
            _ => text.push(octet),
        }
    }
    text
}

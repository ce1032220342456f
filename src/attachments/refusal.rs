//! The words of a refusal: what the file is, why it may not pass, and what its writer can do.

use std::fmt::{self, Display, Formatter};

use super::found::{Found, Group};

/// Why a file may not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Its kind is none of the six.
    Kind,
    /// Its name claims another thing, in words.
    Named(&'static str),
    /// It is declared as a type that it is not.
    Declared(String),
    /// It holds a second file, in words.
    Second(&'static str),
    /// Two of its names claim different things; the second name as it is shown.
    TwoNames(String),
    /// Its name turns the order in which it is read.
    TurnedName,
    /// Its name holds a control character.
    ControlName,
}

/// A file that may not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its name as it can be shown; empty if it has none.
    pub name: String,
    /// What it truly is.
    pub found: Found,
    /// Why it may not pass.
    pub cause: Cause,
}

/// The kinds that may pass, in words.
pub const ALLOWED: &str = "PDF, JPEG, PNG, GIF, BMP or TIFF";
/// Letters of a declared type that are shown.
const TYPE: usize = 40;

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => f.write_str("an attachment without a name")?,
            name => write!(f, "\"{name}\"")?,
        }
        if let Cause::TwoNames(other) = &self.cause {
            write!(
                f,
                " carries a second name, \"{other}\", that does not fit the first; it"
            )?;
        }
        write!(f, " is {}", self.found.words)?;
        if let Some(format) = self.found.format {
            write!(
                f,
                " ({})",
                format.short_name().unwrap_or_else(|| format.name())
            )?;
        }
        match &self.cause {
            Cause::Kind | Cause::TwoNames(_) => {}
            Cause::Named(words) => write!(f, " under the name of {words}")?,
            Cause::Declared(declared) => write!(f, " declared as {}", printed(declared))?,
            Cause::Second(words) => write!(f, " with {words} in it or behind it")?,
            Cause::TurnedName => f.write_str(" whose name turns the order of its letters")?,
            Cause::ControlName => f.write_str(" whose name holds control characters")?,
        }
        self.advise(f)
    }
}

impl Refusal {
    /// What to do instead.
    fn advise(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let may_pass = matches!(self.found.group, Group::Allowed(_));
        match (self.found.words, &self.cause) {
            (_, Cause::Second(_)) => write!(f, "; save it anew and send nothing but {ALLOWED}"),
            (_, Cause::Declared(_)) if may_pass => f.write_str("; attach it as what it is"),
            _ if may_pass => f.write_str("; give it one plain name that says what it is"),
            ("a HEIC picture", _) => write!(
                f,
                "; send it as JPEG: on an iPhone choose Settings, Camera, Formats, Most Compatible, or share it by Mail as JPEG; attach {ALLOWED}"
            ),
            ("a WebP picture" | "an AVIF picture", _) => write!(
                f,
                "; send it as JPEG: open it and save it as JPEG, or send a screenshot; attach {ALLOWED}"
            ),
            _ if self.found.group == Group::Tnef => write!(
                f,
                "; please send without Outlook's rich text format; attach {ALLOWED}"
            ),
            _ if self.found.group == Group::Document => {
                write!(f, "; save it as PDF; attach {ALLOWED}")
            }
            _ => write!(f, "; attach {ALLOWED}"),
        }
    }
}

/// A declared type as it can be shown.
fn printed(declared: &str) -> String {
    declared
        .chars()
        .filter(char::is_ascii_graphic)
        .take(TYPE)
        .collect()
}

//! A part under judgement: what it is beside what its names and its type claim.

use super::Declared;
use super::behind;
use super::contents;
use super::declared_type::{self, TextType};
use super::extensions::Claim;
use super::found::{Found, Group};
use super::kind::Kind;
use super::name::{self, Flaw, Reading};
use super::refusal::{Cause, Refusal};

/// A part, and what was read of it.
pub(super) struct Part<'a> {
    declared: &'a Declared<'a>,
    octets: &'a [u8],
    /// Its names that are not blank, and what each claims.
    named: Vec<(&'a str, Reading)>,
    /// What it truly is.
    pub(super) found: Found,
}

impl<'a> Part<'a> {
    /// Reads a part.
    pub(super) fn new(declared: &'a Declared<'a>, octets: &'a [u8]) -> Self {
        let names = declared.names.iter().filter(|name| !name.trim().is_empty());
        Self {
            declared,
            octets,
            named: names.map(|name| (*name, name::read(name))).collect(),
            found: contents::recognise(octets),
        }
    }

    /// Why a name cannot be trusted.
    pub(super) fn flaw(&self) -> Option<Cause> {
        let mut flaws = self.named.iter().filter_map(|(_, reading)| reading.flaw);
        flaws.next().map(|flaw| match flaw {
            Flaw::Turned => Cause::TurnedName,
            Flaw::Control => Cause::ControlName,
        })
    }

    /// Why a text may not go on as one.
    pub(super) fn cause_of_text(&self, text: TextType) -> Option<Cause> {
        let declared = || Cause::Declared(self.declared.essence.to_owned());
        if self.is_surely_no_text() {
            return Some(declared());
        }
        let fits = |claim| match claim {
            Claim::Nothing | Claim::Text | Claim::Message => true,
            Claim::Page => text == TextType::Html,
            // A message that is passed on is called by its subject.
            Claim::Program | Claim::Markup => false,
            _ => text == TextType::Message,
        };
        self.misfit(fits).map(|cause| match cause {
            // Then its name is true, and its type is not.
            Cause::Named(words) if words == self.found.words => declared(),
            Cause::Named(_) if matches!(self.found.group, Group::Key | Group::Sealed) => {
                Cause::Kind
            }
            _ => cause,
        })
    }

    /// Why a file of one of the six kinds may not pass.
    pub(super) fn cause_of_file(&self, kind: Kind) -> Option<Cause> {
        let fits = |claim| matches!(claim, Claim::Nothing | Claim::Allowed | Claim::Picture);
        if let Some(cause) = self.misfit(fits) {
            return Some(cause);
        }
        if declared_type::is_other_type(self.declared.essence) {
            return Some(Cause::Declared(self.declared.essence.to_owned()));
        }
        behind::second(kind, self.octets).map(Cause::Second)
    }

    /// Why any other file may not pass: its names if they claim what it is not, else its kind.
    pub(super) fn cause_of_other(&self) -> Cause {
        let is_picture = matches!(self.found.group, Group::Picture | Group::Empty);
        let fits = |claim| is_picture || claim != Claim::Allowed;
        self.disagreement()
            .or_else(|| self.misfit(fits))
            .unwrap_or(Cause::Kind)
    }

    /// The refusal. Of a text or an unknown file its name or type tells more than its contents.
    pub(super) fn refused(&self, cause: Cause) -> Refusal {
        let told = match cause {
            Cause::Kind if self.found.is_vague() => declared_type::by_type(self.declared.essence)
                .or_else(|| self.named.iter().find_map(|(_, reading)| by_name(reading))),
            _ => None,
        };
        // The name that is at fault, if one is.
        let at_fault = self.named.iter().find(|(_, reading)| match cause {
            Cause::Named(words) => reading.words == words,
            Cause::TurnedName | Cause::ControlName => reading.flaw.is_some(),
            Cause::TwoNames(_) => reading.claim != Claim::Nothing,
            _ => true,
        });
        Refusal {
            name: at_fault.map_or_else(String::new, |(name, _)| name::shown(name)),
            found: told.unwrap_or(self.found),
            cause,
        }
    }

    /// Whether the contents are no text in whatever charset: what begins in words is left to those who read the text.
    fn is_surely_no_text(&self) -> bool {
        match self.found.group {
            Group::Allowed(_) | Group::Tnef => true,
            Group::Archive
            | Group::Document
            | Group::Media
            | Group::Message
            | Group::Picture
            | Group::Program => !contents::is_text(self.octets) && !self.found.is_weak,
            _ => false,
        }
    }

    /// A name that claims what does not fit, or two of which one does not.
    fn misfit(&self, fits: impl Fn(Claim) -> bool) -> Option<Cause> {
        let mut misfits = self
            .named
            .iter()
            .filter(|(_, reading)| !fits(reading.claim));
        let (_, reading) = misfits.next()?;
        self.disagreement().or(Some(Cause::Named(reading.words)))
    }

    /// The first name that does not fit the first that claims something.
    fn disagreement(&self) -> Option<Cause> {
        let mut claiming = self
            .named
            .iter()
            .filter(|(_, reading)| reading.claim != Claim::Nothing);
        let (_, first) = claiming.next()?;
        claiming
            .find(|(_, reading)| !first.claim.agrees(reading.claim))
            .map(|(name, _)| Cause::TwoNames(name::shown(name)))
    }
}

/// What a file is called by its name.
fn by_name(reading: &Reading) -> Option<Found> {
    let group = match reading.claim {
        Claim::Program => Group::Script,
        Claim::Key => Group::Key,
        Claim::Sealed => Group::Sealed,
        Claim::Markup | Claim::Page => Group::Page,
        Claim::Message => Group::Message,
        _ => return None,
    };
    Some(Found::new(group, reading.words))
}

//! Attached files: judged by what they are, and pictures without what they tell beside what they show (docs/attachments.md).

use super::Work;
use super::seen::Seen;
use crate::attachments::{self, ALLOWED, Declared, Judgement, Kind};
use crate::message::{self, Holds, Part};
use crate::pictures::{self, Stripped};
use crate::rewrite::document;
use crate::rewrite::options::Attachments;
use crate::rewrite::plan::{ParticipantPlan, RewriteError};
use crate::rewrite::treatment::is_report;

/// An attached file that may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    /// A detached signature, which is taken out.
    Signature,
    /// A document or a picture.
    Allowed {
        kind: Kind,
        /// The type to declare in place of the one that it has.
        corrected: Option<&'static str>,
    },
}

/// Types of text that programs write beside a plain one.
const ALTERNATIVES: [&str; 5] = [
    "text/enriched",
    "text/richtext",
    "text/watch-html",
    "text/markdown",
    "text/x-markdown",
];
/// What encodings are called that some programs undo, and RFC 2045 does not know.
const FILE_ENCODINGS: [&str; 3] = ["uu", "yenc", "binhex"];

/// What to do about an address in a file.
const METADATA: &str = "please save it without its properties (metadata) and send it again";

impl Work<'_> {
    /// Judges a part as a file; none: it is a text, or a file that goes on as it is.
    ///
    /// # Errors
    /// It may not pass.
    pub(super) fn file(
        &self,
        seen: &Seen<'_>,
        wanted: Attachments,
    ) -> Result<Option<File>, RewriteError> {
        let names: Vec<&str> = seen.names.iter().map(String::as_str).collect();
        let octets = match seen.part.holds {
            // A message is no file: its parts are judged.
            Holds::Message => &b"Subject:"[..],
            _ => seen.octets(),
        };
        let encoding = seen.part.encoding.as_str();
        if wanted.refuse && FILE_ENCODINGS.iter().any(|name| encoding.contains(name)) {
            let shown = attachments::shown(seen.name().unwrap_or_default());
            return Err(RewriteError::Attachment(format!(
                "{shown} is encoded in a way that mail has no name for; attach {ALLOWED}"
            )));
        }
        let declared = Declared {
            essence: self.declared(seen.part, &names),
            // What programs write for programs is shown as a text wherever it stands.
            in_report: is_report(seen.part) || self.stands_in(seen.part, "multipart/report"),
            names: &names,
        };
        Ok(match attachments::judge(&declared, octets) {
            Judgement::Text => None,
            Judgement::Signature => Some(File::Signature),
            Judgement::Allowed {
                kind, corrected, ..
            } => Some(File::Allowed { kind, corrected }),
            Judgement::Refused(why) if wanted.refuse => {
                return Err(RewriteError::Attachment(why.to_string()));
            }
            Judgement::Refused(_) => None,
        })
    }

    /// The octets of a document or a picture as they leave; none: as they are.
    ///
    /// # Errors
    /// They name the writer, or are no complete picture.
    pub(super) fn document(
        &self,
        seen: &Seen<'_>,
        file: Option<File>,
        plan: &ParticipantPlan<'_>,
    ) -> Result<Option<Vec<u8>>, RewriteError> {
        let octets = seen.octets();
        let named = |octets: &[u8]| document::named(octets, plan.writer_addresses);
        let wanted = plan.options.attachments;
        let kind = match file {
            Some(File::Allowed { kind, .. }) => kind.picture(),
            _ => None,
        };
        let clean = |new: Option<Vec<u8>>| match named(new.as_deref().unwrap_or(octets)) {
            Some(address) => Err(seen.hidden(format!("holds the address {address}; {METADATA}"))),
            None => Ok(new),
        };
        let Some((kind, wanted)) = kind.zip(wanted) else {
            return clean(None);
        };
        let strip = |keep_copyright| match pictures::strip(kind, octets, keep_copyright) {
            Ok(Stripped::Kept(_)) => Ok(None),
            Ok(Stripped::Changed(new)) => Ok(Some(new)),
            // It goes on as it came where nothing is refused.
            Err(_) if !wanted.refuse => Ok(None),
            Err(broken) => {
                let name = attachments::shown(seen.name().unwrap_or_default());
                Err(RewriteError::Attachment(format!(
                    "{name} {broken}; save it anew, or send a screenshot of it"
                )))
            }
        };
        let mut new = strip(wanted.keep_copyright)?;
        if wanted.keep_copyright && named(new.as_deref().unwrap_or(octets)).is_some() {
            new = strip(false)?;
        }
        clean(new)
    }

    /// The type that a part declares; empty where it declares none that can be read.
    fn declared<'p>(&self, part: &'p Part, names: &[&str]) -> &'p str {
        let head = self
            .message
            .raw()
            .get(part.head.clone())
            .unwrap_or_default();
        let says = message::fields(head).any(|field| {
            field.name.eq_ignore_ascii_case(b"content-type") && field.value.contains(&b'/')
        });
        let essence = part.kind.essence.as_str();
        let nameless = names.iter().all(|name| name.is_empty());
        match essence {
            _ if !says => "",
            // What is in no parts is what it is.
            _ if essence.starts_with("multipart/") => "",
            // One way of several to say the same is no file: watches and old programs have types of their own for it.
            _ if nameless
                && ALTERNATIVES.contains(&essence)
                && self.stands_in(part, "multipart/alternative") =>
            {
                "text/plain"
            }
            // What calendars write beside `text/calendar`; it is read as such.
            "application/ics" => "text/calendar",
            essence => essence,
        }
    }

    /// Whether a part stands in one of this type.
    fn stands_in(&self, part: &Part, essence: &str) -> bool {
        let mut above = self.message.structure().above(part);
        above.any(|part| part.kind.essence == essence)
    }
}

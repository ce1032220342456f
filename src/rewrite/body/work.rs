//! One part after the other: its content by its treatment, then its head.

use std::cell::OnceCell;

use super::attachment::File;
use super::seen::Seen;
use super::{MAX_ENCODED, Work, mask};
use crate::message::{self, Encoding, Holds, Message, Part};
use crate::rewrite::calendar::Ids;
use crate::rewrite::document;
use crate::rewrite::head::{self, Fixes};
use crate::rewrite::leaf::leaf;
use crate::rewrite::masker::Masker;
use crate::rewrite::maskers::Maskers;
use crate::rewrite::options::removal_note;
use crate::rewrite::plan::{ParticipantPlan, RewriteError};
use crate::rewrite::report;
use crate::rewrite::treatment::{Treatment, treatment};

impl<'a> Work<'a> {
    /// Masks one part: its content by its treatment, then its head. What the head of the whole message must say is returned.
    pub(super) fn part(
        &mut self,
        index: usize,
        part: &Part,
        plan: &ParticipantPlan<'_>,
    ) -> Result<Fixes, RewriteError> {
        let raw = self.message.raw();
        let seen = Seen {
            index,
            part,
            names: self.message.file_names(part),
            masker: self.masker(index),
            encoding: Encoding::of(&part.encoding),
            content: raw.get(part.body.clone()).unwrap_or_default(),
            decoded: OnceCell::new(),
        };
        if let Some(charset) = self.unreadable_words(index, part) {
            let why = format!(
                "has words in a charset that cannot be read, {charset}; please send them as UTF-8"
            );
            return Err(seen.hidden(why));
        }
        let fixes = self.content(&seen, plan)?;
        // The head of the message itself is written from the plan.
        if index > 0 {
            let old = raw.get(part.head.clone()).unwrap_or_default();
            let of_message = part
                .within
                .and_then(|at| self.message.structure().parts.get(at))
                .is_some_and(|parent| parent.holds == Holds::Message);
            let new = head::head(old, of_message, &fixes, seen.masker);
            if new != old {
                self.edits.push((part.head.clone(), new));
            }
        }
        Ok(fixes)
    }

    /// Whether a part consists of others, which are judged.
    fn is_taken_apart(&self, index: usize) -> bool {
        let parts = &self.message.structure().parts;
        let part = parts.get(index);
        part.is_some_and(|part| part.holds == Holds::Parts)
            && parts.iter().any(|other| other.within == Some(index))
    }

    /// What becomes of a part.
    fn treatment(&self, seen: &Seen<'_>) -> Treatment {
        match treatment(seen.part, seen.name()) {
            // Whatever type it calls itself, a signature names its owner.
            Treatment::Opaque if self.signs(seen.part) => Treatment::Empty,
            // Whatever it is called, what begins like a document is none of a text.
            Treatment::Text | Treatment::File if document::is_document(seen.octets()) => {
                Treatment::Opaque
            }
            treatment => treatment,
        }
    }

    /// Masks the content of a part by its treatment; says what its head must say of it.
    fn content(
        &mut self,
        seen: &Seen<'_>,
        plan: &ParticipantPlan<'_>,
    ) -> Result<Fixes, RewriteError> {
        let (part, encoding) = (seen.part, seen.encoding);
        let mut fixes = Fixes::default();
        let treatment = self.treatment(seen);
        if let Treatment::Refuse(why) = treatment {
            return Err(seen.hidden(why));
        }
        let file = match plan.options.attachments {
            Some(wanted) if !self.is_taken_apart(seen.index) && !self.signs(part) => {
                self.file(seen, wanted)?
            }
            _ => None,
        };
        let treatment = match file {
            Some(File::Signature) => Treatment::Empty,
            Some(File::Allowed { .. }) if treatment != Treatment::Empty => Treatment::Opaque,
            _ => treatment,
        };
        match treatment {
            Treatment::Refuse(why) => return Err(seen.hidden(why)),
            Treatment::Empty => {
                fixes.emptied = true;
                self.changes.emptied = true;
                let note = self.note(seen, plan);
                fixes.noted = note.is_some();
                let note = Encoding::QuotedPrintable.encode(note.unwrap_or_default().as_bytes());
                self.edits.push((part.body.clone(), note));
            }
            Treatment::Opaque => {
                let new = self.document(seen, file, plan)?;
                if let Some(File::Allowed { corrected, .. }) = file {
                    fixes.essence = corrected;
                }
                fixes.resized = new.is_some();
                self.changes.pictures |= new.is_some();
                if let Some(octets) = new {
                    self.edits
                        .push((part.body.clone(), encoding.encode(&octets)));
                }
            }
            treatment @ (Treatment::Decode | Treatment::File) => {
                match self.nested(seen.octets(), plan).transpose()? {
                    Some(Some(inner)) => self
                        .edits
                        .push((part.body.clone(), encoding.encode(&inner))),
                    Some(None) => {}
                    None if treatment == Treatment::File => {
                        self.text(seen, seen.content, &mut fixes)?;
                    }
                    None => return Err(seen.hidden("is an encoded message that cannot be read")),
                }
            }
            Treatment::Report => {
                let text = String::from_utf8_lossy(seen.octets());
                let shown = plan.from.domain();
                let kept = report::fields(&part.kind.essence, &text, shown, seen.masker);
                let kept = encoding.encode(kept.as_bytes());
                let unlike = kept.trim_ascii_end() != seen.content.trim_ascii_end();
                let content = if unlike { &kept } else { seen.content };
                if !self.text(seen, content, &mut fixes)? && unlike {
                    self.edits.push((part.body.clone(), kept));
                }
            }
            Treatment::Text => {
                self.text(seen, seen.content, &mut fixes)?;
            }
            treatment @ (Treatment::Unwrap | Treatment::Descend) => {
                if treatment == Treatment::Unwrap {
                    // Its signature is emptied as a part of its own; any other frame would promise one.
                    fixes.essence = Some("multipart/mixed");
                }
                if part.holds == Holds::Parts {
                    self.multipart(seen.index, part, plan, &mut fixes);
                }
            }
        }
        Ok(fixes)
    }

    /// The charset of words in the head of a part that cannot be read, of those that leave in the octets in which they came.
    fn unreadable_words(&self, index: usize, part: &Part) -> Option<String> {
        let head = self
            .message
            .raw()
            .get(part.head.clone())
            .unwrap_or_default();
        let mut fields = message::fields(head).filter(|field| {
            let mime = field.name.to_ascii_lowercase().starts_with(b"content-");
            mime || (index > 0 && head::stays(field.name))
        });
        fields.find_map(|field| message::unreadable_charset(field.value))
    }

    /// Masks `content` as the text of a part; says whether anything of it changes.
    fn text(
        &mut self,
        seen: &Seen<'_>,
        content: &[u8],
        fixes: &mut Fixes,
    ) -> Result<bool, RewriteError> {
        let ids = Ids {
            masker: seen.masker,
            ..self.ids
        };
        let masked = leaf(seen.part, content, &ids).map_err(|why| seen.hidden(why))?;
        let Some(leaf) = masked else {
            return Ok(false);
        };
        fixes.encoding = leaf.encoding;
        fixes.charset = leaf.charset;
        self.edits.push((seen.part.body.clone(), leaf.content));
        Ok(true)
    }

    /// What stands in the place of a part that is taken out; none: nothing does.
    fn note(&self, seen: &Seen<'_>, plan: &ParticipantPlan<'_>) -> Option<String> {
        if self.signs(seen.part) {
            return plan.options.signature_note.map(str::to_owned);
        }
        let masked = |name: &str| seen.masker.mask_text(name);
        let name = seen
            .name()
            .map_or_else(|| seen.part.kind.essence.clone(), masked);
        Some(removal_note(plan.options.language, &name))
    }

    /// How the part of this number is looked at: what is within a message within the message is quoted.
    fn masker(&self, index: usize) -> &'a Masker {
        let structure = self.message.structure();
        let part = structure.parts.get(index);
        let mut above = part.into_iter().flat_map(|part| structure.above(part));
        match above.any(|part| part.holds == Holds::Message) {
            true => &self.maskers.quoted,
            false => &self.maskers.own,
        }
    }

    /// Whether a part is the signature on its neighbour (RFC 1847 2.1).
    pub(super) fn signs(&self, part: &Part) -> bool {
        let parts = &self.message.structure().parts;
        let parent = part.within.and_then(|at| parts.get(at));
        // The first part is what is signed.
        let first = parts.iter().find(|other| other.within == part.within);
        parent.is_some_and(|parent| parent.kind.essence == "multipart/signed")
            && first.is_some_and(|first| first.head != part.head)
    }

    /// A message that was found under a transfer encoding, masked; none within: it shows nobody. None: it is no message, or one too deep.
    /// It gets a masker of its own, since its Content-IDs mean nothing outside.
    fn nested(
        &self,
        decoded: &[u8],
        plan: &ParticipantPlan<'_>,
    ) -> Option<Result<Option<Vec<u8>>, RewriteError>> {
        if self.depth >= MAX_ENCODED {
            return None;
        }
        // As the only part of a message, so that its head is held to what the head of any message within a message is.
        let frame: &[u8] = b"Content-Type: message/rfc822\r\n\r\n";
        let message = Message::parse([frame, decoded].concat().into()).ok()?;
        let quoted = &self.maskers.quoted;
        let mut maskers = Maskers {
            own: quoted.clone(),
            quoted: quoted.clone(),
        };
        let masked = mask(&message, plan, &mut maskers, self.depth + 1);
        Some(masked.map(|masked| {
            let mut body = Vec::new();
            masked.write(&message, &mut body);
            (body != decoded).then_some(body)
        }))
    }

    /// The frame of a multipart: its boundary, and the text before and after its parts. No mail program shows that text, but anybody finds it in
    /// the source.
    fn multipart(
        &mut self,
        index: usize,
        part: &Part,
        plan: &ParticipantPlan<'_>,
        fixes: &mut Fixes,
    ) {
        let (raw, masker) = (self.message.raw(), self.masker(index));
        // Programs write the names of machines there. The trace id is new for every message, so no content holds such a line.
        fixes.boundary = Some(format!("=_{}_{}_{index}", plan.trace.id, self.depth));
        let own: Vec<_> = self
            .message
            .structure()
            .delimiters
            .iter()
            .filter(|delimiter| delimiter.of == index)
            .collect();
        if let Some(new) = &fixes.boundary {
            for delimiter in &own {
                self.edits
                    .push((delimiter.boundary.clone(), new.clone().into_bytes()));
            }
        }
        let mut around = Vec::new();
        if let Some(first) = own.first() {
            // Its two dashes are no text.
            around.push(part.body.start..first.boundary.start.saturating_sub(2));
        }
        // Without a last delimiter everything behind is the last part.
        if let Some(last) = own.last().filter(|last| {
            raw.get(last.boundary.end..)
                .is_some_and(|rest| rest.starts_with(b"--"))
        }) {
            around.push(last.boundary.end..part.body.end);
        }
        for place in around {
            let text = raw.get(place.clone()).unwrap_or_default();
            if let Some(masked) = masker.mask(text) {
                self.edits.push((place, masked));
            }
        }
    }
}

//! Masks the body: changes the parts that need it and keeps every other byte.

mod attachment;
mod seen;
mod work;

use std::ops::Range;

use super::calendar::Ids;
use super::head::Fixes;
use super::maskers::Maskers;
use super::plan::{ParticipantPlan, RewriteError};
use super::written::Changes;
use crate::message::{self, Message};

/// What must change in a body, and what the header section must say of it then.
pub(super) struct Masked {
    /// By place.
    edits: Vec<Edit>,
    /// What the message's own head must say, for that is written elsewhere.
    pub(super) fixes: Fixes,
    /// What was changed beside what was masked.
    pub(super) changes: Changes,
}

impl Masked {
    /// Writes the body of `message`, whose edits these are, as it will leave.
    pub(super) fn write(&self, message: &Message, out: &mut Vec<u8>) {
        let raw = message.raw();
        let mut at = raw.len() - message.body().len();
        out.reserve(message.body().len() + 1_024);
        for (place, new) in &self.edits {
            // It lies within what was replaced as a whole.
            if place.start < at {
                continue;
            }
            out.extend_from_slice(raw.get(at..place.start).unwrap_or_default());
            out.extend_from_slice(new);
            at = place.end;
        }
        out.extend_from_slice(raw.get(at..).unwrap_or_default());
    }
}

/// What replaces a byte range.
type Edit = (Range<usize>, Vec<u8>);

/// The parts of one message being masked.
struct Work<'a> {
    message: &'a Message,
    maskers: &'a Maskers,
    ids: Ids<'a>,
    edits: Vec<Edit>,
    changes: Changes,
    /// How many encoded messages this one is within.
    depth: u8,
}

/// How deep messages may be encoded within one another. Each is parsed by itself, with bounds of its own, so this is the bound on all.
const MAX_ENCODED: u8 = 4;

/// Masks the parts of `message`. Ids of parts that name a private domain are added to `maskers`, for other parts refer to them.
///
/// # Errors
/// A part that may show anything.
pub(super) fn mask(
    message: &Message,
    plan: &ParticipantPlan<'_>,
    maskers: &mut Maskers,
    depth: u8,
) -> Result<Masked, RewriteError> {
    rename_ids(message, plan, maskers);
    let maskers = &*maskers;
    let mut work = Work {
        message,
        maskers,
        ids: ids_of(plan, maskers),
        edits: Vec::new(),
        changes: Changes::default(),
        depth,
    };
    let mut fixes_of_all = Fixes::default();
    // Whether the part of each number is emptied. A part stands before those within it, and they go with it.
    let mut gone: Vec<bool> = Vec::new();
    for (index, part) in message.structure().parts.iter().enumerate() {
        let in_gone = part
            .within
            .and_then(|at| gone.get(at))
            .is_some_and(|gone| *gone);
        let fixes = if in_gone {
            Fixes {
                emptied: true,
                ..Fixes::default()
            }
        } else {
            work.part(index, part, plan)?
        };
        gone.push(fixes.emptied);
        if index == 0 {
            fixes_of_all = fixes;
        }
    }
    work.edits
        .sort_by_key(|(place, _)| (place.start, place.end));
    Ok(Masked {
        edits: work.edits,
        fixes: fixes_of_all,
        changes: work.changes,
    })
}

/// How the ids of this message are turned.
fn ids_of<'a>(plan: &'a ParticipantPlan<'_>, maskers: &'a Maskers) -> Ids<'a> {
    Ids {
        masker: &maskers.own,
        quoted: &maskers.quoted,
        shown: plan.from.domain(),
        events: plan.options.events,
        attachments: plan.options.attachments,
    }
}

/// Content-IDs get a name of ours, for programs write the names of machines there; what refers to them (`cid:` in HTML) is masked by the same
/// pairs. All before the first part is masked, for a part may refer to a later one. The message's own Content-ID is dropped.
fn rename_ids(message: &Message, plan: &ParticipantPlan<'_>, maskers: &mut Maskers) {
    for part in message.structure().parts.iter().skip(1) {
        for field in message::fields(message.raw().get(part.head.clone()).unwrap_or_default()) {
            if !field.name.eq_ignore_ascii_case(b"content-id") {
                continue;
            }
            let text = message::decode(field.value);
            let id = text.trim().trim_start_matches('<').trim_end_matches('>');
            if !id.is_empty() {
                let shown = ids_of(plan, maskers).of_part(id);
                maskers.own.add_id(id, &shown);
                maskers.quoted.add_id(id, &shown);
            }
        }
    }
}

//! A participant's message, masked: a new header section over the old body.
//!
//! Nothing of the old section stays but the fields that [`fate`] keeps: whatever else programs write there may name somebody.

use std::collections::HashSet;

use super::body;
use super::fields::{Fate, fate};
use super::head::{Fixes, masked_field};
use super::maskers::{Guesses, Maskers};
use super::plan::{ParticipantPlan, RewriteError, Threading};
use super::written::Written;
use crate::mail::{Mailbox, ReversePath};
use crate::masking::{MaskedDomains, MaskedLocal};
use crate::message::{self, Message};

/// Rewrites a participant's message. What comes back is not yet checked: the leak gate ([`check`](super::check)) looks at it next.
///
/// # Errors
/// [`RewriteError`] where a kept field cannot be understood.
pub fn participant(message: &Message, plan: &ParticipantPlan<'_>) -> Result<Vec<u8>, RewriteError> {
    let guesses = Guesses {
        everywhere: plan.options.hidden_domains,
        ..Guesses::default()
    };
    Ok(with_guesses(message, plan, &guesses)?.octets)
}

/// As [`participant`], with what the other side guessed.
pub(super) fn with_guesses(
    message: &Message,
    plan: &ParticipantPlan<'_>,
    guesses: &Guesses<'_>,
) -> Result<Written, RewriteError> {
    let mut out = Vec::with_capacity(message.body().len() + 4_096);
    let mut maskers = Maskers::new(plan, guesses);
    // The body first: it tells what the head must say, and ids of parts become needles.
    let masked = body::mask(message, plan, &mut maskers, 0)?;
    plan.trace.write(&mut out);
    let name = plan
        .from_name
        .as_deref()
        // People put their address there, and programs do.
        .map(|name| message::encode_phrase(&maskers.own.mask_text(name)))
        .filter(|name| !name.is_empty());
    let from = name.map_or_else(
        || format!("<{}>", plan.from),
        |name| format!("{name} <{}>", plan.from),
    );
    put(&mut out, "From", &from);
    put(
        &mut out,
        "To",
        &recipients(message, "To", plan).join(",\r\n "),
    );
    let copies = recipients(message, "Cc", plan);
    if !copies.is_empty() {
        put(&mut out, "Cc", &copies.join(",\r\n "));
    }
    put(&mut out, "Date", &date(message, plan));
    thread(&plan.threading, &mut out);
    automatic(message, plan, &mut out);
    if plan.options.documents_held {
        put(&mut out, "X-Allegromail-Document", "not-handed-over");
    }
    keep(message, &maskers, &masked.fixes, &mut out)?;
    out.extend_from_slice(b"\r\n");
    masked.write(message, &mut out);
    Ok(Written {
        octets: out,
        masked: maskers.own.has_found(),
        changes: masked.changes,
    })
}

/// One field. `value` has its folds, and no other line ends.
fn put(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// The ids from the plan; none of the message's own passes (docs/threats.md#85).
fn thread(threading: &Threading, out: &mut Vec<u8>) {
    put(out, "Message-ID", &format!("<{}>", threading.message_id));
    for (name, ids) in [
        ("In-Reply-To", &threading.in_reply_to),
        ("References", &threading.references),
    ] {
        if !ids.is_empty() {
            // One id a line: tokens are long, and a line holds 998 octets.
            put(out, name, &format!("<{}>", ids.join(">\r\n <")));
        }
    }
}

/// The masked addresses of an address field. The receiver stands in To whatever the writer put there; names go, for they may name anybody,
/// and so does every address that is not masked.
fn recipients(message: &Message, field: &'static str, plan: &ParticipantPlan<'_>) -> Vec<String> {
    let mut shown = Vec::new();
    // Also for a Bcc, where the writer named somebody else or nobody: no reader is to guess why he got it.
    if field == "To" {
        shown.push(plan.to.clone());
    }
    for found in message.named(field) {
        // A mask beside an empty entry, or in a group, is one to answer like any other.
        let Ok(named) = message::named_mailboxes(found.value) else {
            continue;
        };
        let masks = named.into_iter();
        shown.extend(masks.filter(|mailbox| is_mask(mailbox, plan.domains)));
    }
    // The receiver may have been addressed at an alias domain: the mask is the same.
    let mut seen = HashSet::new();
    let mut texts = Vec::with_capacity(shown.len());
    for mailbox in shown {
        let same = mailbox.local().eq_ignore_ascii_case(plan.to.local());
        let shown_as = if same { &plan.to } else { &mailbox };
        if seen.insert(shown_as.key()) && !(field == "Cc" && same) {
            texts.push(format!("<{shown_as}>"));
        }
    }
    texts
}

/// Whether an address is a mask of ours, of whomever: those name nobody.
fn is_mask(mailbox: &Mailbox, domains: &MaskedDomains) -> bool {
    domains.find(mailbox.domain()).is_some() && MaskedLocal::parse(mailbox.local()).is_ok()
}

/// The writer's Date in UTC, for a time zone tells where somebody is; ours where theirs cannot be read.
fn date(message: &Message, plan: &ParticipantPlan<'_>) -> String {
    let written = zone(&message.text("Date"));
    let parsed =
        mail_parser::DateTime::parse_rfc822(&written).filter(mail_parser::DateTime::is_valid);
    let seconds = parsed
        .map(|date| date.to_timestamp())
        // Before 1970 nobody wrote a message.
        .and_then(|seconds| u64::try_from(seconds).ok());
    seconds
        .map_or(plan.trace.at, |seconds| {
            crate::mail::Timestamp(seconds.saturating_mul(1000))
        })
        .to_rfc5322()
}

/// A date whose zone is written as programs for people write it, `GMT+01:00` or `+01:00`, with that of RFC 5322 3.3.
fn zone(date: &str) -> String {
    let Some((at, sign)) = date
        .char_indices()
        .rfind(|(at, c)| *c == '+' || (*c == '-' && *at > 8))
    else {
        return date.to_owned();
    };
    let (before, behind) = date.split_at_checked(at).unwrap_or((date, ""));
    let digits: String = behind
        .chars()
        .skip(1)
        .take_while(|c| c.is_ascii_digit() || *c == ':')
        .collect();
    let rest = behind.get(1 + digits.len()..).unwrap_or_default();
    let (hours, minutes) = digits.split_once(':').unwrap_or((&digits, ""));
    let before = before.trim_end();
    let bare = ["GMT", "UTC", "UT"]
        .iter()
        .find_map(|name| before.strip_suffix(name));
    let (hours, minutes) = match (hours.len(), minutes.len()) {
        (1 | 2, 0) if bare.is_some() => (format!("{hours:0>2}"), "00"),
        (1 | 2, 2) => (format!("{hours:0>2}"), minutes),
        (4, 0) if bare.is_some() => (hours.to_owned(), ""),
        _ => return date.to_owned(),
    };
    format!(
        "{} {sign}{hours}{minutes}{rest}",
        bare.unwrap_or(before).trim_end()
    )
}

/// What is recognised as automatic says so, so that the other side's programs do not answer it (RFC 3834 5).
fn automatic(message: &Message, plan: &ParticipantPlan<'_>, out: &mut Vec<u8>) {
    let envelope = if plan.options.null_sender {
        ReversePath::Null
    } else {
        ReversePath::Mailbox(plan.from.clone())
    };
    if !message.automatic(&envelope).by_program() {
        return;
    }
    // The two words that RFC 3834 5 has; parameters could name an owner.
    let kind = if message
        .text("Auto-Submitted")
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("auto-replied")
    {
        "auto-replied"
    } else {
        "auto-generated"
    };
    put(out, "Auto-Submitted", kind);
    // Exchange looks at this one only.
    put(out, "X-Auto-Response-Suppress", "All");
}

/// Copies the fields that stay, the first of each name (docs/threats.md#141). Of a MIME field there may be one only: by the other another reader
/// would find other parts than those that were masked.
fn keep(
    message: &Message,
    maskers: &Maskers,
    fixes: &Fixes,
    out: &mut Vec<u8>,
) -> Result<(), RewriteError> {
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut mime = false;
    for field in message.fields() {
        let fate = fate(field.name);
        // Of an emptied message nothing that MIME says is true any more.
        if matches!(fate, Fate::Dropped | Fate::Ours) || (fate == Fate::Mime && fixes.emptied) {
            continue;
        }
        let name = field.name.to_ascii_lowercase();
        if !seen.insert(name.clone()) {
            if fate == Fate::Mime {
                return Err(RewriteError::Twice(
                    "Content-Type or Content-Transfer-Encoding",
                ));
            }
            continue;
        }
        match fate {
            Fate::Mime => {
                mime = true;
                if name == b"content-transfer-encoding" && !field.value.is_ascii() {
                    return Err(RewriteError::RawMime(
                        String::from_utf8_lossy(field.name).into_owned(),
                    ));
                }
                out.extend(masked_field(&field, fixes, &maskers.own));
            }
            _ => {
                let text = message::decode(field.value);
                // The subject of an answer is that of the message that is answered.
                let masker = match message::is_answer(&text) {
                    true => &maskers.quoted,
                    false => &maskers.own,
                };
                let masked = message::encode(&masker.mask_text(&text));
                put(out, canonical(field.name), &masked);
            }
        }
    }
    // What changed in the body of a message without MIME has to be said all the same.
    if let Some(encoding) = fixes.encoding
        && !seen.contains(b"content-transfer-encoding".as_slice())
    {
        put(out, "Content-Transfer-Encoding", encoding);
    }
    if let Some(charset) = fixes.charset
        && !seen.contains(b"content-type".as_slice())
    {
        put(
            out,
            "Content-Type",
            &format!("text/plain; charset={charset}"),
        );
    }
    let changed = fixes.encoding.is_some() || fixes.charset.is_some();
    if mime || changed || message.named("MIME-Version").next().is_some() {
        put(out, "MIME-Version", "1.0");
    }
    Ok(())
}

/// The usual spelling of the names that [`Fate::Text`] has: that of the sender's program would tell of it.
fn canonical(name: &[u8]) -> &'static str {
    match name.first() {
        Some(b's' | b'S') => "Subject",
        Some(b'i' | b'I') => "Importance",
        _ => "Content-Language",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h197_a_zone_is_read_however_programs_write_it() {
        for (date, want) in [
            (
                "Mon, 23 Nov 2026 10:00:00 GMT+01:00",
                "Mon, 23 Nov 2026 10:00:00 +0100",
            ),
            (
                "Mon, 23 Nov 2026 10:00:00 GMT+1",
                "Mon, 23 Nov 2026 10:00:00 +0100",
            ),
            (
                "Mon, 23 Nov 2026 10:00:00 UTC-0530 (x)",
                "Mon, 23 Nov 2026 10:00:00 -0530 (x)",
            ),
            (
                "Mon, 23 Nov 2026 10:00:00 +01:00",
                "Mon, 23 Nov 2026 10:00:00 +0100",
            ),
            (
                "Mon, 23 Nov 2026 10:00:00 +0100 (CET)",
                "Mon, 23 Nov 2026 10:00:00 +0100 (CET)",
            ),
            (
                "Mon, 23 Nov 2026 10:00:00 GMT",
                "Mon, 23 Nov 2026 10:00:00 GMT",
            ),
            ("23-11-2026 10:00", "23-11-2026 10:00"),
            ("", ""),
        ] {
            assert_eq!(zone(date), want);
        }
    }
}

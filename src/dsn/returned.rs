//! What mail to a bounce token is: the first question of the table that `inbound/returned.rs` carries out.
//!
//! What a program wrote for programs decides first. Then, with a null sender, the signs of a failure, whatever Auto-Submitted says, for real bounces
//! carry `auto-replied`. Then automatic replies. Nothing of it says who wrote it: that is for the proof.

use super::read::{self, RemoteReport};
use crate::mail::ReversePath;
use crate::message::{Automatic, Holds, Message, Part};

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnedMail {
    /// A failure or a delay.
    Report(RemoteReport),
    /// What asks for nothing; in words for the trace.
    Noted(&'static str),
    /// A responder's answer.
    Reply,
    /// A person's message, as far as can be told, or a failure in words that nobody knows.
    Other,
}

/// Parts in which programs tell of a delivery (RFC 3464, RFC 6533).
const DELIVERY: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];
/// The same of reading (RFC 8098).
const DISPOSITION: [&str; 2] = [
    "message/disposition-notification",
    "message/global-disposition-notification",
];
/// The same of reports of abuse (RFC 5965).
const FEEDBACK: [&str; 1] = ["message/feedback-report"];
/// Fields of programs that want a sender to prove that it is a person.
const CHALLENGES: [&str; 5] = [
    "X-Boxtrapper",
    "X-TMDA-Fingerprint",
    "X-AskVersion",
    "X-ASK-Auth",
    "X-SpamArrest",
];
/// How the subjects of their questions begin, in lower case.
const CHALLENGED: [&str; 5] = [
    "your email requires verification",
    "please confirm your message",
    "confirm your email to",
    "please verify your message",
    "[verification required]",
];

/// Says what `message` is, that came to a bounce token with `envelope` as its MAIL FROM.
#[must_use]
pub fn classify_returned(message: &Message, envelope: &ReversePath) -> ReturnedMail {
    let null = *envelope == ReversePath::Null;
    let parts = outer(message);
    let whole = parts.first().map(|part| part.kind.essence.as_str());
    let is_report = whole == Some("multipart/report");
    let find = |kinds: &[&str]| {
        let mut parts = parts.iter().copied();
        parts.find(|part| kinds.contains(&part.kind.essence.as_str()))
    };
    // With a sender, only what is a report as a whole: a person may send on one that it got.
    if null || is_report {
        if let Some(part) = find(&DELIVERY) {
            return match read::by_fields(message, part).or_else(|| read::by_words(message, &parts))
            {
                Some(received) if received.action.is_none() => {
                    ReturnedMail::Noted("a report of success")
                }
                Some(received) => ReturnedMail::Report(received),
                None => ReturnedMail::Report(RemoteReport::unknown()),
            };
        }
        if find(&DISPOSITION).is_some() {
            return ReturnedMail::Noted("a read receipt");
        }
        if find(&FEEDBACK).is_some() {
            return ReturnedMail::Noted("a complaint");
        }
    }
    if null && let Some(received) = read::by_words(message, &parts) {
        return ReturnedMail::Report(received);
    }
    let automatic = message.automatic(envelope);
    if (null || automatic.by_program()) && is_challenge(message) {
        return ReturnedMail::Noted("a challenge");
    }
    // Whoever answers the envelope without a sender of its own is a responder, though it calls itself auto-generated as Exchange does.
    if automatic == Automatic::Reply || (null && automatic.by_program()) {
        return ReturnedMail::Reply;
    }
    ReturnedMail::Other
}

/// The parts of the message itself: not those of messages that it carries, the returned one above all.
fn outer(message: &Message) -> Vec<&Part> {
    let parts = &message.structure().parts;
    let mut carried: Vec<bool> = Vec::with_capacity(parts.len());
    for part in parts {
        // A part stands behind the one that it is in.
        let inside = part.within.is_some_and(|at| {
            let holds = parts.get(at).map(|parent| parent.holds);
            holds == Some(Holds::Message) || carried.get(at).copied().unwrap_or_default()
        });
        carried.push(inside);
    }
    let own = parts.iter().zip(carried);
    own.filter_map(|(part, carried)| (!carried).then_some(part))
        .collect()
}

fn is_challenge(message: &Message) -> bool {
    let subject = message.text("Subject").to_lowercase();
    let named = |name: &str| message.named(name).next().is_some();
    CHALLENGES.iter().any(|name| named(name))
        || CHALLENGED.iter().any(|start| subject.starts_with(start))
}

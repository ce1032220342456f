//! What a failure leads to, by its scope: the host, the message or the recipient (after Postfix's `smtp_trouble`).
//!
//! A host's failure: the next host. A transient refusal: the next host, and if none takes it, later. A lasting refusal of the message or the
//! recipient: failed. After the final dot nothing else is tried: the server may have the message.

use super::destination::{Hop, leads_back};
use crate::mail::{Diagnostic, EnhancedStatus, Outcome, Reply};
use crate::policy::Reason;

/// Where a transaction broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SessionError {
    /// The connection could not be opened, or died before the server answered MAIL.
    BeforeMail(String),
    /// Nothing came in time: no connection, or no banner.
    Unresponsive(&'static str),
    /// It died later, before the final dot was sent whole.
    MidTransaction(String),
    /// It died between the final dot and the reply: the server may have the message or not.
    AfterDot(String),
    /// STARTTLS was wanted and did not come about.
    Tls(String),
    /// The server refused at the door: banner or EHLO.
    Greeting(Reply),
    /// The server is this relay itself.
    OwnServer,
}

impl SessionError {
    /// What the system, TLS or the dialogue said of it. It may name hosts. None: the server's reply says it.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::BeforeMail(what)
            | Self::MidTransaction(what)
            | Self::AfterDot(what)
            | Self::Tls(what) => Some(what.clone()),
            Self::Unresponsive(what) => Some((*what).to_owned()),
            Self::Greeting(_) => None,
            Self::OwnServer => Some("the server is this relay itself".to_owned()),
        }
    }
}

/// The end of a transaction that did not break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SessionOutcome {
    /// Taken.
    Accepted(Reply),
    /// Refused, with the command that was refused.
    Refused(&'static str, Reply),
    /// Not even tried: the server lacks what the message needs.
    MissingExtension(&'static str),
}

/// What to do after one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is over.
    Settled(Outcome),
    /// The next host may do better; this is the outcome if there is none.
    NextHost(Outcome),
}

/// Judges what a server said. A message that a server lacks an extension for may pass at the next one; if it does not, it fails.
pub(super) fn judge_outcome(hop: &Hop, spoken: SessionOutcome) -> Verdict {
    match spoken {
        SessionOutcome::Accepted(reply) => Verdict::Settled(Outcome::Delivered {
            host: hop.host.clone(),
            reply,
        }),
        SessionOutcome::Refused(command, reply) => refused(hop, command, reply),
        SessionOutcome::MissingExtension(extension) => {
            Verdict::NextHost(Outcome::Failed(lacks(extension)))
        }
    }
}

/// Judges a refusal by its code; `command` is the one that it answers.
fn refused(hop: &Hop, command: &str, reply: Reply) -> Verdict {
    // 552 at RCPT means "too many recipients" in old servers and is to be taken as 452 (RFC 5321 4.5.3.1.10).
    let transient = reply.code.is_transient() || (command == "RCPT" && reply.code.get() == 552);
    // Of a relay like this one, behind an address that does not show whose it is: it speaks of the way, and every message would fail by it.
    if [Reason::RelayDenied, Reason::Loop]
        .iter()
        .any(|reason| is_refusal_of_ours(&reply, *reason))
    {
        return Verdict::Settled(Outcome::Deferred(leads_back()));
    }
    let sensible = transient || reply.code.is_permanent();
    let mut diagnostic = Diagnostic::remote(hop.host.clone(), reply);
    if transient {
        // The enhanced status of a 552 is a lasting one, and would contradict what is done.
        diagnostic.status = diagnostic.status.transient();
        return Verdict::NextHost(Outcome::Deferred(diagnostic));
    }
    // Neither 2xx nor 3xx has a place here, nor a code that is none (docs/threats.md#134).
    if !sensible {
        return Verdict::NextHost(Outcome::Deferred(Diagnostic::local(
            EnhancedStatus::BAD_CONNECTION_4_4_2,
            "the receiving server's reply makes no sense",
        )));
    }
    Verdict::Settled(Outcome::Failed(diagnostic))
}

/// Whether a reply is worded as this program words refusals: the reason and a trace in brackets at its end.
fn is_refusal_of_ours(reply: &Reply, reason: Reason) -> bool {
    let bracket = format!("[{}; trace=", reason.word());
    let end = reply.lines.last().filter(|line| line.ends_with(']'));
    reply.code.is_permanent() && end.is_some_and(|line| line.contains(&bracket))
}

/// What the writer is told of a lacking extension. None of the three can come right by waiting.
fn lacks(extension: &str) -> Diagnostic {
    match extension {
        "SMTPUTF8" => Diagnostic::local(
            EnhancedStatus::NO_UTF8_5_6_7,
            "the receiving server does not take international addresses",
        ),
        "8BITMIME" => Diagnostic::local(
            EnhancedStatus::new(5, 6, 3),
            "the receiving server does not take 8-bit messages",
        ),
        _ => Diagnostic::local(
            EnhancedStatus::new(5, 3, 4),
            "the message is larger than the receiving server takes",
        ),
    }
}

/// Judges a connection that broke. What the system says of it stays here: the writer's report speaks of the server in general words, and the
/// status tells the queue whether the destination can be reached at all (4.4.1).
pub(super) fn judge_error(hop: &Hop, broken: SessionError) -> Verdict {
    let local = |status, text: &str| {
        Outcome::Deferred(Diagnostic {
            host: hop.host.clone(),
            ..Diagnostic::local(status, text)
        })
    };
    match broken {
        SessionError::BeforeMail(_) | SessionError::Unresponsive(_) => Verdict::NextHost(local(
            EnhancedStatus::NO_ANSWER_4_4_1,
            "the receiving server cannot be reached",
        )),
        SessionError::MidTransaction(_) => Verdict::NextHost(local(
            EnhancedStatus::BAD_CONNECTION_4_4_2,
            "the connection to the receiving server broke",
        )),
        SessionError::AfterDot(_) => Verdict::Settled(local(
            EnhancedStatus::BAD_CONNECTION_4_4_2,
            "the receiving server did not say whether it took the message",
        )),
        SessionError::Tls(_) => Verdict::NextHost(local(
            EnhancedStatus::new(4, 7, 5),
            "no secure connection to the receiving server came about",
        )),
        // Of what stands behind it in the list nothing is better (RFC 5321 5.1).
        SessionError::OwnServer => Verdict::Settled(Outcome::Deferred(leads_back())),
        // A server that refuses everybody at the door speaks of itself, not of the recipient: 5xx there is no verdict on the message.
        SessionError::Greeting(reply) => {
            let mut diagnostic = Diagnostic::remote(hop.host.clone(), reply);
            diagnostic.status = EnhancedStatus::NO_ANSWER_4_4_1;
            Verdict::NextHost(Outcome::Deferred(diagnostic))
        }
    }
}

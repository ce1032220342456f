//! What comes back to a bounce token: reports of other servers, and automatic replies, which `responder.rs` takes (DESIGN.md, "Envelope sender
//! is a token").
//!
//! The token leads to the message in the history. A report becomes one of ours, to whoever wrote the message; it says what the other server
//! said, masked. The same kind and status a second time is taken and passed on to nobody. So is whatever nobody waits for: a refusal would
//! only make another server tell somebody.

use super::arrival::{Arrival, Purpose, Taken};
use super::intake::Intake;
use super::intake::internal;
use super::once::{self, Claim};
use crate::dsn::{self, Action, Hidden, Received};
use crate::failpoint;
use crate::history::{Accepted, Event, Line};
use crate::mail::{Diagnostic, QueueId, Reply, ReversePath};
use crate::masking::{BounceToken, TokenKind};
use crate::policy::{Reason, Refusal};
use crate::spool::{Committed, Entry, Memory, Origin, Progress, Target};

/// The most reports that are passed on for one message. A receiver says "delayed" and "failed", some of them twice and in other words; more
/// than this is no server's need (hostile-inputs 115).
const MOST_REPORTS: u32 = 8;

impl Intake {
    /// What becomes of mail to a bounce token of ours. The token was verified at RCPT, and its envelope has a null sender; of From and proof
    /// nothing is asked, for reports come from any server's own name.
    pub(super) async fn bounced(
        &self,
        arrival: &Arrival<'_>,
        token: &BounceToken,
    ) -> Result<Taken, Refusal> {
        let history = self.tools.history.clone();
        let (number, day) = (QueueId(token.number), token.day);
        // A file of a whole day is read: not on a thread that serves sessions.
        let found = tokio::task::spawn_blocking(move || history.find(number, day)).await;
        let found = found
            .map_err(|error| internal(&error.to_string()))?
            .map_err(|error| internal(&error.to_string()))?;
        let Some((line, sent)) = found else {
            let text = "the message that this bounce address belongs to is not known any more.";
            return Err(Refusal::new(Reason::BadToken, text));
        };
        failpoint::pass("inbound.bounce_found");
        if let Some(report) = dsn::read(arrival.letter) {
            return self.report(token, &line, &sent, &report).await;
        }
        // The courier knows an order number and a mask; the reply would come from the buyer's mailbox, with whatever stands in its text.
        if token.kind == TokenKind::Courier {
            return Ok(self.discard(
                &line,
                "an automatic reply to a courier would show the buyer",
            ));
        }
        self.answered(arrival, &line, &sent).await
    }

    /// Tells that mail was taken and goes nowhere.
    pub(super) fn discard(&self, line: &Line, why: &'static str) -> Taken {
        let event = Event::Discarded {
            text: why.to_owned(),
        };
        self.note(line, event);
        Taken::Discarded(why)
    }

    /// Adds to the life of a message.
    fn note(&self, line: &Line, event: Event) {
        self.tools.history.note(&Line {
            at: self.tools.clock.now(),
            event,
            ..line.clone()
        });
    }

    /// Another server's report becomes an entry that the queue reports on. What the other server wrote is not passed on as it is: only status,
    /// action and the masked line of its reply are (hostile-inputs 97).
    async fn report(
        &self,
        token: &BounceToken,
        line: &Line,
        sent: &Accepted,
        report: &Received,
    ) -> Result<Taken, Refusal> {
        let Some(action) = report.action else {
            return Ok(self.discard(line, "a report of success"));
        };
        let diagnostic = self.diagnostic(sent, report).await?;
        // Not the text: a server that puts a time or a queue id into each report would make every copy a new one.
        let what = format!("bounce/{}/{action:?}/{}", token.number, report.status);
        let Some(claim) = self.claims.claim(
            &self.tools.state,
            once::mark(token.day, &what),
            Purpose::Mail,
        )?
        else {
            return Ok(self.discard(line, "the same report came before"));
        };
        let Some(place) = self.has_patience(token)? else {
            return Ok(self.discard(line, "enough reports on this message came before"));
        };
        let claim = claim.beside(place);
        let said = diagnostic.reply.as_ref().map(ToString::to_string);
        // The life of the message knows of it also where nobody is told: support finds it by trace (#3833).
        let event = Event::Bounced {
            status: report.status,
            text: said.unwrap_or_default(),
        };
        self.note(line, event);
        metrics::counter!("allegromail_inbound_bounces_total").increment(1);
        if sent.origin == Origin::Nobody {
            // The line in the history was all that it leads to, and has been written.
            self.seal(vec![claim]);
            return Ok(self.discard(line, "a report on a message that nobody is told about"));
        }
        let entry = Entry {
            id: self.tools.spool.next_id(),
            trace: line.trace.clone(),
            arrived: self.tools.clock.now(),
            target: match action {
                Action::Failed => Target::Refused(diagnostic),
                Action::Delayed => Target::Delayed(diagnostic),
            },
            origin: sent.origin.clone(),
            reverse_path: ReversePath::Null,
            smtputf8: false,
            eight_bit: false,
            about: sent.about.clone(),
            // Nothing leaves under this entry; the report that the queue makes of it has an id of its own.
            sent_as: String::new(),
            memory: Memory {
                once: Some(claim.mark),
                counted: claim.marks(),
                ..Memory::default()
            },
            progress: Progress::default(),
        };
        let body = bytes::Bytes::new();
        Ok(Taken::Entry(
            Box::new(Committed { entry, body }),
            Some(claim),
        ))
    }

    /// The right to pass on another report on a message: whoever holds a token could invent a status a second. None: enough came before. It is
    /// used up by the commit of the report, and comes back where that fails.
    fn has_patience(&self, token: &BounceToken) -> Result<Option<Claim>, Refusal> {
        let state = &self.tools.state;
        for number in 0..MOST_REPORTS {
            let place = once::mark(token.day, &format!("report/{}/{number}", token.number));
            let claim = self.claims.claim(state, place, Purpose::Mail)?;
            if claim.is_some() {
                return Ok(claim);
            }
        }
        Ok(None)
    }

    /// What the other server said, without anything of the account that it said it about.
    async fn diagnostic(&self, sent: &Accepted, report: &Received) -> Result<Diagnostic, Refusal> {
        let real = match &sent.target {
            Target::Participant { participant, .. } => {
                let account = self.tools.directory.participant(participant).await?;
                account.map_or_else(Vec::new, |account| account.addresses.clone())
            }
            Target::Address(address) => vec![address.clone()],
            Target::Refused(_) | Target::Delayed(_) => Vec::new(),
        };
        let hidden = Hidden {
            real,
            shown_as: sent.about.recipient.clone(),
        };
        // One line, whatever the other server broke it into: a line end in it could become a line of a log or a header (CVE-2020-8794).
        let reply = report.reply.as_ref().map(|reply| {
            let text = dsn::mask(&reply.lines.join(" "), &hidden);
            Reply::new(reply.code.get(), reply.status, &text)
        });
        Ok(Diagnostic {
            status: report.status,
            host: None,
            reply,
            text: match report.action {
                Some(Action::Delayed) => "the receiving server has not delivered it yet",
                _ => "the receiving server could not deliver it",
            }
            .to_owned(),
        })
    }
}

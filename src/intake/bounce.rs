//! A report of another server becomes one of ours, to whoever wrote the message: its status in our own words, once for each kind and status.
//!
//! What the other server said goes on only from the servers of the domain that the mail was handed to (`handed.rs`), in one line, without
//! anything that could name somebody. The same kind and status a second time is taken and passed on to nobody. So is whatever nobody waits for:
//! a refusal would only make another server tell somebody.

use std::time::Duration;

use super::arrival::{Arrival, Purpose};
use super::dedup::{self, Claim, Claims};
use super::entry::{Entries, Taken};
use super::handed::{Servers, is_handed_to, registered};
use super::sent::{Sent, discard, note};
use crate::directory::State;
use crate::dsn::{self, Action, RemoteReport};
use crate::history::{History, HistoryEvent};
use crate::mail::{Diagnostic, Reply, Reported, ReversePath, Timestamp};
use crate::masking::BounceToken;
use crate::policy::Refusal;
use crate::spool::{Entry, NewEntry, Origin, Progress, StateUpdates, Target};

/// The most reports that are passed on for one message. A receiver says "delayed" and "failed", some of them twice and in other words; more
/// than this is no server's need (docs/threats.md#115).
const MOST_REPORTS: u32 = 8;
/// The longest that another server may say it tries: RFC 5321 4.5.4.1 has four to five days, and any date beyond is no date but a message.
const LONGEST_RETRY: Duration = Duration::from_secs(30 * 86_400);
/// How far another server's clock may be wrong.
const CLOCK_ERROR: Duration = Duration::from_secs(86_400);

/// What becomes of reports, with whom it is asked.
#[derive(Clone, Copy)]
pub(super) struct Reports<'a> {
    pub(super) entries: Entries<'a>,
    pub(super) claims: &'a Claims,
    pub(super) state: &'a dyn State,
    pub(super) history: &'a History,
    pub(super) servers: Servers<'a>,
}

/// Another server's report becomes an entry that the queue reports on. An earlier "delivered" stays in the trace, the report beside it.
pub(super) async fn report(
    reports: Reports<'_>,
    arrival: &Arrival<'_>,
    sent: &Sent,
    report: &RemoteReport,
) -> Result<Taken, Refusal> {
    let (claims, state, clock) = (reports.claims, reports.state, reports.entries.clock);
    let (token, line, about) = (&sent.token, &sent.line, &sent.about);
    let discarded = |why| Ok(discard(reports.history, clock.now(), line, why));
    let Some(action) = report.action else {
        return discarded("a report of success");
    };
    // Not the text: a server that puts a time or a queue id into each report would make every copy a new one.
    let what = format!("bounce/{}/{action:?}/{}", token.number, report.status);
    let mark = dedup::mark(token.day, &what);
    let Some(claim) = claims.claim(mark, Purpose::Mail).await? else {
        return discarded("the same report came before");
    };
    let Some(place) = another(claims, token).await? else {
        return discarded("enough reports on this message came before");
    };
    let claim = claim.beside(place);
    let diagnostic = diagnostic(reports, arrival, sent, report, action).await?;
    let said = diagnostic.reply.as_ref().map(ToString::to_string);
    // The life of the message knows of it also where nobody is told: support finds it by trace (docs/rules.md#issue-3833).
    let event = HistoryEvent::Bounced {
        status: report.status,
        text: said.unwrap_or_else(|| diagnostic.text.clone()),
    };
    note(reports.history, clock.now(), line, event);
    metrics::counter!("allegromail_inbound_bounces_total").increment(1);
    if about.origin == Origin::Nobody {
        // The line in the history was all that it leads to, and has been written.
        dedup::seal(state, vec![claim]).await;
        return discarded("a report on a message that nobody is told about");
    }
    let entry = Entry {
        id: reports.entries.spool.next_id(),
        trace: line.trace.clone(),
        arrived: clock.now(),
        target: match action {
            Action::Failed => Target::Refused(diagnostic),
            Action::Delayed => Target::Delayed(diagnostic),
        },
        origin: about.origin.clone(),
        reverse_path: ReversePath::Null,
        smtputf8: false,
        eight_bit: false,
        about: about.about.clone(),
        // Nothing leaves under this entry; the report that the queue makes of it has an id of its own.
        sent_as: String::new(),
        held: None,
        came: None,
        memory: StateUpdates {
            once: Some(claim.mark),
            counted: claim.marks(),
            ..StateUpdates::default()
        },
        progress: Progress::default(),
    };
    let body = bytes::Bytes::new();
    Ok(Taken::Entry(
        Box::new(NewEntry { entry, body }),
        Some(claim),
    ))
}

/// The right to pass on another report on a message: whoever holds a token could invent a status a second. None: enough came before. It is
/// used up by the commit of the report, and comes back where that fails.
async fn another(claims: &Claims, token: &BounceToken) -> Result<Option<Claim>, Refusal> {
    for number in 0..MOST_REPORTS {
        let place = dedup::mark(token.day, &format!("report/{}/{number}", token.number));
        let claim = claims.claim(place, Purpose::Mail).await?;
        if claim.is_some() {
            return Ok(claim);
        }
    }
    Ok(None)
}

/// The status, what the other server said where that may be told, and its dates where they are dates.
async fn diagnostic(
    reports: Reports<'_>,
    arrival: &Arrival<'_>,
    sent: &Sent,
    report: &RemoteReport,
    action: Action,
) -> Result<Diagnostic, Refusal> {
    let servers = reports.servers;
    // The DNS is asked about the client only where there is something to tell.
    let reply = match &report.reply {
        Some(reply) if is_handed_to(servers, arrival.client, sent).await? => {
            let text = reply.lines.join(" ");
            let said = dsn::quotable_text(&text, &registered(servers.directory, sent).await?);
            said.map(|said| Reply::new(reply.code.get(), reply.status, &said))
        }
        _ => None,
    };
    let now = reports.entries.clock.now();
    let until = |at: &Timestamp| *at > now && *at <= now.plus(LONGEST_RETRY);
    let last =
        |at: &Timestamp| at.plus(CLOCK_ERROR) >= sent.line.at && *at <= now.plus(CLOCK_ERROR);
    Ok(Diagnostic {
        status: report.status,
        host: None,
        reply,
        text: dsn::sentence(action, report.status).to_owned(),
        reported: Some(Reported {
            accepted: sent.line.at,
            last_attempt: report.last_attempt.filter(last),
            retry_until: report.retry_until.filter(until),
        }),
    })
}

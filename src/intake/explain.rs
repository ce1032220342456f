//! What would become of a message: the same path as for mail, up to the commit.
//! Nothing is stored, counted against a budget, or sent.

use std::net::IpAddr;
use std::sync::OnceLock;

use bytes::Bytes;

use super::accept::{carry_out, open};
use super::arrival::{Arrival, Purpose, Seen};
use super::contents;
use super::facts::gather;
use super::fault::reply;
use super::payer::Payer;
use super::proof::mailboxes;
use super::recipient::{Recipient, find};
use super::sender::identify;
use super::tools::Intake;
use crate::auth::Steps;
use crate::inbound::{Client, MailTransaction};
use crate::mail::{EnhancedStatus, ForwardPath, Mailbox, Reply, ReversePath, TraceId};
use crate::message::Effort;
use crate::policy::{self, Plan, Refusal, Trail};
use crate::smtp::MailParameters;

/// A question of `explain`.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// The visible From.
    pub from: Mailbox,
    /// MAIL FROM; none: the visible From.
    pub mail_from: Option<ReversePath>,
    /// The recipient.
    pub to: Mailbox,
    /// The client; none: the proof is taken for given.
    pub client: Option<IpAddr>,
    /// What the client calls itself; none: a name that is nobody's.
    pub helo: Option<String>,
    /// The message; none: an empty one.
    pub message: Option<Vec<u8>>,
}

/// The answer to an [`Inquiry`].
#[derive(Debug, Clone)]
pub struct Opinion {
    /// Why not; none: it would be accepted.
    pub refusal: Option<Refusal>,
    /// What a client would hear.
    pub reply: Reply,
    /// The rules that were asked.
    pub trail: Trail,
}

/// What would become of a message.
pub async fn explain(intake: &Intake, inquiry: Inquiry) -> Opinion {
    let trace = TraceId::new(0, 0);
    let mut trail = Trail::default();
    let refusal = consider(intake, &inquiry, &trace, &mut trail).await.err();
    let reply = match &refusal {
        Some(refusal) => reply(
            &intake.tools.config.policy,
            refusal,
            &inquiry.to.to_string(),
            &trace,
        ),
        None => Reply::new(250, Some(EnhancedStatus::OK_2_0_0), "accepted"),
    };
    Opinion {
        refusal,
        reply,
        trail,
    }
}

/// Walks the path of mail with `trail` open, so that every step is noted whether or not the next one is reached.
async fn consider(
    intake: &Intake,
    inquiry: &Inquiry,
    trace: &TraceId,
    trail: &mut Trail,
) -> Result<(), Refusal> {
    // A missing detail is what an honest client would have: the envelope of the From, a message with that From.
    let given = inquiry.mail_from.clone();
    let reverse_path = given.unwrap_or_else(|| ReversePath::Mailbox(inquiry.from.clone()));
    let transaction = MailTransaction::new(trace.clone(), reverse_path, MailParameters::default());
    let to = ForwardPath::Mailbox(inquiry.to.clone());
    let recipient = find(&*intake.tools.directory, intake.names(), &to)
        .await
        .inspect_err(|refusal| trail.note("recipient", refusal.text.clone()))?;
    trail.note("recipient", recipient.describe());
    let raw = inquiry.message.clone();
    let raw = raw.unwrap_or_else(|| format!("From: <{}>\r\n\r\n", inquiry.from).into_bytes());
    let effort = Effort::of(raw.len());
    let message = open(Bytes::from(raw), effort)
        .await
        .inspect_err(|refusal| trail.note("message", refusal.text.clone()))?;
    // Roles take what comes, and of bounce addresses nothing can be said without what comes back.
    let Recipient::Masked(masked) = recipient else {
        return Ok(());
    };
    let imagined = Client::imagined(inquiry.client);
    let client = Client {
        helo: inquiry.helo.clone().unwrap_or(imagined.helo),
        ..imagined
    };
    let (letter, sets) = (OnceLock::new(), intake.tools.in_force.current());
    let arrival = Arrival {
        client: &client,
        transaction: &transaction,
        message: &message,
        purpose: Purpose::Question,
        letter: &letter,
        seen: &Seen::default(),
        sets: &sets,
    };
    let mut steps = Steps::new();
    let asked = inquiry.client.is_some().then_some(&mut steps);
    let to = mailboxes(std::slice::from_ref(&masked.address));
    let payer = &mut Payer::new(client.address);
    let sender = identify(intake.checks(arrival.sets), &arrival, asked, payer, &to).await;
    for step in steps {
        trail.note(step.check, step.finding);
    }
    let sender = sender.inspect_err(|refusal| trail.note("sender", refusal.text.clone()))?;
    let known = (intake.owners(), &*intake.tools.state);
    let facts = gather(known, intake.names(), &arrival, &sender, &masked).await?;
    let verdict = policy::decide(&facts);
    trail.0.extend(verdict.trail.0);
    let plan = verdict.decision?;
    if let Plan::Participant(plan) = &plan {
        contents::explain(intake.contents(arrival.sets), &arrival, plan, trail).await?;
    }
    // Rewritten and checked as well, then thrown away: a message that would leak is refused here as it would be there.
    carry_out(intake, &arrival, &sender, &plan, &masked.address)
        .await
        .map(|_| ())
}

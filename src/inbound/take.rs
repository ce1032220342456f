//! From the end of data to the commit, for every recipient of a message.
//!
//! One reply stands for all recipients. If one of them is refused for now, the whole message is: nothing was taken, and the client
//! comes back. If some are refused for good, the others are taken and the writer gets a report on those; where nobody could be told,
//! the whole message is refused, so that no recipient is lost in silence.

use bytes::Bytes;

use super::about::origin;
use super::arrival::{Arrival, Purpose, Refused, Taken, check_loop};
use super::budget::Tally;
use super::intake::{Intake, spool_refusal};
use super::once::Claim;
use super::payer::Payer;
use super::proof::mailboxes;
use super::reception::Client;
use super::recipient::{Named, Recipient};
use super::sender::Sender;
use super::transaction::MailTransaction;
use crate::failpoint;
use crate::history::{Event, Line};
use crate::mail::{EnhancedStatus, ForwardPath, QueueId, Reply, TraceId};
use crate::message::Effort;
use crate::policy::{self, Plan, Reason, Refusal};
use crate::spool::{Committed, Gradual, Origin, SpoolError};

/// Why nothing goes to the writer's own mask.
const OWN_MASK: &str = "the address is the writer's own mask, beside others";

impl Intake {
    /// Judges every recipient and makes durable what may pass. The reply is for all of them; an error names the one recipient that it is about.
    ///
    /// A reply of success is given after the commit and not before: it is the promise that the message is on disk (RFC 5321 6.1).
    pub(super) async fn take(
        &self,
        client: &Client,
        transaction: &MailTransaction,
        data: Bytes,
        payer: &mut Payer,
    ) -> Result<Reply, Refused> {
        let whole = |refusal| Refused {
            path: transaction
                .recipients
                .first()
                .map(ToString::to_string)
                .unwrap_or_default(),
            order: None,
            refusal,
        };
        let effort = Effort::of(data.len());
        payer.works(&effort);
        let letter = Self::open(data, effort).await.map_err(whole)?;
        let arrival = Arrival {
            client,
            transaction,
            letter: &letter,
            purpose: Purpose::Mail,
        };
        // Before the directory is asked for masks: an unproven client hears nothing of them, whatever it was told at RCPT.
        let sender = self.sender_of(&arrival, payer).await?;
        let recipients = self.recipients(transaction).await?;
        // After a crash all entries are there or none, and none means that no 250 was heard; but their copies are written one after another.
        let mut taken = Gradual::new(&*self.tools.spool);
        let unstored = |error: SpoolError| whole(spool_refusal(&error));
        let (mut refused, mut claims, mut discarded) = (Vec::new(), Vec::new(), None);
        // Gives back what is spent wherever this ends without a reply of success.
        let mut tally = Tally::new(&self.budgets);
        let mut own = Vec::new();
        // One after the other: budgets and claims of the second see what the first has used.
        for (path, recipient) in recipients {
            let judged = if let Recipient::Bounce(token) = &recipient {
                self.bounced(&arrival, payer, token, &mut tally).await
            } else {
                let sender = sender.as_ref();
                self.judge(&arrival, sender, &recipient, &mut tally).await
            };
            match judged {
                Ok(Taken::Entry(committed, claim)) => {
                    claims.extend(claim);
                    taken.add(*committed).await.map_err(unstored)?;
                }
                Ok(Taken::OwnMask) => own.push(path),
                Ok(Taken::Discarded(why)) => {
                    metrics::counter!("allegromail_inbound_discarded_total").increment(1);
                    tracing::info!(event = "discarded", trace = %transaction.trace, why);
                    // Of several the last is told: there is one reply for all of them.
                    discarded = Some(why);
                }
                Err(refusal) => refused.push(refused_for(path, &recipient, refusal)),
            }
        }
        // Before the reports are added: the ids in the reply are those of mail that goes on.
        let nothing = discarded.or_else(|| (!own.is_empty()).then_some(OWN_MASK));
        let ids: Vec<QueueId> = taken.ids().collect();
        let reply = accepted_reply(&ids, nothing, &transaction.trace);
        if !refused.is_empty() {
            match self.report_refused(&arrival, sender.as_ref(), &refused) {
                Some(reports) if !taken.is_empty() || discarded.is_some() => {
                    for report in reports {
                        taken.add(report).await.map_err(unstored)?;
                    }
                }
                _ => return Err(foremost(refused, whole)),
            }
        }
        self.note_own(transaction, &own);
        if taken.is_empty() {
            tally.keep();
            return Ok(reply);
        }
        failpoint::pass("inbound.committing");
        taken.commit().await.map_err(unstored)?;
        failpoint::pass("inbound.committed");
        tally.keep();
        // Claims that are not sealed on the way here are let go with nothing marked: the message comes again.
        self.seal(claims);
        failpoint::pass("inbound.sealed");
        metrics::counter!("allegromail_inbound_accepted_total").increment(1);
        tracing::info!(event = "accepted", trace = %transaction.trace, client = %client.address, recipients = transaction.recipients.len());
        Ok(reply)
    }

    /// The sender, proven. None where no mask is written to: roles take mail from anybody, and of bounce addresses it depends on what comes back.
    async fn sender_of(
        &self,
        arrival: &Arrival<'_>,
        payer: &mut Payer,
    ) -> Result<Option<Sender>, Refused> {
        let mut masked = Vec::new();
        let mut first = String::new();
        for to in &arrival.transaction.recipients {
            let named = self.name_recipient(to);
            if let Named::Mask(address) = named.map_err(|refusal| refused(to, refusal))? {
                if masked.is_empty() {
                    first = to.to_string();
                }
                masked.push(address);
            }
        }
        let whole = |refusal| Refused {
            path: first.clone(),
            order: None,
            refusal,
        };
        if masked.is_empty() {
            // Else done with the sender.
            let found = check_loop(arrival.letter, &self.tools.domains);
            let to = arrival.transaction.recipients.first();
            return match (found, to) {
                (Err(refusal), Some(to)) => Err(refused(to, refusal)),
                (found, _) => found.map(|()| None).map_err(whole),
            };
        }
        let sender = self.identify(arrival, payer, &mailboxes(&masked)).await;
        let sender = sender.map_err(whole)?;
        match policy::unproven(&sender.proof) {
            Some(refusal) => Err(whole(refusal)),
            None => Ok(Some(sender)),
        }
    }

    /// Who is meant by the recipients of a transaction, each once. One that was good at RCPT and is not now refuses the whole message.
    async fn recipients(
        &self,
        transaction: &MailTransaction,
    ) -> Result<Vec<(String, Recipient)>, Refused> {
        let mut recipients: Vec<(String, Recipient)> =
            Vec::with_capacity(transaction.recipients.len());
        for to in &transaction.recipients {
            let found = self.find_recipient(to).await;
            let found = found.map_err(|refusal| refused(to, refusal))?;
            // A recipient that is named twice, by an alias domain too, gets the message once (RFC 5321 leaves it open; every MTA does it).
            if !recipients.iter().any(|(_, known)| found.is_same(known)) {
                recipients.push((to.to_string(), found));
            }
        }
        Ok(recipients)
    }

    /// Adds to the life of a message that no copy went to these masks of its writer's own.
    fn note_own(&self, transaction: &MailTransaction, own: &[String]) {
        for path in own {
            self.tools.history.note(&Line {
                at: self.tools.clock.now(),
                trace: transaction.trace.clone(),
                id: None,
                to: path.trim_matches(['<', '>']).to_owned(),
                event: Event::Discarded {
                    text: OWN_MASK.to_owned(),
                },
            });
        }
    }

    /// Sets the marks of what has been committed, before their claims are let go. The entries have them too, so a write that fails here is made
    /// good when the log is read at the next start.
    pub(super) fn seal(&self, claims: Vec<Claim>) {
        for claim in claims {
            for mark in claim.marks() {
                if let Err(error) = self.tools.state.mark(mark.day, &mark.digest) {
                    tracing::error!(event = "state_write_failed", %error);
                }
            }
        }
    }

    /// What becomes of the message for one recipient. Budgets are spent after policy has agreed: refused mail costs its sender none of them.
    pub(super) async fn judge(
        &self,
        arrival: &Arrival<'_>,
        sender: Option<&Sender>,
        recipient: &Recipient,
        tally: &mut Tally<'_>,
    ) -> Result<Taken, Refusal> {
        let (Recipient::Masked(masked), Some(sender)) = (recipient, sender) else {
            self.admit_to_role(arrival, sender).await?;
            let committed = self.pass_on(arrival, recipient)?;
            return Ok(Taken::Entry(Box::new(committed), None));
        };
        let facts = self.gather(arrival, sender, masked).await?;
        let plan = policy::decide(&facts).decision?;
        if plan == Plan::OwnMask {
            // Nothing is sent, so nothing is spent.
            return Ok(Taken::OwnMask);
        }
        let before = tally.so_far();
        tally.spend(arrival, sender, masked.address.local.transaction.as_ref())?;
        let taken = self.prepare(arrival, sender, masked, &plan).await;
        if taken.is_err() {
            tally.undo(before);
        }
        taken
    }

    /// Entries that only exist to be reported on, one for each refused recipient. None where a refusal is only for now, or where the
    /// sender cannot be told.
    fn report_refused(
        &self,
        arrival: &Arrival<'_>,
        sender: Option<&Sender>,
        refused: &[Refused],
    ) -> Option<Vec<Committed>> {
        let sender = sender?;
        let lasting = refused
            .iter()
            .all(|refused| refused.refusal.reason.code() >= 500);
        if !lasting || origin(arrival, sender, None) == Origin::Nobody {
            return None;
        }
        Some(
            refused
                .iter()
                .map(|refused| self.refused_entry(arrival, sender, refused))
                .collect(),
        )
    }
}

/// A refusal over a recipient that was found.
fn refused_for(path: String, recipient: &Recipient, refusal: Refusal) -> Refused {
    let masked = recipient.masked();
    Refused {
        path,
        order: masked.and_then(|masked| masked.local.transaction.clone()),
        refusal,
    }
}

/// A refusal over one recipient.
fn refused(to: &ForwardPath, refusal: Refusal) -> Refused {
    Refused {
        path: to.to_string(),
        order: None,
        refusal,
    }
}

/// The refusal that the client hears: one that is only for now comes before one for good, since the client then tries all again.
fn foremost(refused: Vec<Refused>, whole: impl Fn(Refusal) -> Refused) -> Refused {
    let temporary = refused
        .iter()
        .position(|refused| refused.refusal.reason.code() < 500);
    let found = refused.into_iter().nth(temporary.unwrap_or_default());
    found.unwrap_or_else(|| {
        whole(Refusal::new(
            Reason::Internal,
            "the server lost count of the recipients; please try again later.",
        ))
    })
}

/// 250 with the queue ids, which a client's log then has, or with the reason why nothing goes on; never without the trace.
fn accepted_reply(accepted: &[QueueId], discarded: Option<&str>, trace: &TraceId) -> Reply {
    if let (Some(why), []) = (discarded, accepted) {
        let text = format!("accepted and not passed on: {why} [trace={trace}]");
        return Reply::new(250, Some(EnhancedStatus::OK_2_0_0), &text);
    }
    let ids: Vec<String> = accepted.iter().map(ToString::to_string).collect();
    let text = format!("accepted as {} [trace={trace}]", ids.join(" "));
    Reply::new(250, Some(EnhancedStatus::OK_2_0_0), &text)
}

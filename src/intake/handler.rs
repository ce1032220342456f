//! What the SMTP server asks about clients, recipients and messages.
//!
//! Whatever is refused is refused here, so that each refusal is counted, logged and paid for.

use bytes::Bytes;

use super::accept::accept;
use super::arrival::{Seen, envelope_domain};
use super::budget::Standing;
use super::fault::{reply, unstored};
use super::payer::Payer;
use super::recipient::{Recipient, check_beside, find, name};
use super::role;
use super::tools::Intake;
use crate::backpressure::is_large;
use crate::history::{Came, Hidden, HistoryEvent, HistoryRecord};
use crate::inbound::{BoxFuture, Client, MailHandler, MailTransaction};
use crate::mail::{ForwardPath, Reply, TraceId};
use crate::policy::{Reason, Refusal};

impl MailHandler for Intake {
    fn mail_from<'a>(
        &'a self,
        client: &'a Client,
        transaction: &'a MailTransaction,
    ) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async move {
            let _ = transaction.began.set(self.tools.clock.now());
            // Asked at MAIL, so that the message need not be sent to hear that there is no room (docs/threats.md#121).
            let ready = self.tools.spool.ready().map_err(|error| unstored(&error));
            let domain = envelope_domain(client, transaction);
            let refusals = &self.budgets.refusals;
            let gate = ready.and_then(|()| refusals.check_client(client.address, domain));
            let payer = Payer::new(client.address);
            let of = (client, &payer, &Seen::default());
            gate.map_err(|refusal| refuse(self, of, Some(transaction), "", &refusal))
        })
    }

    fn rcpt_to<'a>(
        &'a self,
        client: &'a Client,
        transaction: &'a MailTransaction,
        to: &'a ForwardPath,
    ) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async move {
            let found = admit(self, client, transaction, to).await;
            let payer = Payer::new(client.address);
            found.map_err(|refusal| {
                let recipient = to.to_string();
                let of = (client, &payer, &Seen::default());
                refuse(self, of, Some(transaction), &recipient, &refusal)
            })
        })
    }

    fn backpressure(&self, octets: usize) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if is_large(octets) {
                self.tools.flow.wait_for_room().await;
            }
        })
    }

    fn handle_message<'a>(
        &'a self,
        client: &'a Client,
        transaction: MailTransaction,
        data: Bytes,
    ) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let mut payer = Payer::new(client.address);
            let seen = &Seen {
                ended: Some(self.tools.clock.now()),
                octets: data.len(),
                ..Seen::default()
            };
            match accept(self, client, &transaction, data, (seen, &mut payer)).await {
                Ok(reply) => reply,
                Err(refused) => {
                    let (name, refusal) = (refused.name(), &refused.refusal);
                    let of = (client, &payer, seen);
                    refuse(self, of, Some(&transaction), name, refusal)
                }
            }
        })
    }

    fn refuse(
        &self,
        client: &Client,
        transaction: Option<&MailTransaction>,
        refusal: &Refusal,
    ) -> Reply {
        let recipient = transaction
            // The session refuses whole messages; the first recipient stands for all in the reply.
            .and_then(|t| t.recipients.first())
            .map(ToString::to_string)
            .unwrap_or_default();
        let payer = Payer::new(client.address);
        let of = (client, &payer, &Seen::default());
        refuse(self, of, transaction, &recipient, refusal)
    }
}

/// Counts, logs and prints a refusal: the one way in which mail is refused, so that each is in the metrics, the log and the history under the
/// trace that its reply names (docs/rules.md#issue-1449, #issue-3833).
fn refuse(
    intake: &Intake,
    (client, payer, seen): (&Client, &Payer, &Seen),
    transaction: Option<&MailTransaction>,
    recipient: &str,
    refusal: &Refusal,
) -> Reply {
    let trace = note_refusal(intake, (client, seen), transaction, recipient, refusal);
    payer.pay(&intake.budgets, refusal.reason);
    reply(&intake.tools.config.policy, refusal, recipient, &trace)
}

/// Counts and logs a refusal; the trace under which it stands.
pub(super) fn note_refusal(
    intake: &Intake,
    (client, seen): (&Client, &Seen),
    transaction: Option<&MailTransaction>,
    recipient: &str,
    refusal: &Refusal,
) -> TraceId {
    // Before MAIL there is no transaction; the session's own number can still be found in the log.
    let nothing = TraceId::new(client.session, 0);
    let trace = transaction.map_or(&nothing, |transaction| &transaction.trace);
    metrics::counter!("allegromail_inbound_refused_total", "reason" => refusal.reason.word())
        .increment(1);
    // An address that is none of ours may be anybody's: it is not written down.
    let shown = if refusal.reason == Reason::RelayDenied {
        "-"
    } else {
        recipient
    };
    tracing::info!(event = "refused", trace = %trace, reason = refusal.reason.word(), recipient = shown, client = %client.address);
    let now = intake.tools.clock.now();
    let mut came = seen.reception(client, transaction, now);
    came.decided = refusal.rule.unwrap_or_default().to_owned();
    let event = HistoryEvent::Refused {
        reason: refusal.reason.word().to_owned(),
        status: Some(refusal.reason.status()),
    };
    let to = shown.trim_matches(['<', '>']).to_owned();
    intake.tools.history.note(HistoryRecord {
        hidden: Some(Box::new(Hidden {
            said: Some(refusal.text.clone()),
            ..Hidden::of_reception(&came)
        })),
        came: Some(Box::new(Came::of(&came))),
        ..HistoryRecord::new(now, trace.clone(), None, to, event)
    });
    trace.clone()
}

/// Whether a recipient is taken at RCPT. What was found is looked up again at the end of data: between the two a mask may go, or a grace time may
/// end.
async fn admit(
    intake: &Intake,
    client: &Client,
    transaction: &MailTransaction,
    to: &ForwardPath,
) -> Result<(), Refusal> {
    let names = intake.names();
    let domain = envelope_domain(client, transaction);
    let refusals = &intake.budgets.refusals;
    match refusals.standing(client.address, domain) {
        Standing::Good => {
            let found = find(&*intake.tools.directory, names, to).await?;
            // What was announced is refused before it is sent.
            let announced = transaction.parameters.size.unwrap_or_default();
            if let Recipient::Role { .. } = found {
                role::check_size(usize::try_from(announced).unwrap_or(usize::MAX))?;
            }
        }
        // A guesser may have borrowed the name: which masks there are is told once the sender is proven.
        Standing::OnTrust => {
            name(names, to)?;
        }
        Standing::ShutOut => return refusals.check_client(client.address, domain),
    }
    check_beside(names, &transaction.recipients, to)
}

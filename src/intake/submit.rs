//! The second entrance: what a participant wrote in the Message Center, on the way of all mail from the recipient on.
//!
//! A token stands in for the proof of the sender, and the account for its From; policy, budgets, rules on contents, masking, gate and commit are those
//! of `accept`.

use std::sync::OnceLock;

use bytes::Bytes;

use super::accept::{judge, open};
use super::arrival::{Arrival, Purpose, Seen};
use super::budget::Tally;
use super::dedup::seal;
use super::entry::Taken;
use super::fault::{internal, unstored};
use super::handler::note_refusal;
use super::masked::mask_of;
use super::recipient::{Recipient, find};
use super::tools::Intake;
use crate::auth::{Means, Proof};
use crate::inbound::{Client, MailTransaction};
use crate::mail::{ForwardPath, Mailbox, QueueId, ReversePath, TraceId};
use crate::masking::TransactionId;
use crate::message::Effort;
use crate::policy::{Account, MessageKind, Owned, Refusal, Sender};
use crate::smtp::MailParameters;
use crate::spool::Posted;

/// What a participant wrote.
pub struct Submission {
    /// Who wrote it, as its token says.
    pub writer: Account,
    /// To whom.
    pub receiver: Account,
    /// About which order.
    pub order: Option<TransactionId>,
    /// As which request it came.
    pub posted: Posted,
    /// 64 random bits, which name it in the history.
    pub session: u64,
}

impl Intake {
    /// The address at which `of` is written to by `by` about `order`.
    ///
    /// # Errors
    /// The directory does not answer.
    pub async fn masked_address(
        &self,
        of: &Account,
        by: &Account,
        order: Option<&TransactionId>,
    ) -> Result<Mailbox, Refusal> {
        let tools = &self.tools;
        mask_of(&*tools.directory, &tools.domains, of, Some(&by.id), order).await
    }

    /// The account behind a masked address, and the transaction that it names; none: the address is no mask of anybody's.
    ///
    /// # Errors
    /// The directory does not answer.
    pub async fn masked_account(
        &self,
        address: Mailbox,
    ) -> Result<Option<(Account, Option<TransactionId>)>, Refusal> {
        let path = ForwardPath::Mailbox(address);
        match find(&*self.tools.directory, self.names(), &path).await {
            Ok(Recipient::Masked(found)) => {
                Ok(Some((found.receiver, found.address.local.transaction)))
            }
            Ok(Recipient::Role { .. } | Recipient::Bounce(_)) => Ok(None),
            Err(refusal) if refusal.reason.code() >= 500 => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Takes a message, or says why not; when it answers, the message is durable. `letter` is from the writer's primary address to
    /// [`Self::masked_address`].
    ///
    /// # Errors
    /// The refusal that the same message would get by mail.
    pub async fn submit(
        &self,
        submission: Submission,
        to: &Mailbox,
        letter: Bytes,
    ) -> Result<QueueId, Refusal> {
        let client = Client::of_the_center(submission.session);
        let now = self.tools.clock.now();
        let trace = TraceId::new(submission.session, 1);
        let reverse_path = ReversePath::Mailbox(submission.writer.primary.clone());
        let mut transaction = MailTransaction::new(trace, reverse_path, MailParameters::default());
        let to = ForwardPath::Mailbox(to.clone());
        transaction.recipients.push(to.clone());
        let _ = transaction.began.set(now);
        let seen = Seen {
            ended: Some(now),
            octets: letter.len(),
            ..Seen::default()
        };
        let taken = take(self, &submission, (&client, &transaction, &seen), letter).await;
        taken.inspect_err(|refusal| {
            let (of, to) = ((&client, &seen), to.to_string());
            note_refusal(self, of, Some(&transaction), &to, refusal);
        })
    }
}

async fn take(
    intake: &Intake,
    submission: &Submission,
    (client, transaction, seen): (&Client, &MailTransaction, &Seen),
    letter: Bytes,
) -> Result<QueueId, Refusal> {
    let tools = &intake.tools;
    tools.spool.ready().map_err(|error| unstored(&error))?;
    let effort = Effort::of(letter.len());
    let message = open(letter, effort).await?;
    let _ = seen.message_id.set(message.text("Message-ID"));
    let sender = sender(&submission.writer);
    let _ = seen.from.set(sender.from.to_string());
    let arrival = Arrival {
        client,
        transaction,
        message: &message,
        purpose: Purpose::Mail,
        letter: &OnceLock::new(),
        seen,
        sets: &tools.in_force.current(),
    };
    let to = transaction.recipients.first();
    let to = to.ok_or_else(|| internal("a submission to nobody"))?;
    let Recipient::Masked(recipient) = find(&*tools.directory, intake.names(), to).await? else {
        return Err(internal("a submission to no participant"));
    };
    let mut tally = Tally::new(&intake.budgets);
    let taken = judge(intake, &arrival, &sender, &recipient, &mut tally).await?;
    let Taken::Entry(mut new, claim) = taken else {
        return Err(internal("a submission to the writer itself"));
    };
    new.entry.memory.posted = Some(submission.posted);
    let id = new.entry.id;
    let committed = tools.spool.commit(vec![*new]).await;
    committed.map_err(|error| unstored(&error))?;
    tally.keep();
    seal(&*tools.state, claim.into_iter().collect()).await;
    metrics::counter!("allegromail_inbound_accepted_total").increment(1);
    tracing::info!(event = "accepted", trace = %transaction.trace, client = "center", recipients = 1);
    Ok(id)
}

/// The sender that a token stands for.
fn sender(writer: &Account) -> Sender {
    let from = writer.primary.clone();
    Sender {
        from_name: None,
        proof: Proof::Proven(Means::Token),
        fails_elsewhere: false,
        writer: Some(writer.clone()),
        courier: None,
        reverse_path: ReversePath::Mailbox(from.clone()),
        return_path: Some(Owned {
            address: from.clone(),
            owner: Some(writer.id.clone()),
            mask_of: None,
        }),
        return_path_aligned: true,
        reply_to: Ok(Vec::new()),
        kind: MessageKind::Ordinary,
        is_automatic_reply: false,
        from,
    }
}

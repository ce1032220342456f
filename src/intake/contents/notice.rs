//! The notice to the writer of a message that a rule was against: five a day and rule, then they stand in a digest; of what is delivered all the same,
//! one a day.

use bytes::Bytes;

use super::holding::{Documents, hidden};
use super::{Contents, DAY_MS};
use crate::content::{Rule, Texts};
use crate::dsn::{HandedDocuments, Stopped, csv_row, stopped};
use crate::failpoint;
use crate::history::ContentHit;
use crate::intake::arrival::Arrival;
use crate::intake::dedup::{Claim, mark, seal};
use crate::intake::entry::{about, without};
use crate::intake::fault::unstored;
use crate::intake::masked::mask_of;
use crate::mail::Mailbox;
use crate::masking::TransactionId;
use crate::policy::{Masked, Refusal};
use crate::spool::{Entry, MessageSummary, NewEntry, StateUpdates, Target};

/// Notices of one rule that a writer gets on a day, by themselves.
const A_DAY: u32 = 5;

/// What is said of a message: the rule, the hit, and the sentence that it found.
type Told<'a> = (&'a Rule, &'a ContentHit, Option<&'a str>);

/// A notice that is to be sent.
enum Notice {
    /// None: its writer has had enough of them.
    None,
    /// By itself.
    Alone(Box<NewEntry>, Claim),
    /// As a row of the digest.
    Row(String),
}

/// Sends the notice, and makes the held documents durable with it, before the message is refused.
///
/// # Errors
/// The documents could not be made durable: the message must come again. Of a notice alone a failure is only noted, for the writer hears of it in the session in
/// any case.
pub(super) async fn send(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    (plan, recipient): (&Masked, &str),
    told: Told<'_>,
    documents: Documents<'_>,
) -> Result<(), Refusal> {
    let trace = &arrival.transaction.trace;
    let notice = match documents {
        // Their writer was told when they were taken.
        Documents::Known => return Ok(()),
        _ => compose(contents, arrival, (plan, recipient), told, documents.told()).await,
    };
    let notice = notice.unwrap_or_else(|error| {
        tracing::error!(event = "notice_failed", %trace, %error);
        Notice::None
    });
    let (mut entries, mut claims) = (Vec::new(), Vec::new());
    let held = match documents {
        Documents::Held(held) => Some(*held),
        _ => None,
    };
    if let Some(held) = &held {
        entries.push(held.entry.clone());
    }
    let mut row = None;
    match notice {
        Notice::None => {}
        Notice::Alone(entry, claim) => {
            entries.push(*entry);
            claims.push(claim);
        }
        Notice::Row(text) => row = Some(text),
    }
    if !entries.is_empty() {
        failpoint::pass("documents.committing");
        match contents.entries.spool.commit(entries).await {
            Ok(()) => {}
            Err(error) if held.is_some() => return Err(unstored(&error)),
            Err(error) => tracing::error!(event = "notice_failed", %trace, %error),
        }
        failpoint::pass("documents.committed");
        seal(contents.state, claims).await;
        if let Some(held) = held {
            held.seal(contents.state).await;
        }
    }
    if let Some(row) = row {
        let now = contents.entries.clock.now();
        if let Err(error) = contents
            .state
            .add_to_digest(&plan.writer.id, now, &row)
            .await
        {
            tracing::error!(event = "notice_failed", %trace, %error);
        }
    }
    Ok(())
}

/// Writes the notice.
///
/// # Errors
/// What is not available.
async fn compose(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    (plan, recipient): (&Masked, &str),
    (rule, hit, sentence): Told<'_>,
    documents: Option<&HandedDocuments>,
) -> Result<Notice, String> {
    let is_stopped = hit.action == "block";
    if !is_stopped && hit.action != "warn" {
        return Ok(Notice::None);
    }
    let writer = &plan.writer;
    let order = plan.transaction.as_ref();
    let about = about(arrival.message, recipient);
    let about = without(about, &writer.addresses, &writer.login);
    let Some(claim) = claim(contents, arrival, plan, (rule, is_stopped)).await? else {
        if !is_stopped {
            return Ok(Notice::None);
        }
        let order = order.map_or("", TransactionId::as_str);
        let row = csv_row(&about, order, (&rule.id, &hit.reference), documents);
        return Ok(Notice::Row(row));
    };
    let to = mask_of(
        contents.directory,
        contents.ids.domains,
        writer,
        None,
        order,
    );
    let to = to.await.map_err(|refusal: Refusal| refusal.text)?;
    let target = Target::Participant {
        participant: writer.id.clone(),
        transaction: None,
    };
    let id = contents.entries.spool.next_id();
    let blank = contents.entries.blank(arrival, id, target, recipient);
    // The writer's own words, but for addresses: the spool holds none.
    let sentence = sentence.map(|sentence| hidden(sentence, plan));
    let in_language = |texts: &Texts| {
        let text = texts.get(&writer.language).or_else(|| texts.get("en"));
        text.cloned().unwrap_or_default()
    };
    let body = stopped(&Stopped {
        id,
        to: &to,
        domain: to.domain(),
        language: &writer.language,
        about: &about,
        order: order.map_or("", TransactionId::as_str),
        rule: &rule.id,
        remark: &in_language(&rule.remark),
        instead: &in_language(&rule.instead),
        sentence: sentence.as_deref(),
        reference: &hit.reference,
        appeal: contents.appeal,
        stopped: is_stopped,
        documents,
        now: blank.arrived,
    });
    let memory = StateUpdates {
        once: Some(claim.mark),
        ..StateUpdates::default()
    };
    let body = body.ok_or("a notice that cannot be composed")?;
    let entry = signed(contents, &to, Entry { memory, ..blank }, body).await?;
    Ok(Notice::Alone(Box::new(entry), claim))
}

/// The right to send a notice by itself today; none: the account has had enough of them.
async fn claim(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    plan: &Masked,
    (rule, is_stopped): (&Rule, bool),
) -> Result<Option<Claim>, String> {
    let now = contents.entries.clock.now();
    let day = u16::try_from(now.0 / DAY_MS).unwrap_or(u16::MAX);
    let (what, places) = match is_stopped {
        true => (rule.id.as_str(), A_DAY),
        false => ("warn", 1),
    };
    for place in 0..places {
        let mark = mark(day, &format!("notice/{}/{what}/{place}", plan.writer.id));
        let claimed = contents.claims.claim(mark, arrival.purpose).await;
        if let Some(claim) = claimed.map_err(|error| error.to_string())? {
            return Ok(Some(claim));
        }
    }
    Ok(None)
}

/// Signs a notice to the mask `to`. With a null reverse-path and nobody to tell: one that fails ends there.
pub(super) async fn signed(
    contents: Contents<'_>,
    to: &Mailbox,
    entry: Entry,
    body: Vec<u8>,
) -> Result<NewEntry, String> {
    let signed = contents.signer.sign(to.domain(), Bytes::from(body)).await;
    let body = signed.map_err(|error| error.to_string())?;
    let entry = Entry {
        eight_bit: !body.is_ascii(),
        about: MessageSummary {
            recipient: to.to_string(),
            // What operators see of it in the queue.
            subject: "notice".to_owned(),
            ..MessageSummary::default()
        },
        ..entry
    };
    Ok(NewEntry { entry, body })
}

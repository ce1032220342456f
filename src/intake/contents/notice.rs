//! The notice to the writer of a message that a rule was against: five a day and rule, then they stand in a digest; of what is delivered all the same,
//! one a day.

use bytes::Bytes;

use super::{Contents, DAY_MS};
use crate::content::{Rule, Texts};
use crate::dsn::{Stopped, csv_row, stopped};
use crate::history::ContentHit;
use crate::intake::arrival::Arrival;
use crate::intake::dedup::{Claim, mark, seal};
use crate::intake::entry::{about, without};
use crate::intake::masked::mask_of;
use crate::mail::Mailbox;
use crate::masking::TransactionId;
use crate::policy::{Masked, Refusal};
use crate::spool::{Entry, MessageSummary, NewEntry, StateUpdates, Target};

/// Notices of one rule that a writer gets on a day, by themselves.
const A_DAY: u32 = 5;

/// Sends the notice, if it is to be sent by itself. Durable before the message is refused.
///
/// # Errors
/// What is not available; the message is refused all the same.
pub(super) async fn send(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    plan: &Masked,
    recipient: &str,
    (rule, hit, sentence): (&Rule, &ContentHit, Option<&str>),
) -> Result<(), String> {
    let is_stopped = hit.action == "block";
    if !is_stopped && hit.action != "warn" {
        return Ok(());
    }
    let writer = &plan.writer;
    let order = plan.transaction.as_ref();
    let about = about(arrival.message, recipient);
    let about = without(about, &writer.addresses, &writer.login);
    let Some(claim) = claim(contents, arrival, plan, (rule, is_stopped))? else {
        if !is_stopped {
            return Ok(());
        }
        let order = order.map_or("", TransactionId::as_str);
        let row = csv_row(&about, order, &rule.id, &hit.reference);
        let now = contents.entries.clock.now();
        let added = contents.state.add_to_digest(&writer.id, now, &row);
        return added.map_err(|error| error.to_string());
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
        sentence,
        reference: &hit.reference,
        appeal: contents.appeal,
        stopped: is_stopped,
        now: blank.arrived,
    });
    let memory = StateUpdates {
        once: Some(claim.mark),
        ..StateUpdates::default()
    };
    let body = body.ok_or("a notice that cannot be composed")?;
    commit(contents, &to, Entry { memory, ..blank }, body).await?;
    seal(contents.state, vec![claim]);
    Ok(())
}

/// The right to send a notice by itself today; none: the account has had enough of them.
fn claim(
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
        let claimed = contents.claims.claim(contents.state, mark, arrival.purpose);
        if let Some(claim) = claimed.map_err(|error| error.to_string())? {
            return Ok(Some(claim));
        }
    }
    Ok(None)
}

/// Signs a notice to the mask `to` and makes it durable. With a null reverse-path and nobody to tell: one that fails ends there.
pub(super) async fn commit(
    contents: Contents<'_>,
    to: &Mailbox,
    entry: Entry,
    body: Vec<u8>,
) -> Result<(), String> {
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
    let committed = contents
        .entries
        .spool
        .commit(vec![NewEntry { entry, body }]);
    committed.await.map_err(|error| error.to_string())
}

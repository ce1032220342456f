//! The notice to the writer of a message that a rule was against: five a day and rule, then they stand in a digest; of what is delivered all the same,
//! one a day.

use bytes::Bytes;

use super::{Contents, DAY_MS};
use crate::content::Rule;
use crate::dsn::{Stopped, csv_row, stopped};
use crate::history::ContentHit;
use crate::intake::arrival::Arrival;
use crate::intake::dedup::{mark, seal};
use crate::intake::entry::{about, without};
use crate::intake::masked::mask_of;
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
    let now = contents.entries.clock.now();
    let day = u16::try_from(now.0 / DAY_MS).unwrap_or(u16::MAX);
    let places = if is_stopped { A_DAY } else { 1 };
    let mut claim = None;
    for place in 0..places {
        let what = if is_stopped { rule.id.as_str() } else { "warn" };
        let mark = mark(day, &format!("notice/{}/{what}/{place}", writer.id));
        let claimed = contents.claims.claim(contents.state, mark, arrival.purpose);
        claim = claimed.map_err(|error| error.to_string())?;
        if claim.is_some() {
            break;
        }
    }
    let order = plan.transaction.as_ref().map_or("", TransactionId::as_str);
    let about = about(arrival.message, recipient);
    let about = without(about, &writer.addresses, &writer.login);
    let Some(claim) = claim else {
        if is_stopped {
            let row = csv_row(&about, order, &rule.id, &hit.reference);
            let added = contents.state.add_to_digest(&writer.id, now, &row);
            added.map_err(|error| error.to_string())?;
        }
        return Ok(());
    };
    let text = |refusal: Refusal| refusal.text;
    let domains = contents.ids.domains;
    let to = mask_of(
        contents.directory,
        domains,
        writer,
        None,
        plan.transaction.as_ref(),
    );
    let to = to.await.map_err(text)?;
    let id = contents.entries.spool.next_id();
    let target = Target::Participant {
        participant: writer.id.clone(),
        transaction: None,
    };
    let blank = contents.entries.blank(arrival, id, target, recipient);
    let language = writer.language.as_str();
    let in_language = |texts: &crate::content::Texts| {
        let text = texts.get(language).or_else(|| texts.get("en"));
        text.cloned().unwrap_or_default()
    };
    let body = stopped(&Stopped {
        id,
        to: &to,
        domain: to.domain(),
        language,
        about: &about,
        order,
        rule: &rule.id,
        remark: &in_language(&rule.remark),
        instead: &in_language(&rule.instead),
        sentence,
        reference: &hit.reference,
        appeal: contents.appeal,
        stopped: is_stopped,
        now,
    });
    let body = Bytes::from(body.ok_or("a notice that cannot be composed")?);
    let signed = contents.signer.sign(to.domain(), body).await;
    let body = signed.map_err(|error| error.to_string())?;
    // Null reverse-path and nobody to tell: a notice that fails ends there.
    let entry = Entry {
        eight_bit: !body.is_ascii(),
        about: MessageSummary {
            recipient: to.to_string(),
            // What operators see of it in the queue.
            subject: "notice".to_owned(),
            ..MessageSummary::default()
        },
        memory: StateUpdates {
            once: Some(claim.mark),
            ..StateUpdates::default()
        },
        ..blank
    };
    let committed = contents
        .entries
        .spool
        .commit(vec![NewEntry { entry, body }])
        .await;
    committed.map_err(|error| error.to_string())?;
    seal(contents.state, vec![claim]);
    Ok(())
}

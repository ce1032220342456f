//! Makes of a failed entry the report to whoever wrote it; never one about a report (RFC 5321 4.5.5).
//!
//! An entry names whom to tell when it is accepted, and only somebody whose return path was proven is named: so no report ever goes to a stranger
//! (docs/threats.md#113, #116).

use bytes::Bytes;

use super::QueueContext;
use crate::directory::Unavailable;
use crate::dsn::{self, Action, ReleasedNotice, Report, Reporter, compose};
use crate::mail::{Diagnostic, Domain, Mailbox, QueueId};
use crate::masking::{MaskedAddress, MaskedLocal};
use crate::rewrite::{self, Needles};
use crate::spool::{DocumentSet, Entry, MessageSummary, NewEntry, Origin, Target};

/// The report on `entry`, signed and ready to be committed; none where nobody is to be told, or whoever wrote it has no account any more.
/// `diagnostic` is masked.
///
/// # Errors
/// Our own fault, in words for the log: the report must wait, and the entry with it.
pub(super) async fn on(
    context: &QueueContext,
    entry: &Entry,
    diagnostic: &Diagnostic,
    action: Action,
) -> Result<Option<NewEntry>, String> {
    let Some((target, to, domain, language)) = reader(context, entry)
        .await
        .map_err(|error| error.to_string())?
    else {
        return Ok(None);
    };
    let mut report = Report {
        id: entry.id,
        to: &to,
        domain: &domain,
        language: &language,
        about: &entry.about,
        arrived: entry.arrived,
        now: context.clock.now(),
        retries_until: entry.deliverable_since().plus(context.settings.expire),
        diagnostic,
        action,
    };
    // What the report says if the server's own words would show the hidden side: our text and the status.
    let bare = Diagnostic {
        host: None,
        reply: None,
        ..diagnostic.clone()
    };
    let hidden = hidden(context, &entry.about.recipient)
        .await
        .map_err(|error| error.to_string())?;
    if shows(&context.reporter, &report, &hidden) {
        metrics::counter!("allegromail_dsn_leaks_stopped_total").increment(1);
        tracing::error!(event = "leak_stopped", trace = %entry.trace, place = "report");
        report.diagnostic = &bare;
    }
    let Some(body) = compose(&context.reporter, &report) else {
        return Ok(None);
    };
    let id = context.spool.next_id();
    let report = addressed(context, entry, (id, "report"), (target, &to, &domain), body).await?;
    Ok(Some(report))
}

/// The notice to the writer of a message that was held for its documents and goes to its recipient after all, with the documents that were not handed over; none as [`on`].
///
/// # Errors
/// As [`on`].
pub(super) async fn on_release(
    context: &QueueContext,
    entry: &Entry,
    handed_over: DocumentSet,
) -> Result<Option<NewEntry>, String> {
    let found = reader(context, entry).await;
    let Some((target, to, domain, language)) = found.map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let Some(held) = &entry.held else {
        return Ok(None);
    };
    let documents = held.documents.iter().enumerate();
    let left = documents.filter(|(number, _)| !handed_over.contains(*number));
    let names = left.map(|(_, document)| document.name.clone());
    let id = context.spool.next_id();
    let body = dsn::released(&ReleasedNotice {
        id,
        to: &to,
        language: &language,
        about: &entry.about,
        order: held.transaction.as_str(),
        documents: &names.collect::<Vec<_>>(),
        now: context.clock.now(),
    });
    let body = body.ok_or("a notice that cannot be composed")?;
    let notice = addressed(context, entry, (id, "notice"), (target, &to, &domain), body).await?;
    Ok(Some(notice))
}

/// What is told to `to` about an entry: signed, with a null reverse-path, and nobody to tell of it. What fails ends there. It comes from `domain`; `kind` is what operators see of it.
async fn addressed(
    context: &QueueContext,
    about: &Entry,
    (id, kind): (QueueId, &str),
    (target, to, domain): (Target, &Mailbox, &Domain),
    body: Vec<u8>,
) -> Result<NewEntry, String> {
    let signed = context.signer.sign(domain, Bytes::from(body)).await;
    let body = signed.map_err(|error| error.to_string())?;
    let entry = Entry {
        eight_bit: !body.is_ascii(),
        about: MessageSummary {
            recipient: to.to_string(),
            subject: kind.to_owned(),
            ..MessageSummary::default()
        },
        ..Entry::new(id, about.trace.clone(), context.clock.now(), target)
    };
    Ok(NewEntry { entry, body })
}

/// The addresses that the reader of a report must not learn: those of the account behind the recipient's mask. None where the recipient was no
/// mask: a role of ours hides nobody.
async fn hidden(context: &QueueContext, recipient: &str) -> Result<Vec<Mailbox>, Unavailable> {
    let mask = Mailbox::parse(recipient)
        .ok()
        .filter(|mask| context.reporter.domains.find(mask.domain()).is_some())
        .and_then(|mask| MaskedLocal::parse(mask.local()).ok());
    let Some(mask) = mask else {
        return Ok(Vec::new());
    };
    let Some(mask) = context.directory.mask(&mask.mask).await? else {
        return Ok(Vec::new());
    };
    let account = context.directory.participant(&mask.participant).await?;
    Ok(account.map_or_else(Vec::new, |account| account.addresses.clone()))
}

/// The leak gate in front of a report. It looks at what another server said and at nothing that the writer wrote himself: that he knows, and a
/// report that changed with it would tell him whether he guessed right.
fn shows(reporter: &Reporter, report: &Report<'_>, hidden: &[Mailbox]) -> bool {
    if report.diagnostic.reply.is_none() || hidden.is_empty() {
        return false;
    }
    let about = MessageSummary {
        recipient: report.about.recipient.clone(),
        ..MessageSummary::default()
    };
    let said = Report {
        about: &about,
        ..report.clone()
    };
    // In what a server says, the domain alone would already tell who the provider or the shop is.
    let domains: Vec<Domain> = hidden
        .iter()
        .map(|address| address.domain().clone())
        .collect();
    let needles = Needles {
        addresses: hidden,
        domains: &domains,
    };
    // Searched as a whole message, in every encoding that a report may have. One that cannot be composed counts as a leak.
    compose(reporter, &said).is_none_or(|bytes| rewrite::check(&bytes, needles).is_err())
}

/// Where the report goes, whom it names in To, the domain that it comes from, and its language (ISO 639-1).
type Reader = (Target, Mailbox, Domain, String);

/// Who reads the report, as whom he is addressed, from which domain, and in which language.
async fn reader(context: &QueueContext, entry: &Entry) -> Result<Option<Reader>, Unavailable> {
    let domains = &context.reporter.domains;
    match &entry.origin {
        Origin::Nobody => Ok(None),
        // A courier, who has neither a mask nor a language here.
        Origin::Address(mailbox) => {
            let domain = domains.for_marketplace("").cloned();
            Ok(domain.map(|domain| {
                (
                    Target::Address(mailbox.clone()),
                    mailbox.clone(),
                    domain,
                    "en".to_owned(),
                )
            }))
        }
        Origin::Participant {
            participant,
            transaction,
        } => {
            let Some(account) = context.directory.participant(participant).await? else {
                return Ok(None);
            };
            // Named by his own mask, for the report goes the way of all mail; his real address is found when it is sent.
            let Some(mask) = context.directory.mask_of(participant, None).await? else {
                return Ok(None);
            };
            let address = domains.address(&mask, transaction.as_ref(), &account.marketplace);
            let Some(own) = address.as_ref().and_then(MaskedAddress::mailbox) else {
                return Ok(None);
            };
            let domain = own.domain().clone();
            let target = Target::Participant {
                participant: participant.clone(),
                transaction: transaction.clone(),
            };
            Ok(Some((target, own, domain, account.language.clone())))
        }
    }
}

//! The rules on contents, asked of what one participant writes to another (docs/rules-on-contents.md).
//!
//! They are asked once policy has agreed, so that a stranger learns nothing of them, and before the message is rewritten: they read what the writer
//! wrote, and no masks.

mod digest;
mod evidence;
mod hits;
mod holding;
mod judged;
mod notice;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::arrival::{Arrival, Purpose};
use super::dedup::{Claim, Claims, mark};
use super::entry::{Entries, Passed};
use super::masked::Masking;
use super::recall::Recollection;
use super::templates::Templates;
use super::threading::MessageIds;
use crate::backpressure::DocumentRoom;
use crate::config::{ActionFrom, Content};
use crate::content::{
    Action, Category, Direction, Facts, Findings, Letter, RuleSet, Sentence, is_like,
};
use crate::directory::{Brought as Record, Directory, LastWrote, State};
use crate::history::{ContentHit, History};
use crate::mail::Timestamp;
use crate::masking::{Pair, TransactionId};
use crate::offload::in_place;
use crate::policy::{Masked, Refusal, Sender, Trail};
use crate::signing::Signer;
use crate::spool::Wrote;

use self::holding::{Blocked, Documents};
use self::judged::Judged;

pub use digest::send_digests;
pub(super) use evidence::Evidence;

const DAY_MS: u64 = 86_400_000;

/// What the rules are asked with.
#[derive(Clone, Copy)]
pub(super) struct Contents<'a> {
    pub(super) config: &'a Content,
    /// `[policy] help_url`.
    pub(super) appeal: Option<&'a str>,
    pub(super) rules: &'a RuleSet,
    pub(super) shadow: Option<&'a RuleSet>,
    pub(super) directory: &'a dyn Directory,
    pub(super) ids: MessageIds<'a>,
    pub(super) recollection: Recollection<'a>,
    pub(super) state: &'a dyn State,
    pub(super) claims: &'a Claims,
    pub(super) templates: &'a Templates,
    pub(super) history: &'a History,
    pub(super) signer: &'a Signer,
    pub(super) entries: Entries<'a>,
    /// What a message that is held for its documents is masked with.
    pub(super) masking: Masking<'a>,
    /// `[handover] give_up`.
    pub(super) give_up: Duration,
    pub(super) documents: &'a DocumentRoom,
}

/// Asks the rules; what they say is carried out: a refusal, a notice, a line of the history, an event.
///
/// # Errors
/// The refusal names the rule and a reference, never the words that were found: rules would be learnt by trying.
pub(super) async fn check(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    (plan, recipient): (&Masked, &str),
) -> Result<Passed, Refusal> {
    if contents.is_off() {
        return Ok(Passed::default());
    }
    let set = contents.rules;
    let (judged, letter) = judge(contents, arrival, plan, set).await?;
    let passed = Passed {
        quotable: judged.quotable(letter),
        wrote: contents.wrote(plan, &judged.evidence, letter),
        credit: judged.credit,
    };
    let judged = Judged {
        credit: None,
        ..judged
    };
    hits::shadow(contents, plan, letter, &judged, set);
    hits::count(set, contents.most(), &judged.findings);
    let Some((rule, action)) = judged
        .decision
        .and_then(|(rule, action)| Some((set.rules.get(rule)?, action)))
    else {
        return Ok(passed);
    };
    let hit = ContentHit {
        reference: contents.reference(arrival, plan, &rule.id),
        rule: rule.id.clone(),
        action: action.name().to_owned(),
        set: set.version.clone(),
        facts: judged.evidence.names(),
        beside: judged.others(set, &rule.id),
    };
    let blocks = action == Action::Block;
    let documents = match blocks {
        true => {
            let judged = &judged;
            let blocked = Blocked {
                judged,
                set,
                letter,
                rule,
            };
            let held = holding::hold(contents, arrival, sender, (plan, recipient), blocked);
            Box::pin(held).await?
        }
        false => Documents::None,
    };
    let refusal = hits::refusal(rule.category, &hit, documents.told());
    if arrival.purpose == Purpose::Mail {
        let told = (rule, &hit, judged.sentence(letter));
        let sent = notice::send(contents, arrival, (plan, recipient), told, documents);
        // Boxed, as above: what rare messages need must not make the future of every message larger.
        Box::pin(sent).await?;
        hits::note(contents, arrival, plan, recipient, &hit).await;
    }
    if blocks { Err(refusal) } else { Ok(passed) }
}

/// What the rules say, for `explain`: nothing is carried out.
pub(super) async fn explain(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    plan: &Masked,
    trail: &mut Trail,
) -> Result<(), Refusal> {
    if contents.is_off() {
        trail.note("contents", "the rules are off".to_owned());
        return Ok(());
    }
    let set = contents.rules;
    let (judged, _) = judge(contents, arrival, plan, set).await?;
    trail.note(
        "contents",
        format!(
            "{} (set {})",
            judged.evidence.names().join(", "),
            set.version
        ),
    );
    for hit in &judged.findings.hits {
        let Some(rule) = set.rules.get(hit.rule) else {
            continue;
        };
        let action = hit.action.min(contents.most()(rule.category));
        let cleared = if hit.cleared {
            ", cleared by a safe rule"
        } else {
            ""
        };
        trail.note(
            "contents",
            format!("{} holds: {}{cleared}", rule.id, action.name()),
        );
    }
    Ok(())
}

/// Tries the rules on a message, with what is known beside it.
async fn judge<'l>(
    contents: Contents<'_>,
    arrival: &Arrival<'l>,
    plan: &Masked,
    set: &RuleSet,
) -> Result<(Judged, &'l Letter), Refusal> {
    let message = arrival.message;
    let octets = message.raw().len();
    let letter = in_place(octets, || {
        arrival.letter.get_or_init(|| Letter::of(message))
    })
    .await;
    let evidence = evidence::gather(contents, arrival, plan, letter, set).await?;
    let pair = Pair {
        writer: &plan.writer.id,
        reader: &plan.receiver.id,
    };
    // Most messages have no sentence that matters whose it is. Where one has, what the reader brought is read, and the rules are asked again.
    let (mut records, is_asked) = (None, AtomicBool::new(false));
    let tried = |facts: &Facts, records: Option<&[(u32, Record)]>| {
        let theirs = |sentence: &Sentence| match records {
            Some(records) => {
                let recollection = contents.recollection;
                recollection.has_brought_sentence(records, pair, &sentence.key())
            }
            None => {
                is_asked.store(true, Ordering::Relaxed);
                false
            }
        };
        let mut findings = set.evaluate(letter, facts, &theirs);
        contents.except(plan, set, &mut findings);
        let decision = findings.strictest(set, contents.most());
        let decision = decision.map(|(hit, action)| (hit.rule, action));
        (findings, decision)
    };
    let facts = evidence.facts();
    let (mut findings, mut decision) = in_place(octets, || tried(&facts, None)).await;
    if is_asked.load(Ordering::Relaxed) {
        let known = contents.recollection.records(pair).await?;
        (findings, decision) = in_place(octets, || tried(&facts, Some(&known))).await;
        records = Some(known);
    }
    let mut credit = None;
    let acting =
        |decision: Option<(usize, Action)>| decision.map_or(Action::Off, |(_, action)| action);
    // One message may answer what the buyer wrote last; where it names that, its credit is used as well.
    if let Some(last) = evidence.credit
        && (evidence.answers || acting(decision) >= Action::Warn)
    {
        credit = contents.claim(plan, last, arrival.purpose).await?;
        if credit.is_some() && !evidence.answers {
            let asked = Facts {
                asked: true,
                asked_document: last.document,
                ..facts
            };
            // These facts may ask of sentences that the others left alone.
            if records.is_none() {
                records = Some(contents.recollection.records(pair).await?);
            }
            let (with, better) = tried(&asked, records.as_deref());
            if acting(better) < acting(decision) {
                (findings, decision) = (with, better);
            } else {
                credit = None;
            }
        }
    }
    let judged = Judged {
        findings,
        evidence,
        decision,
        credit,
    };
    Ok((judged, letter))
}

impl Contents<'_> {
    /// Whether nothing would come of asking.
    fn is_off(&self) -> bool {
        let most = self.most();
        let off = |category| most(category) == Action::Off;
        off(Category::Duplicate) && off(Category::Prohibited)
    }

    /// The strictest that may become of a message today, by category.
    fn most(&self) -> impl Fn(Category) -> Action + use<'_> {
        let now = self.entries.clock.now();
        move |category| {
            let days = match category {
                Category::Duplicate => &self.config.duplicate,
                Category::Prohibited => &self.config.prohibited,
            };
            ActionFrom::at(days, now)
        }
    }

    /// Takes out what is not held against this writer.
    fn except(&self, plan: &Masked, set: &RuleSet, findings: &mut Findings) {
        let now = self.entries.clock.now();
        let excepted = |id: &str| {
            let mut exceptions = self.config.exceptions.iter();
            exceptions.any(|exception| {
                exception.seller == plan.writer.id
                    && now < exception.until
                    && is_like(id, &exception.rule)
            })
        };
        if !self.config.exceptions.is_empty() {
            findings.hits.retain(|hit| {
                set.rules
                    .get(hit.rule)
                    .is_none_or(|rule| !excepted(&rule.id))
            });
        }
    }

    /// The right to be the one answer to what the other side wrote last; none: it was answered.
    async fn claim(
        &self,
        plan: &Masked,
        last: LastWrote,
        purpose: Purpose,
    ) -> Result<Option<Claim>, Refusal> {
        let Some(order) = &plan.transaction else {
            return Ok(None);
        };
        let within = u64::try_from(self.config.asked_within.as_millis()).unwrap_or(u64::MAX);
        // Marks of days that are gone are forgotten: this one is not before its credit has ended.
        let day = u16::try_from(last.at.0.saturating_add(within) / DAY_MS).unwrap_or(u16::MAX);
        let mark = mark(
            day,
            &format!("answer/{order}/{}/{}", plan.receiver.id, last.at.0),
        );
        Ok(self.claims.claim(mark, purpose).await?)
    }

    /// That the writer, who buys, has written by hand about an order.
    fn wrote(&self, plan: &Masked, evidence: &Evidence, letter: &Letter) -> Option<Wrote> {
        let asks = evidence.direction == Direction::BuyerToSeller && evidence.automatic.is_empty();
        let transaction = plan.transaction.clone().filter(|_| asks)?;
        Some(Wrote {
            transaction,
            participant: plan.writer.id.clone(),
            at: self.entries.clock.now(),
            document: letter.names_document(),
        })
    }

    /// What a message and rule are named by to support: eight letters and digits that lead nobody else to them.
    fn reference(&self, arrival: &Arrival<'_>, plan: &Masked, rule: &str) -> String {
        let keys = self.recollection.keys;
        let pair = Pair {
            writer: &plan.writer.id,
            reader: &plan.receiver.id,
        };
        let order = plan.transaction.as_ref().map(TransactionId::as_str);
        let text = format!(
            "{}/{}/{rule}",
            arrival.transaction.trace,
            order.unwrap_or_default()
        );
        let digest = keys.reference(pair, &text);
        let (front, back) = digest.split_at_checked(4).unwrap_or((&digest, ""));
        format!("{front}-{back}")
    }
}

/// The moment that a time lies back; the beginning of time where that is longer.
fn before(now: Timestamp, span: std::time::Duration) -> Timestamp {
    Timestamp(
        now.0
            .saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
    )
}

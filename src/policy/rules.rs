//! The rules, one function each. A rule passes with what it found, or refuses with a sentence that says how to mend it.
//!
//! No sentence names anything of the receiver's: only the address as it was written, and what is the writer's own.

use super::{
    Account, Facts, Masked, MessageKind, Owned, Plan, Reason, Refusal, TransactionFact, Unmasked,
};
use crate::auth::Proof;
use crate::config::CourierRecipients;
use crate::directory::{AccountStatus, TransactionStatus};
use crate::mail::ReversePath;
use crate::masking::TransactionId;

/// What a rule found, for the trail.
#[derive(Debug)]
pub(super) struct Finding(pub(super) String);

type RuleResult = Result<Finding, Refusal>;

fn found(text: impl Into<String>) -> RuleResult {
    Ok(Finding(text.into()))
}

fn refuse(reason: Reason, text: impl Into<String>) -> RuleResult {
    Err(Refusal::new(reason, text))
}

/// As what the From writes.
enum Class<'a> {
    /// The other party, or anybody registered where no transaction is named.
    Participant(&'a Account),
    /// Somebody on the allowlist who is not that party.
    Courier,
}

/// The id of the transaction that the address names.
fn order<'a>(facts: &'a Facts<'_>) -> Option<&'a TransactionId> {
    facts.recipient.local.transaction.as_ref()
}

/// The writer as the party that it is. A registered address comes before the allowlist: a party leaves masked, also when its domain
/// stands on the list (docs/rules.md#who-may-write).
fn class<'a>(facts: &'a Facts<'_>) -> Class<'a> {
    let Some(writer) = &facts.sender.writer else {
        return Class::Courier;
    };
    let party = match &facts.transaction {
        TransactionFact::Known(transaction) => {
            transaction.counterparty(&facts.receiver.id) == Some(&writer.id)
        }
        TransactionFact::Absent | TransactionFact::Unknown { .. } => writer.id != facts.receiver.id,
    };
    let for_this_mask = facts
        .mask_counterparty
        .is_none_or(|only| *only == writer.id);
    if facts.sender.courier.is_some() && !(party && for_this_mask) {
        Class::Courier
    } else {
        Class::Participant(writer)
    }
}

/// The From must be proven before anything else is said.
pub(super) fn proof(facts: &Facts<'_>) -> RuleResult {
    if let Some(refusal) = unproven(&facts.sender.proof) {
        return Err(refusal);
    }
    match &facts.sender.proof {
        Proof::Proven(how) => found(format!("proven by {how}")),
        _ => found("not asked for"),
    }
}

/// The refusal of a sender that is not proven, the same for every recipient.
#[must_use]
pub fn unproven(proof: &Proof) -> Option<Refusal> {
    match proof {
        Proof::Proven(_) | Proof::NotAsked => None,
        Proof::Unproven(why) => Some(Refusal::new(Reason::SenderUnauthenticated, why.clone())),
        Proof::Deferred(why) => Some(Refusal::new(
            Reason::SenderCheckDeferred,
            format!(
                "it cannot be checked at the moment who sent this; nothing has to be done, the sending server tries again. {why}."
            ),
        )),
    }
}

/// Nobody but registered addresses and couriers (docs/rules.md#who-may-write).
pub(super) fn known_sender(facts: &Facts<'_>) -> RuleResult {
    match (&facts.sender.writer, &facts.sender.courier) {
        (Some(writer), _) => found(format!("registered to participant {}", writer.id)),
        (None, Some(line)) => found(format!("on the allowlist: {line}")),
        (None, None) => refuse(Reason::SenderNotRegistered, stranger(facts)),
    }
}

/// What everybody hears whose From is nothing here, participant or courier: which of the two it is meant to be, nobody can tell.
fn stranger(facts: &Facts<'_>) -> String {
    let (from, domain) = (&facts.sender.from, facts.sender.from.domain());
    // The public name of `[policy] contact`, which itself is nobody's business.
    // The same at every domain of ours: a reply is compared with others.
    let contact = match facts.options.has_contact {
        true => " by writing to postmaster at the domain that you wrote to",
        false => "",
    };
    format!(
        "{from} may not write here: it is no registered address of a participant, and its domain {domain} is not on the list of couriers. \
         Participants: add it to your account's e-mail addresses, or write from one that is there. \
         Couriers: ask the marketplace to list {domain}{contact}."
    )
}

/// The reader's own mask stands in To of whatever it was sent, so an answer to all goes there, too: beside others that is nobody's mistake, and
/// which order the mask names does not matter. None: the other rules decide. A courier's mail is judged as any courier's.
pub(super) fn own_mask(facts: &Facts<'_>) -> Option<Plan> {
    let writer = facts.sender.writer.as_ref();
    let own = writer.is_some_and(|writer| writer.id == facts.receiver.id);
    (own && facts.beside_others && facts.sender.courier.is_none()).then_some(Plan::OwnMask)
}

/// `[policy] require_transaction`.
pub(super) fn transaction_wanted(facts: &Facts<'_>) -> RuleResult {
    let carrier = facts.sender.courier.is_some() && matches!(class(facts), Class::Courier);
    if !facts.options.require_transaction || order(facts).is_some() || carrier {
        return found("satisfied");
    }
    refuse(
        Reason::TransactionRequired,
        "the address lacks the part after the plus sign; use the full address from the order or the message that you answer.",
    )
}

/// The transaction must exist, and the receiver must have a part in it.
pub(super) fn transaction_known(facts: &Facts<'_>) -> RuleResult {
    match &facts.transaction {
        TransactionFact::Absent => found("none named"),
        TransactionFact::Unknown { within_grace: true } => refuse(
            Reason::UnknownTransaction,
            "the transaction is not known yet; please try again later.",
        ),
        TransactionFact::Unknown {
            within_grace: false,
        } => refuse(
            Reason::UnknownTransactionForGood,
            "there is no such transaction; check the part after the plus sign.",
        ),
        TransactionFact::Known(transaction)
            if transaction.counterparty(&facts.receiver.id).is_none() =>
        {
            refuse(
                Reason::UnknownTransactionForGood,
                "there is no such transaction; check the part after the plus sign.",
            )
        }
        TransactionFact::Known(transaction) => found(transaction.id.to_string()),
    }
}

/// A closed transaction takes no mail.
pub(super) fn transaction_open(facts: &Facts<'_>) -> RuleResult {
    match &facts.transaction {
        TransactionFact::Known(transaction) if transaction.status == TransactionStatus::Closed => {
            refuse(
                Reason::TransactionClosed,
                "this transaction is closed and takes no more mail.",
            )
        }
        _ => found("not closed"),
    }
}

/// Suspended and deleted accounts neither receive nor write.
pub(super) fn accounts_active(facts: &Facts<'_>) -> RuleResult {
    if facts.receiver.status != AccountStatus::Active {
        return refuse(
            Reason::RecipientSuspended,
            "the recipient's account takes no mail at the moment.",
        );
    }
    let writing = facts
        .sender
        .writer
        .as_ref()
        .filter(|_| matches!(class(facts), Class::Participant(_)));
    if writing.is_some_and(|writer| writer.status != AccountStatus::Active) {
        return refuse(
            Reason::SenderSuspended,
            "the account that the From address is registered to may not write at the moment.",
        );
    }
    found("active")
}

/// The counterparty, a courier to a buyer, or anybody registered to an address without transaction (docs/rules.md#who-may-write).
pub(super) fn party(facts: &Facts<'_>) -> RuleResult {
    match class(facts) {
        Class::Courier => courier_recipient(facts),
        Class::Participant(writer) => {
            let stranger = || {
                let text = format!(
                    "{} is registered, but not to the other party of this transaction.",
                    facts.sender.from
                );
                refuse(Reason::NotAParty, text)
            };
            if writer.id == facts.receiver.id {
                let text = format!(
                    "{} is your own masked address; write to the address of the other party.",
                    facts.recipient
                );
                return refuse(Reason::NotAParty, text);
            }
            let only = facts.mask_counterparty;
            if only.is_some_and(|only| *only != writer.id) {
                return stranger();
            }
            match &facts.transaction {
                TransactionFact::Known(transaction)
                    if transaction.counterparty(&facts.receiver.id) != Some(&writer.id) =>
                {
                    stranger()
                }
                TransactionFact::Known(_) => found("the other party of the transaction"),
                TransactionFact::Absent | TransactionFact::Unknown { .. } => {
                    found("a participant, and no transaction is named")
                }
            }
        }
    }
}

fn courier_recipient(facts: &Facts<'_>) -> RuleResult {
    match &facts.transaction {
        TransactionFact::Known(transaction)
            if transaction.seller == facts.receiver.id
                && facts.options.courier_recipients == CourierRecipients::Buyers =>
        {
            refuse(
                Reason::CourierToSeller,
                "couriers write to the buyer of a transaction, not to its seller.",
            )
        }
        TransactionFact::Known(_) => found("a courier, to the buyer or as configured"),
        TransactionFact::Absent | TransactionFact::Unknown { .. } => {
            found("a courier, and no transaction is named")
        }
    }
}

fn is_writers(facts: &Facts<'_>, owned: &Owned) -> bool {
    owned.owner.is_some()
        && owned.owner.as_ref() == facts.sender.writer.as_ref().map(|writer| &writer.id)
}

/// A participant's return path is null for automatic replies, registered to the same account, or of the proven domain. Couriers' is free.
pub(super) fn return_path(facts: &Facts<'_>) -> RuleResult {
    if matches!(class(facts), Class::Courier) {
        if facts.sender.reverse_path == ReversePath::Null {
            return refuse(
                Reason::NullSender,
                "the message has no sender to return it to; send couriers' notices with an address in MAIL FROM.",
            );
        }
        return found("free for couriers");
    }
    match &facts.sender.return_path {
        None if facts.sender.kind == MessageKind::Automatic => {
            found("null, for an automatic reply")
        }
        None => refuse(
            Reason::NullSender,
            "the message has no sender to return it to; send it with your own address in MAIL FROM. Automatic replies of the other party may have \
             none (a null sender), and say so in Auto-Submitted (RFC 3834).",
        ),
        Some(path) if is_writers(facts, path) => found("registered to the writer"),
        Some(_) if facts.sender.return_path_aligned => found("of the proven From's domain"),
        Some(path) => refuse(
            Reason::ReturnPathNotRegistered,
            format!(
                "bounces would go to the Return-Path {}, which is not registered to the account of {}; add it to that account, or send with an address \
                 that is there.",
                path.address, facts.sender.from
            ),
        ),
    }
}

/// Every address in a participant's Reply-To is registered to the same account, or its own mask. Couriers' is free.
pub(super) fn reply_to(facts: &Facts<'_>) -> RuleResult {
    let Class::Participant(writer) = class(facts) else {
        return found("free for couriers");
    };
    let reply_to = match &facts.sender.reply_to {
        Ok(reply_to) => reply_to,
        Err(why) => {
            let text = format!(
                "the Reply-To field cannot be read: {why}; write plain addresses, or leave the field out."
            );
            return refuse(Reason::ReplyToNotRegistered, text);
        }
    };
    let strange = reply_to
        .iter()
        .find(|owned| !is_writers(facts, owned) && owned.mask_of.as_ref() != Some(&writer.id));
    match strange {
        None if reply_to.is_empty() => found("none"),
        None => found("registered to the writer"),
        Some(owned) => refuse(
            Reason::ReplyToNotRegistered,
            format!(
                "the Reply-To {} is not registered to the account of {}; register it, or leave the field out.",
                owned.address, facts.sender.from
            ),
        ),
    }
}

/// What is to be done, once every rule has passed.
pub(super) fn plan(facts: &Facts<'_>) -> Plan {
    let receiver = facts.receiver.clone();
    let transaction = order(facts).cloned();
    match class(facts) {
        Class::Courier => Plan::Courier(Unmasked {
            receiver,
            transaction,
        }),
        Class::Participant(writer) => Plan::Participant(Masked {
            writer: writer.clone(),
            receiver,
            transaction,
        }),
    }
}

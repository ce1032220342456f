//! docs/rules.md#who-may-write as a table: facts in, reason out.

use std::sync::Arc;

use super::*;
use crate::auth::Proof;
use crate::config::CourierRecipients;
use crate::directory::{AccountStatus, Participant, Transaction, TransactionStatus};
use crate::mail::{Domain, Mailbox, ReversePath};
use crate::masking::{MaskedAddress, MaskedLocal, ParticipantId};

mod refusals;
mod return_paths;
mod writers;

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn account(id: &str, addresses: &[&str]) -> Account {
    Arc::new(Participant {
        id: id.parse().unwrap(),
        login: id.to_owned(),
        marketplace: "allegro-pl".to_owned(),
        language: "pl".to_owned(),
        primary: mailbox(addresses[0]),
        addresses: addresses.iter().map(|text| mailbox(text)).collect(),
        status: AccountStatus::Active,
        business: false,
    })
}

fn order(status: TransactionStatus) -> TransactionFact {
    let id = |text: &str| text.parse::<ParticipantId>().unwrap();
    TransactionFact::Known(Arc::new(Transaction {
        id: "cub31c122".parse().unwrap(),
        buyer: id("buyer"),
        seller: id("seller"),
        status,
        order: None,
    }))
}

/// What facts borrow from.
struct Case {
    sender: Sender,
    recipient: MaskedAddress,
    receiver: Account,
    beside_others: bool,
    mask_counterparty: Option<ParticipantId>,
    transaction: TransactionFact,
    options: Options,
}

impl Case {
    fn decide(&self) -> Verdict {
        decide(&Facts {
            sender: &self.sender,
            recipient: &self.recipient,
            receiver: &self.receiver,
            beside_others: self.beside_others,
            mask_counterparty: self.mask_counterparty.as_ref(),
            transaction: self.transaction.clone(),
            options: self.options,
        })
    }
}

/// The buyer writes to the seller about their order, and all is well.
fn fine() -> Case {
    Case {
        sender: Sender {
            from: mailbox("jan@poczta.example"),
            from_name: None,
            proof: Proof::Proven(crate::auth::Means::Name {
                domain: Domain::parse("poczta.example").unwrap(),
            }),
            fails_elsewhere: false,
            writer: Some(account("buyer", &["jan@poczta.example"])),
            courier: None,
            reverse_path: ReversePath::Mailbox(mailbox("jan@poczta.example")),
            return_path: Some(owned("jan@poczta.example", Some("buyer"))),
            return_path_aligned: false,
            reply_to: Ok(Vec::new()),
            kind: MessageKind::Ordinary,
            is_automatic_reply: false,
        },
        recipient: MaskedAddress {
            local: MaskedLocal::parse("seller+cub31c122").unwrap(),
            domain: Domain::parse("allegromail.pl").unwrap(),
        },
        receiver: account("seller", &["biuro@rowery.example"]),
        beside_others: false,
        mask_counterparty: None,
        transaction: order(TransactionStatus::Open),
        options: Options::default(),
    }
}

fn owned(address: &str, owner: Option<&str>) -> Owned {
    Owned {
        address: mailbox(address),
        owner: owner.map(|id| id.parse().unwrap()),
        mask_of: None,
    }
}

fn with(change: impl FnOnce(&mut Case)) -> Case {
    let mut facts = fine();
    change(&mut facts);
    facts
}

/// A courier writes to the buyer.
fn courier(change: impl FnOnce(&mut Case)) -> Case {
    with(|facts| {
        facts.sender.from = mailbox("x@dhl.com");
        facts.sender.writer = None;
        facts.sender.courier = Some("couriers.txt:1: @dhl.com".to_owned());
        facts.sender.return_path = Some(owned("bounce@mailing.example", None));
        facts.receiver = account("buyer", &["jan@poczta.example"]);
        change(facts);
    })
}

fn suspended(id: &str) -> Account {
    let mut participant = (*account(id, &["x@y.example"])).clone();
    participant.status = AccountStatus::Suspended;
    Arc::new(participant)
}

fn no_order(facts: &mut Case) {
    facts.recipient.local.transaction = None;
    facts.transaction = TransactionFact::Absent;
}

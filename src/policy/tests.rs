//! docs/rules.md#who-may-write as a table: facts in, reason out.

use std::sync::Arc;

use super::*;
use crate::auth::Proof;
use crate::config::CourierRecipients;
use crate::directory::{AccountStatus, Participant, Transaction, TransactionStatus};
use crate::mail::{Domain, Mailbox, ReversePath};
use crate::masking::{MaskedAddress, MaskedLocal, ParticipantId};

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
    })
}

fn order(status: TransactionStatus) -> TransactionFact {
    let id = |text: &str| text.parse::<ParticipantId>().unwrap();
    TransactionFact::Known(Arc::new(Transaction {
        id: "cub31c122".parse().unwrap(),
        buyer: id("buyer"),
        seller: id("seller"),
        status,
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

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn who_may_write() {
    let cases: Vec<(&str, Case, &str)> = vec![
        ("counterparty", fine(), "participant"),
        (
            "counterparty on the allowlist leaves masked",
            with(|f| f.sender.courier = Some("l".into())),
            "participant",
        ),
        ("courier to the buyer", courier(|_| {}), "courier"),
        (
            "courier to a participant without transaction",
            courier(no_order),
            "courier",
        ),
        (
            "courier to a seller, where all are allowed",
            courier(|f| {
                f.receiver = account("seller", &["b@r.example"]);
                f.options.courier_recipients = CourierRecipients::All;
            }),
            "courier",
        ),
        (
            "third party that is also a courier",
            courier(|f| f.sender.writer = Some(account("other", &["x@dhl.com"]))),
            "courier",
        ),
        (
            "one's own mask beside others, whatever else is wrong",
            with(|f| {
                f.receiver = account("buyer", &["jan@poczta.example"]);
                f.transaction = order(TransactionStatus::Closed);
                f.beside_others = true;
                f.options.require_transaction = true;
            }),
            "own mask",
        ),
        (
            "a courier that is registered, to itself",
            courier(|f| {
                f.sender.writer = Some(account("buyer", &["x@dhl.com"]));
                f.beside_others = true;
            }),
            "courier",
        ),
        (
            "any participant without transaction",
            with(|f| {
                no_order(f);
                f.sender.writer = Some(account("other", &["o@p.example"]));
                f.sender.return_path = Some(owned("o@p.example", Some("other")));
            }),
            "participant",
        ),
        (
            "return path of the proven domain",
            with(|f| {
                f.sender.return_path = Some(owned("verp-1@poczta.example", None));
                f.sender.return_path_aligned = true;
            }),
            "participant",
        ),
        (
            "null sender of an automatic reply",
            with(|f| {
                f.sender.return_path = None;
                f.sender.reverse_path = ReversePath::Null;
                f.sender.kind = MessageKind::Automatic;
            }),
            "participant",
        ),
        (
            "reply-to of the same account",
            with(|f| f.sender.reply_to = Ok(vec![owned("jan2@poczta.example", Some("buyer"))])),
            "participant",
        ),
        (
            "reply-to the writer's own mask",
            with(|f| {
                f.sender.reply_to = Ok(vec![Owned {
                    mask_of: Some("buyer".parse().unwrap()),
                    ..owned("buyer@allegromail.pl", None)
                }])
            }),
            "participant",
        ),
        (
            "proof not asked for",
            with(|f| f.sender.proof = Proof::NotAsked),
            "participant",
        ),
        (
            "mask for this counterparty",
            with(|f| f.mask_counterparty = Some("buyer".parse().unwrap())),
            "participant",
        ),
        (
            "required transaction, courier without",
            courier(|f| {
                no_order(f);
                f.options.require_transaction = true;
            }),
            "courier",
        ),
    ];
    for (case, facts, want) in cases {
        let got = match facts.decide().decision {
            Ok(Plan::OwnMask) => "own mask".to_owned(),
            Ok(Plan::Participant(_)) => "participant".to_owned(),
            Ok(Plan::Courier(_)) => "courier".to_owned(),
            Err(refusal) => format!("{}: {}", refusal.reason.word(), refusal.text),
        };
        assert_eq!(got, want, "{case}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn who_may_not_write() {
    let unknown =
        |within_grace| with(move |f| f.transaction = TransactionFact::Unknown { within_grace });
    let cases: Vec<(&str, Case, Reason)> = vec![
        (
            "unproven",
            with(|f| f.sender.proof = Proof::Unproven("x".into())),
            Reason::SenderUnauthenticated,
        ),
        (
            "unproven comes before unregistered",
            with(|f| {
                f.sender.proof = Proof::Unproven("x".into());
                f.sender.writer = None;
            }),
            Reason::SenderUnauthenticated,
        ),
        (
            "unproven courier",
            courier(|f| f.sender.proof = Proof::Unproven("x".into())),
            Reason::SenderUnauthenticated,
        ),
        (
            "dns silent",
            with(|f| f.sender.proof = Proof::Deferred("x".into())),
            Reason::SenderCheckDeferred,
        ),
        (
            "nobody",
            with(|f| f.sender.writer = None),
            Reason::SenderNotRegistered,
        ),
        (
            "order unknown yet",
            unknown(true),
            Reason::UnknownTransaction,
        ),
        (
            "order unknown for good",
            unknown(false),
            Reason::UnknownTransactionForGood,
        ),
        (
            "receiver has no part in the order",
            with(|f| f.receiver = account("other", &["o@p.example"])),
            Reason::UnknownTransactionForGood,
        ),
        (
            "order closed",
            with(|f| f.transaction = order(TransactionStatus::Closed)),
            Reason::TransactionClosed,
        ),
        (
            "receiver suspended",
            with(|f| f.receiver = suspended("seller")),
            Reason::RecipientSuspended,
        ),
        (
            "writer suspended",
            with(|f| f.sender.writer = Some(suspended("buyer"))),
            Reason::SenderSuspended,
        ),
        (
            "third party",
            with(|f| f.sender.writer = Some(account("other", &["o@p.example"]))),
            Reason::NotAParty,
        ),
        (
            "to oneself",
            with(|f| f.sender.writer = Some(account("seller", &["b@r.example"]))),
            Reason::NotAParty,
        ),
        (
            "to oneself without order",
            with(|f| {
                no_order(f);
                f.sender.writer = Some(account("seller", &["b@r.example"]));
            }),
            Reason::NotAParty,
        ),
        (
            "mask for another",
            with(|f| f.mask_counterparty = Some("other".parse().unwrap())),
            Reason::NotAParty,
        ),
        (
            "courier to seller",
            courier(|f| f.receiver = account("seller", &["b@r.example"])),
            Reason::CourierToSeller,
        ),
        (
            "strange return path",
            with(|f| f.sender.return_path = Some(owned("x@tool.example", None))),
            Reason::ReturnPathNotRegistered,
        ),
        (
            "return path of another account",
            with(|f| f.sender.return_path = Some(owned("x@y.example", Some("other")))),
            Reason::ReturnPathNotRegistered,
        ),
        (
            "strange reply-to",
            with(|f| f.sender.reply_to = Ok(vec![owned("x@tool.example", None)])),
            Reason::ReplyToNotRegistered,
        ),
        (
            "reply-to another's mask",
            with(|f| {
                f.sender.reply_to = Ok(vec![Owned {
                    mask_of: Some("seller".parse().unwrap()),
                    ..owned("seller@allegromail.pl", None)
                }])
            }),
            Reason::ReplyToNotRegistered,
        ),
        (
            "null sender of an ordinary message",
            with(|f| {
                f.sender.return_path = None;
                f.sender.reverse_path = ReversePath::Null;
            }),
            Reason::NullSender,
        ),
        (
            "null sender of a courier",
            courier(|f| {
                f.sender.return_path = None;
                f.sender.reverse_path = ReversePath::Null;
            }),
            Reason::NullSender,
        ),
        (
            "transaction required",
            with(|f| {
                no_order(f);
                f.options.require_transaction = true;
            }),
            Reason::TransactionRequired,
        ),
    ];
    for (case, facts, want) in cases {
        let verdict = facts.decide();
        assert_eq!(
            verdict.decision.err().map(|refusal| refusal.reason),
            Some(want),
            "{case}\n{}",
            verdict.trail
        );
    }
}

#[test]
fn the_answer_to_an_unproven_sender_does_not_depend_on_registration() {
    let unproven = |change: fn(&mut Case)| {
        with(|f| {
            change(f);
            f.sender.proof = Proof::Unproven("not proven".into());
        })
    };
    let answers: Vec<_> = [
        unproven(|_| {}),
        unproven(|f| f.sender.writer = None),
        unproven(|f| f.sender.courier = Some("l".into())),
        unproven(|f| f.receiver = suspended("seller")),
        unproven(|f| {
            f.transaction = TransactionFact::Unknown {
                within_grace: false,
            }
        }),
    ]
    .iter()
    .map(|facts| facts.decide().decision.unwrap_err())
    .collect();
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );
}

#[test]
fn refusals_name_the_address_at_fault_and_nothing_of_the_receivers() {
    let text = |facts: &Case| facts.decide().decision.unwrap_err().text;
    assert!(
        text(&with(
            |f| f.sender.reply_to = Ok(vec![owned("x@tool.example", None)])
        ))
        .contains("Reply-To x@tool.example")
    );
    assert!(
        text(&with(
            |f| f.sender.return_path = Some(owned("x@tool.example", None))
        ))
        .contains("Return-Path x@tool.example")
    );
    assert!(!text(&with(|f| f.receiver = suspended("seller"))).contains("y.example"));
}

#[test]
fn return_paths_are_undressed() {
    for (path, want) in [
        (
            "prvs=1234abcdef=jan@poczta.example",
            vec!["jan@poczta.example", "1234abcdef@poczta.example"],
        ),
        (
            "SRS0=HHH=TT=poczta.example=jan@fwd.example",
            vec!["jan@poczta.example"],
        ),
        (
            "srs0+HHH=TT=poczta.example=jan@fwd.example",
            vec!["jan@poczta.example"],
        ),
        (
            "SRS1=HHH=a.example==HHH=TT=poczta.example=jan@fwd.example",
            vec!["jan@poczta.example"],
        ),
        ("jan@poczta.example", vec![]),
        ("SRS0=broken@fwd.example", vec![]),
    ] {
        let want: Vec<Mailbox> = want.iter().map(|text| mailbox(text)).collect();
        assert_eq!(originals(&mailbox(path)), want, "{path}");
    }
}

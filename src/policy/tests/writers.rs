//! Who may write, and who may not.

use super::*;

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

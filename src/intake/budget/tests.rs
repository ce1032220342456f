//! Who is slowed by whose refusals, and who is not.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::copies::Before;
use super::*;
use crate::auth::{Means, SignatureDigest};
use crate::config::Budget;
use crate::mail::{Domain, Mailbox, TraceId};
use crate::masking::{BudgetKeys, TokenKeys};
use crate::message::Message;
use crate::policy::Reason;

fn keys() -> BudgetKeys {
    BudgetKeys::new(&TokenKeys::new(vec![vec![7; 32]]))
}

fn budgets(count: u32) -> Budgets {
    let budget = Some(Budget {
        count,
        period: Duration::from_secs(3_600),
    });
    let limits = Limits {
        refusals_per_client: budget,
        messages_per_sender: None,
        messages_per_transaction: None,
        role_messages: None,
        role_messages_total: None,
        connections_per_client: 1,
        connections: 1,
        connections_per_network: 1,
        memory: 0,
    };
    Budgets::new(&limits, None)
}

/// What is proven of a mailbox at `client`.
fn proven(from: &str, signed: bool, client: &str) -> (Mailbox, Proven) {
    let from = Mailbox::parse(from).unwrap();
    let domain = from.domain().clone();
    let means = if signed {
        Means::Dkim {
            domain,
            selector: String::new(),
            signed: Vec::new(),
        }
    } else {
        Means::Spf {
            domain,
            helo: false,
            shared: false,
        }
    };
    let proven = Proven::new(&from, &means, client.parse().unwrap());
    (from, proven)
}

#[test]
fn h159_what_is_unproven_shuts_out_its_own_address_only() {
    let budgets = budgets(3).refusals;
    let client = |text: &str| -> IpAddr { text.parse().unwrap() };
    for (guesser, same, others) in [
        (
            "192.0.2.1",
            vec!["192.0.2.1", "::ffff:192.0.2.1"],
            vec!["192.0.2.2", "2001:db8::1"],
        ),
        (
            "::ffff:192.0.2.9",
            vec!["192.0.2.9"],
            vec!["192.0.2.8", "::ffff:192.0.2.8"],
        ),
        (
            "2001:db8::1",
            vec!["2001:db8::2", "2001:db8::ffff:1"],
            vec!["2001:db8:0:1::1"],
        ),
    ] {
        for _ in 0..4 {
            budgets.count_unproven(client(guesser), Reason::UnknownParticipant, 0);
        }
        for same in same {
            assert_eq!(
                budgets.standing(client(same), "shop.example"),
                Standing::ShutOut,
                "{same}"
            );
        }
        for other in others {
            assert_eq!(
                budgets.standing(client(other), "shop.example"),
                Standing::Good,
                "{other}"
            );
        }
    }
}

#[test]
fn h159_a_domain_that_was_proven_there_is_heard_in_spite_of_its_address() {
    let budgets = budgets(3).refusals;
    let client: IpAddr = "2001:db8::1".parse().unwrap();
    budgets.trust(client, "Shop.example");
    for _ in 0..40 {
        budgets.count_unproven(client, Reason::SenderUnauthenticated, 0);
    }
    assert!(budgets.check_client(client, "new.example").is_err());
    assert_eq!(budgets.standing(client, "shop.EXAMPLE"), Standing::OnTrust);
    let elsewhere = "2001:db8:0:1::1".parse().unwrap();
    assert_eq!(budgets.standing(elsewhere, "shop.example"), Standing::Good);
}

#[test]
fn h159_what_is_proven_pays_for_itself() {
    let budgets = budgets(3).refusals;
    let client: IpAddr = "192.0.2.1".parse().unwrap();
    // Subdomains are one organisation; at a provider each mailbox is by itself; a copy of a signed message costs its client's share only.
    for (guesser, shut_out, free) in [
        (
            ("a@shop.example", false, "192.0.2.1"),
            ("b@mail.shop.example", false, "198.51.100.1"),
            ("a@other.example", false, "192.0.2.1"),
        ),
        (
            ("a@gmail.com", false, "192.0.2.1"),
            ("A@gmail.com", false, "192.0.2.1"),
            ("b@gmail.com", false, "192.0.2.1"),
        ),
        (
            ("a@signed.example", true, "192.0.2.1"),
            ("b@signed.example", true, "::ffff:192.0.2.1"),
            ("a@signed.example", true, "192.0.2.2"),
        ),
        (
            ("x@signs.example", true, "192.0.2.1"),
            ("x@signs.example", true, "192.0.2.1"),
            ("x@signs.example", false, "192.0.2.1"),
        ),
    ] {
        let guesser = proven(guesser.0, guesser.1, guesser.2);
        for _ in 0..4 {
            budgets.count_proven(&guesser.1, Reason::UnknownParticipant, 0);
        }
        let (from, of) = proven(shut_out.0, shut_out.1, shut_out.2);
        assert!(budgets.check_claim(client, &from).is_ok());
        assert!(budgets.check_proven(client, &from, &of).is_err(), "{of:?}");
        assert!(
            budgets.check_claim(client, &from).is_err(),
            "not proven again"
        );
        let (from, of) = proven(free.0, free.1, free.2);
        assert!(budgets.check_proven(client, &from, &of).is_ok(), "{of:?}");
    }
    assert_eq!(budgets.standing(client, "shop.example"), Standing::Good);
}

#[test]
fn h159_refusals_that_honest_senders_meet_cost_nothing() {
    let budgets = budgets(1).refusals;
    let client: IpAddr = "192.0.2.1".parse().unwrap();
    let (from, of) = proven("a@shop.example", false, "192.0.2.1");
    for reason in [
        Reason::UnknownTransaction,
        Reason::TooLarge,
        Reason::ReplyToNotRegistered,
        Reason::AttachmentType,
        Reason::ContentProhibited,
        Reason::DuplicateNotification,
        Reason::WouldLeak,
        Reason::Internal,
        Reason::Storage,
    ] {
        for _ in 0..100 {
            budgets.count_unproven(client, reason, 0);
            budgets.count_proven(&of, reason, 100);
        }
        assert_eq!(budgets.standing(client, ""), Standing::Good, "{reason:?}");
        assert!(
            budgets.check_proven(client, &from, &of).is_ok(),
            "{reason:?}"
        );
    }
}

#[test]
fn h146_a_refusal_that_took_long_costs_as_much() {
    let budgets = budgets(3).refusals;
    let client: IpAddr = "192.0.2.1".parse().unwrap();
    // 30 ms in all.
    budgets.count_unproven(client, Reason::Malformed, 0);
    budgets.count_unproven(client, Reason::Malformed, 20);
    budgets.count_unproven(client, Reason::SenderUnauthenticated, 4);
    assert_eq!(budgets.standing(client, ""), Standing::Good);
    budgets.count_unproven(client, Reason::SenderCheckDeferred, 5);
    assert_eq!(budgets.standing(client, ""), Standing::ShutOut);
    // More than a budget can ever hold.
    let other = "192.0.2.2".parse().unwrap();
    budgets.count_unproven(other, Reason::SenderUnauthenticated, 1_000);
    assert_eq!(budgets.standing(other, ""), Standing::ShutOut);
}

#[test]
fn h166_a_budget_that_was_given_back_can_be_spent_again() {
    let two = Some(Budget {
        count: 2,
        period: Duration::from_secs(3_600),
    });
    let (a, b) = ("a".to_owned(), "b".to_owned());
    let shared = Arc::new(SharedBudgets::new(keys()));
    let alone = Allowance::new("test", two, None);
    for budget in [alone, Allowance::new("test", two, Some(&shared))] {
        for _ in 0..10 {
            assert!(budget.spend(&a));
            budget.give_back(a.clone());
        }
        assert!(budget.spend(&a) && budget.spend(&a));
        assert!(!budget.spend(&a), "not more than there was");
        assert!(budget.spend(&b), "its own");
    }
    let off = Allowance::new("test", None, None);
    off.give_back(a.clone());
    assert!(off.spend(&a));
}

#[test]
fn h160_a_message_is_known_by_its_signatures() {
    let copies = Copies::new(None);
    let domain = Domain::parse("shop.example").unwrap();
    let digest = |value: &str| SignatureDigest::of(&domain, "s1", value.as_bytes());
    let message = |fields: &str| Message::parse(format!("{fields}\r\nx\r\n").into()).unwrap();
    let (one, other) = (TraceId::new(1, 1), TraceId::new(2, 1));
    let (first, second) = (digest("1"), digest("2"));
    let plain = message("From: a@shop.example\r\nSubject: a b\r\nMIME-Version: 1.0\r\n");
    let same =
        message("X: 1\r\nMIME-Version: 1.0\r\nSubject:  a\r\n b \r\nFrom: a@shop.example\r\n");
    let changed = message("From: a@shop.example\r\nSubject: a c\r\nMIME-Version: 1.0\r\n");
    let both = [first, second];
    assert!(!copies.is_altered(&both, &plain));
    assert_eq!(
        copies.note(&both, &plain, &one),
        Before::Never { noted: true }
    );
    // For its next recipient.
    assert_eq!(
        copies.note(&both, &plain, &one),
        Before::Never { noted: false }
    );
    assert_eq!(copies.note(&[second], &same, &other), Before::Again);
    for signed in [&both[..], &[first], &[second], &[digest("3"), second]] {
        assert!(copies.is_altered(signed, &changed));
        assert_eq!(copies.note(signed, &changed, &other), Before::Altered);
    }
    // Nothing is remembered of what is altered, nor of what did not pass.
    let third = [digest("3")];
    assert_eq!(
        copies.note(&third, &plain, &other),
        Before::Never { noted: true }
    );
    copies.forget(&third, &one);
    assert!(copies.is_altered(&third, &changed));
    copies.forget(&third, &other);
    assert!(!copies.is_altered(&third, &changed));
}

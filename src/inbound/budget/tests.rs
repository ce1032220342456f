//! Who is slowed by whose refusals, and who is not.

use super::*;

fn budgets(count: u32) -> Budgets {
    let budget = Some(Budget {
        count,
        period: Duration::from_secs(3_600),
    });
    Budgets::new(&Limits {
        refusals_per_client: budget,
        messages_per_sender: None,
        messages_per_transaction: None,
        connections_per_client: 1,
        connections: 1,
        connections_per_network: 1,
        memory: 0,
    })
}

#[test]
fn one_bad_tool_at_a_provider_does_not_slow_its_neighbours() {
    let budgets = budgets(3);
    let (tool, neighbour) = ("192.0.2.1".parse().unwrap(), "192.0.2.200".parse().unwrap());
    for _ in 0..4 {
        budgets.count_refusal(tool, "tool.example", Reason::UnknownParticipant);
    }
    assert!(budgets.check_client(tool, "tool.example").is_err());
    assert!(
        budgets.check_client(neighbour, "Tool.example").is_err(),
        "a neighbour's address is free to take"
    );
    assert!(budgets.check_client(neighbour, "shop.example").is_ok());
    assert!(
        budgets
            .check_client("198.51.100.1".parse().unwrap(), "tool.example")
            .is_ok()
    );
}

#[test]
fn a_network_that_guesses_with_many_domains_is_stopped_but_for_proven_ones() {
    let budgets = budgets(3);
    let client = "2001:db8::1".parse().unwrap();
    budgets.note_proven(client, &Domain::parse("shop.example").unwrap());
    for number in 0..40 {
        budgets.count_refusal(
            client,
            &format!("d{number}.example"),
            Reason::SenderUnauthenticated,
        );
    }
    assert!(
        budgets
            .check_client("2001:db8::2".parse().unwrap(), "new.example")
            .is_err()
    );
    assert!(
        budgets
            .check_client("2001:db8::2".parse().unwrap(), "shop.example")
            .is_ok()
    );
    assert!(
        budgets
            .check_client("2001:db8:0:1::1".parse().unwrap(), "new.example")
            .is_ok()
    );
}

#[test]
fn refusals_that_honest_senders_meet_cost_nothing() {
    let budgets = budgets(1);
    let client = "192.0.2.1".parse().unwrap();
    for _ in 0..100 {
        budgets.count_refusal(client, "shop.example", Reason::UnknownTransaction);
        budgets.count_refusal(client, "shop.example", Reason::TooLarge);
    }
    assert!(budgets.check_client(client, "shop.example").is_ok());
}

#[test]
fn one_signed_message_reaches_so_many_masks_and_no_more() {
    let budgets = budgets(1);
    let letter = |signature: &str| {
        Message::parse(format!("DKIM-Signature: {signature}\r\nFrom: a@b.example\r\n\r\n").into())
            .unwrap()
    };
    let taken = (0..300)
        .filter(|_| budgets.spend_copy(&letter("b=AA")).is_ok())
        .count();
    assert_eq!(taken, 200);
    assert!(budgets.spend_copy(&letter("b=BB")).is_ok());
}

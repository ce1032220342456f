//! What a refusal says, and what it does not.

use super::*;

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
fn a_stranger_hears_what_it_is_not_and_whom_to_ask() {
    let stranger = |change: fn(&mut Case)| {
        let facts = with(|f| {
            f.sender.from = mailbox("x@parcels.example");
            f.sender.writer = None;
            change(f);
        });
        facts.decide().decision.unwrap_err().text
    };
    let text = stranger(|_| {});
    assert_eq!(
        text,
        "x@parcels.example may not write here: it is no registered address of a participant, and its domain parcels.example is not on the \
         list of couriers. Participants: add it to your account's e-mail addresses, or write from one that is there. Couriers: ask the \
         marketplace to list parcels.example."
    );
    // Whoever the receiver is, and whether there is such an order.
    assert_eq!(text, stranger(|f| f.receiver = suspended("seller")));
    assert_eq!(text, stranger(no_order));
    let asked = stranger(|f| f.options.has_contact = true);
    assert!(
        asked.ends_with(
            "list parcels.example by writing to postmaster at the domain that you wrote to."
        ),
        "{asked}"
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

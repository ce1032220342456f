//! Budgets of all nodes together: whoever spreads its mail over them sends no more than its own, and a little.

use std::time::Duration;

use allegromail::directory::{Link, PostgresSettings, PostgresSpent, SpentMore};

use super::relays::node;
use crate::support::postgres::Postgres;
use crate::support::stage::*;

/// Messages of a sender in an hour; what comes back while a test runs is less than one.
const BUDGET: u32 = 40;

async fn start(server: &Postgres, database: &str, name: &str) -> Stage {
    let node = node(server, database, name);
    let node = node.key("limits", &format!("messages_per_sender = \"{BUDGET}/24h\""));
    Box::pin(node.start()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_at_three_nodes_sends_its_budget_and_no_more_than_a_third_of_it_beside() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let database = server.database();
    let nodes = [
        start(&server, &database, "mx1").await,
        start(&server, &database, "mx2").await,
        start(&server, &database, "mx3").await,
    ];
    let counted = || {
        let sql = "select coalesce(round(sum(amount)), 0) from spent";
        server.sql(&database, sql).parse::<u32>().unwrap()
    };
    let mut passed = 0;
    for _ in 0..BUDGET {
        for node in &nodes {
            let answer = node.send(JAN, SELLER).await;
            if answer.0.starts_with("250") {
                passed += 1;
            } else {
                answer.assert("450").because("rate");
            }
        }
        // However slow this machine is: what was let through is told, but for a tenth at each node.
        until("the sum", async || {
            (counted() + 3 * BUDGET / 10 >= passed).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(
        (BUDGET..=BUDGET * 13 / 10).contains(&passed),
        "{passed} of {BUDGET}"
    );
    // Nobody else pays for that.
    for node in &nodes {
        node.send(BIURO, BUYER).await.assert("250");
    }
    let dump = server.dump(&database, &["-t", "spent"]);
    assert!(dump.contains("COPY public.spent"), "{dump}");
    for word in ["jan@", "poczta", "biuro", "rowery", "@", "sender"] {
        assert!(!dump.contains(word), "{word}: {dump}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_tell_is_added_up_and_comes_back_by_the_databases_clock() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let database = server.database();
    let settings = PostgresSettings::parse(&server.url(&database), None, None).unwrap();
    let link = Link::open(settings.clone()).await.unwrap();
    let (one, two) = (
        PostgresSpent::new(link),
        PostgresSpent::new(Link::open(settings).await.unwrap()),
    );
    let more = |whose: u8, amount: f64| SpentMore {
        whose: [whose; 16],
        amount,
        rate: 100.0 / 3_600.0,
        period: Duration::from_secs(3_600),
    };
    assert_eq!(
        one.add(&[more(1, 30.0), more(2, 5.0)]).await.unwrap(),
        [30.0, 5.0]
    );
    let sums = two.add(&[more(1, 10.0), more(3, 1.0)]).await.unwrap();
    assert_eq!((sums[0].round(), sums[1]), (40.0, 1.0));
    // What was given back is taken off, and nothing falls below zero.
    let sums = one.add(&[more(1, -15.0), more(3, -9.0)]).await.unwrap();
    assert_eq!((sums[0].round(), sums[1]), (25.0, 0.0));
    let later =
        "update spent set at = at - interval '6 minutes', until = until - interval '6 minutes'";
    server.sql(&database, later);
    let sums = two.add(&[more(1, 0.0)]).await.unwrap();
    assert_eq!(sums[0].round(), 15.0);
    // Who has all back again is forgotten.
    server.sql(
        &database,
        "update spent set until = now() - interval '1 second' where amount < 10",
    );
    one.forget().await.unwrap();
    assert_eq!(server.sql(&database, "select count(*) from spent"), "1");
    // Many nodes at once, all of the same.
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let node = if number % 2 == 0 {
                one.clone()
            } else {
                two.clone()
            };
            tokio::spawn(async move {
                let all: Vec<_> = (10..60).map(|whose| more(whose, 1.0)).collect();
                node.add(&all).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let sums = one.add(&[more(10, 0.0), more(59, 0.0)]).await.unwrap();
    assert_eq!((sums[0].round(), sums[1].round()), (20.0, 20.0));
}

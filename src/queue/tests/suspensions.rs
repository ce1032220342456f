//! Destinations that an operator suspends.

use super::*;

fn rowery() -> Domain {
    Domain::parse("rowery.example").unwrap()
}

#[tokio::test]
async fn what_is_suspended_waits_and_leaves_once_it_is_resumed() {
    let mut stage = Stage::build(vec![]).await;
    let client = stage.handle.client();
    let suspended = client.suspend(rowery(), None, "uid 0").await.unwrap();
    assert_eq!((suspended.entries, suspended.until), (Some(0), None));
    stage.submit(None).await;
    let listed = stage.settle(1).await;
    assert_eq!(listed[0].status.as_deref(), Some("4.3.2"));
    let reply = listed[0].last_reply.clone().unwrap();
    assert!(
        !reply.contains("rowery") && !reply.contains("uid"),
        "{reply}"
    );
    assert_eq!(client.suspended().await[0].entries, Some(1));
    // Neither an order for the entry nor its schedule goes round it.
    let id = listed[0].id.parse().unwrap();
    client.act(id, QueueAction::Retry, "uid 0").await.unwrap();
    stage.clock.advance(Duration::from_secs(400));
    stage.settle(1).await;
    assert!(stage.seen.try_recv().is_err());
    let resumed = client.resume(rowery(), "uid 7").await.unwrap();
    assert_eq!(resumed.unwrap().entries, 1);
    assert_eq!(stage.next().await.0, "biuro@rowery.example");
    stage.settle(0).await;
    assert_eq!(client.resume(rowery(), "uid 7").await.unwrap(), None);
    let lines = stage.context.history.search(&TraceQuery::all()).unwrap();
    let orders = lines.iter().filter_map(|line| match &line.event {
        HistoryEvent::Ordered { order, by } => Some(format!("{order} {by}")),
        _ => None,
    });
    let orders: Vec<String> = orders.collect();
    assert_eq!(orders, ["retry uid 0", "resume uid 7"]);
}

#[tokio::test]
async fn a_suspension_ends_by_itself_and_holds_over_a_restart() {
    let stage = Stage::build(vec![]).await;
    let span = Some(Duration::from_secs(30));
    let client = stage.handle.client();
    client.suspend(rowery(), span, "uid 0").await.unwrap();
    stage.submit(None).await;
    stage.settle(1).await;
    stage.handle.shutdown(Duration::from_secs(1)).await;
    drop((stage.context, client));
    let mut stage = Stage::build_in(stage.folder, vec![], NEVER_TOLD).await;
    stage.settle(1).await;
    assert!(
        stage.seen.try_recv().is_err(),
        "suspended before the restart"
    );
    // Sooner than the schedule would have it.
    stage.clock.advance(Duration::from_secs(31));
    stage.handle.list().await;
    assert_eq!(stage.next().await.0, "biuro@rowery.example");
    stage.settle(0).await;
}

#[tokio::test]
async fn a_shorter_suspension_takes_the_place_of_a_longer_one() {
    let mut stage = Stage::build(vec![]).await;
    let client = stage.handle.client();
    client.suspend(rowery(), None, "uid 0").await.unwrap();
    stage.submit(None).await;
    stage.settle(1).await;
    let span = Some(Duration::from_secs(5));
    let shorter = client.suspend(rowery(), span, "uid 0").await.unwrap();
    assert_eq!(shorter.entries, Some(1));
    let due = |listed: &[ListedEntry]| listed[0].next_attempt.clone();
    let until = shorter.until.unwrap();
    let told = async {
        while due(&stage.settle(1).await) != until {
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(20), told).await;
    told.expect("what waits does not learn the new end");
    stage.clock.advance(Duration::from_secs(5));
    stage.handle.list().await;
    stage.next().await;
    stage.settle(0).await;
}

#[tokio::test]
async fn what_is_suspended_expires_as_other_mail_that_cannot_be_delivered() {
    let mut stage = Stage::build(vec![]).await;
    let client = stage.handle.client();
    client.suspend(rowery(), None, "uid 0").await.unwrap();
    stage.submit(None).await;
    stage.settle(1).await;
    let clock = stage.clock.clone();
    let hours_pass = async {
        loop {
            clock.advance(Duration::from_secs(331));
            client.list().await;
            tokio::task::yield_now().await;
        }
    };
    let (to, report) = tokio::select! {
        seen = stage.next() => seen,
        () = hours_pass => unreachable!(),
    };
    assert_eq!(to, "jan@poczta.example");
    assert!(report.contains("Status: 4.4.7"), "{report}");
    assert!(!report.contains("rowery"), "{report}");
}

#[tokio::test]
async fn what_waits_in_the_lane_is_not_under_way_yet() {
    let stage = Stage::build(vec![]).await;
    let lanes = lanes::Lanes::new(1, 1);
    let place = lanes.enter(&rowery()).await.unwrap().ok().unwrap();
    let target = Target::Address(Mailbox::parse("biuro@rowery.example").unwrap());
    let entry = Entry::new(
        crate::mail::QueueId(77),
        TraceId::new(1, 1),
        stage.clock.now(),
        target,
    );
    let attempt = attempt::run(&stage.context, &lanes, &entry, None);
    let suspend = async {
        // The attempt has come to the lane by now.
        tokio::task::yield_now().await;
        let client = stage.handle.client();
        client.suspend(rowery(), None, "uid 0").await.unwrap();
        drop(place);
    };
    let (end, ()) = tokio::join!(attempt, suspend);
    let ending::AttemptEnd::Suspended(progress, _) = end else {
        panic!("it was tried");
    };
    assert_eq!(
        progress.last.unwrap().status,
        EnhancedStatus::SUSPENDED_4_3_2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_off_while_its_destination_is_resumed_does_not_sleep_on() {
    let mut stage = Stage::build(vec![]).await;
    let client = stage.handle.client();
    for round in 0..200 {
        client.suspend(rowery(), None, "uid 0").await.unwrap();
        stage.submit(None).await;
        for _ in 0..round % 20 {
            tokio::task::yield_now().await;
        }
        client.resume(rowery(), "uid 0").await.unwrap();
        // The clock stands still: what is not woken never leaves.
        stage.next().await;
    }
}

#[tokio::test]
async fn ages_and_destinations_are_counted_and_names_shown_only_as_they_may_be() {
    let stage = Stage::build(vec![later(); 6]).await;
    stage.submit(None).await;
    stage.settle(1).await;
    stage.clock.advance(Duration::from_secs(6 * 60));
    stage.submit(None).await;
    while stage.ids().await.len() < 2 {
        tokio::task::yield_now().await;
    }
    let client = stage.handle.client();
    let top = client.top(|_| None).await.unwrap();
    let row = &top.destinations[0];
    assert_eq!(
        (row.destination.as_str(), row.entries, row.domains),
        ("other", 2, 1)
    );
    assert_eq!(row.ages[..3], [1, 1, 0]);
    assert_eq!(top.total.entries, 2);
    let named = client.top(|domain| Some(domain.to_string())).await.unwrap();
    assert_eq!(named.destinations[0].destination, "rowery.example");
    let ids = stage.ids().await;
    let counts = client.counts(&ids).await.unwrap();
    assert_eq!(
        (counts.entries, counts.sellers, counts.destinations),
        (2, 0, 1)
    );
}

#[tokio::test]
async fn the_oldest_suspension_is_the_one_that_may_be_forgotten() {
    let stage = Stage::build(vec![]).await;
    let client = stage.handle.client();
    assert_eq!(client.suspended_count(), (0, None));
    let first = stage.clock.now();
    client.suspend(rowery(), None, "uid 0").await.unwrap();
    stage.clock.advance(Duration::from_secs(7_200));
    let poczta = Domain::parse("poczta.example").unwrap();
    client.suspend(poczta, None, "uid 0").await.unwrap();
    assert_eq!(client.suspended_count(), (2, Some(first)));
    let later = stage.clock.now();
    client.resume(rowery(), "uid 0").await.unwrap();
    assert_eq!(client.suspended_count(), (1, Some(later)));
}

#[tokio::test]
async fn what_waits_is_counted_by_state_and_age() {
    let stage = Stage::build(vec![]).await;
    let client = stage.handle.client();
    client.suspend(rowery(), None, "uid 0").await.unwrap();
    stage.submit(None).await;
    let id = stage.settle(1).await[0].id.parse().unwrap();
    client.act(id, QueueAction::Hold, "uid 0").await.unwrap();
    stage.clock.advance(Duration::from_secs(30 * 60));
    stage.submit(None).await;
    let waiting = async || {
        let counted = client.by_state_and_age().await;
        assert_eq!(counted.len(), 30, "each state and age, none or not");
        let some = counted.iter().filter(|counted| counted.entries > 0);
        let some = some.map(|counted| (counted.state, counted.age, counted.entries));
        some.collect::<Vec<_>>()
    };
    while waiting().await.len() < 2 || waiting().await[0].0 == "active" {
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting().await, [("deferred", "5m", 1), ("held", "40m", 1)]);
}

//! When attempts are made, and when they end.

use super::*;

#[tokio::test]
async fn the_first_attempt_leaves_at_once_and_ends_the_entry() {
    let mut stage = Stage::build(vec![]).await;
    stage.submit(None).await;
    assert_eq!(stage.next().await.0, "biuro@rowery.example");
    stage.settle(0).await;
    stage.handle.shutdown(Duration::from_secs(1)).await;
    drop(stage.context);
    assert!(
        open(stage.folder.path(), &Arc::default())
            .recovered
            .is_empty()
    );
}

#[tokio::test]
async fn a_deferred_entry_waits_its_time_and_keeps_no_real_address() {
    let mut stage = Stage::build(vec![later(), later()]).await;
    stage.submit(None).await;
    stage.next().await;
    let listed = stage.settle(1).await;
    assert_eq!(listed[0].attempts, 1);
    let reply = listed[0].last_reply.clone().unwrap();
    assert!(
        reply.contains("k2m9x0r7t3+cub31c122@allegromail.pl") && !reply.contains("rowery"),
        "{reply}"
    );
    stage.clock.advance(Duration::from_secs(50));
    stage.handle.list().await;
    assert!(stage.seen.try_recv().is_err(), "too early");
    stage.clock.advance(Duration::from_secs(20));
    stage.handle.list().await;
    stage.next().await;
    assert_eq!(stage.settle(1).await[0].attempts, 2);
    stage.handle.retry_now();
    stage.next().await;
    stage.settle(0).await;
}

#[tokio::test]
async fn what_was_just_taken_is_on_its_way_until_its_first_attempt_has_ended() {
    let mut stage = Stage::build(vec![later()]).await;
    stage.submit(None).await;
    stage.next().await;
    stage.settle(1).await;
    stage.handle.retry_now();
    stage.next().await;
    stage.settle(0).await;
    // One octet in memory; the second time it was read back.
    assert_eq!(*stage.under_way.lock().unwrap(), [1, 0]);
    assert_eq!(stage.context.flow.held_bytes(), 0);
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let mut stage = Stage::build(vec![later()]).await;
    stage.submit(None).await;
    stage.next().await;
    stage.settle(1).await;
    stage.handle.shutdown(Duration::from_secs(1)).await;
    drop(stage.context);
    let mut stage = Stage::build_in(stage.folder, vec![], NEVER_TOLD).await;
    assert_eq!(stage.settle(1).await[0].attempts, 1);
    stage.clock.advance(Duration::from_secs(70));
    stage.handle.list().await;
    assert_eq!(stage.next().await.1, "x");
}

#[tokio::test]
async fn h124_expiry_wants_time_and_attempts() {
    let mut stage = Stage::build(vec![later(); 12]).await;
    stage.submit(None).await;
    stage.next().await;
    stage.settle(1).await;
    // The clock jumps ten years: one attempt more, and no expiry yet.
    stage.clock.advance(Duration::from_secs(86_400 * 3_650));
    stage.handle.list().await;
    let mut seen = Vec::new();
    loop {
        let (to, text) = stage.next().await;
        seen.push(to.clone());
        if to == "jan@poczta.example" {
            assert!(text.contains("Status: 4.4.7"), "{text}");
            break;
        }
        stage.settle(1).await;
        stage.clock.advance(Duration::from_secs(400));
        stage.handle.list().await;
    }
    assert!(seen.len() >= 2, "{seen:?}");
}

#[tokio::test]
async fn h197_an_order_waits_for_the_one_before_it() {
    let later = || Outcome::Deferred(Diagnostic::local(EnhancedStatus::SYSTEM_4_3_0, "later"));
    let mut stage = Stage::build(vec![later(), later(), later()]).await;
    stage.submit(None).await;
    stage.next().await;
    let id = stage.settle(1).await[0].id.parse().unwrap();
    let controls = stage.handle.client();
    controls.act(id, QueueAction::Hold, "uid 0").await.unwrap();
    let (released, failed) = tokio::join!(
        controls.act(id, QueueAction::Release, "uid 0"),
        controls.act(id, QueueAction::Fail, "uid 0")
    );
    // Whichever came first, the other waited for it.
    assert_eq!(failed, Ok(()));
    assert!(
        matches!(released, Ok(()) | Err(QueueActionError::NoSuchEntry(_))),
        "{released:?}"
    );
    assert_eq!(
        controls.act(id, QueueAction::Fail, "uid 0").await,
        Err(QueueActionError::NoSuchEntry(id))
    );
}

/// A destination that could not be reached a moment ago is asked again at once where an operator says so.
#[tokio::test]
async fn what_is_released_or_retried_goes_out_though_its_destination_was_down_a_moment_ago() {
    for order in [QueueAction::Release, QueueAction::Retry] {
        let unreachable = Diagnostic::local(EnhancedStatus::new(4, 4, 1), "nobody is there");
        let mut stage = Stage::build(vec![Outcome::Deferred(unreachable)]).await;
        stage.submit(None).await;
        stage.next().await;
        let id = stage.settle(1).await[0].id.parse().unwrap();
        let controls = stage.handle.client();
        if order == QueueAction::Release {
            controls.act(id, QueueAction::Hold, "uid 0").await.unwrap();
        }
        controls.act(id, order, "uid 0").await.unwrap();
        // Not the clock's doing: it stands.
        assert_eq!(stage.next().await.0, "biuro@rowery.example", "{order:?}");
    }
}

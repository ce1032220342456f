//! What the writer is told of a failure, a delay, and a message that is damaged.

use super::*;

#[tokio::test]
async fn a_failure_is_reported_to_its_writer_without_the_hidden_side() {
    let mut stage = Stage::build(vec![never(), never()]).await;
    stage.submit(Some("cub31c122")).await;
    stage.next().await;
    let (to, report) = stage.next().await;
    assert_eq!(to, "jan@poczta.example");
    assert!(
        report.contains("Status: 5.1.1")
            && report.contains("To: <8awgqyk6a5+cub31c122@allegromail.pl>"),
        "{report}"
    );
    assert!(
        !report.contains("rowery") && !report.contains("biuro"),
        "{report}"
    );
    stage.settle(0).await;
    assert!(
        stage.seen.try_recv().is_err(),
        "a report is never reported on"
    );
}

#[tokio::test]
async fn h174_a_message_that_cannot_be_read_any_more_is_told_to_its_writer_at_once() {
    let mut stage = Stage::build(vec![later()]).await;
    stage.submit(Some("cub31c122")).await;
    stage.next().await;
    stage.settle(1).await;
    let file = stage.folder.path().join("spool/00000001.seg");
    let mut octets = std::fs::read(&file).unwrap();
    let body = memchr::memmem::find(&octets, b"}xEND").unwrap() + 1;
    octets[body] = b'y';
    std::fs::write(&file, octets).unwrap();
    stage.clock.advance(Duration::from_secs(400));
    stage.handle.list().await;
    let (to, report) = stage.next().await;
    assert_eq!(to, "jan@poczta.example");
    assert!(report.contains("Status: 4.3.0"), "{report}");
    // The report leaves the queue; the message stays to be looked at.
    let listed = loop {
        let listed = stage.handle.list().await;
        if listed.len() == 1 {
            break listed;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(listed[0].state, EntryState::Damaged);
    let life = stage
        .context
        .history
        .search(&TraceQuery::new(&listed[0].id))
        .unwrap();
    let ends = life
        .iter()
        .filter(|line| matches!(line.event, HistoryEvent::Failed { .. }));
    assert_eq!(ends.count(), 1, "{life:?}");
}

#[tokio::test]
async fn a_delay_is_told_once_and_the_life_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let half_an_hour = Duration::from_secs(1_800);
    let mut script = vec![later(), later(), later()];
    // The notice itself is delivered, and a message that waits on is not told of again.
    script.push(Outcome::Delivered {
        host: None,
        reply: Reply::new(250, None, "ok"),
    });
    script.push(later());
    let mut stage = Stage::build_in(folder, script, half_an_hour).await;
    stage.submit(None).await;
    let mut told = Vec::new();
    for _ in 0..5 {
        let (to, text) = stage.next().await;
        if to == "jan@poczta.example" {
            told.push(text);
            stage.clock.advance(Duration::from_secs(1_000));
            stage.handle.retry_now();
        } else if stage.settle(1).await[0].attempts < 3 {
            stage.clock.advance(Duration::from_secs(1_000));
            stage.handle.retry_now();
        }
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Action: delayed"), "{told:?}");
    assert!(
        told[0].contains("Will-Retry-Until: Mon, 23 Nov 2026 01:00:00"),
        "{told:?}"
    );
    let life = stage
        .context
        .history
        .search(&TraceQuery::new("k2m9x0r7t3+cub31c122@allegromail.pl"))
        .unwrap();
    let deferred = life
        .iter()
        .filter(|line| matches!(line.event, HistoryEvent::Deferred { .. }));
    assert_eq!(deferred.count(), 4, "{life:?}");
}

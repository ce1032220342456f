//! The log shrinks as mail goes, and says when the disk is short.

use super::*;

#[tokio::test]
async fn churn_leaves_the_disk_bounded_and_the_living_alive() {
    let dir = tempfile::tempdir().unwrap();
    let opened = LocalSpool::open(settings(dir.path(), 64 * 1024), Box::new(|| Ok(()))).unwrap();
    let spool = opened.spool.clone();
    let stays = spool.next_id();
    spool
        .commit(vec![committed(stays, b"stays")])
        .await
        .unwrap();
    let progress = Progress {
        attempts: 7,
        ..Progress::default()
    };
    spool
        .settle(stays, Settlement::Deferred(progress.clone()))
        .await
        .unwrap();
    let mut living = vec![stays.0];
    for _ in 0..40 {
        let id = spool.next_id();
        spool
            .commit(vec![committed(id, id.to_string().as_bytes())])
            .await
            .unwrap();
        living.push(id.0);
    }
    churn(&spool, 1_000).await;
    let segments = count_segments(dir.path());
    assert!(
        segments <= 3,
        "{segments} segments of 64 KiB after 2 MB of churn"
    );
    assert_eq!(spool.body(stays).await.unwrap(), "stays");
    drop((spool, opened));
    let opened = open(dir.path());
    let mut found = ids(&opened);
    found.sort_unstable();
    assert_eq!(found, living);
    for entry in &opened.recovered {
        let body = opened.spool.body(entry.id).await.unwrap();
        if entry.id == stays {
            assert_eq!((&body[..], &entry.progress), (&b"stays"[..], &progress));
        } else {
            assert_eq!(body, entry.id.to_string());
        }
    }
    assert_eq!(opened.spool.next_id(), QueueId(1_042));
}

#[tokio::test]
async fn a_damaged_message_is_set_aside_and_does_not_keep_the_log_from_shrinking() {
    let dir = tempfile::tempdir().unwrap();
    let opened = LocalSpool::open(settings(dir.path(), 16 * 1024), Box::new(|| Ok(()))).unwrap();
    let spool = &opened.spool;
    let (bad, good) = (spool.next_id(), spool.next_id());
    for (id, body) in [(bad, b"damaged"), (good, b"is good")] {
        spool.commit(vec![committed(id, body)]).await.unwrap();
    }
    let file = dir.path().join("00000001.seg");
    let whole = std::fs::read(&file).unwrap();
    let at = memchr::memmem::find(&whole, b"damaged").unwrap();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&file)
        .unwrap()
        .write_all_at(b"DAMAGED", at as u64)
        .unwrap();
    churn(spool, 60).await;
    assert!(count_segments(dir.path()) <= 3);
    assert_eq!(spool.body(good).await.unwrap(), "is good");
    assert!(spool.body(bad).await.is_err());
    assert_eq!(spool.raw_bytes(bad).await.unwrap(), "DAMAGED");
    drop(opened);
    assert_eq!(ids(&open(dir.path())), [good.0]);
}

#[tokio::test]
async fn the_checkpoint_comes_before_a_segment_goes() {
    let dir = tempfile::tempdir().unwrap();
    let opened = LocalSpool::open(
        settings(dir.path(), 4 * 1024),
        Box::new(|| Err("state is not durable".into())),
    )
    .unwrap();
    for _ in 0..20 {
        let id = opened.spool.next_id();
        opened
            .spool
            .commit(vec![committed(id, &[b'x'; 1_000])])
            .await
            .unwrap();
        opened.spool.settle(id, Settlement::Done).await.unwrap();
    }
    assert!(count_segments(dir.path()) > 4);
}

#[tokio::test]
async fn too_little_disk_is_said_before_mail_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path(), 1024);
    settings.min_free_bytes = u64::MAX;
    let opened = LocalSpool::open(settings, Box::new(|| Ok(()))).unwrap();
    assert!(matches!(opened.spool.ready(), Err(SpoolError::Full(_))));
    let id = opened.spool.next_id();
    opened
        .spool
        .commit(vec![committed(id, b"x")])
        .await
        .unwrap();
    opened.spool.settle(id, Settlement::Done).await.unwrap();
}

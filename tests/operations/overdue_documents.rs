//! Documents that nobody fetches.

use allegromail::clock::{Clock, SystemClock};
use allegromail::content::{Document, DocumentPlace};
use allegromail::mail::{Timestamp, TraceId};
use allegromail::spool::{self, Spool};

use crate::support::http;
use crate::support::stage::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_a_fetch_is_told_and_mail_goes_on() {
    let folder = Stage::ordinary().await.stop().await;
    let settings = spool::SpoolSettings {
        most_unread: None,
        dir: folder.path().join("data/spool"),
        segment_bytes: 1 << 20,
        min_free_bytes: 0,
        min_free_inodes: 0,
        first_id: 1,
        flow: std::sync::Arc::default(),
    };
    let spool = spool::LocalSpool::open(settings, Box::new(|| Ok(())))
        .unwrap()
        .spool;
    let (now, hour) = (SystemClock.now(), 3_600_000);
    let (id, arrived) = (spool.next_id(), Timestamp(now.0 - 30 * hour));
    let target = spool::Target::Participant {
        participant: "8awgqyk6a5".parse().unwrap(),
        transaction: Some("cub31c122".parse().unwrap()),
    };
    let document = Document {
        place: DocumentPlace::Link("https://a.example".to_owned()),
        name: "a.example".to_owned(),
        number: String::new(),
        correction: false,
        media_type: "text/uri-list".to_owned(),
        size: 17,
        sha256: "7".repeat(64),
    };
    let held = spool::HeldDocuments {
        seller: "k2m9x0r7t3".parse().unwrap(),
        transaction: "cub31c122".parse().unwrap(),
        until: Timestamp(now.0 + hour),
        octets: 17,
        documents: vec![document],
    };
    let entry = spool::Entry {
        held: Some(Box::new(held)),
        ..spool::Entry::new(id, TraceId::new(1, 1), arrived, target)
    };
    let body = b"Subject: a\r\n\r\nb\r\n".as_slice().into();
    spool
        .commit(vec![spool::NewEntry { entry, body }])
        .await
        .unwrap();
    spool.close();
    drop(spool);
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    stage.documents(1).await;
    let ready = http::get(&*stage.relay.admin, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        ready.contains("documents: the oldest has waited 30 h"),
        "{ready}"
    );
    stage.send(JAN, SELLER).await.assert("250");
    stage.arrival().await;
}

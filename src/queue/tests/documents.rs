//! Entries that are held for documents, on a clock that is moved.

use sha2::{Digest, Sha256};

use super::*;
use crate::content::{Document, DocumentPlace};
use crate::mail::QueueId;
use crate::spool::{DocumentSet, HeldDocuments};

const HOUR: Duration = Duration::from_secs(3_600);

impl Stage {
    /// Commits a message that is held for a document, for three days.
    async fn hold(&self) -> QueueId {
        let (id, now) = (self.context.spool.next_id(), self.clock.now());
        let transaction: crate::masking::TransactionId = "cub31c122".parse().unwrap();
        let target = Target::Participant {
            participant: "8awgqyk6a5".parse().unwrap(),
            transaction: Some(transaction.clone()),
        };
        let document = Document {
            place: DocumentPlace::Part(0),
            name: "faktura.pdf".to_owned(),
            number: String::new(),
            correction: false,
            media_type: "application/pdf".to_owned(),
            size: 1,
            sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(b"b\r\n")),
        };
        let held = HeldDocuments {
            seller: "k2m9x0r7t3".parse().unwrap(),
            transaction: transaction.clone(),
            until: now.plus(HOUR * 72),
            octets: 10,
            documents: vec![document],
        };
        let entry = Entry {
            held: Some(Box::new(held)),
            origin: Origin::Participant {
                participant: "k2m9x0r7t3".parse().unwrap(),
                transaction: Some(transaction),
            },
            ..Entry::new(id, TraceId::new(1, 1), now, target)
        };
        let body = Bytes::from_static(b"Subject: a\r\n\r\nb\r\n");
        self.context
            .spool
            .commit(vec![NewEntry { entry, body }])
            .await
            .unwrap();
        id
    }

    /// Waits until the one entry is held, after so many attempts.
    async fn held(&self, attempts: u32) -> ListedEntry {
        loop {
            let listed = self.handle.list().await;
            if let [entry] = &listed[..]
                && entry.state == EntryState::Held
                && entry.attempts == attempts
            {
                return entry.clone();
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_document_that_nobody_takes_is_the_buyers_after_its_time_and_no_sooner() {
    let mut stage = Stage::build(vec![]).await;
    stage.hold().await;
    let held = stage.held(1).await;
    assert_eq!(held.documents, ["faktura.pdf"]);
    // It is asked for again only when its time has come, whatever the schedule of mail.
    for hours in [1, 20, 30, 20] {
        stage.clock.advance(HOUR * hours);
        stage.handle.list().await;
        assert_eq!(stage.held(1).await.next_attempt, held.next_attempt);
    }
    stage.clock.advance(HOUR * 2);
    stage.handle.list().await;
    let mut came = [stage.next().await.0, stage.next().await.0];
    came.sort();
    // The notice to the seller, and the message to the buyer.
    assert_eq!(came, ["biuro@rowery.example", "jan@poczta.example"]);
}

#[tokio::test]
async fn what_was_taken_is_delivered_to_nobody_and_taken_once() {
    let stage = Stage::build(vec![]).await;
    let id = stage.hold().await;
    stage.held(1).await;
    let controls = stage.handle.client();
    assert_eq!(controls.documents().await.unwrap().len(), 1);
    let absent = Err(QueueActionError::NoSuchEntry(id));
    assert_eq!(
        controls.act(id, QueueAction::Taken(1), "uid 0").await,
        absent
    );
    assert_eq!(
        controls.act(id, QueueAction::Taken(0), "uid 0").await,
        Ok(())
    );
    assert_eq!(
        controls.act(id, QueueAction::Taken(0), "uid 0").await,
        absent
    );
    assert!(stage.handle.list().await.is_empty());
    assert_eq!(stage.context.documents.oldest(), None);
    // What an operator has held is tried again once it is released, and the second release sends it to the buyer: then nothing can be taken.
    let id = stage.hold().await;
    stage.held(1).await;
    assert_eq!(controls.act(id, QueueAction::Hold, "uid 0").await, Ok(()));
    assert_eq!(
        controls.act(id, QueueAction::Release, "uid 0").await,
        Ok(())
    );
    stage.held(2).await;
    assert_eq!(
        controls.act(id, QueueAction::Release, "uid 0").await,
        Ok(())
    );
    let absent = Err(QueueActionError::NoSuchEntry(id));
    assert_eq!(
        controls.act(id, QueueAction::Taken(0), "uid 0").await,
        absent
    );
}

/// A server that takes everything, for as long as the thread that asks lives.
fn serve(listener: std::net::TcpListener) {
    use std::io::{Read, Write};
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4_096]);
            let _ = stream.write_all(
                b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
}

#[tokio::test]
async fn a_server_that_is_down_for_an_hour_gets_every_document_and_nobody_else_does() {
    // Taken and given back: nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = crate::config::Handover {
        folder: None,
        url: Some(crate::config::WebAddress {
            tls: false,
            host: "127.0.0.1".to_owned(),
            port: address.port(),
            path: String::new(),
        }),
        token: None,
        give_up: HOUR * 72,
        max_bytes: u64::MAX,
    };
    let resolver = crate::resolve::DnsResolver::new(&[address]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secured = Arc::new(|| unreachable!("no TLS is spoken"));
    let targets = Targets::new(&config, folder.path(), Arc::new(resolver), secured);
    let mut stage = Stage::build_with(folder, vec![], Duration::from_secs(1), targets).await;
    stage.hold().await;
    // The schedule is that of mail: after a minute, then every five.
    for attempts in 1..=13 {
        stage.held(attempts).await;
        stage.clock.advance(Duration::from_secs(331));
        stage.handle.list().await;
    }
    stage.held(14).await;
    assert!(stage.seen.try_recv().is_err(), "somebody was told");
    serve(std::net::TcpListener::bind(address).unwrap());
    stage.handle.retry_now();
    while !stage.handle.list().await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(stage.seen.try_recv().is_err(), "it was delivered as well");
}

#[test]
fn a_set_of_documents_has_each_once() {
    let mut set = DocumentSet::default();
    for number in [0, 19, 19, 20, 40] {
        set.insert(number);
    }
    assert_eq!(set.count(), 2);
    assert!(set.contains(0) && set.contains(19) && !set.contains(20) && !set.is_empty());
}

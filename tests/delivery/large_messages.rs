//! Large messages leave from the log, chunk by chunk: nothing of that shows, and damage ends the connection before the end of data.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use allegromail::delivery::{Deliver, DeliveryRequest};
use allegromail::mail::{Mailbox, Outcome, QueueId, ReversePath, Timestamp, TraceId};
use allegromail::spool::{
    self, Content, Entry, LocalSpool, MessageSummary, NewEntry, Origin, Progress, Spool,
    StateUpdates, Target,
};
use bytes::Bytes;

use crate::support::way_out::{WayOut, peer};

/// The chunks in which the log is read.
const CHUNK: usize = 128 * 1024;

fn open(folder: &std::path::Path) -> Arc<LocalSpool> {
    let settings = spool::SpoolSettings {
        most_unread: None,
        dir: folder.join("spool"),
        segment_bytes: 64 << 20,
        min_free_bytes: 0,
        min_free_inodes: 0,
        first_id: 1,
        flow: Arc::default(),
    };
    LocalSpool::open(settings, Box::new(|| Ok(())))
        .unwrap()
        .spool
}

async fn stored(spool: &LocalSpool, body: &Bytes) -> (QueueId, Content) {
    let id = spool.next_id();
    let entry = Entry {
        id,
        trace: TraceId::new(1, 1),
        arrived: Timestamp(1),
        target: Target::Address(Mailbox::parse("jan@poczta.example").unwrap()),
        origin: Origin::Nobody,
        reverse_path: ReversePath::Null,
        smtputf8: false,
        eight_bit: false,
        about: MessageSummary::default(),
        sent_as: String::new(),
        memory: StateUpdates::default(),
        held: None,
        came: None,
        progress: Progress::default(),
    };
    let body = body.clone();
    spool.commit(vec![NewEntry { entry, body }]).await.unwrap();
    (id, spool.content(id).await.unwrap())
}

async fn deliver(way: &WayOut, body: Content) -> Outcome {
    let work = DeliveryRequest {
        id: QueueId(1),
        reverse_path: ReversePath::Null,
        recipient: Mailbox::parse("jan@poczta.example").unwrap(),
        body,
        smtputf8: false,
        eight_bit: false,
    };
    way.delivery.deliver(work).await.outcome
}

/// Bodies with something of interest at the borders of chunks.
fn bodies() -> Vec<Bytes> {
    let mut bodies = Vec::new();
    let line = b"0123456789abcde\r\n";
    for piece in ["\r\n.\r\n", ".", "\r\n.", "\r\n..x\r\n.", "y\r\n"] {
        for before in 0..=piece.len() {
            // The piece lies across the border, with so much of it before.
            let mut body = line.repeat((CHUNK - before) / line.len() - 1);
            body.extend(vec![b'x'; CHUNK - before - body.len()]);
            body.extend_from_slice(piece.as_bytes());
            body.extend(vec![b'z'; CHUNK + 7]);
            bodies.push(body);
        }
    }
    // One line without an end, and one that ends in it exactly at a border.
    bodies.push(vec![b'.'; 2 * CHUNK]);
    let mut exact = vec![b'a'; 2 * CHUNK - 2];
    exact.extend_from_slice(b"\r\n");
    bodies.push(exact);
    bodies.into_iter().map(Bytes::from).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn h154_a_message_from_the_log_arrives_as_one_from_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, peer) = (open(folder.path()), peer(vec![]).await);
    let way = WayOut::to(&peer).await;
    for (number, body) in bodies().iter().enumerate() {
        let (id, content) = stored(&spool, body).await;
        assert!(
            matches!(content, Content::Stored(_)),
            "{number} is in memory"
        );
        assert_eq!(content.len(), body.len());
        assert_eq!(spool.body(id).await.unwrap(), body);
        let from_log = deliver(&way, content).await;
        assert!(
            matches!(from_log, Outcome::Delivered { .. }),
            "{from_log:?}"
        );
        let from_memory = deliver(&way, body.clone().into()).await;
        assert!(
            matches!(from_memory, Outcome::Delivered { .. }),
            "{from_memory:?}"
        );
        let seen = peer.seen();
        let [.., one, other] = seen.messages.as_slice() else {
            panic!("{} messages", seen.messages.len());
        };
        assert!(one == other, "{number}: not the same");
    }
    // Small ones are read: they cost less than their chunk.
    let (_, small) = stored(&spool, &Bytes::from_static(b"x\r\n")).await;
    assert!(matches!(small, Content::Held(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn h154_nothing_damaged_or_bare_comes_to_its_end_of_data() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, peer) = (open(folder.path()), peer(vec![]).await);
    let way = WayOut::to(&peer).await;
    let mut bare = vec![b'a'; 2 * CHUNK];
    for place in [5, CHUNK - 1, CHUNK, 2 * CHUNK - 1] {
        for octet in *b"\r\n" {
            bare[place] = octet;
            let (_, content) = stored(&spool, &Bytes::from(bare.clone())).await;
            let outcome = deliver(&way, content).await;
            assert!(
                matches!(outcome, Outcome::Deferred(_)),
                "{place}: {outcome:?}"
            );
            bare[place] = b'a';
        }
    }
    // Whole when the attempt began, and not when it was read.
    let body = Bytes::from(vec![b'q'; 3 * CHUNK]);
    let (id, content) = stored(&spool, &body).await;
    let log = folder.path().join("spool/00000001.seg");
    let octets = std::fs::read(&log).unwrap();
    let at = memchr::memmem::rfind(&octets, &[b'q'; 1_000]).unwrap();
    let file = std::fs::File::options().write(true).open(&log).unwrap();
    file.write_all_at(b"Q", at as u64).unwrap();
    let outcome = deliver(&way, content).await;
    assert!(matches!(outcome, Outcome::Deferred(_)), "{outcome:?}");
    let read = spool.content(id).await;
    assert!(
        matches!(read, Err(spool::SpoolError::Damaged(_))),
        "{read:?}"
    );
    assert!(peer.seen().messages.is_empty());
}

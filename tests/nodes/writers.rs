//! Nodes that write to a shard with a real standby: what is acknowledged is delivered by whoever is left, and what is refused by nobody.

use std::collections::BTreeSet;
use std::time::Duration;

use allegromail::directory::PostgresSettings;
use allegromail::mail::{Mailbox, QueueId, Timestamp, TraceId};
use allegromail::shards::{Filed, Outcome, Rules};
use allegromail::spool::postgres::{
    Announced, Copies, ShardError, ShardEvent, ShardSettings, ShardWriter,
};
use allegromail::spool::{CommittedEntry, Entry, Target};
use bytes::Bytes;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::standbys::Pair;

type Events = UnboundedReceiver<ShardEvent>;

/// Short spans, in their usual proportions; nothing here is judged by them.
fn rules() -> Rules {
    let millis = Duration::from_millis;
    Rules {
        partitions: 2,
        lease: millis(1_500),
        renew: millis(300),
        stop: millis(1_200),
        watch: millis(1_400),
        spread: millis(100),
        look: millis(100),
        patience: millis(3_000),
        answer: millis(1_000),
        retry: millis(100),
        stall: Duration::from_secs(3_600),
        page: 50,
        ..Rules::default()
    }
}

fn start(pair: &Pair, seed: u64) -> (ShardWriter, Events) {
    let port = pair.primary.port;
    let url = format!("host=127.0.0.1 port={port} dbname=postgres user=allegromail");
    ShardWriter::start(ShardSettings {
        number: 0,
        postgres: PostgresSettings::parse(&url, None, None).unwrap(),
        copies: Copies::Standbys(1),
        owner: format!("mx{seed}"),
        rules: rules(),
        seed,
    })
}

async fn ready(writer: &ShardWriter) {
    while writer.ready().is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn entry(id: u64) -> Announced {
    let filed = Filed {
        id: QueueId(id),
        head: Bytes::from_static(b"head"),
        body: vec![b'x'; 10_000].into(),
    };
    Announced { filed, heard: None }
}

/// Commits so many at once; those that were acknowledged, and those that were not.
async fn commit(
    writer: &std::sync::Arc<ShardWriter>,
    ids: std::ops::Range<u64>,
) -> [BTreeSet<QueueId>; 2] {
    let mut all = JoinSet::new();
    for id in ids {
        let writer = writer.clone();
        all.spawn(async move { (QueueId(id), writer.commit(vec![entry(id)]).await) });
    }
    let mut sorted = [BTreeSet::new(), BTreeSet::new()];
    while let Some(answer) = all.join_next().await {
        let (id, answer) = answer.unwrap();
        if let Err(error) = &answer {
            assert_eq!(*error, ShardError::NotAcknowledged);
        }
        sorted[usize::from(answer.is_err())].insert(id);
    }
    sorted
}

/// Waits until so many entries were adopted.
async fn adopted(events: &mut Events, wanted: usize) -> BTreeSet<QueueId> {
    let mut found = BTreeSet::new();
    while found.len() < wanted {
        if let ShardEvent::Adopt(entries) = events.recv().await.unwrap() {
            for entry in entries {
                assert!(found.insert(entry.id), "{:?} twice", entry.id);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_adopted_when_a_node_dies_and_what_was_refused_is_not() {
    let Some(pair) = Pair::start() else { return };
    let (first, _heard) = start(&pair, 1);
    let first = std::sync::Arc::new(first);
    ready(&first).await;
    let [mut acknowledged, refused] = commit(&first, 1..301).await;
    assert_eq!((acknowledged.len(), refused.len()), (300, 0));
    // Gathered: far fewer transactions than messages.
    let commits = "select count(distinct xmin::text) from entry_0";
    let commits: usize = pair.primary.sql("postgres", commits).parse().unwrap();
    assert!(commits < 100, "{commits}");
    // While the standby is frozen nothing is acknowledged; what is refused then is taken back once it is thawed.
    pair.standby.freeze();
    let [none, refused] = commit(&first, 301..311).await;
    assert_eq!((none.len(), refused.len()), (0, 10));
    pair.standby.thaw();
    let gone = "select count(*) from entry_0 e where id > 300 and not exists (select 1 from done_0 d where d.id = e.id)";
    let settled = "select count(*) from done_0";
    while pair.primary.sql("postgres", gone) != "0" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ready(&first).await;
    while !first.begin(QueueId(1)) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(first.settle(QueueId(1), Outcome::Done, None).await, Ok(()));
    acknowledged.remove(&QueueId(1));
    let [more, _] = commit(&first, 311..321).await;
    assert_eq!(more.len(), 10);
    acknowledged.extend(more);
    println!("{} settled", pair.primary.sql("postgres", settled));
    // It dies; another one has it all.
    let (second, mut events) = start(&pair, 2);
    drop(first);
    let found = adopted(&mut events, acknowledged.len()).await;
    assert_eq!(found, acknowledged);
    for id in found {
        while !second.begin(id) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(second.settle(id, Outcome::Done, None).await, Ok(()));
    }
    // What has run dry goes.
    let leases = "select count(*) from lease";
    while pair.primary.sql("postgres", leases) != "2" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ends_hands_over_what_it_has() {
    let Some(pair) = Pair::start() else { return };
    let (first, mut first_events) = start(&pair, 1);
    let (second, mut events) = start(&pair, 2);
    let first = std::sync::Arc::new(first);
    ready(&first).await;
    ready(&second).await;
    let [acknowledged, _] = commit(&first, 1..21).await;
    assert_eq!(acknowledged.len(), 20);
    first.drain();
    while !matches!(first_events.recv().await, Some(ShardEvent::Drained)) {}
    assert!(!first.begin(QueueId(1)));
    assert_eq!(
        first.commit(vec![entry(99)]).await,
        Err(ShardError::NotAcknowledged)
    );
    assert_eq!(adopted(&mut events, 20).await, acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_client_went_away_while_it_was_written_is_delivered() {
    let Some(pair) = Pair::start() else { return };
    let (writer, mut events) = start(&pair, 1);
    ready(&writer).await;
    let target = Target::Address(Mailbox::parse("jan@poczta.example").unwrap());
    let heard = Entry::new(QueueId(7), TraceId::new(1, 1), Timestamp(0), target);
    let new = Announced {
        heard: Some(CommittedEntry {
            entry: heard,
            body: None,
        }),
        ..entry(7)
    };
    // Asked for, and not waited for.
    tokio::select! {
        biased;
        answer = writer.commit(vec![new]) => panic!("{answer:?}"),
        () = std::future::ready(()) => {}
    }
    loop {
        if let ShardEvent::Committed(entries) = events.recv().await.unwrap() {
            assert_eq!(entries.first().map(|new| new.entry.id), Some(QueueId(7)));
            break;
        }
    }
    assert!(writer.owns(QueueId(7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_shard_that_is_away_hears_so_when_the_node_ends() {
    let Some(pair) = Pair::start() else { return };
    let (writer, _events) = start(&pair, 1);
    let writer = std::sync::Arc::new(writer);
    ready(&writer).await;
    assert_eq!(writer.commit(vec![entry(7)]).await, Ok(()));
    assert!(writer.begin(QueueId(7)));
    pair.primary.stop();
    let waiting = writer.clone();
    let settled =
        tokio::spawn(async move { waiting.settle(QueueId(7), Outcome::Done, None).await });
    writer.drain();
    assert_eq!(
        writer.commit(vec![entry(8)]).await,
        Err(ShardError::NotAcknowledged)
    );
    writer.abort();
    assert_eq!(settled.await.unwrap(), Err(ShardError::NotAcknowledged));
    let settled = writer.settle(QueueId(7), Outcome::Done, None).await;
    assert_eq!(settled, Err(ShardError::NotAcknowledged));
}

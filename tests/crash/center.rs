//! Each acknowledged message is in the feeds of both sides once, whatever kills the relay, and a follower misses and repeats nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use allegromail::archive::{
    Archive, ArchiveError, Between, EventKind, MessageId, SqliteArchive, StoredMessage,
    ThreadFilter,
};
use allegromail::masking::ParticipantId;

use crate::asked;
use crate::ground::{self, Ground};
use crate::kill::rounds;

/// Small segments and, at each batch of the Center, a moment in which a kill can fall.
const POINTS: &str = "spool.segment_bytes=number:1048576,center.read=delay:2,center.added=delay:2";

/// The archive beside the relay: SQLite lets others read.
fn archive(ground: &Ground) -> SqliteArchive {
    SqliteArchive::open(&ground.data("center"), [1; 32]).unwrap()
}

fn accounts() -> Vec<ParticipantId> {
    let kinds = ["bu", "se", "la", "re"];
    let all = (0..ground::PAIRS).flat_map(|pair| kinds.map(|kind| format!("{kind}{pair:05}")));
    all.map(|id| id.parse().unwrap()).collect()
}

/// Every message that an account sees.
async fn seen(archive: &SqliteArchive, of: &ParticipantId) -> Vec<StoredMessage> {
    let filter = ThreadFilter::default();
    let page = archive.threads(of.clone(), filter, None, 100).await;
    let mut all = Vec::new();
    for view in page.unwrap().threads {
        let (thread, from) = (view.thread.id, Between::After(0));
        let messages = archive.messages(of.clone(), thread, from, usize::MAX >> 1);
        all.extend(messages.await.unwrap());
    }
    all
}

/// Number of a message -> how often each account sees it.
async fn feeds(archive: &SqliteArchive) -> BTreeMap<u64, BTreeMap<ParticipantId, u32>> {
    let mut found: BTreeMap<u64, BTreeMap<ParticipantId, u32>> = BTreeMap::new();
    for of in accounts() {
        for message in seen(archive, &of).await {
            let number = message.subject.strip_prefix("id-");
            // Automatic replies have another subject.
            let Some(number) = number.and_then(|number| number.strip_suffix('-')) else {
                continue;
            };
            let of_number = found.entry(number.parse().unwrap()).or_default();
            *of_number.entry(of.clone()).or_default() += 1;
        }
    }
    found
}

/// Reads a feed on until `stop`, and then to its end.
async fn follow(
    archive: SqliteArchive,
    of: ParticipantId,
    stop: Arc<AtomicBool>,
) -> Vec<(u64, MessageId)> {
    let (mut at, mut heard) = (0, Vec::new());
    loop {
        let stopped = stop.load(Ordering::SeqCst);
        let page = match archive.events(of.clone(), at, 7).await {
            Ok(page) => page,
            // The writer may hold the file for a moment.
            Err(ArchiveError::Unavailable(_)) => continue,
            Err(gone) => panic!("{gone}"),
        };
        if page.events.is_empty() && stopped {
            return heard;
        }
        let published = page
            .events
            .iter()
            .filter(|event| event.kind == EventKind::MessagePublished);
        heard.extend(published.map(|event| (event.number, event.message.unwrap())));
        at = page.next;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

#[test]
fn acknowledged_messages_are_in_both_feeds_once_after_being_killed() {
    let kills = asked("ALLEGROMAIL_KILLS", 6);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ground = Ground::with("[center]\n");
    // Made by the first start.
    ground.start_armed(POINTS).stop();
    let stop = Arc::new(AtomicBool::new(false));
    let follower: ParticipantId = "bu00001".parse().unwrap();
    let followed = runtime.spawn(follow(archive(&ground), follower.clone(), stop.clone()));
    rounds(&ground, kills, 20, POINTS);
    let relay = ground.start_armed(POINTS);
    ground.ledger.close(Duration::from_secs(30)).assert_whole();
    let archive = archive(&ground);
    let acknowledged: Vec<u64> = ground
        .ledger
        .acknowledged
        .lock()
        .unwrap()
        .keys()
        .copied()
        .collect();
    let begun = Instant::now();
    let found = loop {
        let found = runtime.block_on(feeds(&archive));
        let missing = acknowledged
            .iter()
            .filter(|number| !found.contains_key(number))
            .count();
        if missing == 0 {
            break found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{missing} of {} are in no feed\n{}",
            acknowledged.len(),
            relay.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    };
    for number in &acknowledged {
        let pair = number % ground::PAIRS;
        let kind = match number % 20 {
            7 => "re",
            13 => "la",
            _ => "se",
        };
        let want = [format!("bu{pair:05}"), format!("{kind}{pair:05}")];
        let want: BTreeMap<ParticipantId, u32> = want.map(|id| (id.parse().unwrap(), 1)).into();
        assert_eq!(found[number], want, "message {number}");
    }
    stop.store(true, Ordering::SeqCst);
    let followed = runtime.block_on(followed).unwrap();
    let mut seen: Vec<(u64, MessageId)> = runtime
        .block_on(seen(&archive, &follower))
        .iter()
        .map(|one| (one.number, one.id))
        .collect();
    seen.sort_unstable();
    assert_eq!(followed, seen, "a follower and one who reads at the end");
    assert!(!followed.is_empty());
    no_registered_address(&ground.data("center"));
    println!(
        "{kills} kills, {} acknowledged, each in both feeds once; {} events followed",
        acknowledged.len(),
        followed.len()
    );
    relay.stop();
}

/// Neither text nor octets of the archive name anybody.
fn no_registered_address(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let octets = std::fs::read(&path).unwrap();
        for address in ["poczta.example", "rowery.example", "client.example"] {
            assert!(
                memchr::memmem::find(&octets, address.as_bytes()).is_none(),
                "{address} in {}",
                path.display()
            );
        }
    }
}

//! Every server down for hours (docs/threats.md#140): the real queue and delivery on a clock that is moved, and a server that comes back.
//!
//! `ALLEGROMAIL_OUTAGE_MESSAGES=50000 cargo test --release --test relay h140 -- --nocapture` is the long form.

use std::sync::Arc;
use std::time::{Duration, Instant};

use allegromail::backpressure::DocumentRoom;
use allegromail::clock::{Clock, ManualClock};
use allegromail::delivery::{DeliveryContext, DeliverySettings, SmtpDelivery};
use allegromail::directory::{AddressMark, Answer, SledDirectory, SledState};
use allegromail::dsn::Reporter;
use allegromail::handover::Targets;
use allegromail::history::History;
use allegromail::mail::{Mailbox, ReversePath, Timestamp, TraceId};
use allegromail::masking::{MaskedDomains, ParticipantId, TransactionId};
use allegromail::queue::{self, EntryState, LastUsed, Queue, QueueHandle};
use allegromail::resolve::DnsResolver;
use allegromail::signing::Signer;
use allegromail::spool::{
    self, Entry, LocalSpool, MessageSummary, NewEntry, Opened, Origin, Progress, Spool,
    StateUpdates, Target,
};
use tokio::net::TcpListener;

use crate::support::memory::resident;
use crate::support::peer::Peer;
use crate::support::way_out::{Field, MESSAGE};

/// The six hours of the outage, in steps.
const STEP: Duration = Duration::from_secs(600);
const STEPS: usize = 36;
struct Nobody;

impl LastUsed for Nobody {
    fn last_used(&self, _: &TransactionId, _: &ParticipantId) -> Answer<'_, Option<AddressMark>> {
        Answer::known(Ok(None))
    }

    fn remember(&self, _: &StateUpdates) {}
}

fn open(folder: &std::path::Path) -> Opened {
    let settings = spool::SpoolSettings {
        most_unread: None,
        dir: folder.join("spool"),
        segment_bytes: 16 << 20,
        min_free_bytes: 0,
        min_free_inodes: 0,
        first_id: 1,
        flow: std::sync::Arc::default(),
    };
    LocalSpool::open(settings, Box::new(|| Ok(()))).unwrap()
}

/// The queue over what the folder holds, towards a server on `port` of 127.0.0.2.
fn start(
    folder: &std::path::Path,
    port: u16,
    clock: &Arc<ManualClock>,
) -> (QueueHandle, Arc<LocalSpool>, usize) {
    let mut settings: DeliverySettings = Field::new(port).settings;
    settings.routes = vec![allegromail::config::Route {
        domain: allegromail::config::RouteDomain::Every,
        host: "127.0.0.2".to_owned(),
        port,
        tls: allegromail::config::RouteTls::None,
    }];
    let signer = Arc::new(Signer::load(&[]).unwrap());
    let tools = DeliveryContext {
        policies: None,
        resolver: Arc::new(DnsResolver::new(&["127.0.0.1:1".parse().unwrap()]).unwrap()),
        signer: signer.clone(),
        clock: clock.clone(),
    };
    let opened = open(folder);
    let parts = queue::QueueContext {
        spool: opened.spool.clone(),
        directory: Arc::new(SledDirectory::open(&folder.join("directory")).unwrap()),
        last_used: Arc::new(Nobody),
        deliver: Arc::new(SmtpDelivery::new(settings.clone(), tools).unwrap()),
        targets: Arc::new(Targets::own(folder)),
        documents: Arc::new(DocumentRoom::new(u64::MAX, None)),
        suspensions: Arc::new(queue::Suspensions::load(
            Arc::new(SledState::open(&folder.join("state")).unwrap()),
            clock.now(),
        )),
        clock: clock.clone(),
        reporter: Reporter {
            hostname: settings.hostname,
            domains: Arc::new(MaskedDomains::new(Vec::new())),
        },
        signer,
        history: Arc::new(History::open(&folder.join("trace"), Duration::MAX).unwrap()),
        flow: Arc::default(),
        handed: allegromail::masking::HandedKeys::new(&allegromail::masking::TokenKeys::new(vec![
            vec![7; 32],
        ])),
        settings: queue::QueueSettings {
            retry: [60, 300, 300, 900, 900, 1_800, 3_600]
                .map(Duration::from_secs)
                .to_vec(),
            expire: Duration::from_secs(5 * 86_400),
            delay_notice: Duration::from_secs(86_400),
            per_destination: 20,
            total: 200,
        },
    };
    let recovered = opened.recovered.len();
    let handle = Queue::start(parts, opened.recovered, opened.committed);
    (handle, opened.spool, recovered)
}

fn entry(spool: &LocalSpool, clock: &ManualClock, domain: usize) -> NewEntry {
    let recipient = Mailbox::parse(&format!("a@d{domain}.example")).unwrap();
    let entry = Entry {
        id: spool.next_id(),
        trace: TraceId::new(1, 1),
        arrived: clock.now(),
        target: Target::Address(recipient),
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
    NewEntry {
        entry,
        body: MESSAGE.as_bytes().into(),
    }
}

/// Waits until nothing is being tried, and returns when each entry is due.
async fn quiet(handle: &QueueHandle) -> Vec<String> {
    loop {
        let listed = handle.list().await;
        if listed
            .iter()
            .all(|entry| entry.state == EntryState::Deferred)
        {
            return listed
                .iter()
                .map(|entry| entry.next_attempt.clone())
                .collect();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h140_hours_without_any_server_end_without_a_stampede() {
    let count: usize = std::env::var("ALLEGROMAIL_OUTAGE_MESSAGES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(600);
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(1_795_392_000_000)));
    // A port that nobody listens on, until the server is back.
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (handle, spool, _) = start(folder.path(), port, &clock);
    let before = resident();
    let domains = (count / 100).max(3);
    let ids: Vec<usize> = (0..count).collect();
    for some in ids.chunks(500) {
        let entries = some.iter().map(|id| entry(&spool, &clock, id % domains));
        spool.commit(entries.collect()).await.unwrap();
    }
    quiet(&handle).await;
    let filled = resident();
    for _ in 0..STEPS {
        clock.advance(STEP);
        quiet(&handle).await;
    }
    let due = quiet(&handle).await;
    assert_eq!(due.len(), count, "nothing is lost and nothing expires");
    let after = resident();
    // What failed together does not come back together: of twelve minutes' spread no minute holds more than a fourth.
    let mut minutes = std::collections::HashMap::new();
    for at in &due {
        *minutes.entry(at.get(..16).unwrap()).or_insert(0_usize) += 1;
    }
    let most = minutes.values().copied().max().unwrap_or(0);
    assert!(most * 4 <= count, "{most} of {count} in one minute");
    handle.shutdown(Duration::from_secs(5)).await;
    spool.close();
    drop(spool);

    let began = Instant::now();
    let listener = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let peer = Peer::serve(listener, vec![], None);
    let (handle, spool, recovered) = start(folder.path(), port, &clock);
    let restart = began.elapsed();
    assert_eq!(recovered, count);
    // The worst case: an operator has everything tried at once.
    handle.retry_now();
    while !handle.list().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let seen = peer.seen();
    assert_eq!(seen.messages.len(), count, "each once");
    // As many as there are attempts at once in all, as many again whose outcome is being written, and those that wait or say goodbye.
    assert!(seen.at_once <= 3 * 200, "{} at once", seen.at_once);
    println!(
        "{count} messages: restart {restart:?}, drained in {:?}, {most} at most due in one minute, {} connections, {} at once; \
         resident memory {before} KiB empty, {filled} KiB queued, {after} KiB after six hours",
        began.elapsed(),
        seen.connections,
        seen.at_once
    );
    handle.shutdown(Duration::from_secs(5)).await;
    spool.close();
}

//! The schedule over the real spool and directory, with a scripted way out and a clock that is moved by hand.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::*;
use crate::backpressure::DocumentRoom;
use crate::clock::ManualClock;
use crate::delivery::{AttemptFuture, DeliveryRequest};
use crate::directory::{Answer, RecordRules, SledDirectory, SledState, import};
use crate::handover::Targets;
use crate::history::{History, HistoryEvent, TraceQuery};
use crate::mail::{
    Diagnostic, Domain, EnhancedStatus, Mailbox, Outcome, Reply, ReversePath, Timestamp, TraceId,
};
use crate::masking::{MaskedDomain, MaskedDomains};
use crate::spool::{
    self, Entry, LastWriter, LocalSpool, MessageSummary, NewEntry, Opened, Origin, Progress,
    StateUpdates, Target,
};

mod addresses;
mod documents;
mod reports;
mod schedule;
mod suspensions;

const SHOP: &str = r#"{"type":"participant","id":"k2m9x0r7t3","login":"sklep","marketplace":"allegro-pl","language":"pl","primary":"biuro@rowery.example","addresses":["biuro@rowery.example","sprzedaz@rowery.example"]}"#;
const JAN: &str = r#"{"type":"participant","id":"8awgqyk6a5","login":"jan","marketplace":"allegro-pl","language":"pl","primary":"jan@poczta.example"}"#;

/// A way out that answers by script and tells what it was given.
struct Script {
    outcomes: Mutex<VecDeque<Outcome>>,
    seen: mpsc::UnboundedSender<DeliveryRequest>,
    flow: Arc<Backpressure>,
    /// What was on its way at each attempt.
    under_way: Arc<Mutex<Vec<usize>>>,
}

impl Deliver for Script {
    fn deliver(&self, work: DeliveryRequest) -> AttemptFuture<'_> {
        let outcome = self
            .outcomes
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(delivered);
        let octets = self.flow.held_bytes();
        self.under_way.lock().unwrap().push(octets);
        let _ = self.seen.send(work);
        Box::pin(std::future::ready(outcome.into()))
    }
}

fn delivered() -> Outcome {
    Outcome::Delivered {
        host: None,
        reply: Reply::new(250, None, "ok"),
    }
}

fn later() -> Outcome {
    let reply = Reply::new(
        450,
        Some(EnhancedStatus::new(4, 2, 1)),
        "<biuro@rowery.example> is busy at mx.rowery.example",
    );
    Outcome::Deferred(Diagnostic::remote(
        Some(Domain::parse("mx.rowery.example").unwrap()),
        reply,
    ))
}

fn never() -> Outcome {
    let reply = Reply::new(
        550,
        Some(EnhancedStatus::new(5, 1, 1)),
        "<biuro@rowery.example> is unknown at mx.rowery.example",
    );
    Outcome::Failed(Diagnostic::remote(
        Some(Domain::parse("mx.rowery.example").unwrap()),
        reply,
    ))
}

#[derive(Default)]
struct Recalled(Mutex<Option<LastWriter>>);

impl LastUsed for Recalled {
    fn last_used(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<AddressMark>> {
        let last = self.0.lock().unwrap();
        Answer::known(Ok(last
            .as_ref()
            .filter(|last| last.transaction == *transaction && last.participant == *participant)
            .map(|last| last.address)))
    }

    fn remember(&self, memory: &StateUpdates) {
        let mut last = self.0.lock().unwrap();
        *last = memory.last_writer.clone().or_else(|| last.take());
    }
}

/// No message of a test waits that long.
const NEVER_TOLD: Duration = Duration::from_secs(86_400 * 36_500);

struct Stage {
    context: QueueContext,
    clock: Arc<ManualClock>,
    seen: mpsc::UnboundedReceiver<DeliveryRequest>,
    under_way: Arc<Mutex<Vec<usize>>>,
    handle: QueueHandle,
    folder: tempfile::TempDir,
}

fn open(folder: &Path, flow: &Arc<Backpressure>) -> Opened {
    let settings = spool::SpoolSettings {
        most_unread: None,
        dir: folder.join("spool"),
        segment_bytes: 1 << 20,
        min_free_bytes: 0,
        min_free_inodes: 0,
        first_id: 1,
        flow: flow.clone(),
    };
    LocalSpool::open(settings, Box::new(|| Ok(()))).unwrap()
}

impl Stage {
    async fn build(outcomes: Vec<Outcome>) -> Self {
        Self::build_in(tempfile::tempdir().unwrap(), outcomes, NEVER_TOLD).await
    }

    async fn build_in(
        folder: tempfile::TempDir,
        outcomes: Vec<Outcome>,
        delay_notice: Duration,
    ) -> Self {
        let targets = Targets::own(folder.path());
        Self::build_with(folder, outcomes, delay_notice, targets).await
    }

    async fn build_with(
        folder: tempfile::TempDir,
        outcomes: Vec<Outcome>,
        delay_notice: Duration,
        targets: Targets,
    ) -> Self {
        let directory = Arc::new(SledDirectory::open(&folder.path().join("directory")).unwrap());
        import(
            &*directory,
            &RecordRules::default(),
            format!("{SHOP}\n{JAN}").as_bytes(),
            |_| {},
        )
        .await
        .unwrap();
        let name = Domain::parse("allegromail.pl").unwrap();
        let domains = MaskedDomains::new(vec![MaskedDomain {
            name,
            marketplaces: vec!["allegro-pl".into()],
            aliases: vec![],
        }]);
        let (flow, under_way) = (
            Arc::<Backpressure>::default(),
            Arc::<Mutex<Vec<usize>>>::default(),
        );
        let opened = open(folder.path(), &flow);
        let (sender, seen) = mpsc::unbounded_channel();
        let clock = Arc::new(ManualClock::new(Timestamp(1_795_392_000_000)));
        let context = QueueContext {
            spool: opened.spool.clone(),
            directory,
            last_used: Arc::new(Recalled::default()),
            deliver: Arc::new(Script {
                outcomes: Mutex::new(outcomes.into()),
                seen: sender,
                flow: flow.clone(),
                under_way: under_way.clone(),
            }),
            targets: Arc::new(targets),
            documents: Arc::new(DocumentRoom::new(u64::MAX, None)),
            suspensions: Arc::new(Suspensions::load(
                Arc::new(SledState::open(&folder.path().join("state")).unwrap()),
                clock.now(),
            )),
            clock: clock.clone(),
            reporter: Reporter {
                hostname: Domain::parse("mx.allegromail.pl").unwrap(),
                domains: Arc::new(domains),
            },
            signer: Arc::new(crate::signing::Signer::load(&[]).unwrap()),
            history: Arc::new(History::open(&folder.path().join("trace"), Duration::MAX).unwrap()),
            flow,
            handed: crate::masking::HandedKeys::new(&crate::masking::TokenKeys::new(vec![vec![
                7;
                32
            ]])),
            settings: QueueSettings {
                retry: vec![Duration::from_secs(60), Duration::from_secs(300)],
                expire: Duration::from_secs(3_600),
                delay_notice,
                per_destination: 2,
                total: 4,
            },
        };
        let handle = Queue::start(context.clone(), opened.recovered, opened.committed);
        Self {
            context,
            clock,
            seen,
            under_way,
            handle,
            folder,
        }
    }

    fn entry(&self, transaction: Option<&str>) -> NewEntry {
        let entry = Entry {
            id: self.context.spool.next_id(),
            trace: TraceId::new(1, 1),
            arrived: self.clock.now(),
            target: Target::Participant {
                participant: "k2m9x0r7t3".parse().unwrap(),
                transaction: transaction.map(|id| id.parse().unwrap()),
            },
            origin: Origin::Participant {
                participant: "8awgqyk6a5".parse().unwrap(),
                transaction: transaction.map(|id| id.parse().unwrap()),
            },
            reverse_path: ReversePath::Null,
            smtputf8: false,
            eight_bit: false,
            about: MessageSummary {
                recipient: "k2m9x0r7t3+cub31c122@allegromail.pl".into(),
                subject: "Pytanie".into(),
                ..MessageSummary::default()
            },
            sent_as: String::new(),
            memory: StateUpdates::default(),
            held: None,
            came: None,
            progress: Progress::default(),
        };
        NewEntry {
            entry,
            body: Bytes::from_static(b"x"),
        }
    }

    async fn submit(&self, transaction: Option<&str>) {
        let entry = self.entry(transaction);
        self.context.spool.commit(vec![entry]).await.unwrap();
    }

    async fn next(&mut self) -> (String, String) {
        let work = tokio::time::timeout(Duration::from_secs(20), self.seen.recv())
            .await
            .unwrap()
            .unwrap();
        let body = work.body.whole().await.unwrap();
        (
            work.recipient.to_string(),
            String::from_utf8_lossy(&body).into_owned(),
        )
    }

    /// Waits until the queue holds `count` entries that wait.
    async fn settle(&self, count: usize) -> Vec<ListedEntry> {
        loop {
            let listed = self.handle.list().await;
            if listed.len() == count
                && listed
                    .iter()
                    .all(|entry| entry.state == EntryState::Deferred)
            {
                return listed;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The ids of all that is in the queue, whatever is done with it.
    async fn ids(&self) -> std::collections::HashSet<crate::mail::QueueId> {
        let listed = self.handle.list().await;
        listed
            .iter()
            .map(|entry| entry.id.parse().unwrap())
            .collect()
    }
}

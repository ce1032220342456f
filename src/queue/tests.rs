//! The schedule over the real spool and directory, with a scripted way out and a clock that is moved by hand.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::*;
use crate::clock::ManualClock;
use crate::delivery::{AttemptFuture, DeliveryRequest};
use crate::directory::{RecordRules, SledDirectory, import};
use crate::history::{History, HistoryEvent, TraceQuery};
use crate::mail::{
    Diagnostic, Domain, EnhancedStatus, Mailbox, Outcome, Reply, ReversePath, Timestamp, TraceId,
};
use crate::masking::{MaskedDomain, MaskedDomains};
use crate::spool::{
    self, Entry, LastWriter, LocalSpool, MessageSummary, NewEntry, Opened, Origin, Progress,
    StateUpdates, Target,
};

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
        let bytes = self.flow.held_bytes();
        self.under_way.lock().unwrap().push(bytes);
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
    ) -> Result<Option<AddressMark>, Unavailable> {
        let last = self.0.lock().unwrap();
        Ok(last
            .as_ref()
            .filter(|last| last.transaction == *transaction && last.participant == *participant)
            .map(|last| last.address))
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
        dir: folder.join("spool"),
        segment_bytes: 1 << 20,
        min_free_bytes: 0,
        min_free_inodes: 0,
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

    async fn submit(&self, transaction: Option<&str>) {
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
            progress: Progress::default(),
        };
        self.context
            .spool
            .commit(vec![NewEntry {
                entry,
                body: Bytes::from_static(b"x"),
            }])
            .await
            .unwrap();
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
}

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
    // One byte in memory; the second time it was read back.
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
    let mut bytes = std::fs::read(&file).unwrap();
    let body = memchr::memmem::find(&bytes, b"}xEND").unwrap() + 1;
    bytes[body] = b'y';
    std::fs::write(&file, bytes).unwrap();
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
async fn the_address_is_asked_for_at_every_attempt() {
    let mut stage = Stage::build(vec![later(), later()]).await;
    let shop: ParticipantId = "k2m9x0r7t3".parse().unwrap();
    let address = AddressMark::of(&shop, &Mailbox::parse("sprzedaz@rowery.example").unwrap());
    stage.context.last_used.remember(&StateUpdates {
        last_writer: Some(LastWriter {
            transaction: "cub31c122".parse().unwrap(),
            participant: shop,
            address,
        }),
        ..StateUpdates::default()
    });
    stage.submit(Some("cub31c122")).await;
    assert_eq!(
        stage.next().await.0,
        "sprzedaz@rowery.example",
        "the one last used in this transaction"
    );
    stage.settle(1).await;
    let one = SHOP.replace(",\"sprzedaz@rowery.example\"", "");
    import(
        &*stage.context.directory,
        &RecordRules::default(),
        one.as_bytes(),
        |_| {},
    )
    .await
    .unwrap();
    stage.handle.retry_now();
    assert_eq!(
        stage.next().await.0,
        "biuro@rowery.example",
        "removed while the mail waited: the primary"
    );
    stage.settle(1).await;
    let suspended = SHOP.replace("\"type\"", "\"status\":\"suspended\",\"type\"");
    import(
        &*stage.context.directory,
        &RecordRules::default(),
        suspended.as_bytes(),
        |_| {},
    )
    .await
    .unwrap();
    stage.handle.retry_now();
    let (to, report) = stage.next().await;
    assert_eq!(to, "jan@poczta.example");
    assert!(report.contains("Status: 5.2.1"), "{report}");
}

#[tokio::test]
async fn a_registered_address_that_became_a_masked_one_is_not_written_to() {
    let mut stage = Stage::build(vec![]).await;
    let circle = SHOP.replace("rowery.example", "allegromail.pl");
    import(
        &*stage.context.directory,
        &RecordRules::default(),
        circle.as_bytes(),
        |_| {},
    )
    .await
    .unwrap();
    stage.submit(None).await;
    let (to, report) = stage.next().await;
    assert_eq!(to, "jan@poczta.example");
    assert!(report.contains("Status: 5.4.6"), "{report}");
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

#[tokio::test]
async fn h197_an_order_waits_for_the_one_before_it() {
    let later = || Outcome::Deferred(Diagnostic::local(EnhancedStatus::SYSTEM_4_3_0, "later"));
    let mut stage = Stage::build(vec![later(), later(), later()]).await;
    stage.submit(None).await;
    stage.next().await;
    let id = stage.settle(1).await[0].id.parse().unwrap();
    let controls = stage.handle.client();
    controls.act(id, QueueAction::Hold).await.unwrap();
    let (released, failed) = tokio::join!(
        controls.act(id, QueueAction::Release),
        controls.act(id, QueueAction::Fail)
    );
    // Whichever came first, the other waited for it.
    assert_eq!(failed, Ok(()));
    assert!(
        matches!(released, Ok(()) | Err(QueueActionError::NoSuchEntry(_))),
        "{released:?}"
    );
    assert_eq!(
        controls.act(id, QueueAction::Fail).await,
        Err(QueueActionError::NoSuchEntry(id))
    );
}

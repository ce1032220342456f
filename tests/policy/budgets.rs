//! What is counted is counted when a message is durable, and not before: a commit that fails costs nobody anything.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use allegromail::history::HistoryRecord;
use allegromail::mail::QueueId;
use allegromail::spool::{self, Entry, InFlight, NewEntry, Settlement, Spool, SpoolError};
use bytes::Bytes;

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::{BIURO, BUYER, Bare, JAN, SELLER, message};

/// A spool whose commits fail as often as it is told to.
struct Failing {
    inner: Arc<dyn Spool>,
    fail: AtomicUsize,
    taken: Mutex<Vec<Entry>>,
}

impl Failing {
    fn put_into(bare: &mut Bare) -> Arc<Self> {
        let spool = Arc::new(Self {
            inner: bare.tools.spool.clone(),
            fail: AtomicUsize::new(0),
            taken: Mutex::default(),
        });
        bare.tools.spool = spool.clone();
        spool
    }

    fn fail(&self, times: usize) {
        self.fail.store(times, Ordering::SeqCst);
    }

    fn taken(&self) -> Vec<Entry> {
        self.taken.lock().unwrap().clone()
    }
}

impl Spool for Failing {
    fn next_id(&self) -> QueueId {
        self.inner.next_id()
    }
    fn commit(&self, entries: Vec<NewEntry>) -> spool::SpoolFuture<'_, ()> {
        let fails = self
            .fail
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if fails.is_ok() {
            return Box::pin(async { Err(SpoolError::Full("a test".to_owned())) });
        }
        let new = entries.iter().map(|committed| committed.entry.clone());
        self.taken.lock().unwrap().extend(new);
        self.inner.commit(entries)
    }
    fn write_part(&self, number: QueueId, entries: Vec<NewEntry>) -> spool::SpoolFuture<'_, ()> {
        self.inner.write_part(number, entries)
    }
    fn finish(
        &self,
        number: QueueId,
        written: Vec<Entry>,
        last: Vec<NewEntry>,
    ) -> spool::SpoolFuture<'_, ()> {
        self.inner.finish(number, written, last)
    }
    fn abandon(&self, number: QueueId) {
        self.inner.abandon(number);
    }
    fn begin_attempt(&self, id: QueueId) -> Result<InFlight, SpoolError> {
        self.inner.begin_attempt(id)
    }
    fn settle(&self, id: QueueId, settlement: Settlement) -> spool::SpoolFuture<'_, ()> {
        self.inner.settle(id, settlement)
    }
    fn report(
        &self,
        about: QueueId,
        settlement: Settlement,
        report: NewEntry,
    ) -> spool::SpoolFuture<'_, ()> {
        self.inner.report(about, settlement, report)
    }
    fn content(&self, id: QueueId) -> spool::SpoolFuture<'_, spool::Content> {
        self.inner.content(id)
    }
    fn body(&self, id: QueueId) -> spool::SpoolFuture<'_, Bytes> {
        self.inner.body(id)
    }
    fn ready(&self) -> Result<(), SpoolError> {
        self.inner.ready()
    }
}

fn report(status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.rowery.example\r\nTo: <x@allegromail.pl>\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.rowery.example\r\n\r\n\
         Final-Recipient: rfc822; biuro@rowery.example\r\nAction: failed\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 {status} no\r\n--b--\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn h166_reports_that_could_not_be_stored_leave_room_for_others() {
    let mut bare = Bare::with_accounts().await;
    let spool = Failing::put_into(&mut bare);
    let (history, state) = (bare.tools.history.clone(), bare.tools.state.clone());
    let smtp = bare.serve().await;
    let mut session = Dialogue::greeted(smtp).await;
    let asked = message(JAN, SELLER, "");
    session.send(JAN, &[SELLER], &asked).await.assert("250");
    let entry = spool.taken().remove(0);
    history.note(HistoryRecord::accepted(&entry));
    let token = entry.reverse_path.to_string();
    let token = token.trim_matches(['<', '>']).to_owned();
    let mut bring =
        async |status: &str| -> Answer { session.send("", &[&token], &report(status)).await };
    for round in 0..3 {
        for number in 1..=4 {
            spool.fail(1);
            let answer = bring(&format!("5.{number}.{round}")).await;
            answer.assert("452");
        }
    }
    assert_eq!(spool.taken().len(), 1);
    for number in 1..=8 {
        bring(&format!("5.1.{number}")).await.assert("250");
        assert_eq!(spool.taken().len(), 1 + number, "{number}");
    }
    // Each in turn takes its place with it: what a crash keeps of the report, it keeps of the count.
    let mut places = std::collections::HashSet::new();
    for entry in &spool.taken()[1..] {
        let memory = serde_json::to_value(&entry.memory).unwrap();
        let counted = memory["counted"].as_array().unwrap();
        assert_eq!(counted.len(), 2, "{memory}");
        places.extend(entry.memory.counted.iter().copied());
    }
    assert_eq!(places.len(), 16);
    assert!(
        places
            .iter()
            .all(|place| state.is_marked((place.day, place.digest)).wait().unwrap())
    );
    let answer = bring("5.2.1").await;
    assert!(answer.0.contains("enough reports"), "{answer:?}");
    assert_eq!(spool.taken().len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn h166_an_automatic_reply_that_could_not_be_stored_passes_later() {
    let mut bare = Bare::with_accounts().await;
    let spool = Failing::put_into(&mut bare);
    let smtp = bare.serve().await;
    let mut session = Dialogue::greeted(smtp).await;
    let reply = message(BIURO, BUYER, "Auto-Submitted: auto-replied\r\n");
    spool.fail(1);
    session.send(BIURO, &[BUYER], &reply).await.assert("452");
    session.send(BIURO, &[BUYER], &reply).await.assert("250");
    assert_eq!(spool.taken().len(), 1);
    let answer = session.send(BIURO, &[BUYER], &reply).await;
    assert!(answer.0.contains("passed on today"), "{answer:?}");
    assert_eq!(spool.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn h166_mail_that_could_not_be_stored_spends_no_budget() {
    let mut bare = Bare::with_accounts().await;
    let spool = Failing::put_into(&mut bare);
    let smtp = bare.serve().await;
    let mail = message(JAN, SELLER, "");
    // More than an order may have in an hour.
    spool.fail(70);
    for _ in 0..70 {
        let mut session = Dialogue::greeted(smtp).await;
        session.send(JAN, &[SELLER], &mail).await.assert("452");
    }
    // Nor does what is refused after that: nobody could hide the writer in it.
    let encrypted = message(
        JAN,
        SELLER,
        "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n",
    );
    let encrypted = format!(
        "{encrypted}--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--\r\n"
    );
    for _ in 0..20 {
        let mut session = Dialogue::greeted(smtp).await;
        session.send(JAN, &[SELLER], &encrypted).await.assert("5");
    }
    let mut session = Dialogue::greeted(smtp).await;
    for number in 0..60 {
        let answer = session.send(JAN, &[SELLER], &mail).await;
        assert!(answer.0.starts_with("250"), "{number}: {answer:?}");
    }
    // And no more, but for what a slow machine lets come back meanwhile.
    let mut more = 0;
    while session
        .send(JAN, &[SELLER], &mail)
        .await
        .0
        .starts_with("250")
    {
        more += 1;
        assert!(more < 10);
    }
}

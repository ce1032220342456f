//! One message to many masks: what all its copies together may be, how they are stored one after another, and that they count together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use allegromail::mail::QueueId;
use allegromail::spool::{
    Content, Entry, InFlight, NewEntry, PART_SIZE, Settlement, Spool, SpoolError, SpoolFuture,
};
use bytes::Bytes;

use crate::support::dialogue::Dialogue;
use crate::support::stage::{Bare, JAN, Setup, Stage};

/// The largest message of these tests, in octets.
const LARGEST: usize = 100_000;
/// Orders between the two, and so masks of one seller.
const ORDERS: usize = 40;

fn mask(number: usize) -> String {
    format!("k2m9x0r7t3+many{number:02}@allegromail.pl")
}

/// A relay with many orders, that takes messages of [`LARGEST`] octets.
async fn stage() -> Stage {
    let order = |number| {
        format!(
            "{{\"type\":\"transaction\",\"id\":\"many{number:02}\",\"buyer\":\"8awgqyk6a5\",\"seller\":\"k2m9x0r7t3\"}}\n"
        )
    };
    let mut setup = Setup::default().key("smtp", &format!("max_message_size = {LARGEST}"));
    setup.accounts = (0..ORDERS).map(order).collect();
    setup.start().await
}

/// A message of exactly `octets`.
fn message(octets: usize) -> String {
    let mut text = format!(
        "From: {JAN}\r\nTo: {}\r\nSubject: photographs\r\n\r\n",
        mask(0)
    );
    while text.len() + 72 < octets {
        text.push_str("Dzien dobry, oto opis roweru, o ktory Pan pytal, linia za linia tak.\r\n");
    }
    let rest = octets - text.len() - 2;
    text.push_str(&"x".repeat(rest));
    text.push_str("\r\n");
    assert_eq!(text.len(), octets);
    text
}

/// Opens a transaction to `count` masks and returns how many were taken, and what the first refused one was answered.
async fn recipients(
    dialogue: &mut Dialogue,
    size: Option<usize>,
    count: usize,
) -> (usize, Option<String>) {
    let size = size.map_or(String::new(), |size| format!(" SIZE={size}"));
    let mail = dialogue.say(&format!("MAIL FROM:<{JAN}>{size}")).await;
    mail.assert("250");
    let (mut taken, mut refused) = (0, None);
    for number in 0..count {
        let answer = dialogue.say(&format!("RCPT TO:<{}>", mask(number))).await;
        if answer.0.starts_with("250") {
            taken += 1;
        } else {
            answer.assert("452 4.5.3").because("too-many-recipients");
            refused.get_or_insert(answer.0);
        }
    }
    (taken, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn h153_sixteen_times_the_largest_message_is_all_that_one_may_become() {
    let stage = stage().await;
    // Announced size, recipients that are taken of 40.
    let table = [
        (Some(LARGEST), 16),
        (Some(LARGEST / 2), 32),
        (Some(LARGEST / 2 + 1), 31),
        (Some(LARGEST * 16 / 40), 40),
        (Some(LARGEST * 16 / 40 + 1), 39),
        (Some(0), 40),
        (None, 40),
    ];
    for (size, taken) in table {
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        let found = recipients(&mut dialogue, size, ORDERS).await;
        assert_eq!(found.0, taken, "{size:?}: {found:?}");
        // Each that is put off is told how many go into one message.
        if let Some(answer) = found.1 {
            assert!(answer.contains(&format!(" {taken} recipients")), "{answer}");
        }
    }
    // Those that were taken are served; the others come in another message.
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    recipients(&mut dialogue, Some(LARGEST), 17).await;
    dialogue.say("DATA").await.assert("354");
    dialogue.data(&message(LARGEST)).await.assert("250");
    for _ in 0..16 {
        stage.arrival().await;
    }
    // No size was told, or a smaller one than it is: refused for good after the data, with what to do. The session goes on.
    for announced in [None, Some(1_000)] {
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        assert_eq!(recipients(&mut dialogue, announced, 17).await.0, 17);
        dialogue.say("DATA").await.assert("354");
        let answer = dialogue.data(&message(LARGEST)).await;
        answer.assert("552 5.3.4").because("too-large");
        assert!(
            answer.0.contains("fewer recipients at a time"),
            "{answer:?}"
        );
        let one = message(2_000);
        dialogue.send(JAN, &[&mask(0)], &one).await.assert("250");
        stage.arrival().await;
    }
    assert!(stage.sink.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn h153_many_recipients_of_a_small_message_pass() {
    let stage = stage().await;
    for (announced, octets) in [(None, LARGEST * 16 / 40), (Some(LARGEST / 4), LARGEST / 4)] {
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        assert_eq!(recipients(&mut dialogue, announced, ORDERS).await.0, ORDERS);
        dialogue.say("DATA").await.assert("354");
        dialogue.data(&message(octets)).await.assert("250");
        for _ in 0..ORDERS {
            stage.arrival().await;
        }
    }
}

/// A spool that looks at what is in memory of a message's copies when it is given some of them.
struct Watching {
    spool: Arc<dyn Spool>,
    /// Copies that were given to it.
    given: Mutex<Vec<Bytes>>,
    /// The most octets of copies that were in memory at once.
    most: Arc<AtomicUsize>,
    /// Copies that were given in all.
    copies: Arc<AtomicUsize>,
    /// Fail with the piece of this number.
    fails_at: usize,
    pieces: AtomicUsize,
}

impl Watching {
    fn look(&self, entries: &[NewEntry]) {
        let mut given = self.given.lock().unwrap();
        // Whoever else has one of them has it in memory.
        given.retain(|copy| !copy.is_unique());
        given.extend(entries.iter().map(|new| new.body.clone()));
        let octets = given.iter().map(Bytes::len).sum();
        self.most.fetch_max(octets, Ordering::SeqCst);
        self.copies.fetch_add(entries.len(), Ordering::SeqCst);
    }
}

impl Spool for Watching {
    fn next_id(&self) -> QueueId {
        self.spool.next_id()
    }

    fn commit(&self, entries: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        self.look(&entries);
        self.spool.commit(entries)
    }

    fn write_part(&self, number: QueueId, entries: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        self.look(&entries);
        if self.pieces.fetch_add(1, Ordering::SeqCst) + 1 == self.fails_at {
            return Box::pin(async { Err(SpoolError::Full("no room".to_owned())) });
        }
        self.spool.write_part(number, entries)
    }

    fn finish(
        &self,
        number: QueueId,
        written: Vec<Entry>,
        last: Vec<NewEntry>,
    ) -> SpoolFuture<'_, ()> {
        self.look(&last);
        self.spool.finish(number, written, last)
    }

    fn abandon(&self, number: QueueId) {
        self.spool.abandon(number);
    }

    fn begin_attempt(&self, id: QueueId) -> Result<InFlight, SpoolError> {
        self.spool.begin_attempt(id)
    }

    fn settle(&self, id: QueueId, settlement: Settlement) -> SpoolFuture<'_, ()> {
        self.spool.settle(id, settlement)
    }

    fn report(
        &self,
        about: QueueId,
        settlement: Settlement,
        report: NewEntry,
    ) -> SpoolFuture<'_, ()> {
        self.spool.report(about, settlement, report)
    }

    fn content(&self, id: QueueId) -> SpoolFuture<'_, Content> {
        self.spool.content(id)
    }

    fn body(&self, id: QueueId) -> SpoolFuture<'_, Bytes> {
        self.spool.body(id)
    }

    fn ready(&self) -> Result<(), SpoolError> {
        self.spool.ready()
    }
}

/// An intake over a spool that is watched: it, the most octets in memory, and the copies.
async fn watched(fails_at: usize) -> (std::net::SocketAddr, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let mut bare = Bare::with_accounts().await;
    let (most, copies) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    bare.tools.spool = Arc::new(Watching {
        spool: bare.tools.spool.clone(),
        given: Mutex::default(),
        most: most.clone(),
        copies: copies.clone(),
        fails_at,
        pieces: AtomicUsize::new(0),
    });
    (bare.serve().await, most, copies)
}

/// Masks of the seller, one for each state of an order.
const MASKS: [&str; 3] = [
    "k2m9x0r7t3+cub31c122@allegromail.pl",
    "k2m9x0r7t3+closed1@allegromail.pl",
    "k2m9x0r7t3@allegromail.pl",
];

#[tokio::test(flavor = "multi_thread")]
async fn h153_copies_of_a_large_message_are_let_go_one_after_another() {
    const LARGE: usize = 3 * 1024 * 1024;
    let (server, most, copies) = watched(0).await;
    let mut dialogue = Dialogue::greeted(server).await;
    let answer = dialogue.send(JAN, &MASKS, &message(LARGE)).await;
    answer.assert("250");
    let taken = copies.load(Ordering::SeqCst);
    // One reply names all that goes on; the order of the third is closed.
    let ids = answer.0.split(" [trace").next().unwrap();
    assert_eq!(ids.split(' ').count() - 4, 2, "{answer:?}");
    assert_eq!(taken, 3, "those, and what is to be reported on");
    let most = most.load(Ordering::SeqCst);
    assert!(most >= LARGE, "nothing was looked at");
    assert!(most < LARGE + PART_SIZE, "{most} octets of copies at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn h153_what_fails_on_the_way_is_refused_as_a_whole() {
    let (server, _, copies) = watched(2).await;
    let mut dialogue = Dialogue::greeted(server).await;
    let large = message(2 * PART_SIZE);
    let answer = dialogue.send(JAN, &MASKS, &large).await;
    answer.assert("452").because("storage");
    // The next message passes: nothing of the first is in its way.
    dialogue.send(JAN, &MASKS, &large).await.assert("250");
    assert!(copies.load(Ordering::SeqCst) > 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn h154_ten_large_messages_at_once_take_the_memory_of_one_and_small_ones_pass() {
    const LARGE: usize = 2 * 1024 * 1024;
    let mut bare = Bare::with_accounts().await;
    let most = Arc::<AtomicUsize>::default();
    bare.tools.spool = Arc::new(Watching {
        spool: bare.tools.spool.clone(),
        given: Mutex::default(),
        most: most.clone(),
        copies: Arc::default(),
        fails_at: 0,
        pieces: AtomicUsize::new(0),
    });
    // As little memory as one message needs.
    let server = bare.serve_with(|settings| {
        settings.max_message_size = LARGE;
        settings.memory = 0;
    });
    let server = server.await;
    let writers = (0..10).map(|_| {
        tokio::spawn(async move {
            // Who is put off comes again, until all have been served.
            for put_off in 0.. {
                let mut dialogue = Dialogue::greeted(server).await;
                let answer = dialogue.send(JAN, &MASKS, &message(LARGE)).await;
                if answer.0.starts_with("250") {
                    return put_off;
                }
                answer.assert("452").because("storage");
            }
            unreachable!()
        })
    });
    let writers: Vec<_> = writers.collect();
    let honest = tokio::spawn(async move {
        let mut taken = 0;
        for _ in 0..20 {
            let mut dialogue = Dialogue::greeted(server).await;
            let answer = dialogue.send(JAN, &MASKS[..1], &message(2_000)).await;
            answer.assert("250");
            taken += 1;
        }
        taken
    });
    assert_eq!(honest.await.unwrap(), 20, "small mail beside them");
    for writer in writers {
        writer.await.unwrap();
    }
    let most = most.load(Ordering::SeqCst);
    assert!(most >= LARGE, "nothing was looked at");
    // The copies of one large message, and those of the small ones beside it.
    assert!(
        most < LARGE + 2 * PART_SIZE,
        "{most} octets of copies at once"
    );
}

//! Invoices of blocked messages while the process ends at every point of their way: each that was answered 550 is at the marketplace, or with the buyer, and
//! never at both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::ground::{Ground, PAIRS};
use crate::support::client::Client;
use crate::support::http;
use crate::support::process::{Server, wait_until};
use crate::support::receiver::Receiver;
use crate::{Dice, asked};

/// SIGABRT.
const ABORTED: i32 = 6;

/// What the marketplace makes of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marketplace {
    /// Its server takes them.
    Takes,
    /// It refuses them for good.
    Refuses,
    /// It fetches them from `data_dir/documents`.
    Fetches,
}

/// The points of the way with each.
const POINTS: [(Marketplace, &[&str]); 3] = [
    (
        Marketplace::Takes,
        &[
            "documents.committing",
            "documents.committed",
            "queue.admitted",
            "queue.remembered",
            "queue.noted",
            "handover.begun",
            "handover.connected",
            "handover.answered",
            "handover.attempted",
            "handover.ending",
            "handover.ended",
            "queue.ended",
        ],
    ),
    (
        Marketplace::Refuses,
        &[
            "documents.committed",
            "handover.answered",
            "handover.releasing",
            "handover.released",
            "queue.ended",
        ],
    ),
    (
        Marketplace::Fetches,
        &[
            "documents.committed",
            "handover.file_synced",
            "handover.file_written",
            "handover.attempted",
            "handover.settled",
            "handover.ended",
        ],
    ),
];

/// A ground, the marketplace beside it, and what was sent.
struct Fair {
    ground: Ground,
    marketplace: Marketplace,
    receiver: Option<Receiver>,
    runtime: Arc<tokio::runtime::Runtime>,
    /// Number -> SHA-256 of the invoice that was answered 550.
    blocked: BTreeMap<u64, String>,
    /// Those that were fetched.
    taken: BTreeSet<String>,
    /// How often the process was ended.
    ends: usize,
}

/// The documents that wait.
fn documents(relay: &Server) -> Vec<serde_json::Value> {
    let answer = http::get(relay.admin, "/v1/documents");
    let json = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let start = json.find('[').unwrap_or_default();
    let end = json.rfind(']').map_or(0, |end| end + 1);
    serde_json::from_str(&json[start..end]).unwrap_or_default()
}

impl Fair {
    fn new(marketplace: Marketplace) -> Self {
        let runtime = Arc::new(tokio::runtime::Runtime::new().unwrap());
        let code = match marketplace {
            Marketplace::Takes => Some(201),
            Marketplace::Refuses => Some(422),
            Marketplace::Fetches => None,
        };
        let receiver =
            code.map(|code| runtime.block_on(Receiver::start(&[(code, Duration::ZERO)])));
        let table = receiver.as_ref().map_or_else(String::new, |receiver| {
            format!("[handover]\nurl = \"http://{}/orders\"\n", receiver.address)
        });
        Self {
            ground: Ground::with(&table),
            marketplace,
            receiver,
            runtime,
            blocked: BTreeMap::new(),
            taken: BTreeSet::new(),
            ends: 0,
        }
    }

    /// Sends one more invoice; the same again to the next process, where this one ends before its reply.
    fn send(&mut self, relay: &mut Server, number: u64) -> bool {
        let pair = number % PAIRS;
        let pdf = format!("%PDF-1.4\n% {number}\n%%EOF\n").into_bytes();
        let (from, to) = (
            format!("seller{pair}@rowery.example"),
            format!("bu{pair:05}+tse{pair:05}@allegromail.pl"),
        );
        let letter = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: Faktura\r\nMessage-ID: <{number}@rowery.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nFaktura w zalaczniku, przesylam fakture do zamowienia.\r\n\
             --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"faktura id-{number}-.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--",
            data_encoding::BASE64.encode(&pdf)
        );
        let sent =
            Client::connect(relay.smtp).and_then(|mut client| client.send(&from, &to, &letter));
        let Ok(reply) = sent else { return false };
        if reply.starts_with("451") || reply.starts_with("421") {
            return false;
        }
        assert!(
            reply.starts_with("550 5.7.1") && reply.contains("duplicate-notification"),
            "{reply}"
        );
        let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(&pdf));
        self.blocked.insert(number, sha256);
        true
    }

    /// Takes every document that waits, and says so: what was heard to be durable stands in the books.
    fn take(&mut self, relay: &Server) {
        for document in documents(relay) {
            let (id, sha256) = (
                document["id"].as_str().unwrap(),
                document["sha256"].as_str().unwrap(),
            );
            let path = format!("/v1/documents/{id}/taken");
            let said = std::panic::catch_unwind(|| {
                http::post(relay.admin, &path, Some("application/json"), "{}")
            });
            // The process may end before its answer: then it is taken, or waits still.
            let said = said.unwrap_or_default();
            if said.contains("200 OK") || said.is_empty() {
                self.taken.insert(sha256.to_owned());
            }
        }
    }

    fn is_quiet(&mut self, relay: &Server) -> bool {
        if self.marketplace == Marketplace::Fetches {
            self.take(relay);
        }
        http::get(relay.admin, "/v1/queue").ends_with("[]")
            || http::get(relay.admin, "/v1/queue").contains("\r\n[]\r\n")
    }

    /// Ends the process at `point` while an invoice is on its way; then everything comes to its end.
    fn end_at(&mut self, point: &str, number: u64) {
        self.ground.arm("");
        let mut relay = self.ground.start();
        self.ground.arm(&format!("{point}=abort"));
        let mut heard = self.send(&mut relay, number);
        if point == "handover.ended" && self.marketplace == Marketplace::Fetches {
            wait_until("something to take", || {
                relay.has_ended() || http::get(relay.admin, "/v1/documents").contains("sha256")
            });
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.take(&relay)));
        }
        wait_until("the end of the process", || relay.has_ended());
        assert_eq!(
            relay.wait().signal(),
            Some(ABORTED),
            "{:?} {point}: {}",
            self.marketplace,
            relay.log()
        );
        self.ground.arm("");
        self.ends += 1;
        let mut relay = self.ground.start();
        while !heard {
            heard = self.send(&mut relay, number);
        }
        wait_until("an empty queue", || self.is_quiet(&relay));
        relay.stop();
    }

    /// What became of every invoice that was answered 550.
    fn close(self) {
        let delivered = self.ground.ledger.delivered.lock().unwrap().clone();
        let mut came: BTreeMap<String, usize> = BTreeMap::new();
        for request in self.receiver.iter().flat_map(Receiver::came) {
            let sha256 = request.path.rsplit('/').next().unwrap().to_owned();
            *came.entry(sha256).or_default() += 1;
        }
        // The same request comes once more where the process ended before its answer was durable; four are under way at once.
        let again: usize = came.values().map(|times| times - 1).sum();
        assert!(
            again <= self.ends * 4,
            "{again} requests again, {} ends",
            self.ends
        );
        let came: BTreeSet<String> = came.into_keys().collect();
        let wanted: BTreeSet<String> = self.blocked.values().cloned().collect();
        match self.marketplace {
            Marketplace::Takes => {
                assert_eq!(came, wanted);
                assert!(delivered.is_empty(), "{delivered:?}");
            }
            Marketplace::Refuses => {
                let once: BTreeMap<u64, u32> =
                    self.blocked.keys().map(|number| (*number, 1)).collect();
                assert_eq!(delivered, once);
                let told = self.ground.ledger.reported.lock().unwrap();
                assert!(
                    self.blocked.keys().all(|number| told.contains(number)),
                    "{told:?}"
                );
            }
            Marketplace::Fetches => {
                assert_eq!(self.taken, wanted);
                assert!(delivered.is_empty(), "{delivered:?}");
            }
        }
        let left = fs::read_dir(self.ground.data("documents"))
            .into_iter()
            .flatten()
            .count();
        assert_eq!(left, 0, "files of documents that have ended");
        println!(
            "{:?}: {} invoices, {} of them with the buyer",
            self.marketplace,
            self.blocked.len(),
            delivered.len()
        );
        drop(self.receiver);
        drop(self.runtime);
    }
}

/// The points of this way that other work does not come by.
pub fn is_point(name: &str) -> bool {
    name.starts_with("handover.") || name.starts_with("documents.")
}

#[test]
fn every_point_of_the_way_of_a_document_is_tried() {
    let tried: BTreeSet<&str> = POINTS
        .iter()
        .flat_map(|(_, points)| points.iter().copied())
        .collect();
    let all = crate::points::points();
    let missing: Vec<&String> = all
        .iter()
        .filter(|name| is_point(name) && !tried.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_document_is_handed_over_or_with_the_buyer_wherever_the_process_ends() {
    let runs = POINTS.map(|(marketplace, points)| {
        std::thread::spawn(move || {
            let mut fair = Fair::new(marketplace);
            for (number, point) in points.iter().enumerate() {
                fair.end_at(point, number as u64);
            }
            fair.close();
        })
    });
    for run in runs {
        run.join().unwrap();
    }
}

#[test]
fn documents_of_a_process_that_is_killed_at_random_are_not_lost() {
    let mut fair = Fair::new(Marketplace::Takes);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut number, mut waiting) = (0, Vec::new());
    for _ in 0..asked("ALLEGROMAIL_KILLS", 8) {
        let mut relay = fair.ground.start();
        let killed = std::time::Instant::now() + Duration::from_millis(100 + dice.next(400));
        // What was not answered comes again first.
        while std::time::Instant::now() < killed {
            let next = waiting.pop().unwrap_or_else(|| {
                number += 1;
                number
            });
            if !fair.send(&mut relay, next) {
                waiting.push(next);
            }
        }
        relay.kill();
        fair.ends += 1;
    }
    let mut relay = fair.ground.start();
    while let Some(next) = waiting.pop() {
        assert!(fair.send(&mut relay, next));
    }
    wait_until("an empty queue", || fair.is_quiet(&relay));
    relay.stop();
    fair.close();
}

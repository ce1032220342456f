//! Messages whose octets change on the disk: listed, ended in the trace, told to their writers once, and exported as far as they are left.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::ground::{self, Ground};
use crate::load;
use crate::support::client::Client;
use crate::support::http;
use crate::support::process::{Server, wait_until};

const MARK: &str = "Jedyna linia tej wiadomosci, powtorzona";

/// A relay that holds a message to a seller whose server puts everything off, stopped in good order.
struct Held {
    ground: Ground,
    number: u64,
    /// The segment, and where the record of the message begins and its body stands.
    file: PathBuf,
    record: usize,
    body: usize,
}

/// Sends one message that is not delivered while the point holds, and returns its number.
fn send(ground: &Ground, relay: &Server) -> u64 {
    let number = ground.ledger.number();
    let (from, to) = (ground::buyer(1), ground::mask("seller", 1));
    let mut message = load::message(&from, &to, number);
    message.push_str(&format!("{MARK}\r\n").repeat(40));
    let mut client = Client::connect(relay.smtp).unwrap();
    let reply = client.send(&from, &to, &message).unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    ground.ledger.acknowledged(number, &reply);
    number
}

fn place(ground: &Ground) -> (PathBuf, usize, usize) {
    let segments = fs::read_dir(ground.data("spool")).unwrap();
    for path in segments.map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|kind| kind != "seg") {
            continue;
        }
        let octets = fs::read(&path).unwrap();
        if let Some(body) = memchr::memmem::rfind(&octets, MARK.as_bytes()) {
            let record = memchr::memmem::rfind(&octets[..body], b"AMS2\x01").unwrap();
            return (path, record, body);
        }
    }
    panic!("the message is not in the log");
}

/// No attempt reaches the sink.
const NO_WAY: &str = "delivery.connecting=error:EMFILE";

impl Held {
    fn new() -> Self {
        let ground = Ground::new();
        ground.arm(NO_WAY);
        let relay = ground.start();
        let number = send(&ground, &relay);
        wait_until("a first attempt", || trace(&relay).contains("deferred"));
        relay.stop();
        let (file, record, body) = place(&ground);
        Self {
            ground,
            number,
            file,
            record,
            body,
        }
    }

    fn flip(&self, at: usize) {
        let file = fs::File::options()
            .read(true)
            .write(true)
            .open(&self.file)
            .unwrap();
        let mut octet = [0];
        file.read_exact_at(&mut octet, at as u64).unwrap();
        file.write_all_at(&[octet[0] ^ 4], at as u64).unwrap();
    }
}

/// The lives of all messages to the seller.
fn trace(relay: &Server) -> String {
    let mask = ground::mask("seller", 1).replace('+', "%2B");
    http::get(relay.admin, &format!("/v1/trace?q={mask}"))
}

/// What the commands say of the one damaged message of a stopped relay: it is listed, and what is left of it can be had. Returns its id.
fn looked_at(ground: &Ground, word: &str) -> String {
    let listed = ground.command(&["queue", "list", "--state", "damaged", "--json"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{word}: {text}");
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let into = ground.folder.path().join("out");
    fs::create_dir_all(&into).unwrap();
    let exported = ground.command(&["queue", "export", &id, "--into", into.to_str().unwrap()]);
    assert!(exported.status.success(), "{word}: {exported:?}");
    let left = fs::read(into.join(format!("{id}.eml"))).unwrap();
    let lines = memchr::memmem::find_iter(&left, MARK.as_bytes()).count();
    assert!(lines >= 39, "{word}: {lines} lines are left");
    id
}

/// The message is listed as damaged, with its end in the trace and one report; what is left of it is exported; an operator drops it.
fn ends(ground: &Ground, mut relay: Server, number: u64, word: &str) {
    wait_until("a damaged message", || {
        http::get(relay.admin, "/v1/queue").contains("\"state\":\"damaged\"")
    });
    wait_until("its end", || trace(&relay).contains("\"event\":\"failed\""));
    ground.arm("");
    wait_until("the report", || {
        ground.ledger.reported.lock().unwrap().contains(&number)
    });
    let life = trace(&relay);
    assert!(life.contains("damaged on the disk"), "{word}: {life}");
    // Restarts after it was found tell nothing again, and keep it in sight.
    let mut id = String::new();
    for _ in 0..2 {
        relay.stop();
        id = looked_at(ground, word);
        relay = ground.start();
        let listed = http::get(relay.admin, "/v1/queue");
        assert_eq!(
            listed.matches("\"state\":\"damaged\"").count(),
            1,
            "{word}: {listed}"
        );
    }
    let order = |word: &str| {
        let path = format!("/v1/queue/{id}/{word}");
        http::post(relay.admin, &path, None, "")
    };
    let left = http::get(relay.admin, &format!("/v1/queue/{id}/message"));
    assert!(left.contains(" 200 "), "{word}: {left}");
    for refused in ["retry", "hold", "fail"] {
        assert!(
            order(refused).contains(" 409 "),
            "{word}: {}",
            order(refused)
        );
    }
    assert!(order("drop").contains(" 200 "), "{word}");
    assert!(http::get(relay.admin, "/v1/queue").contains("[]"), "{word}");
    // Honest mail was never held up.
    let honest = send(ground, &relay);
    wait_until("honest mail", || {
        ground
            .ledger
            .delivered
            .lock()
            .unwrap()
            .contains_key(&honest)
    });
    let reports = ground.ledger.reports.load(Ordering::SeqCst);
    assert_eq!(reports, 1, "{word}: told once");
    assert!(
        !ground
            .ledger
            .delivered
            .lock()
            .unwrap()
            .contains_key(&number),
        "{word}"
    );
    relay.stop();
}

#[test]
fn h174_a_damaged_message_is_listed_ended_and_told_once() {
    for word in ["body", "head", "number", "magic"] {
        let held = Held::new();
        held.flip(match word {
            "body" => held.body + 10,
            "head" => held.record + 60,
            "number" => held.record + 9,
            _ => held.record + 1,
        });
        let relay = held.ground.start();
        assert!(
            relay.log().contains("spool_damaged"),
            "{word}: {}",
            relay.log()
        );
        ends(&held.ground, relay, held.number, word);
    }
}

#[test]
fn h174_damage_that_a_retry_finds_ends_the_message_too() {
    let ground = Ground::new();
    ground.arm(NO_WAY);
    let relay = ground.start();
    let number = send(&ground, &relay);
    wait_until("a first attempt", || trace(&relay).contains("deferred"));
    let (file, record, body) = place(&ground);
    let held = Held {
        number,
        file,
        record,
        body,
        ground,
    };
    held.flip(held.body + 10);
    ends(&held.ground, relay, held.number, "while running");
}

#[test]
fn h174_a_crash_at_any_step_of_the_end_tells_once() {
    for point in [
        "spool.damaged_kept",
        "queue.damage_composed",
        "queue.damage_told",
    ] {
        let held = Held::new();
        held.flip(held.body + 10);
        held.ground.arm(&format!("{NO_WAY}\n{point}=abort@1"));
        let points = format!(
            "file:{}",
            held.ground.folder.path().join("points").display()
        );
        // The start itself may end there.
        if let Ok(mut relay) = held.ground.try_start(&points, &[]) {
            relay.wait();
        }
        held.ground.arm(NO_WAY);
        let relay = held.ground.start();
        ends(&held.ground, relay, held.number, point);
    }
}

#[test]
fn h174_damage_in_a_message_that_has_ended_is_told_to_nobody() {
    let ground = Ground::new();
    let relay = ground.start();
    let number = send(&ground, &relay);
    wait_until("a delivery", || {
        ground
            .ledger
            .delivered
            .lock()
            .unwrap()
            .contains_key(&number)
    });
    relay.stop();
    let (file, record, body) = place(&ground);
    let held = Held {
        ground,
        number,
        file,
        record,
        body,
    };
    for at in [held.record + 60, held.record + 9, held.body + 10] {
        held.flip(at);
        let relay = held.ground.start();
        let honest = send(&held.ground, &relay);
        wait_until("honest mail", || {
            held.ground
                .ledger
                .delivered
                .lock()
                .unwrap()
                .contains_key(&honest)
        });
        std::thread::sleep(Duration::from_millis(300));
        assert!(http::get(relay.admin, "/v1/queue").contains("[]"));
        assert!(held.ground.ledger.reported.lock().unwrap().is_empty());
        let delivered = held
            .ground
            .ledger
            .delivered
            .lock()
            .unwrap()
            .get(&held.number)
            .copied();
        assert_eq!(delivered, Some(1));
        relay.stop();
        held.flip(at);
    }
}

//! Faults of disk, descriptors and clock, one by one (docs/threats.md#118 to #129). Each prints a line of the matrix:
//!
//! `cargo test --test crash faults -- --nocapture --test-threads=1 | grep '|'`

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::ground::{self, Ground};
use crate::load;
use crate::support::client::Client;
use crate::support::http;
use crate::support::process::{Server, wait_until};

/// A line of the matrix.
fn told(fault: &str, what: &str) {
    println!("| {fault} | {what} |");
}

/// Sends so many messages, which must all be taken.
fn take(ground: &Ground, client: &mut Client, count: usize) {
    for _ in 0..count {
        let reply = client.next(&ground.ledger).unwrap();
        assert!(reply.starts_with("250"), "{reply}");
    }
}

/// What MAIL is answered on a fresh connection.
fn mail(relay: &Server) -> String {
    let mut client = Client::connect(relay.smtp).unwrap();
    client.say("MAIL FROM:<buyer1@poczta.example>").unwrap()
}

/// Everything arrives, and the relay stops in good order.
fn whole(ground: &Ground, relay: Server) -> crate::ledger::Closing {
    let closing = ground.ledger.close(Duration::from_secs(20));
    assert!(closing.lost.is_empty(), "{closing:?}\n{}", relay.log());
    closing.assert_whole();
    relay.stop();
    closing
}

#[test]
fn h118_a_reply_that_was_lost_costs_no_message() {
    let ground = Ground::new();
    let relay = ground.start();
    ground.arm("inbound.committed=delay:300");
    let number = ground.ledger.number();
    let (from, to) = (ground::buyer(1), ground::mask("seller", 1));
    let message = load::message(&from, &to, number);
    let mut client = Client::connect(relay.smtp).unwrap();
    client.send_and_go(&from, &to, &message).unwrap();
    // The client goes away before it hears the 250, and comes again, as it must.
    let mut client = Client::connect(relay.smtp).unwrap();
    let reply = client.send(&from, &to, &message).unwrap();
    ground.ledger.acknowledged(number, &reply);
    let closing = whole(&ground, relay);
    assert!(closing.duplicates <= 1, "{closing:?}");
    told(
        "the client goes between commit and 250",
        &format!("the message arrives {} times", closing.duplicates + 1),
    );
}

#[test]
fn h121_too_little_disk_is_said_at_mail_while_delivery_goes_on() {
    let ground = Ground::new();
    let relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    take(&ground, &mut client, 14);
    for low in ["spool.free_bytes=number:1000", "spool.free_inodes=number:3"] {
        ground.arm(low);
        wait_until("452 at MAIL", || mail(&relay).starts_with("452 4.3.1"));
        ground.ledger.close(Duration::from_secs(20)).assert_whole();
        ground.arm("");
        wait_until("room again", || mail(&relay).starts_with("250"));
        take(&ground, &mut client, 14);
    }
    whole(&ground, relay);
    told(
        "disk or inodes below the watermark",
        "452 4.3.1 at MAIL, delivery goes on, mail is taken again without a restart",
    );
}

#[test]
fn h121_a_write_without_room_is_cut_off_again() {
    let ground = Ground::new();
    let relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    take(&ground, &mut client, 3);
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    ground.arm("spool.tear_write=error:EIO\nspool.write_torn=error:ENOSPC");
    let reply = client.next(&ground.ledger).unwrap();
    assert!(reply.starts_with("452 4.3.1"), "{reply}");
    // Now the end of a delivery finds no room: it waits, and is not forgotten.
    ground.arm("queue.settling=delay:400");
    take(&ground, &mut client, 1);
    let last = ground.ledger.count();
    wait_until("a delivery", || {
        ground.ledger.delivered.lock().unwrap().len() == last
    });
    ground.arm("spool.writing=error:ENOSPC");
    wait_until("a settlement that waits", || {
        relay.log().contains("settle_waits")
    });
    ground.arm("");
    wait_until("an empty queue", || {
        http::get(relay.admin, "/v1/queue").contains("[]")
    });
    take(&ground, &mut client, 5);
    relay.stop();
    let relay = ground.start();
    let closing = whole(&ground, relay);
    assert_eq!(closing.duplicates, 0);
    told(
        "ENOSPC in the middle of a write",
        "452 4.3.1, the log is cut, a settlement waits for room; nothing twice, no restart",
    );
}

#[test]
fn h122_a_failed_sync_ends_acknowledging_until_a_restart() {
    let ground = Ground::new();
    let relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    take(&ground, &mut client, 10);
    // Once only: whoever tried again would succeed.
    ground.arm("spool.syncing=error:EIO@1");
    let clients = load::start(4, relay.smtp, &ground.ledger);
    wait_until("the alarm", || relay.log().contains("spool_unhealthy"));
    for client in clients {
        client.join().unwrap();
    }
    let acknowledged = ground.ledger.count();
    for _ in 0..5 {
        assert!(mail(&relay).starts_with("421"), "{}", mail(&relay));
    }
    assert!(http::get(relay.admin, "/metrics").contains("allegromail_spool_unhealthy 1"));
    assert!(http::get(relay.admin, "/readyz").contains(" 503 "));
    assert_eq!(ground.ledger.count(), acknowledged);
    assert_eq!(
        relay.log().matches("what=\"sync\"").count(),
        1,
        "{}",
        relay.log()
    );
    relay.stop();
    let relay = ground.start();
    let closing = whole(&ground, relay);
    told(
        "EIO on fdatasync",
        &format!(
            "421, alarm in log, metric and readyz, no second sync; a restart delivers all {}",
            closing.acknowledged
        ),
    );
}

#[test]
fn h121_a_message_that_cannot_be_read_waits() {
    let ground = Ground::new();
    let relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    take(&ground, &mut client, 14);
    // Number 13 is put off at first; its next attempts read it back.
    ground.arm("spool.reading=error:EIO");
    wait_until("a failed read", || relay.log().contains("body_unreadable"));
    take(&ground, &mut client, 5);
    ground.arm("");
    whole(&ground, relay);
    told(
        "EIO on read",
        "that message waits, others go on; delivered when it can be read",
    );
}

#[test]
fn h122_a_slow_disk_only_takes_time() {
    let ground = Ground::new();
    let relay = ground.start();
    ground.arm("spool.syncing=delay:200");
    let begun = Instant::now();
    let threads: Vec<_> = (0..10)
        .map(|_| {
            let (ledger, smtp) = (ground.ledger.clone(), relay.smtp);
            std::thread::spawn(move || Client::connect(smtp).unwrap().next(&ledger).unwrap())
        })
        .collect();
    for thread in threads {
        assert!(thread.join().unwrap().starts_with("250"));
    }
    let took = begun.elapsed();
    ground.arm("");
    whole(&ground, relay);
    told(
        "every fdatasync takes 200 ms",
        &format!("ten sessions are answered in {took:.1?}, nothing lost"),
    );
}

#[test]
fn h123_a_flood_of_connections_leaves_descriptors_to_honest_mail() {
    let ground = Ground::new();
    let few = ["sh", "-c", "ulimit -n 160; exec \"$@\"", "sh"];
    let points = format!("file:{}", ground.folder.path().join("points").display());
    let relay = ground.try_start(&points, &few).unwrap();
    let mut honest = Client::connect(relay.smtp).unwrap();
    let flood: Vec<TcpStream> = (0..300)
        .map_while(|_| TcpStream::connect(relay.smtp).ok())
        .collect();
    take(&ground, &mut honest, 40);
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    let (held, ticks) = (flood.len(), ground::cpu_ticks(relay.pid()));
    std::thread::sleep(Duration::from_millis(500));
    let spent = ground::cpu_ticks(relay.pid()) - ticks;
    drop(flood);
    wait_until("an open door", || Client::connect(relay.smtp).is_ok());
    take(&ground, &mut honest, 5);
    whole(&ground, relay);
    told(
        "160 descriptors, 300 connections",
        &format!(
            "{held} were opened, honest mail went through, {spent} ticks of CPU in half a second"
        ),
    );
}

#[test]
fn h123_a_failing_accept_or_connect_is_tried_again() {
    let ground = Ground::new();
    let relay = ground.start();
    ground.arm("inbound.accepted=error:EMFILE@1-3");
    for _ in 0..3 {
        assert!(Client::connect(relay.smtp).is_err());
    }
    let mut client = Client::connect(relay.smtp).unwrap();
    assert_eq!(relay.log().matches("accept_failed").count(), 3);
    ground.arm("delivery.connecting=error:EMFILE@1-2");
    take(&ground, &mut client, 4);
    whole(&ground, relay);
    told(
        "EMFILE in accept and connect",
        "the listener pauses and goes on; deliveries are tried again",
    );
}

#[test]
fn h124_a_clock_that_jumps_expires_nothing_and_stops_nothing() {
    const TEN_YEARS: u64 = 315_360_000_000;
    let ground = Ground::new();
    let relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    let jump = |which: &str| format!("clock.{which}_ms=number:{TEN_YEARS}");
    take(&ground, &mut client, 20);
    ground.arm(&jump("ahead"));
    take(&ground, &mut client, 20);
    let closing = ground.ledger.close(Duration::from_secs(20));
    closing.assert_whole();
    // Two of forty were refused by their receiver; a clock that jumps makes no more.
    wait_until("reports on the refused", || {
        ground.ledger.reported.lock().unwrap().len() >= 2
    });
    take(&ground, &mut client, 14);
    ground.arm(&jump("behind"));
    wait_until("the step", || {
        take(&ground, &mut client, 1);
        relay.log().contains("clock_went_back")
    });
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    // And over a restart.
    take(&ground, &mut client, 20);
    relay.stop();
    ground.arm("");
    let relay = ground.start();
    let closing = whole(&ground, relay);
    let refused = ground
        .ledger
        .acknowledged
        .lock()
        .unwrap()
        .keys()
        .filter(|number| *number % 20 == 7)
        .count();
    assert_eq!(closing.reported, refused);
    told(
        "clock ten years ahead, ten years back, and right again",
        "no entry expires, none waits for the old clock",
    );
}

#[test]
fn h124_an_hour_forth_and_back_and_a_slow_clock_hold_nothing_up() {
    const HOUR: u64 = 3_600_000;
    let ground = Ground::new();
    let relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    // As a machine whose clock is set by hand, or by local time, has it twice a year.
    for point in [format!("clock.ahead_ms=number:{HOUR}"), String::new()] {
        ground.arm(&point);
        take(&ground, &mut client, 10);
        ground.ledger.close(Duration::from_secs(20)).assert_whole();
    }
    // And a clock that loses time: it falls back a little, over and over, until it is set right.
    for lost in 1..=20 {
        ground.arm(&format!("clock.behind_ms=number:{}", lost * 5_000));
        take(&ground, &mut client, 1);
    }
    ground.arm("");
    take(&ground, &mut client, 2);
    let closing = whole(&ground, relay);
    let acknowledged = ground.ledger.acknowledged.lock().unwrap();
    let refused = acknowledged.keys().filter(|number| *number % 20 == 7);
    assert_eq!(closing.reported, refused.count());
    told(
        "clock an hour ahead and back, and one that loses time until it is set right",
        "every message is delivered or reported, and at once when the clock is right",
    );
}

#[test]
fn h129_a_panic_stays_in_its_task() {
    let ground = Ground::new();
    let relay = ground.start();
    let mut bystander = Client::connect(relay.smtp).unwrap();
    let mut client = Client::connect(relay.smtp).unwrap();
    ground.arm("inbound.committing=panic@1");
    let reply = client.next(&ground.ledger).unwrap();
    assert!(reply.starts_with("451"), "{reply}");
    take(&ground, &mut client, 2);
    ground.arm("inbound.data_read=panic@1");
    assert!(
        client.next(&ground.ledger).is_err(),
        "that session has ended"
    );
    take(&ground, &mut bystander, 3);
    ground.arm("queue.begun=panic@1");
    take(&ground, &mut bystander, 3);
    wait_until("the panic", || relay.log().contains("attempt_panicked"));
    let metrics = http::get(relay.admin, "/metrics");
    assert!(metrics.contains("allegromail_panics_total 3"), "{metrics}");
    relay.stop();
    ground.arm("");
    // The writer: nothing is acknowledged any more, and a restart goes on.
    let relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    take(&ground, &mut client, 2);
    wait_until("an empty queue", || {
        http::get(relay.admin, "/v1/queue").contains("[]")
    });
    ground.arm("spool.batch_gathered=panic@1");
    let reply = client.next(&ground.ledger).unwrap();
    assert!(reply.starts_with("421"), "{reply}");
    assert!(mail(&relay).starts_with("421"));
    relay.stop();
    // The schedule: the process ends, for a restart.
    ground.arm("");
    let mut relay = ground.start();
    ground.arm("queue.admitted=panic@1");
    let mut client = Client::connect(relay.smtp).unwrap();
    let _ = client.next(&ground.ledger);
    assert_eq!(relay.wait().code(), Some(75), "{}", relay.log());
    ground.arm("");
    let relay = ground.start();
    let closing = whole(&ground, relay);
    assert_eq!(closing.duplicates, 0);
    told(
        "panic in a session, a delivery, the writer, the schedule",
        "451; the message stays queued; 421 until a restart; the process ends for a restart",
    );
}

/// A ground whose relay has exported its directory, and was stopped.
fn exported() -> Ground {
    let ground = Ground::new();
    ground.arm("app.export_soon=number:0");
    let relay = ground.start();
    wait_until("an export", || {
        relay.log().contains("event=\"exported\" what=\"state\"")
    });
    relay.stop();
    ground
}

/// Damages the directory in some way, and looks how the relay comes up again.
fn comes_back(ground: &Ground, fault: &str) {
    ground.arm("directory.restoring=delay:700");
    let relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    let reply = client.next(&ground.ledger).unwrap();
    assert!(reply.starts_with("451"), "{fault}: {reply}");
    wait_until("the directory", || {
        relay.log().contains("directory_restored")
    });
    assert!(relay.log().contains("directory_lost"));
    let begun = Instant::now();
    let mut client = Client::connect(relay.smtp).unwrap();
    take(ground, &mut client, 10);
    whole(ground, relay);
    told(
        fault,
        &format!(
            "451 until the export is loaded, then mail goes on ({:.1?})",
            begun.elapsed()
        ),
    );
}

#[test]
fn h128_a_lost_directory_comes_back_from_its_export_and_nobody_is_unknown_meanwhile() {
    let ground = exported();
    fs::write(ground.data("directory/db"), b"rubbish".repeat(10_000)).unwrap();
    comes_back(&ground, "directory corrupt");
    assert!(ground.data("directory.damaged").exists());
    fs::remove_dir_all(ground.data("directory")).unwrap();
    comes_back(&ground, "directory missing");
    // The newest export is cut short: the one before it is taken.
    let mut exports: Vec<_> = fs::read_dir(ground.data("export"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    exports.sort();
    let newest = exports
        .iter()
        .rfind(|path| path.to_string_lossy().contains("directory-"))
        .unwrap();
    let text = fs::read(newest).unwrap();
    let cut = newest.with_file_name("directory-999999999999999.ndjson");
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    fs::remove_dir_all(ground.data("directory")).unwrap();
    comes_back(&ground, "directory missing, newest export cut short");
    // And state: marks and last addresses come back, too.
    fs::write(ground.data("state/db"), b"rubbish".repeat(10_000)).unwrap();
    let relay = ground.start();
    assert!(relay.log().contains("state_restored"), "{}", relay.log());
    whole(&ground, relay);
    told("state corrupt", "loaded from its export at start");
}

#[test]
fn h128_without_an_export_or_with_another_user_nobody_is_unknown() {
    let ground = Ground::new();
    let relay = ground.start();
    let points = format!("file:{}", ground.folder.path().join("points").display());
    let second = ground.try_start(&points, &[]).err().unwrap();
    assert!(second.contains("in use by another process"), "{second}");
    relay.stop();
    fs::remove_dir_all(ground.data("export")).unwrap();
    fs::rename(ground.data("directory"), ground.data("elsewhere")).unwrap();
    let relay = ground.try_start(&points, &[]).ok().unwrap();
    let mut client = Client::connect(relay.smtp).unwrap();
    let reply = client.next(&ground.ledger).unwrap();
    assert!(reply.starts_with("451"), "{reply}");
    let log = relay.log();
    assert!(
        log.contains("directory_not_loaded") && log.contains("allegromail import"),
        "{log}"
    );
    relay.stop();
    fs::remove_dir_all(ground.data("directory")).unwrap();
    let _ = fs::remove_dir_all(ground.data("export"));
    fs::rename(ground.data("elsewhere"), ground.data("directory")).unwrap();
    fs::write(ground.data("directory/db"), b"rubbish".repeat(10_000)).unwrap();
    let broken = ground.try_start(&points, &[]).err().unwrap();
    assert!(broken.contains("import the last export"), "{broken}");
    told(
        "directory locked; missing or corrupt without an export",
        "the start is refused with the remedy; 451 where it is missing",
    );
}

/// Has so many messages taken by a relay of its own, and tells the ids that the history has then.
fn ids_after(ground: &Ground, count: usize) -> BTreeSet<u64> {
    let relay = ground.start();
    take(ground, &mut Client::connect(relay.smtp).unwrap(), count);
    relay.stop();
    let days = fs::read_dir(ground.data("trace")).unwrap();
    let days = days.map(|day| day.unwrap().path());
    let days = days.filter(|day| day.extension().is_some_and(|kind| kind == "ndjson"));
    let lines: String = days.map(|day| fs::read_to_string(day).unwrap()).collect();
    let ids = lines.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["id"].as_u64()
    });
    ids.collect()
}

/// A bounce that is under way names the id of a message: it must not be taken for that of another one.
#[test]
fn h212_the_ids_of_a_lost_spool_do_not_come_again() {
    let ground = exported();
    let mut known = ids_after(&ground, 5);
    assert_eq!(known.len(), 5);
    for lost in 1..3 {
        fs::remove_dir_all(ground.data("spool")).unwrap();
        let all = ids_after(&ground, 5);
        let new: BTreeSet<u64> = all.difference(&known).copied().collect();
        assert!(new.len() >= 5, "lost {lost} times: {known:?} {all:?}");
        assert!(new.first() > known.last(), "{known:?} {new:?}");
        known = all;
    }
}
